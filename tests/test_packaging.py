"""Pins: what is installed is what the files pin, and they fit every Python and system named."""

import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILES = ("requirements.txt", "tests/requirements.txt")
#: Not in constraints.txt: torch itself pins what its CUDA build brings along.
CUDA = ("nvidia-", "cuda-", "triton")


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if re.match(r"\w", line)]


def version_pinned(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", f"{requirement} is not pinned exactly"
    return specifier.version


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """The installed version of all that is wanted, and of all that it requires in turn."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    queue = [
        (requirement, extra) for requirement in wanted for extra in ("", *requirement.extras)
    ]
    while queue:
        requirement, extra = queue.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen or name.startswith(CUDA):
            continue
        seen.add((name, extra))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name != "tensorflow":
                raise
            found = distribution("tensorflow-cpu")  # the same modules
        versions[canonicalize_name(found.name)] = found.version.partition("+")[
            0
        ]  # torch's build is a local version
        for needed in map(Requirement, found.requires or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                queue += [(needed, inner) for inner in ("", *needed.extras)]
    return versions


def asked_for(*files: str) -> list[Requirement]:
    return [requirement for file in files or FILES for requirement in requirements(file)]


@pytest.fixture(scope="module")
def constraints() -> dict[str, str]:
    lines = requirements("constraints.txt")
    return {canonicalize_name(line.name): version_pinned(line) for line in lines}


def test_everything_installed_is_pinned(constraints):
    here = [r for r in asked_for() if not r.marker or r.marker.evaluate()]
    unpinned = [
        f"{n}=={v}" for n, v in sorted(closure(here).items()) if constraints.get(n) != v
    ]
    assert not unpinned, "constraints.txt lacks or contradicts these lines"


def test_requirements_are_pinned_and_agree_with_the_constraints(constraints):
    for requirement in asked_for():
        name = canonicalize_name(requirement.name)
        assert constraints[name] == version_pinned(requirement), requirement


def test_the_pinned_versions_satisfy_the_package_and_its_extras(constraints):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        if name == project["name"]:
            continue  # an extra that is part of another
        assert requirement.specifier.contains(constraints[name]), requirement


@pytest.mark.parametrize(
    ("platform", "machine", "python", "expected"),
    [
        ("linux", "x86_64", "3.11", "tensorflow-cpu"),
        ("linux", "aarch64", "3.12", "tensorflow"),
        ("darwin", "arm64", "3.13", "tensorflow"),
        ("win32", "AMD64", "3.11", "tensorflow-cpu"),
        ("linux", "x86_64", "3.14", None),
    ],
)
def test_every_platform_gets_at_most_one_tensorflow(platform, machine, python, expected):
    where = {"sys_platform": platform, "platform_machine": machine, "python_version": python}
    chosen = [
        requirement.name
        for requirement in requirements("requirements.txt")
        if requirement.name.startswith("tensorflow")
        and requirement.marker
        and requirement.marker.evaluate(where)
    ]
    assert chosen == ([expected] if expected else [])


# What the README promises: every Python since 3.11.0, on these systems (glibc 2.28 is RHEL 8's
# and older than Debian 10's).
SYSTEMS = {
    "linux": "x86_64-manylinux_2_28",
    "linux-arm": "aarch64-manylinux_2_28",
    "macos-14": "aarch64-apple-darwin",
    "macos-15": "aarch64-apple-darwin",
    "windows": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.11.0", "3.12.0", "3.13.0", "3.14.0")


def test_no_pin_leaves_out_a_release_of_python():
    releases = [f"3.{minor}.{patch}" for minor in (11, 12, 13, 14) for patch in range(31)]
    here = [r for r in asked_for() if not r.marker or r.marker.evaluate()]
    demands = {name: SpecifierSet(distribution(name).metadata.get("Requires-Python", ""))
               for name in closure(here)}  # fmt: skip
    refused = {name: str(demand) for name, demand in demands.items()
               if not all(map(demand.contains, releases))}  # fmt: skip
    assert not refused


def resolved(python: str, system: str) -> subprocess.CompletedProcess:
    """What uv would install, wheels only: uv asks the index that its own settings name."""
    command = [Path(sys.executable).with_name("uv"), "pip", "compile", *FILES, "--quiet",
               "--no-header", "--no-annotate", "--only-binary", ":all:",
               "--python", sys.executable, "--no-python-downloads",
               "--python-version", python, "--python-platform", SYSTEMS[system]]  # fmt: skip
    macos = {"MACOSX_DEPLOYMENT_TARGET": f"{system.removeprefix('macos-')}.0"}
    environment = os.environ | (macos if system.startswith("macos") else {})
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=False)  # fmt: skip


@pytest.fixture(scope="module")
def resolutions():
    """All of them at once: they wait for the network."""
    with ThreadPoolExecutor(5) as pool:
        yield {
            (python, system): pool.submit(resolved, python, system)
            for python in PYTHONS
            for system in SYSTEMS
        }


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_pins_resolve_and_are_complete(python, system, resolutions, constraints):
    run = resolutions[python, system].result()
    assert run.returncode == 0, run.stderr
    found = [Requirement(line) for line in run.stdout.splitlines()]
    assert len(found) > 200
    unpinned = [
        str(requirement)
        for requirement in found
        if not requirement.name.startswith(CUDA)
        and constraints.get(requirement.name) != version_pinned(requirement)
    ]
    assert not unpinned, "constraints.txt lacks or contradicts these lines"
