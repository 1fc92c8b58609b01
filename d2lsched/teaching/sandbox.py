"""The sandbox: a submission's process, with nothing of the system's that it could use.

bubblewrap makes it (see `walls`): no network, no other process in sight, a file system that
holds Python and its libraries to read, and a small /tmp to write. Limits of time, memory,
processes, disk and output are watched from outside; whoever exceeds one is ended with all that
it has started. Time is the processor's, so that a busy machine costs nobody anything.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import selectors
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..extras import needs
from .checks import Failure, Strange, plain
from .walls import INSIDE, Limits, Unavailable, alone, command, doors

with needs("teaching"):
    import psutil

START_SECONDS = 30
"""A sandbox that has not begun by then is the machine's fault, not the submission's."""

FREE = 60
"""Seconds for imports and released cells that are not counted, in all."""

PATIENCE = 2
"""Seconds that a submission may sleep, for each that it may compute."""

FAR = 30
"""Seconds of the clock for each that it may compute in all: one of many on a busy machine needs
some of them; only what sleeps whenever it is looked at needs all."""

DEEPEST = 20
"""Lists and dictionaries that an answer may hold within one another."""

LONGEST = 2 * 1024**2
"""Bytes of one answer."""

USERS = itertools.cycle(range(64_000, 65_000))
"""Under root each sandbox gets a user of its own: process limits count by user."""


class Ended(Exception):
    """The submission's process is no more. reason: a clause for its comment.

    place: the cell and statement that ran, or None if it was answering. over: all its time is
    used up. by_clock: it computed little and took long, so that the machine may be to blame.
    """

    def __init__(
        self, reason: str, place: tuple[int, int] | None, over: bool, by_clock: bool
    ) -> None:
        super().__init__(reason)
        self.reason, self.place, self.over, self.by_clock = reason, place, over, by_clock


@dataclass
class Account:
    """What a submission has used in all its sandboxes, and how many these were.

    seconds: of the processor, that count; free: that do not; asleep: of the clock.
    """

    seconds: float = 0.0
    free: float = 0.0
    asleep: float = 0.0
    sandboxes: int = 0


class Sandbox:
    """One submission's process; use it as a context manager, so that nothing outlives it.

    cells: (number, source) pairs. skip: statements, as (cell, statement), to leave out.
    released: cells as they were handed out. Their time and that of imports is not counted.
    account: what earlier sandboxes of the submission have used; this one's is added.
    """

    def __init__(
        self,
        cells: Sequence[tuple[int, str]],
        *,
        skip: Iterable[tuple[int, int]] = (),
        released: Iterable[int] = (),
        package: Iterable[str] = (),
        absent: Iterable[str] = (),
        limits: Limits | None = None,
        account: Account | None = None,
    ) -> None:
        self.limits, self._free, self._started = limits or Limits(), 0.0, False
        self.account = account or Account()
        self.account.sandboxes += 1
        self._until = time.monotonic() + START_SECONDS + FAR * self.limits.seconds
        self.errors: list[tuple[int, int, str]] = []
        self.peak, self._seconds, self._asleep = 0, 0.0, True
        self._read, self._buffer = 0, b""
        self._place: tuple[int, int] | None = None
        with tempfile.TemporaryFile() as filtered:
            filtered.write(doors())
            filtered.seek(0)
            door = filtered.fileno()
            self._process = subprocess.Popen(
                alone() + command(package, absent := tuple(absent), self.limits, door),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={},  # bubblewrap's own, which the submission could read in /proc
                pass_fds=[door],
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._job = {
            "cells": list(cells), "skip": [list(place) for place in skip],
            "released": list(released),
            "path": [INSIDE, *dict.fromkeys(map(sysconfig.get_path, ("purelib", "platlib")))],
            "memory": 2 * self.limits.memory, "disk": self.limits.disk,
            "seconds": self.limits.seconds, "processes": self.limits.processes,
            "user": next(USERS), "absent": absent,
        }  # fmt: skip

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self.account.seconds += self.used

    def close(self) -> None:
        """End the process and all that it has started, whatever that has done to be spared."""
        everyone = descendants(self._process.pid)
        self._process.kill()
        for process in everyone:  # the first is the namespace's, with which all others end
            with contextlib.suppress(psutil.Error):
                process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self._process.wait()
        self._selector.close()

    @property
    def used(self) -> float:
        """Seconds of the processor that its cells and answers have used."""
        return max(self._seconds - self._free, 0.0)

    def run(self) -> None:
        """Run the cells; `errors` keeps (cell, line, error). `Ended` if one ended it all.

        What the process calls free may be a lie, which gains it `FREE` seconds at most.
        """
        self._start()
        free = False
        while True:
            begun = self._seconds
            message = self._next(self.limits.cell_seconds)
            if free:
                gift = min(self._measured() - begun, FREE - self.account.free)
                self._free, self.account.free = self._free + gift, self.account.free + gift
            if "at" in message:
                self._place, free = _pair(message["at"]), message.get("free") is True
            elif "error" in message and len(self.errors) < 100:
                self.errors.append(_error(message["error"]))
            elif "ready" in message:
                self._place = None
                return

    def _start(self) -> None:
        """Send the job, and wait until the first cell is about to run; no time is counted."""
        try:
            self._send(self._job)
            self._next(None)
        except Ended as end:
            raise Unavailable(
                f"The sandbox did not start: {end.reason}. Grade when less else runs, or with "
                "fewer --jobs."
            ) from None
        self._free, self._started = self._measured(), True

    def ask(self, request: Any) -> Any:
        """Return the answer to a request, as plain values. `Ended` if it cannot be had."""
        token = secrets.token_hex(8)
        self._send({"id": token, "ask": request})
        while True:
            message = self._next(self.limits.cell_seconds)
            if message.get("id") == token:  # whatever else comes was not asked for
                try:
                    return decoded(message.get("value"))
                except RecursionError:
                    return Failure(f"it returned more than {DEEPEST} lists in one another")

    def _send(self, message: Any) -> None:
        """Write a line; a reader that does not read must not stop us."""
        assert self._process.stdin is not None
        data = memoryview(json.dumps(message).encode() + b"\n")
        watch = self._watch(self.limits.cell_seconds)
        while data:
            try:
                data = data[os.write(self._process.stdin.fileno(), data) :]
            except BlockingIOError:
                next(watch)
                time.sleep(0.01)
            except OSError:
                raise self._ended("the notebook's process has ended") from None

    def _next(self, seconds: float | None) -> dict[str, Any]:
        """Return the next message; seconds: that it may compute, None while it starts."""
        assert self._process.stdout is not None
        watch = self._watch(seconds)
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
                next(watch)
                continue
            next(watch)
            if not self._selector.select(0.1):
                continue
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                if seconds is None:
                    assert self._process.stderr is not None
                    said = self._process.stderr.read(2000).decode(errors="replace").strip()
                    raise Unavailable(f"The sandbox did not start: {said or 'no reason given'}")
                raise self._ended("the notebook's process has ended (crashed or was killed)")
            self._read += len(data)
            self._buffer += data
            if len(self._buffer) > LONGEST:
                raise self._ended(f"an answer has more than {LONGEST:,} bytes")
            if self._read > self.limits.output:
                raise self._ended(f"it wrote more than {self.limits.output:,} bytes of answers")

    def _watch(self, seconds: float | None) -> Iterator[None]:
        """End a process that is over its time or memory; looks each time it is asked."""
        patience = START_SECONDS if seconds is None else PATIENCE * seconds
        asleep, before, begun = 0.0, time.monotonic(), self._measured() - self._free
        while True:
            spent, now = self._measured() - self._free, time.monotonic()
            if self._asleep:  # what waits for the processor does not sleep
                nap = min(now - before, 1.0)
                asleep += nap
                self.account.asleep += nap if seconds else 0.0
            before = now
            if seconds is not None and self.account.seconds + spent > self.limits.seconds:
                reason = f"the notebook's {self.limits.seconds:g} seconds were over"
                raise self._ended(reason, over=True)
            if seconds is not None and spent - begun > seconds:
                raise self._ended(f"it was stopped after {seconds:.3g} seconds")
            if now > self._until or self.account.asleep > PATIENCE * self.limits.seconds:
                raise self._ended("the notebook waited too long", over=True, by_clock=True)
            if asleep >= patience:
                reason = f"it was stopped after {patience:.3g} seconds of waiting"
                raise self._ended(reason, by_clock=True)
            yield

    def _measured(self) -> float:
        """Return the processor's seconds so far; end a process that has too much memory."""
        everyone = descendants(self._process.pid)
        kept = files(everyone[0].pid) if self._started and everyone else 0
        if (used := memory(everyone) + kept) > self.limits.memory:
            used = memory(everyone, shared=False) + kept
        self.peak = max(self.peak, used)
        if used > self.limits.memory:
            raise self._ended(
                f"it used more than {self.limits.memory // 1024**2:,} MB of memory"
            )
        self._seconds = max(self._seconds, processor(everyone))
        self._asleep = sleeping(everyone)
        return self._seconds

    def _ended(self, reason: str, over: bool = False, by_clock: bool = False) -> Ended:
        self.close()
        return Ended(reason, self._place, over, by_clock)


def descendants(pid: int) -> list[psutil.Process]:
    """Return the processes that a process has started, and those have, parents first."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def processor(processes: Iterable[psutil.Process]) -> float:
    """Return the seconds that processes have computed, and those that have ended under them."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def sleeping(processes: Iterable[psutil.Process]) -> bool:
    """Return whether no thread of the processes computes, or would if it had a processor.

    One can look as if it waited for a disk (vfork does it), so that this is no excuse.
    """
    for process in processes:
        for thread in Path(f"/proc/{process.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                if thread.read_bytes().rpartition(b")")[2].split()[0] == b"R":
                    return False
    return True


def memory(processes: Iterable[psutil.Process], shared: bool = True) -> int:
    """Return the bytes of memory that processes hold.

    shared: what several hold together is counted for each, which is quick to read.
    """
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            held = process.memory_info().rss
            if not shared:  # what hides its share is charged for all
                with contextlib.suppress(psutil.AccessDenied):
                    held = process.memory_full_info().pss
            total += held
    return total


def files(pid: int) -> int:
    """Return the bytes that the kernel needs for files in a process's /tmp, be they empty."""
    with contextlib.suppress(OSError):
        table = os.statvfs(f"/proc/{pid}/root/tmp")
        return 1024 * (table.f_files - table.f_ffree)
    return 0


def decoded(value: Any, depth: int = 0) -> Any:
    """Return what a message says as plain values; RecursionError beyond `DEEPEST`."""
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, list):
        return [decoded(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if "$failure" in value:
            return Failure(harmless(value["$failure"]))
        if "$strange" in value:
            return Strange(harmless(value["$strange"]))
        return {harmless(key): decoded(item, depth + 1) for key, item in value.items()}
    return harmless(value) if isinstance(value, str) else plain(value)


def harmless(text: Any) -> str:
    """Return a submission's text as it may stand in a comment: short, no markup, no links."""
    try:
        words = "".join(c if c.isprintable() else " " for c in str(text)[:300])
    except RecursionError:  # the text of nested lists
        words = "something nested too deeply"
    words = words.translate(str.maketrans("<>&$", "‹›+§"))
    return words.replace("](", "] (").replace("][", "] [").replace("://", ": //")


def _pair(value: Any) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(i, int) for i in value):
        return value[0], value[1]
    return None


def _error(value: Any) -> tuple[int, int, str]:
    if isinstance(value, list) and len(value) == 3 and _pair(value[:2]):
        return value[0], value[1], harmless(value[2])
    return -1, 0, "an error that cannot be read"
