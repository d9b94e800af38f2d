"""What a create is answered by, and what the run makes of it."""

from __future__ import annotations

import base64
import json
import re
import socket
from pathlib import Path

import pytest

from conftest import Desk
from provider_help import CREATE, Provider, refused, said
from web import picture
from wire import Peer, answer

# HTTP status of a create without a code that anybody documents → exit code, the row's state
STATUSES = {
    **dict.fromkeys((301, 302, 307, 308, 418, 451), (25, "rejected")),
    **dict.fromkeys((400, 413, 415, 422), (22, "rejected")),
    **dict.fromkeys((401, 403), (21, "rejected")),
    402: (20, "rejected"),
    **dict.fromkeys((404, 405, 410), (23, "rejected")),
    **dict.fromkeys((408, 409, 425, 500, 501, 502, 503, 504, 520, 524, 599), (13, "unknown")),
}


EVERYWHERE = (302, 418, 422, 401, 402, 404, 409, 503)
"""One for each meaning; the others are asked of one provider each, in turn."""


@pytest.mark.parametrize(
    ("status", "provider_name"),
    [
        (status, provider)
        for turn, status in enumerate(STATUSES)
        for number, provider in enumerate(CREATE)
        if status in EVERYWHERE or turn % len(CREATE) == number
    ],
)
def test_a_status_alone(desk: Desk, provider_name: str, status: int) -> None:
    """Sent once, whatever comes; a status that proves nothing leaves the outcome unknown, and then never again."""
    code, state = STATUSES[status]
    with Provider(provider_name, {"POST ": [refused(status)], "GET ": [refused(404)]}) as provider:
        ran = provider.run(desk, *CREATE[provider_name])
        assert (ran.code, provider.creates, desk.rows()) == (code, 1, [(state, None)]), ran.out
        assert ran.last.get("may_have_been_created") is (code == 13)
        assert ran.last["message"]
        again = provider.run(desk, *CREATE[provider_name])
        assert (again.code, provider.creates) == (code, 1 if code == 13 else 2), again.out


def test_a_connection_is_tried_six_times(desk: Desk) -> None:
    """After 1, 2, 4, 8 and 16 s, jitter below each; then the run ends long before its time is up, nothing created."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api/v1"
        config = str(desk.write_config())
        ran = desk.call("create_and_wait", *CREATE["skills.video"], "--provider", "skills.video", "--base-url", url,
                        "--config", config)  # fmt: skip
    waits = [line["wait_seconds"] for line in ran.events("retry")]
    assert (ran.code, ran.last["may_have_been_created"], len(waits)) == (24, False, 5), ran.out
    assert all(delay / 2 <= wait <= delay for delay, wait in zip((1, 2, 4, 8, 16), waits, strict=True))
    assert [state for state, _ in desk.rows()] == ["rejected"]


@pytest.mark.parametrize("provider_name", ["skills.video", "agnes"])
def test_a_create_that_one_host_may_have_read_goes_to_no_other(desk: Desk, provider_name: str) -> None:
    """Mirrors share jobs and keys: the second would make the job again."""

    def hangs_up(peer: Peer) -> None:
        peer.reset()

    with Provider(provider_name, {"POST ": [hangs_up]}) as first, Provider(provider_name, {}) as mirror:
        config = {"base_url": first.url, "mirror_base_urls": [mirror.url]}
        ran = first.run(desk, *CREATE[provider_name], config=config)
        assert (ran.code, first.creates, mirror.received) == (13, 1, []), ran.out


def test_no_create_is_sent_once_the_time_is_up(desk: Desk) -> None:
    """Before acceptance there is nothing to resume, and nothing was created."""
    with Provider("skills.video", {"POST ": [said({"id": "gen_1", "status": "IN_QUEUE"})]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"], "--deadline", "0.01")
    assert (ran.code, ran.last["may_have_been_created"], provider.creates) == (24, False, 0), ran.out
    assert [state for state, _ in desk.rows()] == ["rejected"]


def test_being_turned_away_is_no_failure_to_connect(desk: Desk) -> None:
    """A provider that says 429 has been reached: it is asked as often as the time allows, and makes one job."""
    made = said({"id": "gen_1", "status": "IN_QUEUE"})
    with Provider("skills.video", {"POST ": [*[refused(429)] * 8, made]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"], "--detach")
    assert (ran.code, provider.creates, desk.rows()) == (0, 9, [("accepted", "gen_1")]), ran.out


def test_a_picture_in_the_answer_is_in_no_record(desk: Desk) -> None:
    """Rule of the journal: media bytes are never in it. A small one is no less a picture."""
    png = picture(20, 16)
    text = base64.b64encode(png).decode()
    assert 512 < len(text) < 2048
    with Provider("agnes", {"POST ": [said({"created": 1790000000, "data": [{"url": None, "b64_json": text}]})]}) as it:
        ran = it.run(desk, "--kind", "image", "--prompt", "a cat", "--verbose")
    assert ran.code == 0, ran.out
    assert Path(ran.last["outputs"][0]["path"]).read_bytes() == png
    kept = [*desk.state.rglob("*"), *Path("generated").glob("*.json")]
    holding = [path.name for path in kept if path.is_file() and text[100:160].encode() in path.read_bytes()]
    assert (holding, text[100:160] in ran.out + ran.err) == ([], False)


HOSTILE = "E\x1b[31m\u202eVIL\x00\u2028\x85" + "X" * 5000
# the body of a refusal: which of its parts a server can fill with anything
BODIES = {
    "a code": {"code": HOSTILE, "message": "words"},
    "a nested code": {"error": {"code": HOSTILE, "message": "words"}},
    "a type": {"error": {"type": HOSTILE, "message": "words"}},
    "a message": {"code": "CODE", "message": HOSTILE},
    "a nested message": {"error": {"code": "CODE", "message": HOSTILE}},
    "a detail": {"detail": [{"msg": HOSTILE}]},
    "an error": {"error": HOSTILE},
    "nothing known": {HOSTILE: HOSTILE},
}


def texts(value: object) -> list[str]:
    """Every text within."""
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", BODIES)
def test_whatever_a_refusal_is_filled_with_is_data(desk: Desk, name: str) -> None:
    """Printed, kept and explained: no control or direction characters, 2,000 characters at most."""
    body = json.dumps(BODIES[name])
    with Provider("skills.video", {"POST ": [answer(body.encode(), status="422 No")]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"])
    explained = desk.call("handle_runtime_error", "--status", "422", "--body", body)
    (kept,) = desk.column("error")
    assert ran.code == explained.code == 22, ran.out
    for text in texts(ran.lines) + texts(json.loads(explained.out)) + texts(json.loads(kept)):
        assert len(text) <= 2000
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", text), text[:80]
