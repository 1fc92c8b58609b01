"""The sandbox: a submission's process, with nothing of the system's that it could use.

bubblewrap makes it: no network, no other process in sight, a file system that holds Python and
its libraries to read, and a small /tmp to write. Limits of time, memory, processes, disk and
output are watched from outside; whoever exceeds one is ended with all that it has started.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import secrets
import selectors
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import d2lsched

from ..extras import needs
from .checks import Failure, Strange, plain

with needs("teaching"):
    import psutil

TEACHING = ("extras.py", "teaching/__init__.py", "teaching/checks.py",
            "teaching/parameters.py")  # fmt: skip
"""What of the package is always in the sandbox; `questions.Assignment.package` adds to it."""

PARTS = ("bin", "lib", "lib32", "lib64", "pyvenv.cfg", "share/fonts", "share/zoneinfo")
"""What the sandbox sees of /usr, of Python's folder and of its environment's."""

START_SECONDS = 30
"""A sandbox that has not begun by then is the machine's fault, not the submission's."""

HOME = "/tmp"
INSIDE = "/opt/d2lsched"
USERS = itertools.cycle(range(64_000, 65_000))
"""Under root each sandbox gets a user of its own: process limits count by user."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use. seconds: in all; cell_seconds: for one statement or answer.

    memory, disk, output: bytes; memory counts all its processes together.
    """

    cell_seconds: float = 10
    seconds: float = 60
    memory: int = 2 * 1024**3
    processes: int = 64
    disk: int = 100 * 1024**2
    output: int = 20 * 1024**2


class Unavailable(RuntimeError):
    """No sandbox can be had on this machine; the message says how to get one."""


class Ended(Exception):
    """The submission's process is no more. reason: a clause for its comment.

    place: the cell and statement that ran, or None if it was answering.
    """

    def __init__(self, reason: str, place: tuple[int, int] | None) -> None:
        super().__init__(reason)
        self.reason, self.place = reason, place


@cache
def bwrap() -> str:
    """Return the path of bubblewrap, having seen it work; `Unavailable` otherwise."""
    advice = (
        "Grading runs unknown code, so it needs bubblewrap on Linux: on Debian and Ubuntu "
        "`apt-get install bubblewrap`. On macOS grade in a Linux virtual machine, on Windows "
        "in WSL 2."
    )
    path = shutil.which("bwrap")
    if path is None:
        raise Unavailable(f"There is no `bwrap` on the PATH. {advice}")
    isolation = namespaces()
    trial = subprocess.run(
        [path, *isolation, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if trial.returncode:
        raise Unavailable(
            f"`bwrap` cannot isolate here: {trial.stderr.strip() or trial.returncode}. Inside "
            f"a container or with AppArmor, user namespaces must be allowed. {advice}"
        )
    return path


def namespaces() -> list[str]:
    """Return what separates the sandbox: all namespaces; for root, all but that of users.

    Root needs none to set the others up, and gives its rights up inside (`inside.limit`): a
    process limit counts a user's processes, and root's are never counted.
    """
    if os.getuid() == 0:
        kinds = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        return [*kinds, "--unshare-cgroup-try", "--cap-drop", "ALL",
                "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]  # fmt: skip
    # --unshare-all alone only tries for the namespace of users.
    users = ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    return ["--unshare-all", *users, *(["--disable-userns"] if _newer(0, 8) else [])]


@cache
def _newer(*wanted: int) -> bool:
    text = subprocess.run(
        ["bwrap", "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = text.split()[-1] if text.split() else "0"
    return tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) >= wanted


def command(
    package: Iterable[str], absent: Iterable[str], limits: Limits, fonts: Path
) -> list[str]:
    """Return the command line that runs `inside` in a new sandbox.

    package: modules of d2lsched to have besides the checks. absent: libraries to hide.
    fonts: a folder with matplotlib's font list, which would take it a second each time.
    """
    arguments = [
        bwrap(), *namespaces(), "--die-with-parent", "--new-session", "--clearenv",
        "--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev",
    ]  # fmt: skip
    mounts = list(_system())
    ours = Path(d2lsched.__file__).parent
    mounts += [(ours / name, f"{INSIDE}/d2lsched/{name}") for name in (*TEACHING, *package)]
    mounts += [
        (Path(__file__).with_name("inside.py"), f"{INSIDE}/inside.py"),
        (fonts, "/opt/fonts"),
    ]
    # First of all, since Python or this package may lie in the system's own /tmp.
    arguments += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp"]
    # Folders that bubblewrap makes on its way are closed to all but their owner.
    folders = {top for _, target in mounts for top in Path(target).parents}
    for folder in sorted(folders - {Path("/"), Path("/tmp")}):
        arguments += ["--perms", "0755", "--dir", str(folder)]
    for source, target in mounts:
        path = Path(source)
        if path.is_symlink():  # /bin into /usr, lib64 to lib
            arguments += ["--symlink", os.readlink(path), target]
        else:
            arguments += ["--ro-bind", str(path), target]
    for library in absent:
        for kind in ("purelib", "platlib"):
            folder = Path(sysconfig.get_path(kind)) / library
            if folder.is_dir():
                arguments += ["--tmpfs", str(folder)]
    installed = Path(sysconfig.get_path("purelib")) / "d2lsched"
    if installed.is_dir():  # an editable installation lies outside of what is there
        arguments += ["--tmpfs", str(installed)]
    # Whoever is root outside owns the kernel's settings inside as well.
    arguments += ["--tmpfs", "/proc/sys", "--remount-ro", "/proc/sys"]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/"]
    variables = {
        "HOME": HOME, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
        "MPLBACKEND": "agg", "MPLCONFIGDIR": "/opt/fonts", "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    }  # fmt: skip
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    # -S: no .pth files, by which an editable installation would point at the whole package.
    return [*arguments, "--chdir", HOME, sys.executable, "-I", "-S", f"{INSIDE}/inside.py"]


def _system() -> Iterator[tuple[Path, str]]:
    """Yield the mounts of what Python needs of the system, all of it read-only.

    Only programs and libraries: /usr/local/share may hold nbgrader's exchange, and the folder
    of a Python or an environment whatever its owner keeps there.
    """
    for top in ("/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/fonts"):
        if Path(top).exists():
            yield Path(top), top
    prefixes = [Path("/usr"), *map(Path, (sys.base_prefix, sys.prefix))]
    for prefix in dict.fromkeys([*prefixes, *(prefix.resolve() for prefix in prefixes)]):
        for part in PARTS:
            if (path := prefix / part).exists():
                yield path, str(path)


@cache
def font_cache() -> Path:
    """Return a folder with matplotlib's font list, made once for all sandboxes."""
    folder = Path(tempfile.mkdtemp(prefix="d2lsched-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    code = "import matplotlib.font_manager"
    environment = {**os.environ, "MPLCONFIGDIR": str(folder)}
    subprocess.run(
        [sys.executable, "-c", code], env=environment, check=False, capture_output=True
    )
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


class Sandbox:
    """One submission's process; use it as a context manager, so that nothing outlives it.

    cells: (number, source) pairs. skip: statements, as (cell, statement), to leave out.
    """

    def __init__(
        self,
        cells: Sequence[tuple[int, str]],
        *,
        skip: Iterable[tuple[int, int]] = (),
        package: Iterable[str] = (),
        absent: Iterable[str] = (),
        limits: Limits | None = None,
        until: float | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.until = until or time.monotonic() + self.limits.seconds
        self.errors: list[tuple[int, str]] = []
        self.peak = 0
        self._read, self._buffer = 0, b""
        self._place: tuple[int, int] | None = None
        self._process = subprocess.Popen(
            command(package, absent := tuple(absent), self.limits, font_cache()),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={},  # bubblewrap's own, which the submission could read in /proc
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._job = {
            "cells": list(cells), "skip": [list(place) for place in skip],
            "path": [INSIDE, *dict.fromkeys(map(sysconfig.get_path, ("purelib", "platlib")))],
            "memory": 2 * self.limits.memory, "disk": self.limits.disk,
            "seconds": self.limits.seconds, "processes": self.limits.processes,
            "user": next(USERS), "absent": absent,
        }  # fmt: skip

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and, with its namespace, all that it has started."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self._process.wait()
        self._selector.close()

    def run(self) -> None:
        """Run the cells; errors are kept in `errors`. `Ended` if a statement ended it all."""
        self._start()
        while True:
            message = self._next(self.limits.cell_seconds, True)
            if "at" in message:
                self._place = _pair(message["at"])
            elif "error" in message and len(self.errors) < 100:
                self.errors.append(_error(message["error"]))
            elif "ready" in message:
                self._place = None
                return

    def _start(self) -> None:
        """Send the job, and wait until the first cell is about to run."""
        try:
            self._send(self._job)
            self._next(START_SECONDS, False)
        except Ended as end:
            if time.monotonic() > self.until:
                raise
            raise Unavailable(
                f"The sandbox did not start: {end.reason}. Grade when less else runs, or with "
                "fewer --jobs."
            ) from None

    def ask(self, request: Any) -> Any:
        """Return the answer to a request, as plain values. `Ended` if it cannot be had."""
        token = secrets.token_hex(8)
        self._send({"id": token, "ask": request})
        end = time.monotonic() + self.limits.cell_seconds
        while True:
            message = self._next(end - time.monotonic(), True)
            if message.get("id") == token:  # whatever else comes was not asked for
                return decoded(message.get("value"))

    def _send(self, message: Any) -> None:
        """Write a line; a reader that does not read must not stop us."""
        assert self._process.stdin is not None
        data = memoryview(json.dumps(message).encode() + b"\n")
        end = min(self.until, time.monotonic() + 10)
        while data:
            try:
                data = data[os.write(self._process.stdin.fileno(), data) :]
            except BlockingIOError:
                self._watch(end, 10)
                time.sleep(0.01)
            except OSError:
                raise self._ended("the notebook's process has ended") from None

    def _next(self, seconds: float, started: bool) -> dict[str, Any]:
        """Return the next message within so many seconds."""
        end = min(self.until, time.monotonic() + seconds)
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if newline:
                self._buffer = rest
                try:
                    message = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(message, dict):
                    return message
                continue
            self._watch(end, seconds)
            if not self._selector.select(0.1):
                continue
            assert self._process.stdout is not None
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                if not started:
                    assert self._process.stderr is not None
                    said = self._process.stderr.read(2000).decode(errors="replace").strip()
                    raise Unavailable(f"The sandbox did not start: {said or 'no reason given'}")
                raise self._ended("the notebook's process has ended (crashed or was killed)")
            self._read += len(data)
            self._buffer += data
            if self._read > self.limits.output:
                raise self._ended(f"it wrote more than {self.limits.output:,} bytes of answers")

    def _watch(self, end: float, seconds: float) -> None:
        """End a process that is over its time or memory."""
        if time.monotonic() > end:
            if time.monotonic() > self.until:
                raise self._ended(f"the notebook's {self.limits.seconds:g} seconds were over")
            raise self._ended(f"it was stopped after {seconds:.3g} seconds")
        used = memory(self._process.pid)
        if used > self.limits.memory:
            used = memory(self._process.pid, shared=False)
        self.peak = max(self.peak, used)
        if used > self.limits.memory:
            raise self._ended(
                f"it used more than {self.limits.memory // 1024**2:,} MB of memory"
            )

    def _ended(self, reason: str) -> Ended:
        self.close()
        return Ended(reason, self._place)


def memory(pid: int, shared: bool = True) -> int:
    """Return the bytes of memory that a process's descendants hold.

    shared: what several hold together is counted for each, which is quick to read.
    """
    total = 0
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss if shared else process.memory_full_info().pss
    return total


def decoded(value: Any) -> Any:
    """Return what a message says as plain values, whatever it says."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict):
        if "$failure" in value:
            return Failure(harmless(value["$failure"]))
        if "$strange" in value:
            return Strange(harmless(value["$strange"]))
        return {harmless(key): decoded(item) for key, item in value.items()}
    return harmless(value) if isinstance(value, str) else plain(value)


def harmless(text: Any) -> str:
    """Return a submission's text as it may stand in a comment: short, printable, no markup."""
    words = "".join(c if c.isprintable() else " " for c in str(text)[:300])
    return words.translate(str.maketrans("<>&$", "‹›+§"))


def _pair(value: Any) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(i, int) for i in value):
        return value[0], value[1]
    return None


def _error(value: Any) -> tuple[int, str]:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], int):
        return value[0], harmless(value[1])
    return -1, "an error that cannot be read"
