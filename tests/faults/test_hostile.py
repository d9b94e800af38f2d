"""A provider or CDN that means harm, held against the whole command: what is asked for, written, printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conftest import Desk

STREAM = ("--model", "google/nano-banana-pro", "--prompt", "a cat")
POLLED = ("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat")
FORBIDDEN = (
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/x.png",
    "http://192.168.1.1/x.png",
    "http://168.63.129.16/x.png",
    "http://100.64.0.1/x.png",
    "http://0.0.0.0/x.png",
    "http://[64:ff9b::a9fe:a9fe]/x.png",
    "http://[::ffff:10.0.0.1]/x.png",
    "http://[fe80::1]/x.png",
    "http://[fd00::1]/x.png",
    "http://0xa.1/x.png",
    "http://167772161/x.png",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x.png",
    "gopher://127.0.0.1/x",
    "javascript:alert(1)",
    "//10.0.0.1/x.png",
)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_result_at_a_forbidden_address_is_not_fetched(desk: Desk, url: str) -> None:
    desk.faults(f"result-url={url}")
    ran = desk.run(*STREAM)
    assert ran.code == 14, ran.out
    assert not [path for path in Path("generated").iterdir() if path.suffix != ".json"]
    assert not ran.events("retry"), "an address that is refused is not tried"
    desk.faults()
    assert desk.jobs() == 1


@pytest.mark.parametrize(
    ("fault", "args", "code", "then"),
    [
        ("create-deep-json", STREAM, 13, 13),
        ("create-deep-json", POLLED, 13, 13),
        ("poll-deep-json*2", POLLED, 0, 0),
        ("download-endless", (*STREAM, "--deadline", "25"), 11, 0),
        ("create-redirect", POLLED, 25, 0),
        ("poll-redirect*2", POLLED, 0, 0),
    ],
)
def test_answers_without_end_or_bottom(desk: Desk, fault: str, args: tuple[str, ...], code: int, then: int) -> None:
    """JSON 10,000 deep, a file without end, redirects of API calls: bounded, never followed, no traceback."""
    desk.faults(fault)
    ran = desk.run(*args)
    assert ran.code == code, ran.out
    assert "Traceback" not in ran.err
    assert "internal_error" not in ran.out
    made = desk.jobs()
    desk.faults()
    assert desk.run(*args).code == then
    assert desk.jobs() == made if code != 25 else 1


def test_an_id_that_is_an_attack_stays_data(desk: Desk) -> None:
    """``../``, a shell command, escapes: no command that could be pasted holds it, no file is named by it."""
    desk.faults("hostile-id")
    ran = desk.run(*STREAM)
    desk.faults()
    assert "\x1b" not in ran.out + ran.err
    for line in ran.lines:
        assert "resume" not in line or re.fullmatch(r"[A-Za-z0-9._:/+= '-]+", line["resume"])
    outside = [path for path in desk.home.rglob("*.png") if path.parent != Path.cwd() / "generated"]
    assert not outside
    assert desk.jobs() == 1


NAMES = {
    "climbing": "../../../etc/passwd",
    "reserved on Windows": "CON",
    "reserved with an ending": "nul.txt",
    "4 kB": "x" * 4096,
    "right to left": "photo\u202egnp.exe",
    "NUL": "a\u0000b",
    "only dots": "...",
    "only slashes": "////",
    "newlines": "a\r\nb",
    "Chinese": "一只猫" * 100,
    "a lone surrogate": "cat \ud83d",
}


@pytest.mark.parametrize("how", NAMES)
def test_a_prompt_never_leads_out_of_the_folder(desk: Desk, how: str) -> None:
    ran = desk.run("--model", "google/nano-banana-pro", "--payload", json.dumps({"prompt": NAMES[how]}))
    assert ran.code == 0, ran.out
    path = Path(ran.last["outputs"][0]["path"])
    assert path.parent == Path.cwd() / "generated"
    assert path.exists()
    assert len(path.name.encode()) <= 120
    assert not set(path.name) & set('\\/:*?"<>|\u202e\0\r\n')
    assert path.stem.upper().split(".")[0] not in {"CON", "NUL", "PRN", "AUX"}
    assert {item.name for item in Path("generated").iterdir()} == {path.name, f"{path.stem}.json"}


def test_words_of_a_server_are_quoted_capped_and_no_guidance(desk: Desk) -> None:
    """Injection text and terminal escapes in refusals and failures."""
    for fault in ("sv-hostile-refusal", "sv-failed", "sv-hostile-text"):
        desk.faults(*(("sv-failed", fault) if fault == "sv-hostile-text" else (fault,)))
        ran = desk.run(*STREAM, "--new", "--verbose")
        assert ran.code
        assert not re.search(r"\\u001b|\\u0007|\\u202e", json.dumps([line.get("message", "") for line in ran.lines]))
        assert "\x1b" not in ran.out + ran.err
        assert len(ran.last["message"]) <= 2000
        assert not [line for line in ran.last["guidance"] if "ignore" in line.lower() or "curl" in line.lower()]
    desk.faults()
