"""Paid jobs whose answers are odd in one place: an id that is no UTF-8, a picture that makes a decoder stumble."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, features

from conftest import Desk
from web import picture
from wire import Peer, Wire, answer

ID = "job-\ud83d-1"
"""As JSON may say it (RFC 8259 section 8.2): half of a pair, which UTF-8 has no bytes for."""
QUOTED = b"job-%ED%A0%BD-1"
"""WTF-8: each half by itself in three bytes, as JavaScript's servers keep such a text."""
PROVIDERS: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, Any], bytes]] = {
    "skills.video": (
        ("--endpoint", "/generation/google/nano-banana-pro"),
        {"id": ID, "status": "IN_QUEUE"},
        {"id": ID, "status": "COMPLETED", "data": {"image": {"url": "FILE"}}},
        b"/generation/" + QUOTED,
    ),
    "agnes": (
        ("--kind", "video"),
        {"task_id": ID, "video_id": f"video_{ID}", "status": "queued"},
        {"task_id": ID, "status": "completed", "url": "FILE"},
        b"/agnesapi?video_id=video_" + QUOTED,
    ),
    "agcloud": (
        ("--kind", "video"),
        {"id": ID},
        {"id": ID, "status": "succeeded", "content": {"video_url": "FILE"}},
        b"/contents/generations/tasks/" + QUOTED,
    ),
}
"""How to ask, the create's answer, the query's, and the path of the query."""


def serving(made: Any, ended: Any, file: bytes, media_type: str) -> Callable[[Peer], None]:
    """A provider and its CDN on one port; FILE in an answer becomes the file's address."""

    def handle(peer: Peer) -> None:
        while request := peer.request():
            host = request.split(b"Host: ")[1].split(b"\r\n")[0].decode()
            if b" /file" in request.split(b"\r\n")[0]:
                peer.send(answer(file, f"Content-Type: {media_type}"))
                continue
            said = made if request.startswith(b"POST") else ended
            body = json.dumps(said).replace("FILE", f"http://{host}/file")
            peer.send(answer(body.encode("ascii"), "Content-Type: application/json"))

    return handle


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_id_with_half_a_character_is_asked_about(desk: Desk, provider: str) -> None:
    words, made, ended, path = PROVIDERS[provider]
    file = picture()
    with Wire(serving(made, ended, file, "image/png")) as wire:
        base = ("--provider", provider, "--base-url", f"{wire.url}/api/v1", "--config", str(desk.write_config()))
        ran = desk.call("create_and_wait", *base, *words, "--prompt", "a cat", "--deadline", "60")
        assert ran.code == 0, ran.out
        assert Path(ran.last["outputs"][0]["path"]).read_bytes() == file
        again = desk.call("create_and_wait", *base, *words, "--prompt", "a cat")
        assert (again.code, again.last["reused"]) == (0, True)
        listed = desk.call("wait_generation", "--list")
    assert [row.startswith(b"POST") for row in wire.received].count(True) == 1
    asked = [row.split(b" ")[1] for row in wire.received if path in row.split(b"\r\n")[0]]
    assert asked, [row[:80] for row in wire.received]
    assert listed.last["jobs"][0]["state"] == "collected"


def avif(broken: bytes = b"") -> bytes:
    """A picture, one of its boxes under another name."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture())) as drawn:
        drawn.save(out, "AVIF")
    return out.getvalue().replace(broken, b"free", 1) if broken else out.getvalue()


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
@pytest.mark.parametrize("box", [b"pitm", b"iloc", b"iinf", b"av1C", b"iprp"], ids=bytes.decode)
def test_a_broken_avif_is_saved(desk: Desk, box: bytes) -> None:
    """Pillow raises RuntimeError for some of these; the file was paid for."""
    file = avif(box)
    made = {"id": "gen_1", "status": "COMPLETED", "data": {"image": {"url": "FILE"}}}
    with Wire(serving(made, made, file, "image/avif")) as wire:
        base = ("--provider", "skills.video", "--base-url", f"{wire.url}/api/v1", "--config", str(desk.write_config()))
        words = ("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat")
        ran = desk.call("create_and_wait", *base, *words)
        assert ran.code == 0, ran.out
        (output,) = ran.last["outputs"]
        assert Path(output["path"]).read_bytes() == file
        assert output["sha256"] == hashlib.sha256(file).hexdigest()
        assert output["media_type"] == "image/avif"
        assert output.get("width") in (None, 64)  # where the boxes that say it are sound, it is told
        assert desk.call("create_and_wait", *base, *words).last["reused"] is True


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_a_broken_avif_of_ones_own_ends_in_no_traceback(desk: Desk) -> None:
    Path("own.avif").write_bytes(avif(b"pitm"))
    words = ("--model", "google/nano-banana-pro", "--prompt", "a cat", "--image", "own.avif", "--dry-run")
    ran = desk.call("create_and_wait", *words)
    assert ran.code in (0, 2)
    assert "internal_error" not in ran.out
