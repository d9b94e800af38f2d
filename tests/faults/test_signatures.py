"""Signed queries stand in journal and sidecar, and of what is printed only in ``outputs[].url`` of --no-download."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from conftest import Desk, Ran
from generate_media.core.text import CUT_QUERY, unsigned
from generate_media.events import Printer
from wire import Peer, Wire, answer

FLOWS = {
    "skills.video stream": ("skills.video", ("--model", "google/nano-banana-pro")),
    "skills.video poll": ("skills.video", ("--endpoint", "/generation/google/nano-banana-pro")),
    "Agnes image": ("agnes", ("--model", "agnes-image-2.1-flash")),
    "Agnes video": ("agnes", ("--model", "agnes-video-2.5-flash")),
    "AGCloud": ("agcloud", ("--kind", "video")),
}
SIGNED = "https://cdn.example/a/cat.png?X-Amz-Expires=3600&X-Amz-Signature=test0123456789abcdef"
SECRET = "test0123456789abcdef"


def secrets_of(sidecar: Path) -> set[str]:
    """The long values of the queries of the URLs that the sidecar keeps."""
    record = json.loads(sidecar.read_text(encoding="utf-8"))
    queries = [urlsplit(item["url"]).query for item in record["outputs"]]
    return {value for query in queries for _, value in parse_qsl(query) if len(value) >= 12}


@pytest.mark.parametrize("flow", FLOWS)
def test_verbose_prints_no_signature(flow: str, desk: Desk) -> None:
    provider, args = FLOWS[flow]
    args = (*args, "--prompt", "a cat", "--verbose")
    ran = [desk.run(*args, provider=provider), desk.run(*args, provider=provider)]
    assert [one.code for one in ran] == [0, 0], ran[0].out
    ran += [desk.call("wait_generation", "--list"), desk.call("gallery", "generated")]
    secrets = secrets_of(next(Path("generated").glob("*.json")))
    assert secrets, "the sandbox signs its URLs, and the sidecar keeps them whole"
    page = Path("generated/index.html").read_text(encoding="utf-8")
    assert not [one for one in secrets for text in (*(r.out + r.err for r in ran), page) if one in text]
    assert CUT_QUERY in json.dumps(ran[0].last["response"])
    assert "outputs" in ran[0].last


@pytest.mark.parametrize("flow", FLOWS)
def test_without_download_the_outputs_alone_hold_it(flow: str, desk: Desk) -> None:
    provider, args = FLOWS[flow]
    ran = desk.run(*args, "--prompt", "a cat", "--verbose", "--no-download", provider=provider)
    assert ran.code == 0, ran.out
    queries = [urlsplit(item["url"]).query for item in ran.last["outputs"]]
    assert all(queries)
    outputs = json.dumps(ran.last["outputs"], separators=(",", ":"))
    assert outputs in ran.out
    assert not [query for query in queries if query in ran.out.replace(outputs, "") + ran.err]


PLACES = {
    "a refusal": (400, {"message": f"cannot read {SIGNED} now", "code": "X"}),
    "a coded refusal": (400, {"error": {"message": SIGNED, "code": SIGNED}}),
    "a status": (200, {"id": "gen_1", "status": SIGNED}),
    "an id": (200, {"id": SIGNED, "status": "IN_QUEUE"}),
    "a failed job": (200, {"id": "gen_1", "status": "FAILED", "message": SIGNED, "code": "X"}),
    "usage": (200, {"id": "gen_1", "status": "FAILED", "usage": {"log": SIGNED, SIGNED: 1}}),
    "escaped": (400, {"message": f"see {quote(SIGNED, safe='')} and {SIGNED}".replace("/", "\\/")}),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_signed_url_in_any_word_of_a_server(where: str, desk: Desk) -> None:
    status, body = PLACES[where]
    with Wire(lambda peer: _says(peer, body, status)) as wire:
        ran = _create(desk, f"{wire.url}/api/v1")
        listed = desk.call("wait_generation", "--list")
        shown = [ran.out, ran.err, listed.out]
        if status == 400:
            checked = ("--verify", "--provider", "skills.video", "--base-url", f"{wire.url}/api/v1")
            shown.append(desk.call("ensure_api_key", *checked).out)
            shown.append(desk.call("handle_runtime_error", "--status", "400", "--body", json.dumps(body)).out)
    assert "cdn.example" in ran.out
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (SIGNED, "https://cdn.example/a/cat.png"),
        (f"at {SIGNED}, now", "at https://cdn.example/a/cat.png"),
        (f'{{"u":"{SIGNED}","n":1}}', '{"u":"https://cdn.example/a/cat.png'),
        (f"<{SIGNED}>", "<https://cdn.example/a/cat.png"),
        (SIGNED.replace("/", "\\/"), "https:\\/\\/cdn.example\\/a\\/cat.png"),
        (quote(SIGNED, safe=""), "https%3A%2F%2Fcdn.example%2Fa%2Fcat.png"),
        (quote(quote(SIGNED, safe=""), safe=""), "https%253A%252F%252Fcdn.example%252Fa%252Fcat.png"),
        (SIGNED.replace("?", "\\u003f").replace("=", "\\u003d"), "https://cdn.example/a/cat.png"),
        (f"https://a.example/x?w=100&next={quote(SIGNED, safe='')}", "https://a.example/x"),
        (f"/files/cat.png?sig={SECRET}", "/files/cat.png"),
        (f"s3://bucket/cat.png?{SECRET}", "s3://bucket/cat.png"),
        (f"https://cdn.example/cat.png?note=<key>&sig={SECRET}", "https://cdn.example/cat.png"),
    ],
)
def test_a_signature_in_a_text(text: str, kept: str) -> None:
    cut = unsigned(text)
    assert SECRET not in cut
    assert cut.startswith(kept + CUT_QUERY)


@pytest.mark.parametrize(
    "text",
    ["", "Why?", "what? a=b", "100 % sure? yes", "https://a.example/x?w=100&h=200", "?", "a?b", "为什么？", "x=1&y=2"],
)
def test_other_text_stays(text: str) -> None:
    assert unsigned(text) == text


def _says(peer: Peer, body: object, status: int) -> None:
    if peer.request():
        peer.send(answer(json.dumps(body).encode(), "Content-Type: application/json", status=f"{status} Said"))


def _create(desk: Desk, base: str) -> Ran:
    return desk.call(
        "create_and_wait", "--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat", "--verbose",
        "--provider", "skills.video", "--base-url", base, "--config", str(desk.write_config()), "--deadline", "8",
    )  # fmt: skip


def test_words_for_a_person() -> None:
    err = io.StringIO()
    Printer(io.StringIO(), err).say(f"see {SIGNED}")
    assert err.getvalue() == f"see https://cdn.example/a/cat.png{CUT_QUERY}\n"


def test_a_download_that_fails_names_the_host_alone(desk: Desk) -> None:
    desk.faults("download-http-404*9")
    ran = desk.run("--model", "google/nano-banana-pro", "--prompt", "a cat", "--deadline", "30")
    assert ran.code in (11, 14), ran.out
    assert not re.search(r"[?&][Xx]-", ran.out + ran.err)
