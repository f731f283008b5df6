# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts and options that playbooks are started with: mistakes are reported first, in one sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ansible_collections.certops.acm import playbooks
from ansible_collections.certops.acm.tests.support.programs import finish
from ansible_collections.certops.acm.tests.support.unattended import make_authority


@pytest.fixture(name="site", scope="module")
def fixture_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and an inventory whose group is not called `web`."""
    folder = tmp_path_factory.mktemp("site")
    make_authority(folder / "authority")
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    variables = {
        "acm_deploy_become": False,
        "acm_deploy_authority": str(folder / "authority"),
        "acm_deploy_path": str(folder / "certificates"),
        "acm_deploy_renewals_path": str(folder / "state"),
        "acm_deploy_certificates": [{"domain_name": "www.corp.test"}],
        "acm_deploy_services": [{"name": "app", "ports": [], "reload_command": ["true"]}],
    }
    hosts = {"shop": {"hosts": {"shop-1": host}, "vars": variables}, "db": {"hosts": {"db-1": host}}}
    (folder / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
    return folder


def play(playbook: str, site: Path, *words: str) -> tuple[int, str]:
    done = finish(["ansible-playbook", f"certops.acm.{playbook}", "-i", str(site / "hosts.json"), *words], site)
    return done.returncode, " ".join(done.stdout.split())


def renew(site: Path, *words: str) -> tuple[int, str]:
    return play("renew", site, *words)


NO_DEFAULT = "No host of the inventory matches web, the default of acm_deploy_hosts"
NONE = "which matches no host of the inventory"
WITH_HOSTS = {
    "deploy": "acm_deploy_hosts",
    "renew": "acm_deploy_hosts",
    "report": "acm_report_hosts",
    "authority_server": "authority_server_hosts",
}


def test_every_playbook_with_a_hosts_variable_is_covered() -> None:
    folder = Path(playbooks.__path__[0])
    chosen = {path.stem for path in folder.glob("*.yml") if "_hosts | default(" in path.read_text(encoding="utf-8")}
    assert chosen == set(WITH_HOSTS)


@pytest.mark.parametrize(("playbook", "variable"), WITH_HOSTS.items())
def test_a_pattern_without_hosts_fails(site: Path, playbook: str, variable: str) -> None:
    code, output = play(playbook, site, "-e", f"{variable}=shpo")
    assert code != 0 and f"{variable} is shpo, {NONE}: name a group or host of the inventory" in output, output
    assert "evaluated_to" not in output
    assert not (site / "certificates").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--limit", "db"], f"{NO_DEFAULT} within --limit db: choose one of its groups (db, shop) with -e"),
        (["-e", "acm_deploy_hosts=shop", "--limit", "db"], f"{NONE} within --limit db"),
        (["-e", "acm_deploy_hosts=shop", "--limit", "nobody"], "leaves us with no hosts to target"),
    ],
)
@pytest.mark.parametrize("playbook", ["deploy", "renew", "report"])
def test_the_default_and_a_limit_without_hosts_fail_too(site: Path, playbook: str, words: list[str], said: str) -> None:
    code, output = play(playbook, site, *words)
    assert code != 0 and said in output
    assert not (site / "certificates").exists()


@pytest.mark.parametrize("playbook", ["deploy", "renew"])
def test_the_default_without_hosts_fails_where_hosts_are_needed(site: Path, playbook: str) -> None:
    code, output = play(playbook, site)
    assert code != 0 and f"{NO_DEFAULT}: choose one of its groups (db, shop) with -e acm_deploy_hosts=…" in output
    assert ("or localhost, to watch certificates without deploying any." in output) is (playbook == "renew")


def test_a_report_needs_no_hosts_and_lists_those_excluded_by_a_limit(site: Path, tmp_path: Path) -> None:
    page = ["-e", f"acm_report_path={tmp_path / 'report.html'}", "-e", f"acm_deploy_authority={site / 'authority'}"]
    for words in ([], ["-e", "acm_deploy_hosts=shop", "-i", "localhost,", "-c", "local", "--limit", "localhost"]):
        code, output = play("report", site, *page, *words)
        assert code == 0 and (tmp_path / "report.html").exists(), output
        (tmp_path / "report.html").unlink()


def test_hosts_set_in_the_inventory_are_not_silently_ignored(site: Path, tmp_path: Path) -> None:
    """A play does not see the inventory's variables where it looks for its hosts."""
    inventory = json.loads((site / "hosts.json").read_text(encoding="utf-8"))
    inventory["all"] = {"vars": {"acm_deploy_hosts": "shop"}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    code, output = renew(tmp_path)
    assert code != 0 and "give it on the command line instead, with -e acm_deploy_hosts=shop" in output
    code, output = renew(tmp_path, "-e", "acm_deploy_hosts=shop", "-e", "acm_deploy_renewals_tolerate=hosts")
    assert "acm_deploy_renewals_tolerate has 'hosts'" in output  # it got as far as the role


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("acm_deploy_renewals_renew_before=100%", "acm_deploy_renewals_renew_before is '100%'"),
        ("acm_deploy_renewals_renewbefore=60%", "did you mean acm_deploy_renewals_renew_before?"),
        ("acm_deploy_renewals_tolerate=hosts", "acm_deploy_renewals_tolerate has 'hosts'"),
        (
            "{acm_deploy_renewals_channels: [{name: chat, type: webhok, url: 'https://T0KEN'}]}",
            "Channel chat: type is webhok, did you mean webhook?",
        ),
        (
            "{acm_deploy_renewals_channels: [{name: chat, type: webhook, url: 'https//T0KEN'}]}",
            "url is not a URL that begins with https:// or http://: did you mean https://?",
        ),
    ],
)
def test_wrong_options_are_reported_before_anything_is_deployed(site: Path, option: str, said: str) -> None:
    code, output = renew(site, "-e", "acm_deploy_hosts=shop", "-e", option)
    assert code != 0 and said in output, output
    assert "T0KEN" not in output and "Finalization of task args" not in output
    assert not (site / "certificates").exists()


@pytest.mark.parametrize(
    ("playbook", "option", "said"),
    [
        ("deploy", "acm_deploy_serial=many", "acm_deploy_serial is many: give a number of hosts"),
        ("renew", "{acm_deploy_serial: ['10%', x]}", "acm_deploy_serial is ['10%', 'x']: give a number of hosts"),
        ("report", "acm_report_path=/srv/x", "acm_report_path is '/srv/x': give the path of a file"),
        ("authority_server", "authority_server_foreground=maybe", "authority_server_foreground is maybe: give true or"),
        ("authority_server", "authority_server_options=--listen", "authority_server_options is not a list: give one"),
    ],
)
def test_a_variable_that_ansible_itself_would_trip_over(site: Path, playbook: str, option: str, said: str) -> None:
    code, output = play(playbook, site, "-e", f"{WITH_HOSTS[playbook]}=shop-1", "-e", option, "--check")
    assert code != 0 and said in output, output
    assert "Finalization of task args" not in output and "Traceback" not in output


def test_a_site_that_only_watches_says_so(site: Path) -> None:
    words = ["-e", f"acm_deploy_authority={site / 'authority'}", "-e", f"acm_deploy_renewals_path={site / 'state'}"]
    code, output = renew(site, "-e", "acm_deploy_hosts=localhost", *words)
    assert code == 0 and "1 certificate in ACM; none is deployed by this run." in output, output
    assert not (site / "certificates").exists()


def test_a_missing_authority_does_not_hold_up_the_others(site: Path) -> None:
    hosts = json.loads((site / "hosts.json").read_text(encoding="utf-8"))
    shop = hosts["shop"]["hosts"]
    shop["shop-0"] = {**shop["shop-1"], "acm_deploy_authority": str(site / "gone")}
    (site / "two.json").write_text(json.dumps(hosts), encoding="utf-8")
    code, output = renew(site, "-i", str(site / "two.json"), "-e", "acm_deploy_hosts=shop")
    assert f"ACM ({site / 'gone'}) could not be asked: " in output
    assert code == 2 and f"There is no embedded authority in {site / 'gone'}" in output, output
    assert "Nothing was done for its hosts." in output
    assert (site / "certificates" / "www.corp.test" / "live").is_symlink() and not (site / "gone").exists()
