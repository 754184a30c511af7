"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.waiting import HANG

ROOT = Path(__file__).parents[2]

SCREEN = ("textual", "plotext")
LOCKS = re.compile(r"(^|/)([\w.-]+\.lock|package-lock\.json|pnpm-lock\.yaml|pylock(\..+)?\.toml)$")
# Written in two parts, so that this file does not name them either.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb.debian", "org"),
        ("archive.ubuntu", "com"),
    )
)

# httpx loads rich for a command line of its own where it can; without rich, nothing of ours may ask for it.
_IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules["rich"] = None
import aftergreen
for module in pkgutil.walk_packages(aftergreen.__path__, "aftergreen."):
    importlib.import_module(module.name)
    print(module.name)
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def tracked() -> list[Path]:
    """The files that git knows; a copy of the sources without git has none to check."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_the_engine_loads_no_screen() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG,
    )
    expected = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in (ROOT / "aftergreen").rglob("*.py")
    }
    assert set(done.stdout.split()) | {"aftergreen"} == expected
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "httpx" in loaded, "every module was imported, the one that speaks HTTP too"
    assert loaded.isdisjoint(SCREEN)


@pytest.mark.parametrize(
    "arguments", [("paths",), ("gate", "--help"), ("check", "--help"), ("--help",)], ids=" ".join
)
def test_a_command_without_a_screen_loads_none(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom tui.cli import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=HANG
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded.isdisjoint({*SCREEN, "rich", "httpx"})


def test_what_runs_a_rollback_loads_next_to_nothing() -> None:
    """It has to be there well within a second, on a machine that is in trouble."""
    code = "import sys, aftergreen.rollback.supervisor\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=HANG
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({*SCREEN, "rich", "httpx", "cattrs", "promql_parser"})


def test_no_lock_file_is_tracked() -> None:
    assert [path for path in tracked() if LOCKS.search(path.as_posix())] == []


def test_no_tracked_file_names_a_registry_or_a_place_on_one_machine() -> None:
    places = (f"{Path.home()}/", f"{ROOT}/")
    unwanted = re.compile("|".join(map(re.escape, (*REGISTRIES, *places))))
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if (match := unwanted.search(path.read_text(encoding="utf-8", errors="ignore")))
    }
    assert found == set()


def test_constraints_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_every_dependency_is_pinned_for_the_checks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    # A group may be a part of another one.
    groups = project["dependency-groups"].values()
    wanted += [name for group in groups for name in group if isinstance(name, str)]
    pins = (ROOT / "constraints.txt").read_text()
    pinned = {_normal(line.partition("==")[0]) for line in pins.splitlines()}
    assert {_normal(re.split(r"[<>=!~ \[;]", name)[0]) for name in wanted} - pinned == set()


def test_every_package_of_the_tree_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages == {file.parent.name for file in ROOT.glob("*/__init__.py")}


@pytest.mark.parametrize("program", ["README.md", "CONTRIBUTING.md", "Makefile"])
def test_documents_name_only_targets_that_there_are(program: str) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|and )make ([a-z0-9]+)", (ROOT / program).read_text(), re.MULTILINE))
    assert named <= targets


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
