"""values.dataclass against the standard library's: the same classes made by both must behave alike."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from generate_media import values
from generate_media.models import Call
from generate_media.paths import BUNDLE

BOTH: tuple[ModuleType, ...] = (dataclasses, values)


def family(module: Any) -> tuple[type[Any], type[Any], type[Any]]:
    """A frozen class, a child of it, and one that may change; made by one of the two modules."""

    @module.dataclass(frozen=True)
    class Base:
        name: str
        secret: str = module.field(default="", repr=False)
        notes: list[str] = module.field(default_factory=list)
        age: int = module.field(default=3, compare=False)

    @module.dataclass(frozen=True)
    class Child(Base):
        extra: Any = None

    @module.dataclass
    class Free:
        name: str
        count: int = 0

    return Base, Child, Free


def outcome(action: Callable[[], Any]) -> Any:
    """What an action gives, or the kind of exception it raises."""
    try:
        return action()
    except Exception as error:
        return type(error)


CASES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "repr": lambda m, b, c, f: repr(b("a", "hidden", ["x"])),
    "repr of a child": lambda m, b, c, f: repr(c("a", extra=1)),
    "repr of itself": lambda m, b, c, f: (lambda row: (row.notes.append(row), repr(row))[1])(b("a")),
    "positional": lambda m, b, c, f: vars(b("a", "s", ["n"], 9)),
    "defaults": lambda m, b, c, f: vars(b(name="a")),
    "order of vars": lambda m, b, c, f: list(vars(c(extra=1, name="a"))),
    "a list for each": lambda m, b, c, f: b("a").notes is b("a").notes,
    "equal": lambda m, b, c, f: b("a") == b("a"),
    "unequal": lambda m, b, c, f: b("a") == b("b"),
    "not compared": lambda m, b, c, f: b("a", age=1) == b("a", age=2),
    "child and parent": lambda m, b, c, f: c("a") == b("a"),
    "other things": lambda m, b, c, f: b("a") == "a",
    "hash of a list": lambda m, b, c, f: hash(b("a")),
    "hash": lambda m, b, c, f: hash(b("a", notes=())) == hash(b("a", notes=(), age=9)),
    "hash of a changeable": lambda m, b, c, f: hash(f("a")),
    "frozen": lambda m, b, c, f: setattr(b("a"), "name", "x"),
    "frozen, new name": lambda m, b, c, f: setattr(b("a"), "other", "x"),
    "frozen, delete": lambda m, b, c, f: delattr(b("a"), "name"),
    "changeable": lambda m, b, c, f: (lambda row: (setattr(row, "count", 5), vars(row))[1])(f("a")),
    "too many": lambda m, b, c, f: f("a", 1, 2),
    "missing": lambda m, b, c, f: f(count=1),
    "twice": lambda m, b, c, f: f("a", name="b"),
    "unknown": lambda m, b, c, f: f("a", other=1),
    "class attributes": lambda m, b, c, f: (b.secret, b.age, hasattr(b, "notes"), hasattr(b, "name")),
    "match": lambda m, b, c, f: c.__match_args__,
    "replace": lambda m, b, c, f: vars(m.replace(c("a", extra=1), name="b")),
    "the standard replace": lambda m, b, c, f: vars(dataclasses.replace(c("a", extra=1), name="b")),
    "the standard fields": lambda m, b, c, f: [(i.name, i.repr, i.compare) for i in dataclasses.fields(c)],
    "the standard dict": lambda m, b, c, f: dataclasses.asdict(c("a", extra=1)),
    "copy": lambda m, b, c, f: vars(copy.deepcopy(c("a", notes=["x"]))),
    "fields": lambda m, b, c, f: [(i.name, i.default is m.MISSING) for i in m.fields(c)],
}


@pytest.mark.parametrize("name", CASES)
def test_behaves_as_the_standard_one(name: str) -> None:
    case = CASES[name]
    expected, got = (outcome(lambda module=module: case(module, *family(module))) for module in BOTH)
    assert got == expected


def test_survives_pickling() -> None:
    call = Call("create", "POST", "/x", query=(("a", "b"),))
    assert pickle.loads(pickle.dumps(call)) == call


def test_a_command_runs_without_the_standard_module() -> None:
    """What the module is for: neither --help nor a --dry-run loads dataclasses or inspect."""
    code = (
        "import sys; sys.argv = ['x', '--provider', 'skills.video', '--prompt', 'a cat', '--dry-run']\n"
        "import create_and_wait; code = create_and_wait.main(sys.argv[1:])\n"
        "sys.exit(code or sorted({'dataclasses', 'inspect'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=BUNDLE / "scripts", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
