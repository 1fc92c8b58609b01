"""Where runs are executed: own schedules arrive, and what cannot work says so at once."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import pytest

from d2lsched.sweep import Run, results, sweep

SIZES = {"epochs": 1, "train": 256, "validation": 64, "test": 64}

# A user's folder: two modules and a script. The rates that Mine gives are lr · 0.5 · 0.9.
HELPER = "def factor():\n    return 0.9\n"
MINE = """
from __future__ import annotations
from dataclasses import dataclass
import helper
from d2lsched import Schedule
from d2lsched.schedules.base import Rate

SHARE = 0.5

def halved(lr):
    return SHARE * lr  # of what was asked for

@dataclass(frozen=True)
class Mine(Schedule):
    lr: Rate

    def formula(self, t, xp):
        again = Mine(self.lr)  # its parameters are checked in the worker, too
        return xp.full_like(t, halved(again.lr) * helper.factor())
"""
SCRIPT = """
from __future__ import annotations
import sys
from dataclasses import dataclass
import joblib
from d2lsched import Schedule, Warmup
from d2lsched.schedules.base import Rate
from d2lsched.sweep import Run, history, sweep
from mine import Mine

@dataclass(frozen=True)
class Here(Schedule):
    lr: Rate

    def formula(self, t, xp):
        return xp.full_like(t, Here(self.lr).lr)

def local():
    @dataclass(frozen=True)
    class Local(Schedule):
        lr: Rate
        formula = Here.formula

    return Local

if __name__ == "__main__":
    store, backend, address = sys.argv[1:]
    schedules = Mine(0.2), Here(0.2), Warmup(Here(0.2), 2), local()(0.3)
    sizes = {"epochs": 1, "train": 256, "validation": 64, "test": 64}
    runs = [Run("numpy", schedule, **sizes) for schedule in schedules]
    if address:
        from distributed import Client
        Client(address)
    with joblib.parallel_config(backend):
        table = sweep(runs, store, n_jobs=2, progress=False)
    for run, error in zip(runs, table["error"]):
        print(error if isinstance(error, str) else history(store, run).lr)
"""
RATES = "[0.09, 0.09]\n[0.2, 0.2]\n[0.0, 0.1]\n[0.3, 0.3]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a user has written."""
    (tmp_path / "user").mkdir()
    for name, text in (("helper", HELPER), ("mine", MINE), ("script", SCRIPT)):
        (tmp_path / "user" / f"{name}.py").write_text(text)
    return tmp_path / "user"


def said(folder: Path, code: str, *arguments: str) -> str:
    command = [sys.executable, code, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip


Start = Callable[..., tuple[str, list[subprocess.Popen]]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Start]:
    """Starts a scheduler and a worker, in processes of their own and another folder."""
    pytest.importorskip("distributed")
    (tmp_path / "cluster").mkdir()
    processes: list[subprocess.Popen] = []

    def start(before: str = "") -> tuple[str, list[subprocess.Popen]]:
        file = tmp_path / "cluster" / "scheduler.json"
        common = ["--scheduler-file", str(file)]
        for name, options in (
            ("scheduler", ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]),
            ("worker", ["--nthreads", "1", "--no-nanny", "--no-dashboard"]),
        ):
            code = f"{before}; from distributed.cli.dask_{name} import main; main()"
            with (tmp_path / f"{name}.log").open("w") as log:
                command = [sys.executable, "-c", code.lstrip("; "), *common, *options]
                processes.append(
                    subprocess.Popen(command, cwd=file.parent, stdout=log, stderr=log)
                )
        while not (file.exists() and file.read_text().endswith("}")):
            assert processes[0].poll() is None, (tmp_path / "scheduler.log").read_text()
            time.sleep(0.05)
        return json.loads(file.read_text())["address"], processes

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_own_schedules_arrive_in_processes_on_threads_and_here(folder, tmp_path):
    for backend in ("loky", "threading", "sequential"):
        store = str(tmp_path / backend)
        assert rounded(said(folder, "script.py", store, backend, "")) == RATES, backend


@pytest.mark.slow
def test_own_schedules_arrive_on_a_cluster_that_has_none_of_the_modules(
    folder, tmp_path, cluster
):
    address, _ = cluster()
    assert rounded(said(folder, "script.py", str(tmp_path / "dask"), "dask", address)) == RATES


def rounded(printed: str) -> str:
    return printed.replace("0.09000000000000001", "0.09")


def test_a_backend_that_forks_is_refused_by_name(tmp_path):
    run = Run("numpy", 0.1, **SIZES)
    refused = pytest.raises(ValueError, match=r"backend = 'multiprocessing' .*loky, dask")
    with joblib.parallel_config("multiprocessing"), refused:
        sweep([run], tmp_path / "store", n_jobs=2, progress=False)


@pytest.mark.slow
def test_a_cluster_without_d2lsched_is_an_error_before_any_run(tmp_path, cluster):
    from distributed import Client

    address, _ = cluster("import sys; sys.modules['d2lsched'] = None")
    told = pytest.raises(
        ImportError, match=r"worker tcp://.* cannot train in numpy: .*d2lsched"
    )
    with Client(address), joblib.parallel_config("dask"), told:
        sweep([Run("numpy", 0.1, **SIZES)], tmp_path / "store", progress=False)
    assert results(tmp_path / "store").empty


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_dies_is_one_sentence_and_the_rest_is_done_later(tmp_path, cluster):
    from distributed import Client

    address, (scheduler, _) = cluster()
    runs, store = [Run("numpy", 0.1, i, **SIZES) for i in range(300)], tmp_path / "store"

    def kill() -> None:
        while stored(store) < 5:
            time.sleep(0.01)
        scheduler.kill()

    thread = threading.Thread(target=kill)
    told = pytest.raises(ConnectionError, match=r"^the Dask scheduler is gone: sweep again")
    with Client(address), joblib.parallel_config("dask"):
        thread.start()
        with told as error:
            sweep(runs, store, progress=False)
    assert error.value.__cause__ is None
    thread.join()
    assert 5 <= stored(store) < 300
    table = sweep(runs[: stored(store) + 1], store, n_jobs=1, progress=False)
    assert table["error"].isna().all()


def stored(store: Path) -> int:
    try:
        return len(results(store))
    except (FileNotFoundError, ValueError):  # not there yet
        return 0


# --- what a run is


def key(folder: Path) -> str:
    code = (
        "from mine import Mine; from d2lsched.sweep import Run; print(Run('jax', Mine(.2)).key)"
    )
    return said(folder, "-c", code).strip()


@pytest.mark.slow
def test_the_key_of_an_own_schedule_follows_its_code_and_what_that_refers_to(folder):
    first = key(folder)
    assert key(folder) == first  # in another process, with other hashes
    seen = {first}
    for file, before, after in (
        ("mine", "halved(again.lr)", "again.lr"),
        ("mine", "SHARE = 0.5", "SHARE = 0.25"),
        ("mine", "SHARE * lr", "SHARE * lr * lr"),
        ("helper", "0.9", "0.8"),
        ("mine", "(Schedule)", "(Constant)"),
        ("mine", "lr: Rate", "lr: Rate\n    _floor = 0.1"),
    ):
        path = folder / f"{file}.py"
        text = path.read_text()
        edited = text.replace(before, after).replace(
            "import Schedule", "import Constant, Schedule"
        )
        assert edited != text
        path.write_text(edited)
        seen.add(key(folder))
        path.write_text(text)
    assert len(seen) == 7
    path = folder / "mine.py"
    path.write_text(path.read_text().replace("of what was asked for", "another comment"))
    (folder / "helper.py").write_text(HELPER + "\n\ndef another():\n    return 1\n")
    assert key(folder) == first


def test_schedules_with_one_name_and_other_formulas_are_other_runs():
    from dataclasses import dataclass

    from d2lsched import Schedule, Warmup

    def made(factor, share):
        @dataclass(frozen=True)
        class Same(Schedule):
            lr: float
            chosen: object = None

            def formula(self, t, xp):
                return xp.full_like(t, factor * self.lr)

        return Same(0.1, share)

    runs = [Run("numpy", made(*parts)) for parts in (
        (0.5, None), (0.25, None), (0.5, lambda t: t), (0.5, lambda t: t / 2),
    )]  # fmt: skip
    runs.append(Run("numpy", Warmup(made(0.5, None), 3)))
    runs.append(Run("numpy", Warmup(made(0.25, None), 3)))
    assert len({run.key for run in runs}) == 6
    assert Run("numpy", made(0.5, None)).key == runs[0].key
    with open(__file__) as file, pytest.raises(ValueError, match=r"schedule = .*be compared"):
        _ = Run("numpy", made(0.5, file)).key
