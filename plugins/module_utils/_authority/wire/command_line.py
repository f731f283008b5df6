# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: python3 -m ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line VERB."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import json
import logging
import os
import re
import shlex
import signal
import socket
import sys
import typing as t
from contextlib import contextmanager

from .. import audit, backup, creation, directory, opening
from ..authority import Authority
from ..parts import system_clock
from ..keys.access_keys import AccessKey, AccessKeys
from ..keys.vault import WrongKey
from ..store.event_log import Wanted
from ..._rules.errors import InvalidInput
from .pages import metrics

PROGRAM = "python3 -m ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
VARIABLES_IN_THE_WAY = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def main(arguments: t.Sequence[str]) -> int:
    """Carry out a verb; returns the exit code. Faults are one sentence on stderr."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        return int(options.run(options))
    except (InvalidInput, WrongKey) as error:
        _complain(error)
        return 1
    except KeyboardInterrupt:
        _complain("Interrupted.")
        return 130
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _tell_systemd(state: str) -> None:
    """Send a state by sd_notify(3) if systemd expects it: a unit with Type=notify has started when it says so."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as systemd:
            systemd.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def _complain(error: object) -> None:
    sys.stderr.write(f"{error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Serve, query, back up and restore an embedded authority."
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    verb = verbs.add_parser("serve", help="serve ACM's protocol over HTTP until Ctrl-C or SIGTERM")
    verb.add_argument("dir", metavar="DIR", help="the authority's directory; created if it does not exist")
    verb.add_argument("port", metavar="PORT", type=_port_number, help="0: any free port")
    verb.add_argument(
        "--listen", metavar="ADDRESS", default="127.0.0.1",
        help="IP address to listen on, 0.0.0.0 for all of IPv4, or :: for all of IPv4 and IPv6; always with TLS unless that "
        "is 127.0.0.1 (default: 127.0.0.1)",
    )  # fmt: skip
    verb.add_argument(
        "--public-port", metavar="PORT", type=_port_number,
        help="also serve CA certificates, revocation lists and OCSP, and nothing else, on this port without TLS",
    )  # fmt: skip
    verb.add_argument("--tls", action="store_true", help="use TLS even on 127.0.0.1")
    verb.add_argument(
        "--name", metavar="NAME", action="append", default=[],
        help="a name or IP address that clients use for the server, for its certificate; may be repeated",
    )  # fmt: skip
    verb.add_argument(
        "--metrics-for", metavar="NETWORK", action="append", default=[], type=_network,
        help="a network that may read /metrics, in addition to this machine; may be repeated",
    )  # fmt: skip
    verb.add_argument(
        "--proxy", metavar="NETWORK", action="append", default=[], type=_network,
        help="a network of reverse proxies, whose header X-Forwarded-For is believed; may be repeated",
    )  # fmt: skip
    verb.add_argument(
        "--no-credentials", dest="shows_key", action="store_false",
        help="print where the server answers, but no access key: for output that is kept, such as a log",
    )  # fmt: skip
    verb.add_argument("--anyone", action="store_true", help="do not check signatures: for tests only")
    verb.set_defaults(run=_serve)

    verb = verbs.add_parser("credentials", help="show an access key, as lines for a shell")
    verb.add_argument("dir", metavar="DIR", help="the authority's directory")
    verb.add_argument("name", metavar="NAME", nargs="?", default="owner", help="default: owner")
    verb.set_defaults(run=_credentials)

    verb = verbs.add_parser("records", help="show the records of calls as in CloudTrail, one line of JSON each")
    verb.add_argument("dir", metavar="DIR", help="the authority's directory")
    verb.add_argument(
        "--operation",
        action="append",
        default=[],
        metavar="NAME",
        help=("for example ExportCertificate; may be repeated"),
    )
    verb.add_argument("--arn", help="calls that name this certificate, or the one that created it")
    verb.add_argument("--start", metavar="TIME", help="calls since this time: ISO 8601, or how long ago (90m, 12h, 7d)")
    verb.add_argument("--end", metavar="TIME", help="calls before this time")
    outcome = verb.add_mutually_exclusive_group()
    outcome.add_argument(
        "--refused", dest="failed", action="store_true", default=None, help="only calls that were refused"
    )
    outcome.add_argument("--succeeded", dest="failed", action="store_false", help="only calls that were not refused")
    verb.add_argument("--limit", type=_number, metavar="NUMBER", help="the maximum number of records")
    verb.set_defaults(run=_records)

    verb = verbs.add_parser("backup", help="copy the authority into one file, even while it is in use")
    verb.add_argument("dir", metavar="DIR", help="the authority's directory")
    verb.add_argument("file", metavar="FILE", help="the copy, which must not exist")
    verb.add_argument(
        "--key-to",
        metavar="FILE",
        help=("copy the key file to this path, in another folder; by default it is not copied"),
    )
    verb.set_defaults(run=_back_up)

    verb = verbs.add_parser("restore", help="restore an authority from a copy")
    verb.add_argument("file", metavar="FILE", help="the copy")
    verb.add_argument("dir", metavar="DIR", help="a new or empty directory")
    verb.add_argument("--key-from", metavar="FILE", help="the copy of the key file")
    verb.set_defaults(run=_restore)

    verb = verbs.add_parser(
        "metric", help="show DaysToExpiry of every certificate, one CloudWatch MetricDatum per line"
    )
    verb.add_argument("dir", metavar="DIR", help="the authority's directory")
    verb.add_argument("--prometheus", action="store_true", help="in the format of Prometheus")
    verb.set_defaults(run=_metric)
    return parser


def _port_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: use 0 to 65535")
    return int(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of records: use 0 or more")
    return int(text)


# ---------------------------------------------------------------- serve


def _serve(options: argparse.Namespace) -> int:
    try:
        import aiohttp  # noqa: F401  # pylint: disable=unused-import
        import botocore  # noqa: F401  # pylint: disable=unused-import
    except ImportError as error:
        raise InvalidInput(
            f"The authority's server needs the Python package {error.name}: install what requirements-server.txt of "
            f"the collection lists (python3 -m pip install -r …/requirements-server.txt) for {sys.executable}."
        ) from None
    from .due_work import DueWork
    from .own_certificate import OwnCertificate, checked_name
    from .service import Service
    from .short_calls import LateRecords
    from .sparing_log import SparingLog

    sparing = SparingLog()
    for handler in logging.getLogger().handlers:
        handler.addFilter(sparing)
    address = _address(options.listen)
    is_secure = options.tls or not address.is_loopback
    if options.anyone and not address.is_loopback:
        raise InvalidInput(
            f"--anyone lets anyone who can reach {address} do anything: use it only on 127.0.0.1, or leave it out."
        )
    names = list(dict.fromkeys(checked_name(name) for name in _names(options, address)))
    _raise_descriptor_limit()
    ports = [options.port, *([] if options.public_port is None else [options.public_port])]
    server, *others = [_listen(address, port) for port in ports]
    authority = open_or_make(options.dir)
    own = OwnCertificate(authority, names) if is_secure else None

    def beside() -> None:
        sparing.tell()
        if own and own.renew_if_due():
            server.tls = own.context

    due_work = DueWork(authority, beside)
    with ending_signals() as wait_for_one:
        late = LateRecords(authority.store)
        service = Service(
            authority,
            is_open=options.anyone,
            monitors=options.metrics_for,
            proxies=options.proxy,
            late_records=late,
        )
        server.begin, server.screen, server.tls = service.begin, service.screen, own.context if own else None
        for each in others:
            each.answer, each.screen = service.public, service.screen_public
        late.start()
        for each in (server, *others):
            each.start()
        due_work.start()
        url, *public_urls = [each.url_as(names[0]) if options.name else each.url for each in (server, *others)]
        _tell(_introduction(url, authority, options))
        for public_url in public_urls:
            _tell(f"# Revocation lists and OCSP without TLS: {public_url}/public/, {public_url}/ocsp")
        _tell_systemd("READY=1")
        wait_for_one()
    _tell_systemd("STOPPING=1")
    ended = [each.end() for each in (server, *others)]
    has_answered = all(ended)
    late.end()
    sparing.tell(is_over=True)
    if due_work.end() and has_answered:
        return 0
    os._exit(0 if has_answered else 1)  # a thread is still working; do not wait for it


def _listen(address: t.Any, port: int) -> t.Any:
    from .server import Server

    try:
        return Server(lambda request: None, port, host=str(address))
    except OSError as error:
        is_address = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
        remedy = "an address of this machine" if is_address else "another port, or 0 for any free port"
        raise InvalidInput(
            f"Port {port} of {address} cannot be served: {os.strerror(error.errno or 0)}; choose {remedy}."
        ) from None


def _address(text: str) -> t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise InvalidInput(f"--listen takes an IP address such as 127.0.0.1 or 0.0.0.0, not {text}.") from None


def _network(text: str) -> t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; use a network such as 10.0.0.0/8") from None


def _names(options: argparse.Namespace, address: t.Any) -> list[str]:
    """The names and addresses in the server's certificate: those of clients elsewhere, and on this machine."""
    if address.is_loopback:
        return [*options.name, *LOOPBACK, str(address)]
    if address.is_unspecified:
        return [*(options.name or [socket.getfqdn()]), *LOOPBACK]
    return options.name or [str(address)]


def open_or_make(path: str) -> Authority:
    """Open the authority in a directory, or create it with ACM's own defaults if the directory is new or empty."""
    if not directory.exists(path):
        try:
            creation.create(path)
        except InvalidInput:
            if not directory.exists(path):  # otherwise another process was faster and has created it
                raise
    authority = opening.open_authority(path)
    authority.cas.ensure_public()  # so that clients can trust them before the first request
    AccessKeys(authority.store, authority.vault).owner()
    return authority


def _raise_descriptor_limit() -> None:
    """Each connection needs a file descriptor, and a process has 1,024 unless it asks for more."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _introduction(url: str, authority: Authority, options: argparse.Namespace) -> str:
    trust_file = authority.cas.trust_file
    return "\n".join(
        [
            f"# The authority in {authority.path} answers at {url} (endpoint_url) until Ctrl-C or SIGTERM.",
            *(
                ["# Signatures are not checked: anyone who can reach the port can do anything."]
                if options.anyone
                else []
            ),
            *([_for_clients(url, authority, options.anyone)] if options.shows_key else []),
            f"# Its roots, for clients to trust: {trust_file}, {url}/public/{os.path.basename(trust_file)}",
        ]
    )


def _for_clients(url: str, authority: Authority, is_open: bool) -> str:
    """The variables that clients need, as lines that a shell can run."""
    key = AccessKey("anyone", "anyone", "owner", "owner")
    if not is_open:
        key = AccessKeys(authority.store, authority.vault).owner()
    return _exports(
        {
            "AWS_ENDPOINT_URL_ACM": url,
            "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API": url,
            **_variables(authority, key),
            **_trust(url, authority),
        }
    )


def _variables(authority: Authority, key: AccessKey) -> dict[str, str]:
    return {
        "AWS_REGION": authority.region,
        "AWS_DEFAULT_REGION": authority.region,
        "AWS_ACCESS_KEY_ID": key.identifier,
        "AWS_SECRET_ACCESS_KEY": key.secret,
    }


def _trust(url: str, authority: Authority) -> dict[str, str]:
    """With TLS, clients must know which CA to trust."""
    return {"AWS_CA_BUNDLE": authority.cas.trust_file} if url.startswith("https:") else {}


def _exports(variables: t.Mapping[str, str]) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([*lines, f"unset {' '.join(VARIABLES_IN_THE_WAY)}"])


@contextmanager
def ending_signals() -> t.Iterator[t.Callable[[], object]]:
    """Block SIGTERM and SIGINT in this thread and the threads that it starts, so that the signals can be waited for.

    After the first signal, a second one ends the process at once.
    """
    wanted = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    yield lambda: signal.sigwait(wanted)
    for each in wanted:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)


# ---------------------------------------------------------------- the other verbs


def _credentials(options: argparse.Namespace) -> int:
    authority = opening.open_authority(options.dir)
    keys = AccessKeys(authority.store, authority.vault)
    keys.owner()
    named = [key for key in keys.all() if key.name == options.name]
    if not named:
        names = ", ".join(key.name for key in keys.all())
        raise InvalidInput(f"The authority in {authority.path} has no access key named {options.name}: it has {names}.")
    _tell(_exports(_variables(authority, named[0])))
    return 0


def _records(options: argparse.Namespace) -> int:
    now = system_clock()
    store = directory.open_store(options.dir)
    wanted = Wanted(
        operations=audit.checked_operations(options.operation),
        arn=options.arn,
        start=audit.ago(options.start, now) if options.start else None,
        end=audit.ago(options.end, now) if options.end else None,
        failed=options.failed,
    )
    after: t.Optional[int] = 0
    left = options.limit
    while after is not None and left != 0:
        page = audit.find(store, wanted, after, audit.PAGE if left is None else min(left, audit.PAGE))
        for record in page.records:
            _tell(json.dumps(record))
        left = None if left is None else left - len(page.records)
        after = page.next_number
    return 0


def _metric(options: argparse.Namespace) -> int:
    days = audit.days_to_expiry(directory.open_store(options.dir), system_clock())
    if options.prometheus:
        sys.stdout.write(metrics.days_text(days))
    else:
        for _name, datum in days:
            _tell(json.dumps(datum))
    return 0


def _back_up(options: argparse.Namespace) -> int:
    done = backup.back_up(options.dir, options.file, options.key_to)
    _tell(f"The authority in {options.dir} was copied to {done.file}. The copy is opened by {done.key}.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    authority = backup.restore(options.file, options.dir, key_from=options.key_from)
    with authority.store.read() as tx:
        number = sum(tx.count(kind) for kind in ("AMAZON_ISSUED", "IMPORTED", "PRIVATE"))
    _tell(f"The authority is restored in {authority.path}, with {number} certificates.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
