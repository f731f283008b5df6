# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A separate machine with a real systemd: namespaces over an overlay of this machine's files, which is thrown away afterwards.

It needs root, overlayfs and cgroups. It shares this machine's network, but not /run and /dev. Everything that it writes, also
in /tmp, goes into the overlay; the checkout may be in /tmp.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SYSTEMD = "/lib/systemd/systemd"
# Units that would change the kernel, which it shares with this machine, or that need something it does not have.
MASKED = (
    "systemd-sysctl", "systemd-udevd", "systemd-udev-trigger", "systemd-random-seed", "systemd-remount-fs",
    "systemd-modules-load", "systemd-networkd", "networking", "console-getty", "getty@tty1",
)  # fmt: skip
TARGET = "[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n"
BOOT = f"""
set -e
root=$1/root
mount --make-rprivate /
mount -t overlay -o lowerdir=/,upperdir=$1/upper,workdir=$1/work overlay $root
mount -t proc proc $root/proc
mount --bind $root/proc/sys $root/proc/sys
mount -o remount,bind,ro $root/proc/sys
mount -t sysfs -o ro sysfs $root/sys
mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs $root/dev
for name in null zero full random urandom tty; do
    touch $root/dev/$name
    mount --bind /dev/$name $root/dev/$name
done
ln -s /proc/self/fd $root/dev/fd
mkdir $root/dev/shm $root/dev/pts
mount -t tmpfs -o mode=1777 tmpfs $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
mount -t tmpfs -o mode=755 tmpfs $root/run
exec chroot $root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test \
    {SYSTEMD} --system --unit=test.target --log-target=null --show-status=false
"""
KEPT = re.compile(r"PIP_|(HTTPS?|NO)_PROXY$|SSL_CERT_|REQUESTS_CA_BUNDLE$|ANSIBLE_", re.IGNORECASE)


class Machine:
    """init: the process ID of its systemd."""

    def __init__(self, init: int) -> None:
        self.init = init

    def run(self, *command: str, timeout: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root; more: variables for its environment."""
        kept = {name: value for name, value in os.environ.items() if KEPT.match(name)}
        variables = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": os.path.expanduser("~"),
            "LC_ALL": "C.UTF-8",
            **kept,
            **more,
        }
        inside = [
            "nsenter",
            "--target",
            str(self.init),
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--cgroup",
            "--root",
            "--wd",
        ]
        settings = [f"{name}={value}" for name, value in variables.items()]
        return subprocess.run(
            [*inside, "env", "-i", *settings, *command],
            capture_output=True, text=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def shown(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "--property", name, unit).stdout.strip()


@contextlib.contextmanager
def systemd_machine(folder: Path) -> Iterator[Machine]:
    """Boot a machine in FOLDER, a new folder. The test is skipped if that is impossible here."""
    cgroups = _cgroup2()
    lacking = [name for name in (SYSTEMD, "unshare", "nsenter", "mount") if shutil.which(name) is None]
    if lacking or os.geteuid() != 0 or cgroups is None:
        pytest.skip(f"systemd cannot be started here: {', '.join(lacking) or 'it needs root and cgroup2'}.")
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]  # because an overlay cannot be based on an overlay
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("No file system can be mounted here.")
    group = cgroups / f"certops-acm-test-{os.getpid()}"
    booted = None
    try:
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        units = folder / "upper" / "etc" / "systemd" / "system"
        units.mkdir(parents=True)
        for each in (folder / "upper" / "etc", units.parent, units):
            each.chmod(0o755)
        for name in MASKED:
            (units / f"{name}.service").symlink_to("/dev/null")
        (units / "test.target").write_text(TARGET)
        (folder / "upper" / "etc" / "fstab").write_text("")
        cleaning = folder / "upper" / "etc" / "tmpfiles.d"
        cleaning.mkdir()
        cleaning.chmod(0o755)
        (cleaning / "tmp.conf").symlink_to("/dev/null")  # which empties /tmp at boot, where a checkout may lie
        group.mkdir()
        booted = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup",
             "sh", "-c", BOOT, "boot", str(folder)],
            preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())) and None,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        yield _awaited(booted)
    finally:
        if booted is not None:
            booted.send_signal(signal.SIGKILL)  # and its child, systemd, with all that it runs
            booted.communicate(timeout=30)
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        with contextlib.suppress(OSError):
            _remove(group)


def _awaited(booted: subprocess.Popen[str]) -> Machine:
    children = Path(f"/proc/{booted.pid}/task/{booted.pid}/children")
    deadline = time.monotonic() + 60
    told = ""
    while time.monotonic() < deadline:
        if booted.poll() is not None:
            assert booted.stderr is not None
            pytest.skip(f"systemd cannot be started here: {booted.stderr.read().strip()[-200:]}")
        found = children.read_text(encoding="ascii").split()
        if found and Path(f"/proc/{found[0]}/comm").read_text(encoding="utf-8").strip() == "systemd":
            machine = Machine(int(found[0]))
            told = machine.run("systemctl", "is-system-running", "--wait").stdout.strip()
            if told in ("running", "degraded"):
                return machine
        time.sleep(0.1)
    raise AssertionError(f"systemd did not start: {told or 'it never ran'}")


def _cgroup2() -> Path | None:
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _device, where, kind, options, *_rest = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(where)
    return None


def _remove(group: Path) -> None:
    for _again in range(50):  # its processes take a moment to be gone
        for each in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                each.rmdir()
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.1)
