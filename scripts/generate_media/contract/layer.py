"""Renewed contracts: documents that the user keeps over the bundle, in a folder of their own.

Each is an OpenAPI document as it came, with ``x-snapshot`` (date, renewed, source, complete) at its root, in a file
``<protocol>-<8 hex>.json``. The newer of a renewed and the bundled description of a call holds, by the documents' own
dates.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core import contracts_dir
from .budget import Budget
from .load import BrokenDocument, Document, read_document

_DATE = re.compile(r"v?(\d{4}-\d{2}(?:-\d{2})?)(?=$|[T .+])")


def kept_files(protocol: str = "") -> list[Path]:
    """The files of a protocol's renewed contracts, or of all; empty where there are none."""
    folder = contracts_dir(os.environ)
    if folder is None or not folder.is_dir():
        return []
    return sorted(folder.glob(f"{protocol or '*'}-{'[0-9a-f]' * 8}.json"))


def kept_documents(protocol: str, budget: Budget) -> list[Document]:
    """The renewed documents of a protocol, the newest first. Raises BrokenDocument, TooLarge, UsageError."""
    documents = [_read(file, budget) for file in kept_files(protocol)]
    return sorted(documents, key=lambda one: order(one.root), reverse=True)


def snapshot_of(root: Mapping[str, Any]) -> Mapping[str, Any]:
    """``x-snapshot`` of a document; empty where it has none."""
    found = root.get("x-snapshot")
    return found if isinstance(found, dict) else {}


def own_date(root: Mapping[str, Any]) -> str:
    """The document's own date, ``YYYY-MM-DD`` or ``YYYY-MM``: its version where that is one; else empty."""
    info = root.get("info")
    found = _DATE.match(str(info.get("version", "")).strip()) if isinstance(info, dict) else None
    return found[1] if found else ""


def order(root: Mapping[str, Any]) -> tuple[str, str]:
    """What documents are sorted by: the date that they are of, then when they were renewed."""
    snapshot = snapshot_of(root)
    return str(snapshot.get("date", "")), str(snapshot.get("renewed", ""))


def _read(file: Path, budget: Budget) -> Document:
    try:
        return read_document(file, budget)
    except BrokenDocument as error:
        error.guidance = ("python3 scripts/inspect_openapi.py --renew --drop returns to the bundled contract",)
        raise
