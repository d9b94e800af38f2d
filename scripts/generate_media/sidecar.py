"""The record beside the files: one JSON file a job, mode 0600, failed jobs too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import known_keys
from .atomic import write_whole
from .transfer import save_failed

_MODE = 0o600  # it holds whole URLs, whose signed queries are secrets
_LEFT_OUT = "left out: nested too deeply"


def write_sidecar(folder: Path, stem: str, record: Mapping[str, Any]) -> Path:
    """Write ``<stem>.json``, whole or not at all, without any key; an earlier record of the same job is replaced.

    Raises:
        OutputError: ``save_failed``.
    """
    path = folder / f"{stem}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, _text(known_keys.cut_fields(record)), _MODE)
    except OSError as error:
        raise save_failed(error) from None
    return path


def _text(record: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    except RecursionError:  # a hostile answer; the rest of the record matters more
        return _text({key: _LEFT_OUT if isinstance(value, (dict, list)) else value for key, value in record.items()})
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates survive as escapes only
        return (json.dumps(record, indent=2) + "\n").encode("ascii")
