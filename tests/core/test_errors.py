"""The tree of errors that errors.py draws is the one that there is, exit codes included."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import generate_media
from generate_media.core import errors

LINE = re.compile(r"^    ((?:[│ ]   )*)(?:[├└]── )?(\w+)(?: {2,}([\d, ]*)|$)", re.MULTILINE)
INSTANCE_DECIDES = {"ProviderRefused", "StillRunning", "Interrupted", "ReportedError", "GenerateMediaError"}


def drawn() -> dict[str, str]:
    """Each class of the drawing with its codes, without the note that some of them live in another room."""
    assert errors.__doc__ is not None
    tree = errors.__doc__.split("::", 1)[1].split("Exit codes", 1)[0]
    return {name: codes.strip() for _, name, codes in LINE.findall(tree)}


def subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


def test_the_tree_in_the_docstring_is_whole() -> None:
    for module in pkgutil.walk_packages(generate_media.__path__, "generate_media."):
        importlib.import_module(module.name)
    ours = {sub.__name__ for sub in subclasses(errors.ReportedError) if sub.__module__.startswith("generate_media.")}
    assert set(drawn()) - {"ReportedError"} == ours


def test_the_codes_in_the_tree_are_those_of_the_classes() -> None:
    codes = {name: text for name, text in drawn().items() if text and name not in INSTANCE_DECIDES}
    assert len(codes) >= 8
    assert {name: int(text) for name, text in codes.items()} == {
        name: int(getattr(errors, name).exit_code) for name in codes
    }


def test_a_full_disk_is_no_mistake_in_the_command() -> None:
    assert not issubclass(errors.StorageError, errors.UsageError)
    assert errors.StorageError("journal_write_failed", "disk full").exit_code == 2, "an unusable journal"
