"""How the studies keep their results: a CSV whose first lines say where it comes from."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from d2lsched.run import RESULTS_VERSION


def write(path: Path, table: pd.DataFrame, columns: Mapping[str, type], seeds: str) -> None:
    """The columns of the table as CSV; comment lines before it say where it comes from."""
    versions = sorted({part for text in table["versions"] for part in text.split(", ")})
    about = notes(
        command="make experiments",
        runs=f"{len(table)}, {table['epochs'].sum():,} epochs of 10,000 images",
        seeds=seeds,
        versions=", ".join(versions),
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {name}: {text}\n" for name, text in about.items())
        table[list(columns)].to_csv(file, index=False, float_format="%.6g", lineterminator="\n")


def notes(versions: str, **about: str) -> dict[str, str]:
    """Where results come from: what is told about them, the versions, the machine, the day."""
    return {
        **about,
        "finished": f"{datetime.now(UTC):%Y-%m-%d}",
        "versions": f"{versions}, results version {RESULTS_VERSION}",
        "hardware": f"{processor()} ({platform.machine()}), {os.cpu_count()} cores",
        "system": f"{platform.system()}, Python {platform.python_version()}",
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines: Iterator[str] = iter(cpuinfo.read_text().splitlines() if cpuinfo.exists() else ())
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown processor")
