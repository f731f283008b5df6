# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The git-ignored folder .work: Python environments, amazon.aws, and the copy of the collection in which everything runs.

Nothing outside that folder is written. What takes long to make is made once, and is either complete or absent: a stamp,
written last, says what it was made from. Without the right stamp it is removed and made again.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from debian import install_packages, may_install_packages
from trouble import Trouble, say

CHECKOUT = Path(__file__).resolve().parent.parent
WORK = CHECKOUT / ".work"
HOME = WORK / "home"
TREE = WORK / "tree"
COLLECTION = TREE / "ansible_collections" / "certops" / "acm"
PEERS = WORK / "peers"

# PyPI is reachable where Galaxy may not be. This wheel contains amazon.aws 10.1; only what is needed is unpacked.
COLLECTIONS_SOURCE = "ansible==12.3.0"
# A different wheel of ansible, for amazon.aws alone.
AMAZON_AWS_SOURCE = os.environ.get("ACM_AMAZON_AWS") or COLLECTIONS_SOURCE
# An ansible-core, such as 2.21, to use instead of the one that requirements-controller.txt chooses for this Python.
ANSIBLE_CORE = os.environ.get("ACM_ANSIBLE_CORE")

# ansible-test downloads its pip bootstrap, unless its cache has a file of one of these names (core 2.17, 2.19, 2.20).
PIP_BOOTSTRAPS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")


def prepare(*environments: str) -> None:
    """Make or refresh .work: the named Python environments (requirements-NAME.txt), amazon.aws and the tree."""
    files = files_of_checkout()
    try:
        for folder in (WORK, WORK / "log", HOME):
            folder.mkdir(exist_ok=True)
    except OSError as error:
        raise Trouble(
            f"Cannot write in {WORK} ({error.strerror}): ./run keeps everything there, so use a checkout that you can write to."
        ) from error
    with turn("set-up", "Another ./run is setting up .work; waiting for it to finish."):
        for name in environments:
            make_python_environment(name)
        make_amazon_aws(environments[0])
        refresh_collection(files)


@contextmanager
def turn(name: str, waiting: str) -> Iterator[None]:
    """Hold the lock .work/NAME.lock; if another process has it, say what we wait for."""
    with open(WORK / f"{name}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(target: Path, made_of: str, what: str, build: Callable[[Path], None]) -> None:
    """Have `build` make the folder `target`, unless it is complete and was made from the same things."""
    stamp = target.with_name(f"{target.name}.stamp")
    if target.is_dir() and stamp.exists() and stamp.read_text(encoding="utf-8") == made_of:
        return
    say(f"Setting up {what} …")
    start = time.monotonic()
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        build(target)
        stamp.write_text(made_of, encoding="utf-8")
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise Trouble(f"Cannot set up {what} in {target}: {error.strerror or error}.") from error
        raise
    say(f"  done in {time.monotonic() - start:.0f} s, in {target.relative_to(CHECKOUT)}")


def python_of(environment: str) -> Path:
    return WORK / "venv" / environment / "bin" / "python"


def make_python_environment(name: str) -> None:
    requirements = f"requirements-{name}.txt"
    wanted = requirements_text(CHECKOUT / requirements)
    # A virtual environment cannot be moved, and needs the Python it was made with: so both belong to its stamp.
    digest = hashlib.sha256(f"{wanted}{ANSIBLE_CORE or ''}".encode()).hexdigest()
    made_of = "\n".join([sys.version, sys.base_prefix, str(WORK), digest])

    def build(target: Path) -> None:
        require_venv_module()
        log = WORK / "log" / f"venv-{name}.log"
        run_logged([sys.executable, "-m", "venv", str(target)], log, "python3 -m venv failed")
        pip(target / "bin" / "python", log, "install", "--requirement", str(CHECKOUT / requirements))
        if ANSIBLE_CORE and "requirements-controller.txt" in wanted + requirements:
            pip(target / "bin" / "python", log, "install", f"ansible-core~={ANSIBLE_CORE}.0")

    make(WORK / "venv" / name, made_of, f"Python packages ({requirements})", build)


def requirements_text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    included = re.findall(r"^-r (\S+)", text, flags=re.MULTILINE)
    return text + "".join(requirements_text(path.parent / name) for name in included)


def require_venv_module() -> None:
    """Debian and Ubuntu have venv in a separate package."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        package = f"python3.{sys.version_info.minor}-venv"
        if sys.base_prefix == "/usr" and may_install_packages():
            install_packages([package], WORK / "log" / "apt-venv.log")
        else:
            raise Trouble(
                f"{sys.executable} has no venv module: on Debian or Ubuntu, install it as root with `apt-get install {package}`, then run this again."
            ) from None


def pip(python: Path, log: Path, *arguments: str) -> None:
    """Run pip for this Python, with the user's own pip configuration, and its cache in .work."""
    own = {"PIP_CACHE_DIR": str(WORK / "cache" / "pip"), "PIP_USER": "0", "PIP_NO_INPUT": "1"}
    argv = [str(python), "-m", "pip", "--disable-pip-version-check", "--retries", "2", *arguments]
    run_logged(argv, log, "pip failed", env={**plain_environment(), **own}, explain=explain_pip)


def explain_pip(log_text: str) -> str | None:
    """Why pip failed, in one sentence, if it is for one of the usual reasons."""
    unreachable = re.search(
        r"(?:Retrying \(Retry|Connection (?:refused|timed out)|Name or service|name resolution)", log_text
    )
    if unreachable:
        index = re.sub(r"//[^/]*@", "//", os.environ.get("PIP_INDEX_URL", "the index that pip is configured for"))
        return f"The Python packages cannot be fetched because {index} does not answer: check the network, the proxy and `pip config list`, then run this again"
    errors = re.findall(r"^ERROR: (.+)", log_text, flags=re.MULTILINE)
    return f"pip failed: {errors[-1].rstrip('.')}" if errors else None


def run_logged(
    argv: list[str],
    log: Path,
    what: str,
    env: dict[str, str] | None = None,
    explain: Callable[[str], str | None] = lambda log_text: None,
) -> None:
    """Run with all output in `log`; a failure is one sentence that names the log."""
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env or plain_environment(), check=False
        )
    if done.returncode:
        sentence = explain(log.read_text(encoding="utf-8", errors="replace")) or what
        raise Trouble(f"{sentence}. Details: {log}")


def make_amazon_aws(environment: str) -> None:
    target = TREE / "ansible_collections" / "amazon" / "aws"
    what = f"the collection amazon.aws (from {AMAZON_AWS_SOURCE}, 54 MB)"
    make(
        target, AMAZON_AWS_SOURCE, what, functools.partial(unpack, environment, "amazon/aws", carrier=AMAZON_AWS_SOURCE)
    )


def unpack(environment: str, part: str, target: Path, carrier: str) -> None:
    """Unpack one folder below ansible_collections/ from the wheel."""
    with tempfile.TemporaryDirectory(dir=WORK, prefix="tmp-") as folder:
        log = WORK / "log" / f"{part.replace('/', '-')}.log"
        # The wheel only carries the collection, so its required Python version does not matter.
        options = ("--no-deps", "--ignore-requires-python", "--only-binary=:all:", f"--dest={folder}")
        pip(python_of(environment), log, "download", *options, carrier)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.startswith(f"ansible_collections/{part}/")]
            archive.extractall(folder, members)
        os.replace(Path(folder, "ansible_collections", *part.split("/")), target)


def refresh_collection(files: list[str]) -> None:
    """Make TREE's copy match the checkout: exactly these files, and none that an earlier copy left behind."""
    listing = WORK / "tree.list"
    before = set(listing.read_text(encoding="utf-8").split("\0")) if listing.exists() else set()
    now = {name for name in files if (CHECKOUT / name).is_file()}
    for name in sorted(before - now - {""}):
        (COLLECTION / name).unlink(missing_ok=True)
        remove_empty_folders((COLLECTION / name).parent)
    for name in sorted(now):
        copy_if_changed(CHECKOUT / name, COLLECTION / name)
    listing.write_text("\0".join(sorted(now)), encoding="utf-8")
    if not (COLLECTION / ".git").exists():
        # ansible-test and ansible-lint ask git for the files, and the checkout's own git would say that .work is ignored.
        git(COLLECTION, "init", "--quiet", "--template=")


def files_of_checkout() -> list[str]:
    """The files that git tracks here, or would track."""
    listed = git(CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [name for name in listed.split("\0") if name]


def git(folder: Path, *arguments: str) -> str:
    if not shutil.which("git"):
        raise Trouble(
            "git is missing, and ./run needs it to list the files of the collection: install it (Debian: `apt-get install git`)."
        )
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", "-C", str(folder), *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().partition("\n")[0]
        raise Trouble(f"git cannot read {folder} ({said}): work in a clone of the repository that belongs to you.")
    return done.stdout


def copy_if_changed(source: Path, target: Path) -> None:
    wanted = source.stat()
    if target.is_file():
        present = target.stat()
        if (present.st_size, present.st_mtime_ns, present.st_mode) == (
            wanted.st_size,
            wanted.st_mtime_ns,
            wanted.st_mode,
        ):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    shutil.copy2(source, fresh)
    os.replace(fresh, target)


def remove_empty_folders(folder: Path) -> None:
    while folder != COLLECTION:
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def plain_environment() -> dict[str, str]:
    """The caller's environment without variables that another Python project or a container may have set.

    PYTHONUNBUFFERED, for example, makes Python read a module that it gets through a pipe byte by byte.
    """
    unwanted = ("PYTHONPATH", "PYTHONHOME", "PYTHONUNBUFFERED", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def ansible_environment(name: str) -> dict[str, str]:
    """The caller's environment, with this collection and the tools of environment `name` in front."""
    env = plain_environment()
    # An unprivileged user's PATH often lacks the folders where Debian installs servers.
    env["PATH"] = os.pathsep.join(
        [str(python_of(name).parent), env.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    )
    known = env.get("ANSIBLE_COLLECTIONS_PATH", "~/.ansible/collections:/usr/share/ansible/collections")
    env["ANSIBLE_COLLECTIONS_PATH"] = f"{TREE}{os.pathsep}{known}"
    env["ANSIBLE_HOME"] = str(WORK / "ansible")
    env["XDG_CACHE_HOME"] = str(WORK / "cache")
    return env


def sealed_environment(name: str) -> dict[str, str]:
    """ansible_environment without the caller's AWS account, Ansible settings and home folder."""
    env = {
        key: value
        for key, value in ansible_environment(name).items()
        if not re.match(r"(ANSIBLE|AWS|CERTOPS|PYTEST|MYPY|XDG)_", key)
    }
    env.update(
        HOME=str(HOME),
        XDG_CACHE_HOME=str(WORK / "cache"),
        ANSIBLE_COLLECTIONS_PATH=str(TREE),
        ANSIBLE_HOME=str(WORK / "ansible"),
        ANSIBLE_REMOTE_TMP=str(WORK / "ansible" / "tmp"),
        ANSIBLE_CONFIG=str(
            write(
                HOME / "ansible.cfg",
                "[defaults]\nlocalhost_warning = false\nnocows = true\ncallback_result_format = yaml\n",
            )
        ),
        AWS_EC2_METADATA_DISABLED="true",
        LC_ALL="C.UTF-8",
    )
    return env


def with_real_interpreters(path: str, oldest: int = 9) -> str:
    """PATH with this machine's other Pythons themselves: ansible-test fails with a version manager's shims."""
    folders = [folder for folder in path.split(os.pathsep) if Path(folder).name != "shims"]
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    for minor in range(oldest, 15):
        if not shutil.which(f"python3.{minor}", path=os.pathsep.join(folders)):
            folders += [str(found.parent) for found in sorted(versions.glob(f"3.{minor}.*/bin/python3.{minor}"))[-1:]]
    return os.pathsep.join(folders)


def furnish_home() -> None:
    """Put into .work/home what tools look for in a home folder: the user's pip settings, and ansible-test's pip bootstrap."""
    done = subprocess.run(
        [str(python_of("dev")), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", done.stdout, flags=re.MULTILINE)
    lines = [
        name + " = " + value.replace("\\n", " ") + "\n" for name, value in dict(settings).items() if name != "user"
    ]
    write(
        HOME / ".config" / "pip" / "pip.conf",
        "".join(["[global]\n", f"cache-dir = {WORK / 'cache' / 'pip'}\n", *lines]),
    ).chmod(0o600)
    bootstrap = (CHECKOUT / "tests" / "support" / "get_pip.py").read_text(encoding="utf-8")
    for name in PIP_BOOTSTRAPS:
        write(HOME / ".ansible" / "test" / "cache" / name, bootstrap)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def make_peers(environment: str) -> None:
    """Put the collections that benchmarks and a test compare with ours into PEERS, apart from TREE, so that nothing
    else sees them."""
    make_collections(environment, PEERS, "ansible/windows", "community/aws", "community/crypto", "kubernetes/core")


def make_collections(environment: str, root: Path, *parts: str) -> None:
    with turn("set-up", "Another ./run is setting up .work; waiting for it to finish."):
        for part in parts:
            target, name = root / "ansible_collections" / part, part.replace("/", ".")
            what = f"the collection {name} (from {COLLECTIONS_SOURCE})"
            make(
                target,
                COLLECTIONS_SOURCE,
                what,
                functools.partial(unpack, environment, part, carrier=COLLECTIONS_SOURCE),
            )
