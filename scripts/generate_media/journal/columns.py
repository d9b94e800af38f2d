"""Rows as columns of the table ``job`` and back. No media bytes pass; nothing damaged raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import Any, Union

from ..core import Json, RemoteOutput, cut_keys, cut_keys_everywhere, without_bytes
from .rows import NewJob, Row, State

Sql = Union[None, int, float, str, bytes]

JSON_CAP = 1 << 20
"""Characters of one JSON column; a longer answer is not kept."""
_SAME_USAGES = 256
"""Jobs of a kind mostly have the same usage, which is read once in a list."""
_decode = json.JSONDecoder().raw_decode


def to_text(value: str | None) -> Sql:
    """Text for a column. SQLite's text is UTF-8; lone surrogates (odd file names, odd JSON) go as a blob."""
    if value is None:
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def said(text: str) -> Sql:
    """A server's word for a column, without any key."""
    return to_text(cut_keys(text))


def to_json(value: Json) -> Sql:
    """ASCII JSON without media bytes and without any key, looked for in what is short enough; None stays NULL."""
    kept = _own(value)
    return kept if kept is None else own_json(cut_keys_everywhere(json.loads(kept)))


def own_json(value: Json) -> str:
    """ASCII JSON of what is the user's own, or looked through for keys."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text if len(text) <= JSON_CAP else json.dumps({"not_kept": f"{len(text)} characters"})


def from_json(value: Any) -> Json:
    """A JSON column's value; None where it is absent or damaged."""
    if not isinstance(value, str):
        return None
    try:
        found, end = _decode(value)  # quicker than json.loads, which looks for white space at both ends
        return found if end == len(value) else json.loads(value)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def to_remote(outputs: Sequence[RemoteOutput]) -> Sql:
    """Results as JSON: whole URLs, never bytes (a ``data:`` URI counts as bytes), and no key."""
    listed: list[Json] = []
    for output in outputs:
        url = None if output.url is None or output.url[:5].lower() == "data:" else output.url
        listed.append({"url": url, "kind": output.kind, "role": output.role})
    return json.dumps(cut_keys_everywhere(listed), separators=(",", ":"), ensure_ascii=True)


def new_columns(new: NewJob) -> dict[str, Sql]:
    """The columns that a :class:`NewJob` fills."""
    columns: dict[str, Sql] = {name: to_text(getattr(new, name)) for name in _NEW_TEXTS}
    return columns | {
        "copy": new.copy,
        **{name: _own(getattr(new, name)) for name in ("request", "asked", "place")},
    }


def _own(value: Json) -> str | None:
    return None if value is None else own_json(without_bytes(value))


_NEW_TEXTS = (
    *("fingerprint", "provider", "key_space", "base_url", "key_fingerprint", "path", "query_path"),
    *("model", "kind", "prompt", "output_dir"),
)


def row_from(values: Mapping[str, Any]) -> Row:
    """A row from its columns. What another hand damaged is read as absent; an unknown state as UNKNOWN,
    so that damage never leads to a second create."""
    return Row(**{name: read(values[name]) for name, read in _READERS.items()})


class Reader:
    """Rows from some of the columns, for long lists; the fields left out are as an empty column is read."""

    def __init__(self, leave_out: frozenset[str]) -> None:
        self.columns = tuple(name for name in Row._fields if name not in leave_out)
        readers = dict(_READERS) | {"usage": lru_cache(_SAME_USAGES)(from_json)}
        self._readers = [readers[name] for name in self.columns]
        self._blank = [repeat(_READERS[name](None)) for name in Row._fields if name in leave_out]
        order = [*self.columns, *(name for name in Row._fields if name in leave_out)]
        self._in_order = itemgetter(*map(order.index, Row._fields))

    def rows(self, page: Sequence[Sequence[Any]]) -> list[Row]:
        """Rows from the values of :attr:`columns`, read column by column: mostly all values of one are as they should
        be, which takes one look at their types."""
        if not page:
            return []
        read = [_column(*pair) for pair in zip(self._readers, zip(*page, strict=True), strict=True)]
        return list(map(Row._make, zip(*self._in_order(read + self._blank))))  # noqa: B905 - blanks have no end


def _column(reader: Callable[[Any], Any], values: Sequence[Any]) -> Sequence[Any]:
    if set(map(type, values)) == {_AS_IT_IS.get(reader)}:
        return values
    empty = None if reader is int else reader(None)
    return [empty if value is None else reader(value) for value in values]


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def as_text(value: Any) -> str:
    return _text(value) or ""


def _list(value: Any) -> list[Any]:
    parsed = from_json(value)
    return parsed if isinstance(parsed, list) else []


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(item[0]), str(item[1])) for item in _list(value) if isinstance(item, list) and len(item) == 2)


def _outputs(value: Any) -> tuple[RemoteOutput, ...]:
    return tuple(_remote(item) for item in _list(value) if isinstance(item, dict))


def _remote(item: dict[str, Any]) -> RemoteOutput:
    url = item.get("url")
    return RemoteOutput(
        url=url if isinstance(url, str) else None, kind=str(item.get("kind", "")), role=str(item.get("role", ""))
    )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _time(value: Any) -> float:
    return _seconds(value) or 0.0


def _state(value: Any) -> State:
    return _STATES.get(value, State.UNKNOWN)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("row_id", "ordinal", "copy"), int),
    **dict.fromkeys(("fingerprint", "provider", "key_space", "base_url", "key_fingerprint", "path"), as_text),
    **dict.fromkeys(("model", "kind", "prompt", "output_dir", "writer", "status"), as_text),
    **dict.fromkeys(("query_path", "generation_id", "result"), _text),
    **dict.fromkeys(("request", "asked", "place", "error", "response", "saved", "usage"), from_json),
    **dict.fromkeys(("sending_at", "accepted_at", "ended_at"), _seconds),
    "provider_created_at": _seconds,
    "created_at": _time,
    "state": _state,
    "aliases": _pairs,
    "remote": _outputs,
}
"""How each column of the table ``job`` becomes a field of :class:`Row`."""
_AS_IT_IS: Mapping[Callable[[Any], Any], type] = {int: int, as_text: str, _text: str, _seconds: float, _time: float}
"""The type of a value that needs no reading, by what would read it."""
_STATES: Mapping[Any, State] = {state.value: state for state in State}
