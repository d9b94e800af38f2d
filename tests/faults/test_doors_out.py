"""Every door out by itself, given a server's text with a key in it: nobody reads the key in what comes out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generate_media.core import text as known_keys
from generate_media.core.errors import UsageError
from generate_media.core.json import capped, parse_json
from generate_media.core.readings import RemoteOutput, SavedOutput
from generate_media.core.text import clean_text
from generate_media.events.printer import Printer, error_outcome, print_document
from generate_media.files.sidecar import write_sidecar
from generate_media.gallery.page import write_gallery
from generate_media.journal.store import Journal
from generate_media.sandbox.log import Log
from generate_media.sandbox.wire import parse_head
from journal_help import job
from spellings import TRICKY_KEY, leaks, reveals, spellings

Door = Callable[[str, Path], str]
"""A server's text and an empty folder → what is printed; files are looked for in the folder."""
DEEP = 40


def nested(text: str) -> dict[str, Any]:
    """The text as a value, a name, in a list, deep down, and under names that are ours elsewhere."""
    value: Any = {"prompt": text, "path": [text], text: 1}
    for _ in range(DEEP):
        value = {"in": [value]}
    return {"deep": value, "resume": text, "status": text}


def line(text: str, _: Path) -> str:
    out = io.StringIO()
    printer = Printer(out, io.StringIO(), verbose=True)
    printer.event("warning", message=text)
    printer.event("status", generation_id=text, status=text)
    printer.event("sse_event", server_event=text, data=nested(text))
    printer.event("terminal", response=nested(text), usage={text: text}, outputs=[{"url": text}], error=text)
    printer.line(error_outcome(UsageError("usage", text, details={"received": text, "allowed": [text]})).line)
    return out.getvalue()


def words(text: str, _: Path) -> str:
    err = io.StringIO()
    Printer(io.StringIO(), err).say(text)
    return err.getvalue()


def document(text: str, _: Path) -> str:
    import contextlib

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print_document({"message": text, "account": nested(text), "live_only": [text]})
        print_document({"message": text, "models": [text]}, contract=True)
    return out.getvalue()


def journal(text: str, folder: Path) -> str:
    with Journal.open(folder) as kept:
        row = kept.claim(job()).row.row_id
        kept.sending(row)
        kept.accepted(row, generation_id="gen_1", status=text, usage={"by": text})
        kept.status(row, text)
        remote = [RemoteOutput(url=f"https://cdn.example/{text}")]
        kept.ended(row, status=text, result="succeeded", remote=remote, usage=nested(text), response=nested(text))
        kept.collected(row, saved=[{"path": "/x.png", "url": text, "sha256": "0"}], output_dir="x")
        for number, how in ((1, kept.unknown), (2, kept.rejected)):
            lost = kept.claim(job(number)).row.row_id
            kept.sending(lost)
            how(lost, {"code": text, "message": text})
        return repr(kept.recent())


def sidecar(text: str, folder: Path) -> str:
    record = {
        "generate_media": "1",
        "response": nested(text),
        "status": text,
        "error": {"message": text},
        "usage": text,
    }
    saved = SavedOutput("/x.png", text, "image/png", 1, "0").as_json(show_query=True)
    write_sidecar(folder, "cat", record | {"outputs": [saved]})
    return ""


def gallery(text: str, folder: Path) -> str:
    return one_gallery([text], folder)


def one_gallery(texts: list[str], folder: Path) -> str:
    """A page with a card for each of the texts."""
    sources = [folder / f"{number}.json" for number in range(len(texts))]
    for text, source in zip(texts, sources, strict=True):
        record = {"generate_media": "1", "provider": text, "model": text, "status": text, "generation_id": text}
        record |= {"outputs": [], "error": {"message": text, "code": text}, "response": {"seed": text}}
        source.write_text(json.dumps(record), encoding="utf-8")
    write_gallery(folder)
    for source in sources:
        source.unlink()
    return ""


def log(text: str, _: Path) -> str:
    kept = Log()
    heads = (f"GET /{text} HTTP/1.1", f"GET /x?note={text} HTTP/1.1")
    for head in (parse_head(f"{one}\r\nAuthorization: Bearer {TRICKY_KEY}\r\nUser-Agent: {text}") for one in heads):
        row = kept.received("api", head, "0", "poll")
        kept.body(row | {"headers": {"content-type": "application/json"}}, json.dumps({"note": text}).encode())
    kept.broke(text)
    return json.dumps(kept.as_json())


def parsed(text: str, _: Path) -> str:
    return json.dumps(parse_json(json.dumps(nested(text))))


def cleaned(text: str, _: Path) -> str:
    return clean_text(text) + clean_text("x" * (300 - len(text) // 2) + text, 300) + json.dumps(capped([text], 1000))


DOORS: dict[str, Door] = {
    "a line": line, "words": words, "a document": document, "the journal": journal, "a sidecar": sidecar,
    "the gallery": gallery, "the sandbox's log": log, "parsing": parsed, "cleaning": cleaned,
}  # fmt: skip
IN_A_REQUEST_LINE = {"the sandbox's log"}


def test_no_spelling_gets_out_of_a_gallery(tmp_path: Path) -> None:
    """In one page: to make it and to look through it costs more than all that is in it."""
    known_keys.hide_key(TRICKY_KEY)
    texts = [f"a key: {text} here" for text in spellings(TRICKY_KEY).values()]
    one_gallery(texts, tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8").count("&lt;key&gt;") >= len(texts)
    assert leaks(tmp_path, TRICKY_KEY, "") == []


@pytest.mark.parametrize("door", [door for door in DOORS if door != "the gallery"])
def test_no_spelling_gets_out(door: str, tmp_path: Path) -> None:
    known_keys.hide_key(TRICKY_KEY)
    got_out = []
    for number, (how, text) in enumerate(spellings(TRICKY_KEY).items()):
        if door in IN_A_REQUEST_LINE and (set(text) & set(" \r\n\x1b\0") or not text.isascii()):
            continue  # no such request line
        folder = tmp_path / str(number)
        folder.mkdir()
        printed = DOORS[door](f"a key: {text} here".replace(" ", "_" if door in IN_A_REQUEST_LINE else " "), folder)
        files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert "<key>" in printed or b"<key>" in files
        if leaks(folder, TRICKY_KEY, printed):
            got_out.append(how)
    assert got_out == []


@pytest.mark.parametrize("door", DOORS)
def test_other_text_gets_out_whole(door: str, tmp_path: Path) -> None:
    known_keys.hide_key(TRICKY_KEY)
    printed = DOORS[door]("plain_words", tmp_path)
    files = [path.read_bytes().decode("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert "plain_words" in printed + "".join(files)


def test_keys_that_are_read_later_are_known_in_time() -> None:
    """The keys of providers that nobody asked for: read once, when the first text goes out."""
    reads: list[int] = []

    def reader() -> None:
        reads.append(1)
        known_keys.hide_key(TRICKY_KEY)

    known_keys.hide_keys_later(reader)
    assert reads == []
    assert known_keys.cut_keys(f"a {TRICKY_KEY}") == "a <key>"
    assert known_keys.cut_keys("nothing") == "nothing"
    assert reads == [1]


@pytest.mark.parametrize(
    "value", [f'"{TRICKY_KEY}"', f"“{TRICKY_KEY}”", f" {TRICKY_KEY}\nX-Evil: 1", f"\ufeff{TRICKY_KEY}"]
)
def test_a_key_in_quotes_or_with_more_beside_it_is_known_without(value: str) -> None:
    known_keys.hide_key(value)
    assert not reveals(known_keys.cut_keys(f"a {TRICKY_KEY} b"), TRICKY_KEY)
    assert known_keys.cut_keys("Nothing evil: 1") == "Nothing evil: 1"
