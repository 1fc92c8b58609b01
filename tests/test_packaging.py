"""What is installed is what requirements.txt, constraints.txt and pyproject.toml pin."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
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
        found = distribution(name)
        versions[name] = found.version.partition("+")[0]  # torch's build is a local version
        for needed in map(Requirement, found.requires or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                queue += [(needed, inner) for inner in ("", *needed.extras)]
    return versions


@pytest.fixture(scope="module")
def constraints() -> dict[str, str]:
    lines = requirements("constraints.txt")
    return {canonicalize_name(line.name): version_pinned(line) for line in lines}


def test_everything_installed_is_pinned(constraints):
    here = [r for r in requirements("requirements.txt") if not r.marker or r.marker.evaluate()]
    unpinned = [
        f"{n}=={v}" for n, v in sorted(closure(here).items()) if constraints.get(n) != v
    ]
    assert not unpinned, "constraints.txt lacks or contradicts these lines"


def test_requirements_are_pinned_and_agree_with_the_constraints(constraints):
    for requirement in requirements("requirements.txt"):
        name = canonicalize_name(requirement.name)
        assert constraints[name] == version_pinned(requirement), requirement


def test_the_pinned_versions_satisfy_the_package_and_its_extras(constraints):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
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
