"""Each room has one door: what other rooms may use stands there twice, for the type checker and for the run."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import generate_media
from generate_media.core.paths import BUNDLE

HOUSE = BUNDLE / "scripts" / "generate_media"
ROOMS = sorted(path.parent.name for path in HOUSE.glob("*/__init__.py"))


def imports(file: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """(module under generate_media, name) of every import from the house, wherever it stands in a file."""
    package = file.relative_to(HOUSE.parent).parent.parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module or "").split(".")) if node.module else base
            if module[:1] == (generate_media.__name__,):
                yield from ((module[1:], alias.name) for alias in node.names)


def test_rooms_meet_at_their_doors() -> None:
    """``from ..room import name``: what lies behind a door may move without anybody noticing."""
    around = []
    for file in [*HOUSE.rglob("*.py"), *HOUSE.parent.glob("*.py")]:
        own = file.relative_to(HOUSE).parts[0] if file.is_relative_to(HOUSE) else ""
        around += [
            f"{file.name}: {'.'.join(module)}" for module, _ in imports(file)
            if module[:1] != (own,) and module[:1] and module[0] in ROOMS and module[1:] not in ((), ("door",))
        ]  # fmt: skip
    assert around == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_door_opens_what_it_names(room: str) -> None:
    """Every name that the type checker is shown is there, from the module it says; no module hides one."""
    door = importlib.import_module(f"generate_media.{room}")
    modules = {path.stem for path in (HOUSE / room).iterdir()}
    for node in ast.walk(ast.parse((HOUSE / room / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            home = importlib.import_module(f"generate_media.{room}.{node.module}")
            for alias in node.names:
                assert alias.name not in modules, f"{alias.name} is a module of {room} as well"
                assert getattr(door, alias.name) is getattr(home, alias.name)
