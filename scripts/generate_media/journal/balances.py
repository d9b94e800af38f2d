"""What each provider last said of its account, in a file beside the journal: looked at before money is spent, and never
asked for by that. It is a convenience: one that cannot be read or written says nothing and stops nothing."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from ..core import Json, parse_json
from .private import PLAIN, make_folder, open_private

FILE_NAME = "balances.json"
_MOST_BYTES = 1 << 20


def last_balance(folder: Path, provider: str) -> Json:
    """``{"account": what it said, "at": unix seconds}``; None where nothing is known."""
    return _read(folder).get(provider)


def remember_balance(folder: Path, provider: str, account: Json, at: float) -> None:
    """Keep what a provider said of its account, without any key: ``account`` is as :func:`parse_json` gives it."""
    text = json.dumps(_read(folder) | {provider: {"account": account, "at": at}})
    with contextlib.suppress(OSError):
        make_folder(folder)
        new = folder / f"{FILE_NAME}.{os.getpid()}"
        with open_private(new) as descriptor:
            os.write(descriptor, text.encode())
        new.replace(folder / FILE_NAME)


def _read(folder: Path) -> dict[str, Json]:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder / FILE_NAME, os.O_RDONLY | PLAIN)
        with open(descriptor, "rb") as file:
            known = parse_json(file.read(_MOST_BYTES).decode("utf-8", "replace"))
        return known if isinstance(known, dict) else {}
    return {}
