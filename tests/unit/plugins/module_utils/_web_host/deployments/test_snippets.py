# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snippets: read from the options, looked at, written whole, and put back as they were."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments import snippets
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.snippets import Before, Snippet


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([{"path": "a.conf", "service": "web"}], "begins with /"),
        ([{"path": "/a.conf", "service": "mail"}], "not in services"),
        ([{"path": "/x/a.conf", "service": "web"}, {"path": "/x//a.conf", "service": "web"}], "given twice"),
    ],
)
def test_what_is_refused(entries: list[dict[str, t.Any]], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        snippets.read_snippets([{"content": "", **entry} for entry in entries], ["web"])


def test_a_snippet_is_written_whole_and_restored_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "conf.d" / "tls.conf"
    snippet = Snippet("web", str(path), b"new\n", mode=0o640)
    nothing = snippets.look(snippet)
    assert nothing == Before() and snippets.is_due(snippet, nothing)
    snippets.write(snippet)
    assert path.read_bytes() == b"new\n" and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert not snippets.is_due(snippet, snippets.look(snippet))
    snippets.put_back(snippet, nothing)
    assert os.listdir(path.parent) == []

    path.write_bytes(b"old\n")
    path.chmod(0o600)
    old = snippets.look(snippet)
    snippets.write(snippet)
    snippets.put_back(snippet, old)
    assert path.read_bytes() == b"old\n" and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_snippet_is_left_alone_without_replace(tmp_path: Path) -> None:
    (tmp_path / "tls.conf").write_text("edited by hand")
    snippet = Snippet("web", str(tmp_path / "tls.conf"), b"new", replace=False)
    assert not snippets.is_due(snippet, snippets.look(snippet))


def test_a_link_never_replaces_a_file(tmp_path: Path) -> None:
    [link] = snippets.links(str(tmp_path), "haproxy", ["www"], "/etc/acm")
    snippets.write(link)
    assert os.readlink(tmp_path / "www.pem") == "/etc/acm/www/live/combined.pem"
    assert not snippets.is_due(link, snippets.look(link))
    (tmp_path / "www.pem").unlink()
    (tmp_path / "www.pem").write_text("a file of somebody")
    with pytest.raises(InvalidInput, match="is a file where a link is wanted"):
        snippets.is_due(link, snippets.look(link))


def test_a_file_that_could_not_be_restored_completely_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(snippets.MAX_OCTETS)
    snippet = Snippet("web", str(path), b"new")
    assert len(snippets.look(snippet).content or b"") == snippets.MAX_OCTETS
    with open(path, "ab") as file:
        file.write(b"x")
    with pytest.raises(InvalidInput, match="larger than 4 MiB"):
        snippets.look(snippet)
    with pytest.raises(InvalidInput, match="is not a file"):
        snippets.look(Snippet("web", str(tmp_path)))


def test_leftovers_of_a_killed_run_beside_it_are_removed(tmp_path: Path) -> None:
    snippet = Snippet("web", str(tmp_path / "tls.conf"), b"new")
    (tmp_path / ".tls.conf.acm-new").write_text("half")
    snippets.sweep(snippet)
    assert os.listdir(tmp_path) == []
