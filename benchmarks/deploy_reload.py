# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate swap costs the clients of real servers, and how soon they see the new certificate: the role acm_deploy
compared, in the same run, with the bare reload command and with the same command as a task in a play.

The servers are measured one after the other, each under two kinds of clients while its certificates are swapped: one that
opens a connection for each request, and (with --wrk) wrk, which keeps its connections and does not retry. Measured together,
restarting servers would compete for the processors: the role reloads them in quick succession, separate tasks do not.
./run bench deploy_reload takes about ten minutes; --servers chooses fewer.
The time until a certificate is first seen starts with the reload command. The role runs no such command where it uses
HAProxy's runtime socket, so that column is empty there. The play with two tasks, one to swap the sets and one to reload,
shows what a play costs beyond its commands.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Optional

COLLECTION = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(COLLECTION / "tests" / "support"))

import real_servers  # noqa: E402  # pylint: disable=wrong-import-position
from local_play import run_play  # noqa: E402  # pylint: disable=wrong-import-position

NAME = real_servers.NAMES[0]
SERVERS = ("nginx", "apache", "haproxy", "haproxy-runtime", "caddy")
PAUSE_S = 0.015  # so that the clients leave a starting server the processor time that it needs
LIMIT_S = 900


class Clients(threading.Thread):
    """Sends requests, each over a new connection. Records failures, and when each certificate was first seen."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.requests = 0
        self.failures: list[str] = []
        self.first_seen: dict[bytes, float] = {}
        self.stopped = threading.Event()
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def run(self) -> None:
        request = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()
        while not self.stopped.wait(PAUSE_S):
            self.requests += 1
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
                    with self.context.wrap_socket(plain, server_hostname=NAME) as connection:
                        seen = connection.getpeercert(binary_form=True) or b""
                        connection.sendall(request)
                        answer = connection.recv(100)
                if not re.match(rb"HTTP/1.[01] 20", answer):
                    raise OSError(f"answered {answer[:20]!r}")
                self.first_seen.setdefault(seen, time.time())
            except OSError as error:
                self.failures.append(repr(error))


class Stage:
    """Servers, their clients, and the folder of their two certificates."""

    def __init__(self, folder: Path, names: list[str], log: Optional[Path] = None) -> None:
        self.folder, self.acm = folder, folder / "acm"
        folder.mkdir()
        (folder / "s").mkdir()
        self.services = real_servers.describe(folder / "s", self.acm, names)["services"]
        self.stops = [(service["name"], service.pop("stop_command")) for service in self.services]
        for service in self.services if log else ():
            # log when the reload begins, in the same process that then does it
            words = service["reload_command"]
            service["reload_command"] = [
                "sh",
                "-c",
                f'date +"{service["name"]} %s.%N" >> {log}; exec "$@"',
                "-",
                *words,
            ]

    def clients(self) -> dict[str, Clients]:
        return {service["name"]: Clients(service["ports"][0]) for service in self.services}

    def stop(self) -> None:
        for _name, words in self.stops:
            subprocess.run(words, check=False, capture_output=True)


def playbook(folder: Path, name: str, content: dict[str, Any]) -> None:
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTION.parents[2]), "ANSIBLE_NOCOLOR": "1"}
    done = run_play(content, folder / f"{name}.yml", env, LIMIT_S, ["-c", "local"])
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stdout[-3000:]}")


def plays(stage: Stage, swaps: int) -> dict[str, dict[str, Any]]:
    authority = str(stage.folder / "authority")
    request = {
        "certificate_authority_arn": "{{ made.authority.certificate_authorities[0].arn }}",
        "key_algorithm": "EC_prime256v1",
    }
    issue = {
        "certops.acm.acm_authority": {
            "path": authority,
            "certificate_authorities": [{"name": "ca", "key_algorithm": "EC_prime256v1"}],
        },
        "register": "made",
    }
    wanted = [{"domain_name": name, **request} for name in real_servers.NAMES]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/certops.acm.acm": {"authority": authority}},
        "vars": {
            "acm_deploy_path": str(stage.acm),
            "acm_deploy_certificates": [{"domain_name": name} for name in real_servers.NAMES],
            "acm_deploy_services": stage.services,
            "acm_deploy_when_stopped": "start",
        },
    }
    role = {"ansible.builtin.include_role": {"name": "certops.acm.acm_deploy"}}
    renew = {"certops.acm.acm_certificate": {"certificates": [{**wanted[0], "force_renewal": True}], "wait": True}}
    return {
        "first": {
            **play,
            "tasks": [issue, {"certops.acm.acm_certificate": {"certificates": wanted, "wait": True}}, role],
        },
        "swaps": {**play, "tasks": [issue, *[renew, role] * swaps]},
    }


def make_sets(folder: Path, count: int) -> list[Path]:
    """Self-signed sets for the bare reload; the second is for the second name, all others are for the first."""
    made = []
    for number in range(count):
        live = folder / f"set{number}"
        live.mkdir(parents=True)
        words = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "9",
        ]
        files = ["-keyout", str(live / "privkey.pem"), "-out", str(live / "fullchain.pem")]
        name = real_servers.NAMES[1 if number == 1 else 0]
        subprocess.run([*words, "-subj", f"/CN={name}", *files], check=True, capture_output=True)
        both = (live / "fullchain.pem").read_bytes() + (live / "privkey.pem").read_bytes()
        (live / "combined.pem").write_bytes(both)
        made.append(live)
    return made


def point(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(".live-new")
    fresh.symlink_to(target)
    os.replace(fresh, link)


def hand_over(service: dict[str, Any], path: Path) -> None:
    """Update the certificate over HAProxy's socket, as a shell script would."""
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    name = str(path)
    for words in (f"set ssl cert {name} <<\n" + "\n".join(lines) + "\n", f"commit ssl cert {name}"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(service["runtime_socket"])
            connection.sendall(words.encode() + b"\n")
            while connection.recv(4096):
                pass


def swap_barely(stage: Stage, clients: dict[str, Clients], sets: list[Path], pause_s: float) -> dict[str, list[float]]:
    """Swap with only a rename and the reload command. Returns for each server the seconds until each certificate was seen."""
    seen: dict[str, list[float]] = {service["name"]: [] for service in stage.services}
    for live in sets:
        point(stage.acm / NAME / "live", live)
        der = ssl.PEM_cert_to_DER_cert((live / "fullchain.pem").read_text())
        began = {}
        for service in stage.services:
            began[service["name"]] = time.time()
            if service.get("runtime_socket"):
                hand_over(service, stage.acm / NAME / "live" / "combined.pem")
            else:
                subprocess.run(service["reload_command"], check=True, capture_output=True)
        deadline = time.time() + 10
        while time.time() < deadline and not all(der in client.first_seen for client in clients.values()):
            time.sleep(0.02)
        time.sleep(pause_s)
        for name, client in clients.items():
            if der in client.first_seen:
                seen[name].append(client.first_seen[der] - began[name])
    return seen


def swap_by_tasks(stage: Stage, sets: list[Path]) -> dict[str, Any]:
    """A play that swaps with a link and a command. It does not use a runtime socket: no module of Ansible's does that."""
    link = {"dest": str(stage.acm / NAME / "live"), "state": "link", "force": True}
    reloads = [
        {"ansible.builtin.command": {"argv": service["reload_command"]}}
        for service in stage.services
        if not service.get("runtime_socket")
    ]
    wait = {"ansible.builtin.wait_for": {"timeout": 1}}
    tasks = [task for live in sets for task in ({"ansible.builtin.file": {**link, "src": str(live)}}, *reloads, wait)]
    return {"hosts": "localhost", "gather_facts": False, "tasks": tasks}


def sights_of_plays(log: Path, clients: dict[str, Clients]) -> dict[str, list[float]]:
    """The same seconds for a play, counted from the times at which its reload commands began."""
    began: dict[str, list[float]] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        name, at = line.split()
        began.setdefault(name, []).append(float(at))
    result = {}
    for name, times in began.items():
        sights = sorted(clients[name].first_seen.values())
        waits = [min((sight - at for sight in sights if sight > at), default=None) for at in times]
        result[name] = [wait for wait in waits if wait is not None and wait < 10]
    return result


def wrk(services: list[dict[str, Any]], seconds: int, hosts: Path) -> dict[str, subprocess.Popen[str]]:
    """A wrk for each server, with four persistent connections. For exact numbers, choose one server with --servers.

    wrk gets its own /etc/hosts, because its SNI is the name that it connects to.
    """
    hosts.write_text(f"127.0.0.1 {NAME}\n", encoding="utf-8")
    alone = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        'mount --bind "$0" /etc/hosts && exec "$@"',
        str(hosts),
    ]
    return {
        service["name"]: subprocess.Popen(
            [*alone, "wrk", "-t1", "-c4", f"-d{seconds}", f"https://{NAME}:{service['ports'][0]}/"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for service in services
    }


def errors_of(process: subprocess.Popen[str]) -> tuple[int, int]:
    """Stop wrk; returns how many requests failed, and how many there were."""
    if process.poll() is not None:
        sys.exit(f"wrk ended too early: {process.communicate()[0]}")
    process.send_signal(2)
    said = process.communicate(timeout=20)[0]
    total = re.search(r"(\d+) requests in", said)
    found = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return sum(map(int, found.groups())) if found else 0, int(total.group(1)) if total else 0


def start_with(stage: Stage, sets: list[Path]) -> None:
    """Start the servers with the first set, and with the second for the other name."""
    point(stage.acm / NAME / "live", sets[0])
    point(stage.acm / real_servers.NAMES[1] / "live", sets[1])
    for service in stage.services:
        subprocess.run(service["start_command"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)


def measure(stage: Stage, action: Any, with_wrk: bool) -> tuple[dict[str, Clients], Any, dict[str, tuple[int, int]]]:
    clients = stage.clients()
    for client in clients.values():
        client.start()
    loads = wrk(stage.services, LIMIT_S, stage.folder / "hosts") if with_wrk else {}
    time.sleep(0.5)
    try:
        result = action(clients)
    finally:
        for client in clients.values():
            client.stopped.set()
        for client in clients.values():
            client.join(15)
        counts = {name: errors_of(process) for name, process in loads.items()}
    return clients, result, counts


def told(times: list[float]) -> str:
    """The median, the middle half, and the worst. Apache takes between 20 ms and a second to act on its signal."""
    if len(times) < 2:
        return "-"
    low, median, high = (each * 1000 for each in statistics.quantiles(times, n=4))
    return f"{median:.0f} ms (half {low:.0f} to {high:.0f}, worst {max(times) * 1000:.0f})"


def measure_server(server: str, options: argparse.Namespace) -> int:
    """Print what swaps on one server cost in each way; returns how many requests failed while the role swapped."""
    with tempfile.TemporaryDirectory(prefix="dr-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        bare = Stage(folder / "bare", [server])
        log, task_log = folder / "log", folder / "task-log"
        tasks = Stage(folder / "tasks", [server], task_log)
        ours = Stage(folder / "ours", [server], log)
        try:
            sets = make_sets(folder / "sets", options.swaps + 2)
            start_with(bare, sets)
            bare_clients, bare_seen, bare_wrk = measure(
                bare, lambda clients: swap_barely(bare, clients, sets[2:], options.pause), options.wrk
            )
            bare.stop()
            start_with(tasks, sets)
            by_tasks = swap_by_tasks(tasks, sets[2:])
            task_clients, _nothing, task_wrk = measure(
                tasks, lambda _clients: playbook(folder, "tasks", by_tasks), options.wrk
            )
            tasks.stop()
            books = plays(ours, options.swaps)
            playbook(folder, "first", books["first"])
            our_clients, _nothing, our_wrk = measure(
                ours, lambda _clients: playbook(folder, "swaps", books["swaps"]), options.wrk
            )
        finally:
            for stage in (bare, tasks, ours):
                stage.stop()
        task_seen = sights_of_plays(task_log, task_clients)
        our_seen = sights_of_plays(log, our_clients)
    for way, clients, seen, loads in (
        ("bare", bare_clients, bare_seen, bare_wrk),
        ("task", task_clients, task_seen, task_wrk),
        ("role", our_clients, our_seen, our_wrk),
    ):
        client = clients[server]
        failed, requests = loads.get(server, (0, 0))
        print(
            f"{server:16} {way:5} {len(client.first_seen) - 1:10} {len(client.failures):7} {client.requests:9}"
            f"  {told(seen.get(server, [])):40}  {failed}/{requests}"
        )
        for failure in client.failures[:3]:
            print(f"{'':22} {failure}")
    if our_seen.get(server) and bare_seen[server] and task_seen.get(server):
        role, *others = (statistics.median(seen[server]) for seen in (our_seen, bare_seen, task_seen))
        to_bare, to_task = (role / other for other in others)
        print(f"{'':22} first seen, role / bare: {to_bare:.2f}, role / task: {to_task:.2f}", flush=True)
    return len(our_clients[server].failures)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="The role acm_deploy under load, compared with the bare reload command."
    )
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--servers", nargs="*", default=list(SERVERS), choices=SERVERS)
    parser.add_argument(
        "--pause", type=float, default=0.4, help="seconds to wait after a bare swap; a play needs no pause"
    )
    parser.add_argument("--wrk", action="store_true", help="also load each server with wrk, which keeps connections")
    options = parser.parse_args()
    if options.wrk and not shutil.which("wrk"):
        sys.exit("wrk is not installed.")
    print(f"\n{options.swaps} swaps each" + (", with wrk" if options.wrk else ""))
    print(
        f"{'server':16} {'way':5} {'swaps seen':>10} {'failed':>7} {'requests':>9}  {'first seen after the command':40}"
        "  wrk failed/requests",
        flush=True,
    )
    worst = sum(measure_server(server, options) for server in options.servers)
    sys.exit(f"{worst} requests failed while the role swapped certificates." if worst else 0)


if __name__ == "__main__":
    main()
