"""A room's door: the names that other rooms may use, each module imported when its first name is asked for.

A command that lists the journal must not pay for the HTTP client's import, and yet a reader finds in
one place what a room offers. The type checker reads the imports that stand beside the table (PEP 562).
Python 3.6 reads this file too (home.py says why).
"""

import sys
from collections.abc import Callable
from importlib import import_module


def opened(room: str, *modules: "tuple[str, str]") -> "Callable[[str], object]":
    """The ``__getattr__`` of the package ``room``; each of ``modules`` is a module's name and its names."""
    homes = {name: module for module, names in modules for name in names.split()}

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{homes[name]}"), name)
        setattr(sys.modules[room], name, found)
        return found

    return find
