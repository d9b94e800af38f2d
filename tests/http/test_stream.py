"""The referee is the WHATWG text (HTML, 9.2.5 "Parsing an event stream", 9.2.6 "Interpreting an event stream")."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from generate_media.http.sse import MAX_EVENT_BYTES, MAX_EVENT_LINES, Event, EventTooLarge, events

Row = tuple[str, str, str]


def whatwg(stream: bytes) -> list[Row]:
    """The standard's algorithm, line by line and in its own words; written without a look at ours."""
    text = stream.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff")
    lines: list[str] = []
    line = ""
    at = 0
    while at < len(text):  # an unfinished last line is never interpreted
        if text[at] in "\r\n":
            at += 2 if text[at : at + 2] == "\r\n" else 1
            lines.append(line)
            line = ""
        else:
            line += text[at]
            at += 1
    data = kind = id_buffer = ""
    out: list[Row] = []
    for line in lines:
        if line == "":
            if data != "":
                out.append((kind or "message", data.removesuffix("\n"), id_buffer))
            data = kind = ""
        elif ":" in line:
            name, value = line.split(":", 1)
            value = value.removeprefix(" ")
            if name == "event":
                kind = value
            elif name == "data":
                data += value + "\n"
            elif name == "id" and "\0" not in value:
                id_buffer = value
        elif line == "data":
            data += "\n"
        elif line == "event":
            kind = ""
        elif line == "id":
            id_buffer = ""
    return out


def ours(chunks: list[bytes]) -> list[Row]:
    return [(event.name, event.data, event.id) for event in events(chunks)]


CASES: dict[str, tuple[bytes, list[Row]]] = {
    "one event, LF": (b"data: x\n\n", [("message", "x", "")]),
    "one event, CRLF": (b"data: x\r\n\r\n", [("message", "x", "")]),
    "one event, CR": (b"data: x\r\r", [("message", "x", "")]),
    "mixed ends do not merge two events": (b"data: a\n\r\ndata: b\n\n", [("message", "a", ""), ("message", "b", "")]),
    "a byte-order mark does not lose the first": (b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "")]),
    "only one mark is taken off": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("message", "b", "")]),
    "an unterminated event is dropped": (b"data: a\n\ndata: b", [("message", "a", "")]),
    "an event without its blank line too": (b"data: a\n\ndata: b\n", [("message", "a", "")]),
    "broken UTF-8 is replaced": (b"data: \xff\xe4\xbd\n\n", [("message", "\ufffd\ufffd", "")]),
    "several data lines are joined": (b"data: a\ndata:b\ndata\n\n", [("message", "a\nb\n", "")]),
    "comments are nothing": (b": hello\n\n:\n\ndata: a\n: inside\ndata: b\n\n", [("message", "a\nb", "")]),
    "names, and the standard's empty data": (b"event: done\ndata\n\nevent: x\n\n", [("done", "", "")]),
    "a name holds for one event": (b"event: a\ndata: 1\n\ndata: 2\n\n", [("a", "1", ""), ("message", "2", "")]),
    "an id holds until the next": (
        b"id: 7\n\ndata: 1\n\nid: 8\0\ndata: 2\n\nid\ndata: 3\n\n",
        [("message", "1", "7"), ("message", "2", "7"), ("message", "3", "")],
    ),
    "one space is taken off, not two": (b"data:  a \ndata:\tb\n\n", [("message", " a \n\tb", "")]),
    "unknown fields, odd case, retry": (b"Data: a\nfoo: b\nretry: 10\n data: c\ndata: d\n\n", [("message", "d", "")]),
    "line separators of Unicode end no line": (
        "data: a\u2028b\u0085c\x0bd\x0c\x1ce\n\n".encode(),
        [("message", "a\u2028b\u0085c\x0bd\x0c\x1ce", "")],
    ),
    "nothing": (b"", []),
    "half a mark": (b"\xef\xbb", []),
    "a lone LF after CR over events": (b"data: a\r\n\rdata: b\r\r\n", [("message", "a", ""), ("message", "b", "")]),
}


@pytest.mark.parametrize("name", CASES)
def test_byte_exact_cases_at_every_split_point(name: str) -> None:
    stream, expected = CASES[name]
    assert whatwg(stream) == expected
    for cut in range(len(stream) + 1):
        assert ours([stream[:cut], stream[cut:]]) == expected, cut
    assert ours([stream[at : at + 1] for at in range(len(stream))]) == expected


_PIECES = st.sampled_from(
    [
        *b"data event id retry : x {} data:y id:1 event:e".split(),
        *(b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\x0b", b"data: y\n", b"id: 1\n"),
        *(b"\xef\xbb\xbf", b"\xe4\xbd\xa0", b"\xff", b"\xc3", b"\xc2\x85"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=40), st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_cut_anywhere_read_as_the_standard_says(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    at = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[start:end] for start, end in zip(at, [*at[1:], len(stream)], strict=True)]
    assert ours(chunks) == whatwg(stream)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_at_all(noise: bytes) -> None:
    stream = noise + b"\n\n" + noise
    assert ours([stream]) == ours([stream[at : at + 1] for at in range(len(stream))]) == whatwg(stream)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r\n"])
def test_an_event_is_given_out_before_the_next_byte_is_asked_for(end: bytes) -> None:
    asked = 0

    def source() -> Iterator[bytes]:
        nonlocal asked
        for chunk in (b"data: 1" + end, b"data: 2" + end):
            asked += 1
            yield chunk

    stream = events(source())
    assert next(stream) == Event("message", "1", "")
    assert asked == 1


def test_an_event_of_just_under_the_cap_passes() -> None:
    line = b"data: " + b"x" * (MAX_EVENT_BYTES - 16) + b"\n\n"
    chunks = [line[at : at + 1460] for at in range(0, len(line), 1460)]
    assert [len(event.data) for event in events(chunks)] == [MAX_EVENT_BYTES - 16]


@pytest.mark.parametrize(
    "piece",
    [b"x" * 65536, b"data: " + b"x" * 1000 + b"\n", b": comment without an end" * 1000, b"data\n"],
    ids=["one line", "many lines", "one comment", "empty lines"],
)
def test_an_event_that_never_ends_is_refused_early(piece: bytes) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += len(piece)
            yield piece

    with pytest.raises(EventTooLarge):
        list(events(endless()))
    assert taken <= MAX_EVENT_BYTES + 2 * 65536


def test_endless_heartbeats_are_not_an_event() -> None:
    beats = [b": still here\n"] * (2 * MAX_EVENT_BYTES // 13)
    assert ours([*beats, b"data: x\n\n"]) == [("message", "x", "")]


def test_the_worst_event_that_is_let_through_takes_no_time_to_speak_of() -> None:
    row = b"data: " + b"x" * (MAX_EVENT_BYTES // MAX_EVENT_LINES - 8) + b"\n"
    began = time.process_time()
    assert len(ours([row * MAX_EVENT_LINES, b"\n"])) == 1
    assert time.process_time() - began < 5.0


def test_importing_the_parser_imports_no_package() -> None:
    import subprocess

    code = "import sys, generate_media.http.sse, generate_media.http.retry; print('sseclient' in sys.modules)"
    scripts = str(Path(__file__).parents[2] / "scripts")
    shown = subprocess.run([sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
