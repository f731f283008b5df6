# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers for tests and benchmarks on loopback, each with its own configuration, port and pid file.

    real_servers.py FOLDER CERTIFICATES [NAME …]

writes into FOLDER the configuration of each server whose program is installed, and prints as JSON `services`, in the form that
the role acm_deploy takes, and `missing`, the names of the others. CERTIFICATES is the role's acm_deploy_path. Nothing is
started: the role does that with start_command, and stop_command, which the role ignores, stops it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("www.example.com", "api.example.com")  # the first is shown to clients that ask for no name
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
APACHE_MODULES = ("mpm_event", "authz_core", "socache_shmcb", "ssl", "rewrite")
PASSPHRASE = "correct horse"

Service = dict[str, Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def signal_words(name: str, pid_file: Path) -> list[str]:
    return ["sh", "-c", f'kill -{name} "$(cat "$0")"', str(pid_file)]


def site(certificates: Path, name: str) -> dict[str, str]:
    live = certificates / name / "live"
    return {"fullchain": f"{live}/fullchain.pem", "key": f"{live}/privkey.pem", "combined": f"{live}/combined.pem"}


def nginx(folder: Path, certificates: Path, port: int) -> Service:
    file, pid = folder / "nginx.conf", folder / "nginx.pid"
    servers = "".join(f"""
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {site(certificates, name)["fullchain"]};
    ssl_certificate_key {site(certificates, name)["key"]};
    location / {{ return 200 "{name}"; }}
  }}""" for name in NAMES)
    temporary = "".join(
        f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        f"pid {pid};\nerror_log {folder}/nginx.log;\nworker_processes 2;\nevents {{ worker_connections 1024; }}\n"
        f"http {{\n  access_log off;\n  keepalive_requests 1000000;\n{temporary}{servers}\n}}\n"
    )
    words = ["nginx", "-q", "-c", str(file)]
    return {
        "check_command": [*words, "-t"],
        "reload_command": [*words, "-s", "reload"],
        "start_command": words,
        "stop_command": signal_words("TERM", pid),
        "pid_file": str(pid),
    }


def nginx_with(folder: Path, certificates: Path, blocks: str) -> Service:
    """An nginx with these server blocks, in which @ stands for the folder of the sets and PORT for its port."""
    port, file, pid = free_port(), folder / "nginx.conf", folder / "nginx.pid"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    blocks = blocks.replace("@", str(certificates)).replace("PORT", f"127.0.0.1:{port}")
    file.write_text(
        f"pid {pid}; error_log {folder}/nginx.log; events {{ }} http {{ access_log off; {temporary} {blocks} }}"
    )
    words = ["nginx", "-q", "-c", str(file)]
    return {
        "name": "nginx",
        "host": "127.0.0.1",
        "ports": [port],
        "check_command": [*words, "-t"],
        "reload_command": [*words, "-s", "reload"],
        "start_command": words,
        "stop_command": signal_words("TERM", pid),
        "pid_file": str(pid),
    }


def nginx_block(listen: str, server_name: str, *sets: str) -> str:
    files = "".join(
        f"ssl_certificate @/{name}/live/fullchain.pem; ssl_certificate_key @/{name}/live/privkey.pem;" for name in sets
    )
    return f"server {{ listen {listen}; server_name {server_name}; {files} return 204; }}\n"


def apache(folder: Path, certificates: Path, port: int) -> Service:
    file, pid = folder / "apache.conf", folder / "apache.pid"
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in APACHE_MODULES)
    hosts = "".join(f"""
<VirtualHost 127.0.0.1:{port}>
  ServerName {name}
  SSLEngine on
  SSLCertificateFile "{site(certificates, name)["fullchain"]}"
  SSLCertificateKeyFile "{site(certificates, name)["key"]}"
  RewriteEngine on
  RewriteRule ^ - [R=204,L]
</VirtualHost>""" for name in NAMES)
    user = "User nobody\nGroup nogroup\n" if os.getuid() == 0 else ""
    file.write_text(
        f'{modules}ServerName {NAMES[0]}\nPidFile "{pid}"\nErrorLog "{folder}/apache.log"\n'
        f'Mutex "file:{folder}" default\nListen 127.0.0.1:{port}\n{user}MaxKeepAliveRequests 0\n'
        f"StartServers 2\nThreadsPerChild 25\nMinSpareThreads 25\nMaxSpareThreads 75\nMaxRequestWorkers 150\n{hosts}\n"
    )
    words = ["apache2", "-f", str(file)]
    return {
        "check_command": [*words, "-t"],
        "reload_command": [*words, "-k", "graceful"],
        "start_command": [*words, "-k", "start"],
        "stop_command": signal_words("TERM", pid),
        "pid_file": str(pid),
    }


def haproxy(folder: Path, certificates: Path, port: int, runtime: bool = False) -> Service:
    label = "hr" if runtime else "h"  # short, because the path of a socket may have only about a hundred characters
    file, pid, admin = folder / f"{label}.cfg", folder / f"{label}.pid", folder / f"{label}.sock"
    loaded = " ".join(f"crt {site(certificates, name)['combined']}" for name in NAMES)
    file.write_text(
        f"global\n  stats socket {admin} mode 600 level admin\n  nbthread 2\n"
        "defaults\n  mode http\n  timeout client 30s\n  timeout server 5s\n  timeout connect 5s\n"
        f'frontend tls\n  bind 127.0.0.1:{port} ssl {loaded}\n  http-request return status 200 content-type text/plain string "ok"\n'
    )
    words = ["haproxy", "-q", "-f", str(file)]
    own = {"runtime_socket": str(admin)} if runtime else {}
    return {
        "server": "haproxy",
        "check_command": ["haproxy", "-c", "-f", str(file)],
        "reload_command": signal_words("USR2", pid),
        "start_command": [*words, "-W", "-D", "-p", str(pid)],
        "stop_command": signal_words("TERM", pid),
        "pid_file": str(pid),
        **own,
    }


def haproxy_runtime(folder: Path, certificates: Path, port: int) -> Service:
    return haproxy(folder, certificates, port, runtime=True)


def lighttpd(folder: Path, certificates: Path, port: int) -> Service:
    file, pid = folder / "lighttpd.conf", folder / "lighttpd.pid"
    first, second = (site(certificates, name) for name in NAMES)
    user = ""
    if os.getuid() == 0 and all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        # As distributions run it: it drops root after the start, and reloads without root.
        (folder / "lighttpd.log").touch()
        shutil.chown(folder / "lighttpd.log", "www-data")
        user = 'server.username = "www-data"\nserver.groupname = "www-data"\n'
    file.write_text(
        'server.modules = ("mod_openssl", "mod_redirect")\n'
        f'server.document-root = "{folder}"\nserver.pid-file = "{pid}"\nserver.errorlog = "{folder}/lighttpd.log"\n{user}'
        f'server.bind = "127.0.0.1"\nserver.port = {port}\nssl.engine = "enable"\n'
        f'ssl.pemfile = "{first["fullchain"]}"\nssl.privkey = "{first["key"]}"\n'
        f'$HTTP["host"] == "{NAMES[1]}" {{\n'
        f'  ssl.pemfile = "{second["fullchain"]}"\n  ssl.privkey = "{second["key"]}"\n}}\n'
    )
    return {
        "check_command": ["lighttpd", "-tt", "-f", str(file)],
        "reload_command": signal_words("USR1", pid),
        "start_command": ["lighttpd", "-f", str(file)],
        "stop_command": signal_words("TERM", pid),
        "pid_file": str(pid),
        "server": "lighttpd" if user else "none",  # otherwise they belong to the user who runs this
    }


def caddy(folder: Path, certificates: Path, port: int) -> Service:
    file, pid, admin = folder / "Caddyfile", folder / "caddy.pid", f"127.0.0.1:{free_port()}"
    sites = "".join(
        f"https://{name}:{port} {{\n\tbind 127.0.0.1\n\ttls {found['fullchain']} {found['key']}\n\trespond \"{name}\"\n}}\n"
        for name, found in ((name, site(certificates, name)) for name in NAMES)
    )
    file.write_text(
        f"{{\n\tadmin {admin}\n\tauto_https off\n\tdefault_sni {NAMES[0]}\n"
        f"\tstorage file_system {folder}/caddy\n\tlog {{\n\t\toutput discard\n\t}}\n}}\n{sites}"
    )
    config = ["--config", str(file), "--adapter", "caddyfile"]
    return {
        "check_command": ["caddy", "validate", *config],
        "reload_command": ["caddy", "reload", *config, "--address", admin, "--force"],
        "start_command": ["env", f"XDG_CONFIG_HOME={folder}", "caddy", "start", *config, "--pidfile", str(pid)],
        "stop_command": signal_words("TERM", pid),
        "pid_file": str(pid),
        "server": "none",  # not Debian's user: the files belong to the user who runs this
    }


def postfix(_folder: Path, certificates: Path, port: int) -> Service:
    """An instance that does not accept mail: only its STARTTLS matters."""
    found = site(certificates, NAMES[0])
    home = Path(tempfile.mkdtemp(prefix="postfix-"))  # not in FOLDER, because Postfix's own user must reach it
    home.chmod(0o755)
    for name in ("queue", "data"):
        (home / name).mkdir(parents=True)
    shutil.chown(home / "data", "postfix")
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": str(home / "queue"),
        "data_directory": str(home / "data"),
        "maillog_file_prefixes": str(home),
        "maillog_file": str(home / "mail.log"),
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "myhostname": NAMES[0],
        "mydestination": "",
        "local_recipient_maps": "",
        "alias_maps": "",
        "smtpd_relay_restrictions": "reject",
        "smtpd_tls_security_level": "may",
        "smtpd_tls_cert_file": found["fullchain"],
        "smtpd_tls_key_file": found["key"],
    }
    (home / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (home / "master.cf").write_text(
        f"127.0.0.1:{port} inet n - n - - smtpd\n"
        "cleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\nanvil unix - - n - 1 anvil\n"
        "tlsmgr unix - - n 1000? 1 tlsmgr\nproxymap unix - - n - - proxymap\npostlog unix-dgram n - n - 1 postlogd\n"
    )
    words = ["postfix", "-c", str(home)]
    return {
        "check_command": [*words, "check"],
        "reload_command": [*words, "reload"],
        "start_command": [*words, "start"],
        "stop_command": ["sh", "-c", 'postfix -c "$0" stop; rm -rf "$0"', str(home)],
        "pid_file": str(home / "queue" / "pid" / "master.pid"),
        "certificates": [NAMES[0]],
    }


def keytool(folder: Path, certificates: Path, _port: int) -> Service:
    """A reader of Java keystores: it writes what a Java server would serve after a reload to keystore.pem."""
    words = [
        "-keystore",
        f"{certificates}/{NAMES[0]}/live/bundle.p12",
        "-storetype",
        "PKCS12",
        "-storepass",
        PASSPHRASE,
    ]
    return {
        "ports": [],
        "files": ["pkcs12"],
        "check_command": ["keytool", "-list", *words],
        "reload_command": [
            "keytool",
            "-exportcert",
            "-rfc",
            "-alias",
            NAMES[0],
            "-file",
            f"{folder}/keystore.pem",
            *words,
        ],
        "start_command": ["true"],
        "stop_command": ["true"],
        "certificates": [NAMES[0]],
    }


SERVERS: dict[str, tuple[str, Callable[[Path, Path, int], Service]]] = {
    "nginx": ("nginx", nginx),
    "apache": ("apache2", apache),
    "haproxy": ("haproxy", haproxy),
    "haproxy-runtime": ("haproxy", haproxy_runtime),
    "lighttpd": ("lighttpd", lighttpd),
    "caddy": ("caddy", caddy),
    "postfix": ("postfix", postfix),
    "keytool": ("keytool", keytool),
}


def describe(folder: Path, certificates: Path, names: list[str]) -> dict[str, Any]:
    """Write the configurations; returns what main() prints."""
    services, missing = [], []
    for name in names or list(SERVERS):
        program, write = SERVERS[name]
        # Postfix runs only as root
        if not shutil.which(program, path=PATH) or (name == "postfix" and os.getuid() != 0):
            missing.append(name)
            continue
        port = free_port()
        services.append({"name": name, "host": "127.0.0.1", "ports": [port], **write(folder, certificates, port)})
    return {"services": services, "missing": missing}


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(describe(folder, Path(sys.argv[2]), sys.argv[3:])))


if __name__ == "__main__":
    main()
