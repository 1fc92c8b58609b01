"""The walls of the sandbox: the command line by which bubblewrap builds them."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import d2lsched

TEACHING = ("extras.py", "teaching/__init__.py", "teaching/checks.py",
             "teaching/parameters.py")  # fmt: skip
"""What of the package is always in the sandbox; `questions.Assignment.package` adds to it."""

PARTS = ("bin", "lib", "lib32", "lib64", "pyvenv.cfg", "share/fonts", "share/zoneinfo")
"""What the sandbox sees of /usr, of Python's folder and of its environment's."""

HOME = "/tmp"
INSIDE = "/opt/d2lsched"
FONTS = f"{HOME}/.matplotlib"
NAMESPACES = 0x7E020080
"""Every CLONE_NEW… flag of Linux."""
JOIN_SESSION_KEYRING = 1
"""KEYCTL_JOIN_SESSION_KEYRING of Linux."""
SHARED, ANONYMOUS = 0x01, 0x20
"""Flags of Linux's mmap."""
SET_LEASE = 1024
"""F_SETLEASE of Linux."""
PARENT_DEATH, DUMPABLE = 1, 4
"""PR_SET_PDEATHSIG and PR_SET_DUMPABLE of Linux."""

SHUT = (
    # The user's keyring, which is not the sandbox's.
    "add_key", "keyctl", "request_key",
    # Other processes' insides, among them those of the namespace's first one.
    "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
    # New namespaces and file systems, in which an ordinary user has all rights.
    "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
    "name_to_handle_at", "open_by_handle_at", "open_tree", "pivot_root", "setns", "umount2",
    "unshare",
    # Memory that belongs to no process, so that nobody counts it; a socket holds some, too.
    "memfd_create", "memfd_secret", "mq_open", "msgget", "semget", "shmget", "socket",
    "socketpair",
    # Kernel machinery with a history of holes, and of no use to an answer.
    "bpf", "fanotify_init", "io_uring_enter", "io_uring_register", "io_uring_setup",
    "perf_event_open", "personality", "quotactl", "userfaultfd", "vmsplice",
)  # fmt: skip
"""Calls of the kernel that fail in the sandbox, as if not permitted."""


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
    doors()
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


@cache
def doors() -> bytes:
    """Return the filter of kernel calls (a BPF program) for this machine's processor."""
    seccomp = _seccomp()
    kernel = seccomp.SyscallFilter(seccomp.ALLOW)
    forbidden = seccomp.ERRNO(errno.EPERM)
    for name in SHUT:
        kernel.add_rule(forbidden, name)
    for bit in range(32):
        if (flag := 1 << bit) & NAMESPACES:
            kernel.add_rule(forbidden, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory, where no filter sees them; C libraries then turn to clone.
    kernel.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    equal, other, masked = seccomp.EQ, seccomp.NE, seccomp.MASKED_EQ
    for name, *arguments in (
        # Memory that stays when no process has it mapped any longer.
        ("mmap", (3, masked, SHARED | ANONYMOUS, SHARED | ANONYMOUS)),
        # Keeps others from opening a file: under an ordinary user the libraries are his own.
        ("fcntl", (1, equal, SET_LEASE)),
        # The sandbox ends with the grader, and the grader sees what its processes hold.
        ("prctl", (0, equal, PARENT_DEATH)),
        ("prctl", (0, equal, DUMPABLE)),
        # A parent that ignores its children's ends is not charged for their time.
        ("rt_sigaction", (0, equal, signal.SIGCHLD), (1, other, 0)),
        # With a limit of 1 the system's own handler of crashes is not started: see `alone`.
        ("setrlimit", (0, equal, resource.RLIMIT_CORE)),
        ("prlimit64", (1, equal, resource.RLIMIT_CORE), (2, other, 0)),
    ):
        kernel.add_rule(forbidden, name, *(seccomp.Arg(*argument) for argument in arguments))
    with tempfile.TemporaryFile() as file:
        kernel.export_bpf(file)
        file.seek(0)
        return file.read()


def _seccomp() -> Any:
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise Unavailable(
            f"Grading shuts kernel calls by libseccomp, which cannot be loaded ({error}): on "
            "Debian and Ubuntu `apt-get install libseccomp2`, then "
            "`pip install -r requirements.txt`."
        ) from None
    return pyseccomp


def namespaces() -> list[str]:
    """Return what separates the sandbox: all namespaces; for root, all but that of users.

    Root needs none to set the others up, and gives its rights up inside (`inside.limit`): a
    process limit counts a user's processes, and root's are never counted.
    """
    if os.getuid() == 0:
        kinds = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        return [*kinds, "--unshare-cgroup-try", "--cap-drop", "ALL",
                "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]  # fmt: skip
    # --unshare-all alone only tries for the namespace of users. A first process of the same
    # user's would be at the submission's mercy, through its memory in /proc.
    users = ["--unshare-user", "--uid", "65534", "--gid", "65534", "--as-pid-1"]
    return ["--unshare-all", *users, *(["--disable-userns"] if _newer(0, 8) else [])]


@cache
def _newer(*wanted: int) -> bool:
    text = subprocess.run(
        ["bwrap", "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = text.split()[-1] if text.split() else "0"
    return tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) >= wanted


def command(
    package: Iterable[str], absent: Iterable[str], limits: Limits, filtered: int
) -> list[str]:
    """Return the command line that runs `inside` in a new sandbox.

    package: modules of d2lsched to have besides the checks. absent: libraries to hide.
    filtered: the descriptor of a file with what `doors` returns.
    """
    arguments = [
        bwrap(), *namespaces(), "--die-with-parent", "--new-session", "--clearenv",
        "--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev",
        "--seccomp", str(filtered),
    ]  # fmt: skip
    mounts = list(_system())
    ours = Path(d2lsched.__file__).parent
    mounts += [(ours / name, f"{INSIDE}/d2lsched/{name}") for name in (*TEACHING, *package)]
    mounts += [
        (Path(__file__).with_name("inside.py"), f"{INSIDE}/inside.py"),
    ]
    # First of all, since Python or this package may lie in the system's own /tmp.
    arguments += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp"]
    if (fonts := font_list()) is not None:  # in a folder that matplotlib finds writable
        arguments += ["--perms", "0777", "--dir", FONTS]
        mounts.append((fonts, f"{FONTS}/{fonts.name}"))
    # Folders that bubblewrap makes on its way are closed to all but their owner.
    folders = {top for _, target in mounts for top in Path(target).parents}
    for folder in sorted(folders - {Path("/"), Path("/tmp"), Path(FONTS)}):
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
                arguments += _hidden(str(folder))
    installed = Path(sysconfig.get_path("purelib")) / "d2lsched"
    if installed.is_dir():  # an editable installation lies outside of what is there
        arguments += _hidden(str(installed))
    # Whoever is root outside owns the kernel's settings inside as well.
    arguments += _hidden("/proc/sys")
    for listing in ("/proc/keys", "/proc/key-users"):
        if Path(listing).exists():
            arguments += ["--ro-bind", os.devnull, listing]
    arguments += ["--dev-bind", os.devnull, "/dev/zero"]  # shared, it is memory without a size
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/"]
    variables = {
        "HOME": HOME, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
        "MPLBACKEND": "agg", "MPLCONFIGDIR": FONTS, "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    }  # fmt: skip
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    # -S: no .pth files, by which an editable installation would point at the whole package.
    return [*arguments, "--chdir", HOME, sys.executable, "-I", "-S", f"{INSIDE}/inside.py"]


def _hidden(folder: str) -> list[str]:
    """Return what puts an empty folder, in which nobody can write, over one."""
    return ["--size", "4096", "--tmpfs", folder, "--remount-ro", folder]


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
def font_list() -> Path | None:
    """Return the file with matplotlib's list of fonts, which takes it a second to make.

    matplotlib keeps it in its own cache and makes it when it is imported; None if it could not.
    """
    code = (
        "import matplotlib.font_manager as m, matplotlib;"
        "print(matplotlib.get_cachedir(), m.FontManager.__version__, sep='/fontlist-v')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    path = Path(f"{run.stdout.strip()}.json")
    return path if path.is_file() else None


@cache
def alone() -> list[str]:
    """What before a command gives it an empty session keyring, and keeps its crashes in.

    A limit of 0 keeps the kernel from writing a core file; only 1 keeps it from starting the
    system's handler of crashes, outside of all walls.
    """
    seccomp = _seccomp()
    number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, "keyctl")
    # Where a container forbids the call, the keyring cannot be had inside either. It is called
    # in a process of its own, since a fork of the grader's would be one of all its threads.
    code = (
        "import ctypes, os, resource as r, sys; "
        "r.getrlimit(r.RLIMIT_CORE)[1] and r.setrlimit(r.RLIMIT_CORE, (1, 1)); "
        f"ctypes.CDLL(None).syscall({number}, {JOIN_SESSION_KEYRING}, None); "
        "os.execvp(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-I", "-S", "-c", code]
