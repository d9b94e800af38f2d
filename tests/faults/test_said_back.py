"""A server that says the key back, in every spelling: nothing that is printed, kept, shown or sent on reveals it."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import KEY_VARIABLES, Desk, Ran
from parrot import Parrot
from spellings import TRICKY_KEY, leaks, reveals, spellings
from wire import Peer, Wire, answer

FLOWS = {
    "skills.video stream": ("skills.video", ("--model", "google/nano-banana-pro")),
    "skills.video poll": ("skills.video", ("--endpoint", "/generation/google/nano-banana-pro")),
    "Agnes image": ("agnes", ("--model", "agnes-image-2.1-flash")),
    "Agnes video": ("agnes", ("--model", "agnes-video-2.5-flash")),
    "AGCloud": ("agcloud", ("--kind", "video")),
}


@pytest.fixture
def tricky(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A user whose key has every character that some spelling changes."""
    for name in KEY_VARIABLES:
        if not name.endswith("S"):
            monkeypatch.setenv(name, TRICKY_KEY)
    desk.key = TRICKY_KEY
    desk.write_config()
    return desk


@pytest.fixture
def parrot(tricky: Desk) -> Iterator[Parrot]:
    with Parrot(tricky.sandbox.port) as server:
        yield server


def through(parrot: Parrot, desk: Desk, provider: str, script: str, *args: str) -> Ran:
    base = desk.sandbox.base_urls[provider].replace(f":{desk.sandbox.port}", f":{parrot.port}")
    return desk.call(script, *args, "--base-url", base, "--config", str(desk.home / "config.json"))


def marks(path: Path) -> int:
    return path.read_text(encoding="utf-8", errors="replace").count("<key>")


@pytest.mark.parametrize("flow", FLOWS)
def test_every_door_of_a_whole_job(flow: str, tricky: Desk, parrot: Parrot) -> None:
    """Created, followed, saved, shown again, listed: stdout, stderr, journal, sidecar, gallery, the files' host."""
    provider, args = FLOWS[flow]
    args = (*args, "--prompt", "a cat", "--provider", provider, "--verbose")
    ran = [through(parrot, tricky, provider, "create_and_wait", *args) for _ in range(2)]
    assert [one.code for one in ran] == [0, 0], ran[0].out
    assert ran[1].last["reused"] is True
    ran.append(tricky.call("wait_generation", "--list"))
    ran.append(tricky.call("gallery", "generated"))
    assert leaks(tricky.home, TRICKY_KEY, *(text for one in ran for text in (one.out, one.err))) == []
    kinds = len(spellings(TRICKY_KEY))
    sidecar = next(Path("generated").glob("*.json"))
    assert marks(sidecar) > kinds, "the answer was kept, without the key"
    assert len(re.findall("<key>", ran[0].out)) > kinds, "and shown"
    asked = [row for row in tricky.log()["requests"] if row["side"] == "files"]
    assert "<key>" in str(asked)
    assert not reveals(json.dumps(asked), TRICKY_KEY)


@pytest.mark.parametrize(("fault", "flow"), [("sv-failed", "skills.video poll"), ("agnes-failed", "Agnes video")])
def test_a_job_that_failed(fault: str, flow: str, tricky: Desk, parrot: Parrot) -> None:
    provider, args = FLOWS[flow]
    tricky.faults(fault)
    ran = through(parrot, tricky, provider, "create_and_wait", *args, "--prompt", "a cat", "--provider", provider)
    assert ran.code == 10, ran.out
    page = tricky.call("gallery", "generated")
    assert leaks(tricky.home, TRICKY_KEY, ran.out, ran.err, page.out) == []
    assert "<key>" in ran.last["message"]
    assert "&lt;key&gt;" in Path("generated/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", ["create-http-401", "create-http-500", "create-http-422", "poll-http-403*9"])
@pytest.mark.parametrize("flow", ["skills.video poll", "AGCloud"])
def test_a_refusal(fault: str, flow: str, tricky: Desk, parrot: Parrot) -> None:
    provider, args = FLOWS[flow]
    tricky.faults(fault)
    ran = through(parrot, tricky, provider, "create_and_wait", *args, "--prompt", "a cat", "--provider", provider)
    again = tricky.call("wait_generation", "--list")
    assert leaks(tricky.home, TRICKY_KEY, ran.out, ran.err, again.out) == []
    assert "<key>" in ran.out


@pytest.mark.parametrize("provider", ["skills.video", "agnes", "agcloud"])
def test_documents_of_the_other_scripts(provider: str, tricky: Desk, parrot: Parrot) -> None:
    ran = [through(parrot, tricky, provider, "ensure_api_key", "--verify", "--provider", provider)]
    if provider == "agnes":
        live = ("--provider", provider, "--models", "--live")
        ran.append(through(parrot, tricky, provider, "inspect_openapi", *live))
    for body in spellings(TRICKY_KEY).values():
        ran.append(tricky.call("handle_runtime_error", "--status", "401", "--body", json.dumps({"message": body})))
        ran.append(tricky.call("handle_runtime_error", "--status", "401", "--body", body))
    assert leaks(tricky.home, TRICKY_KEY, *(text for one in ran for text in (one.out, one.err))) == []
    assert "<key>" in ran[0].out
    assert all("<key>" in one.out for one in ran[-2:])


BODIES: dict[str, Callable[[str], bytes]] = {
    "JSON, escaped in its source": lambda key: json.dumps({"message": "@"}).replace(
        "@", "".join(f"\\u{ord(ch):04x}" for ch in key)).encode(),
    "JSON's slashes": lambda key: json.dumps({"error": {"message": key}}).replace("/", "\\/").encode(),
    "JSON in UTF-16": lambda key: json.dumps({"message": key}).encode("utf-16"),
    "text in UTF-16": lambda key: f"bad key {key}".encode("utf-16-le"),
    "HTML": lambda key: f"<html><body>bad key <b>{key[:9]}</b>{key[9:]}</body></html>".encode(),
    "a list": lambda key: json.dumps([key[:9], key[9:]]).encode(),
    "a text": lambda key: json.dumps(key).encode(),
    "a name": lambda key: json.dumps({key: key}).encode(),
    "the header": lambda key: json.dumps({"message": base64.b64encode(f"Bearer {key}".encode()).decode()}).encode(),
    "behind the cap": lambda key: b"x" * (300 - 20) + key.encode() * 3,
    "behind the cap of a message": lambda key: json.dumps({"message": "x" * (2000 - 20) + key}).encode(),
    "invisible up to the cap": lambda key: json.dumps({"message": "\u200b" * 5000 + key}).encode(),
    "validation errors": lambda key: json.dumps({"detail": [{"msg": key, "loc": [key]}]}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("how", BODIES)
def test_bodies_of_a_refusal(how: str, tricky: Desk) -> None:
    """Neither whole nor, where a text is capped, in its first half."""
    with Wire(lambda peer: _says(peer, BODIES[how](TRICKY_KEY), "400 Bad Request")) as wire:
        ran = _run(tricky, f"{wire.url}/api/v1", "--verbose")
    assert ran.code in (22, 25), ran.out
    assert leaks(tricky.home, TRICKY_KEY, ran.out, ran.err) == []
    assert not reveals(ran.out, TRICKY_KEY[:16])


IDS = dict([one for one in spellings(TRICKY_KEY).items() if "\n" not in one[1]][::4])
IDS |= {"within": f"gen_{TRICKY_KEY}_1"}
"""Some of all spellings: that each is known for the key is the question of test_redaction.py and test_doors_out.py."""


@pytest.mark.parametrize("how", IDS)
def test_an_id_that_holds_the_key_is_none(how: str, tricky: Desk) -> None:
    """Not kept, not printed, in no command: the create's outcome is unknown."""
    body = json.dumps({"id": IDS[how], "status": "IN_QUEUE"}).encode()
    with Wire(lambda peer: _says(peer, body)) as wire:
        ran = _run(tricky, f"{wire.url}/api/v1")
    assert ran.code == 13, ran.out
    assert "resume" not in ran.out
    assert [identity for _, identity in tricky.rows()] == [None]
    assert leaks(tricky.home, TRICKY_KEY, ran.out, ran.err) == []


@pytest.mark.parametrize(
    "found",
    [
        {"AGNES_API_KEYS": "test-first-key-refused-0,test-second-key-12345"},
        {"ARK_API_KEY": "test-key-of-another-provider"},
    ],
    ids=["a refused one", "another provider's"],
)
def test_every_key_of_the_process_is_cut(found: dict[str, str], desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said back later, by a server that refused it or that it was never meant for."""
    monkeypatch.setenv("AGNES_API_KEY", "test-key-of-agnes-refused-too")
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    keys = ["test-key-of-agnes-refused-too", *",".join(found.values()).split(",")]
    body = json.dumps({"error": {"message": " and ".join(keys), "code": "invalid_api_key"}}).encode()
    desk.write_config()
    with Wire(lambda peer: _says(peer, body, "401 Unauthorized")) as wire:
        ran = _run(desk, f"{wire.url}/v1", "--model", "agnes-image-2.1-flash", provider="agnes")
    assert ran.code == 21, ran.out
    assert [key for key in keys if leaks(desk.home, key, ran.out, ran.err)] == []
    assert ran.last["message"].count("<key>") == len(keys)


def test_keys_of_a_config_of_the_users_own(desk: Desk) -> None:
    """Of a provider that was not asked for, in a file that is not the bundle's; in a row of an earlier version too."""
    config = str(desk.write_config(agnes={"api_key": TRICKY_KEY}))
    args = ("--model", "google/nano-banana-pro", "--prompt", "a cat")
    desk.run(*args)
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        db.execute("UPDATE job SET status = ?, usage = ?", (f"DONE {TRICKY_KEY}", json.dumps({"by": TRICKY_KEY})))
    ran = [desk.run(*args), desk.call("wait_generation", "--list", "--config", config)]
    body = json.dumps({"message": f"no {TRICKY_KEY}"})
    ran.append(desk.call("handle_runtime_error", "--status", "401", "--body", body, "--config", config))
    assert ran[0].last["reused"] is True
    assert [one.out for one in ran if reveals(one.out, TRICKY_KEY)] == []
    assert [one.out for one in ran if "<key>" not in one.out] == []


def test_a_header_that_is_cut_short(tricky: Desk) -> None:
    """Behind the cap of a header the second half of a key is gone, and the first would not be known for one."""
    kind = f"Content-Type: {'x' * (4096 - 20)}{TRICKY_KEY}"
    with Wire(lambda peer: peer.send(answer(b"{}", kind)) if peer.request() else None) as wire:
        ran = _run(tricky, f"{wire.url}/api/v1")
    assert ran.code == 13, ran.out
    assert leaks(tricky.home, TRICKY_KEY[:16], ran.out, ran.err) == []


def test_a_key_that_the_user_gives_in_a_wrong_place_is_not_said_back(tricky: Desk) -> None:
    calls = (
        ("create_and_wait", "--key", TRICKY_KEY),
        ("create_and_wait", "--provider", TRICKY_KEY, "--prompt", "a cat"),
        ("wait_generation", "--generation-id", TRICKY_KEY),
        ("wait_generation", "--generation-id", TRICKY_KEY, "--provider", "skills.video"),
        ("wait_generation", "--cancel", f"Bearer {TRICKY_KEY}", "--provider", "agcloud"),
    )
    for script, *args in calls:
        ran = tricky.call(script, *args)
        assert ran.code == 2, ran.out
        assert leaks(tricky.home, TRICKY_KEY, ran.out, ran.err) == []
    assert tricky.rows() == []


def test_the_users_own_words_and_paths_stay(tricky: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt or a folder that happens to hold the key is sent, kept, found again and printed as it is."""
    monkeypatch.setenv("SKILLS_VIDEO_API_KEY", "a-paper-boat-test")
    prompt, folder = "A paper boat: test", tricky.home / "a-paper-boat-test"
    args = ("--model", "google/nano-banana-pro", "--prompt", prompt, "--output-dir", str(folder))
    dry = tricky.run(*args, "--dry-run")
    assert dry.last["body"]["prompt"] == prompt
    ran = tricky.run(*args)
    path = Path(ran.last["outputs"][0]["path"])
    assert path.exists()
    assert path.parent == folder
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["prompt"] == prompt
    with sqlite3.connect(tricky.state / "journal.sqlite3") as db:
        assert json.loads(db.execute("SELECT request FROM job").fetchone()[0])["prompt"] == prompt
    assert tricky.call("wait_generation", "--list").last["jobs"][0]["prompt"] == prompt
    assert tricky.run(*args).last["reused"] is True
    clip = ("--kind", "video", "--prompt", prompt, "--output-dir", str(folder))  # its prompt is a text in a list
    monkeypatch.setenv("AGCLOUD_API_KEY", "a-paper-boat-test")
    assert tricky.run(*clip, "--dry-run", provider="agcloud").last["body"]["content"][0]["text"] == prompt
    path = Path(tricky.run(*clip, provider="agcloud").last["outputs"][0]["path"])
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["request"]["content"][0]["text"] == prompt
    log = [row for row in tricky.log()["requests"] if row["operation"] == "create"][:-1]
    assert log[-1]["body"]["prompt"] == prompt


def test_a_short_key_is_a_word_and_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLS_VIDEO_API_KEY", "test-short")
    with Wire(lambda peer: _says(peer, b'{"message":"no test-short today"}', "400 Bad Request")) as wire:
        assert _run(desk, f"{wire.url}/api/v1").last["message"] == "no test-short today"


def test_the_sandboxs_log(desk: Desk) -> None:
    """In path, query, headers and body, before and after the key was seen in its header."""
    spelled = spellings(TRICKY_KEY)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TRICKY_KEY}"
    for text in (
        spelled["as it is"],
        spelled["percent"],
        spelled["base64 standard of 'Bearer '"],
        spelled["upper case"],
    ):
        url = f"{desk.url}/api/v1/generation/{requests.utils.quote(text, safe='')}"
        session.get(url, params={"q": text}, headers={"User-Agent": f"{'x' * 180}{text}"[:400]}, timeout=10)
        session.post(f"{desk.url}/api/v1/generation/x", json={"prompt": "a cat", "note": text}, timeout=10)
    requests.get(f"{desk.url}/api/v1/credits", params={"api_key": "test-key-in-the-query-only"}, timeout=10)
    requests.get(f"{desk.url}/x", headers={"Authorization": "Bearer bad-test-key-refused-here"}, timeout=10)
    requests.get(f"{desk.url}/bad-test-key-refused-here", timeout=10)
    log = json.dumps(desk.log())
    for key in (TRICKY_KEY, TRICKY_KEY[:20], "test-key-in-the-query-only", "bad-test-key-refused-here"):
        assert not reveals(log, key)
    assert log.count("<key>") >= 14


def test_a_sidecar_from_elsewhere_in_a_gallery(tricky: Desk) -> None:
    """Written by an earlier version, or by another program."""
    folder = tricky.home / "work/old"
    folder.mkdir()
    for number, text in enumerate(spellings(TRICKY_KEY).values()):
        record: dict[str, Any] = {"generate_media": "0.1", "prompt": "a cat", "provider": text, "model": text}
        record |= {"generation_id": text, "status": text, "result": "failed", "outputs": []}
        record |= {"error": {"error": text, "message": text}, "response": {"seed": text}}
        (folder / f"cat-{number}.json").write_text(json.dumps(record), encoding="utf-8")
    tricky.call("gallery", str(folder))
    assert not reveals((folder / "index.html").read_bytes(), TRICKY_KEY)


def _says(peer: Peer, body: bytes, status: str = "200 OK") -> None:
    if peer.request():
        peer.send(answer(body, "Content-Type: application/json", status=status))


def _run(desk: Desk, base: str, *args: str, provider: str = "skills.video") -> Ran:
    if not (desk.home / "config.json").exists():
        desk.write_config()
    which = () if "--model" in args else ("--endpoint", "/generation/google/nano-banana-pro")
    return desk.call(
        "create_and_wait", *which, *args, "--prompt", "a cat", "--provider", provider, "--base-url", base,
        "--config", str(desk.home / "config.json"), "--deadline", "60",
    )  # fmt: skip
