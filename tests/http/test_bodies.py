"""Bodies as they are sent: multipart from disk in small pieces, JSON in ASCII, and files that changed refused."""

from __future__ import annotations

import base64
import email.parser
import email.policy
import json
import tracemalloc
from collections.abc import Iterator
from email.message import MIMEPart
from pathlib import Path

import pytest
from PIL import Image

from client_help import client_for, forget_the_machine, says
from generate_media.core.errors import UsageError
from generate_media.core.local_media import LocalMedia
from generate_media.core.requests import Body, Call, Encoding
from generate_media.media.local import load
from wire import Wire, answer


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_the_machine(monkeypatch, tmp_path)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "my private holiday.png"
    Image.new("RGB", (8, 8), "red").save(path)
    return path


def received(body: dict[str, Body], *, multipart: bool) -> tuple[dict[str, str], bytes]:
    """Headers in lower case, and the body, of what a server got."""
    with Wire(says(answer(b"{}"))) as wire:
        client = client_for(wire.url)
        client.send(Call("create", "POST", "/x", body=body, multipart=multipart), timeout_seconds=20)
    head, sent = wire.received[0].split(b"\r\n\r\n", 1)
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    return {name.lower(): value for name, value in lines}, sent


def parts_of(headers: dict[str, str], sent: bytes) -> Iterator[MIMEPart]:
    """The standard library's MIME parser is the referee."""
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + sent)
    assert message.is_multipart()
    yield from message.iter_parts()


def test_multipart_repeats_a_lists_field_and_sends_files_and_addresses_side_by_side(picture: Path) -> None:
    media = load(picture, Encoding.MULTIPART)
    body: dict[str, Body] = {"prompt": "杯 \ud800", "n": 2, "image_urls": [media, "https://host.test/a.png"]}
    headers, sent = received(body, multipart=True)
    parts = list(parts_of(headers, sent))
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["prompt", "n", "image_urls", "image_urls"]
    contents = [part.get_payload(decode=True) for part in parts]
    assert contents == ["杯 ?".encode(), b"2", picture.read_bytes(), b"https://host.test/a.png"]
    assert parts[2].get_content_type() == "image/png"
    assert parts[2].get_filename() == f"{media.sha256[:16]}.png"
    assert b"holiday" not in sent
    assert headers["content-length"] == str(len(sent))


def test_a_large_file_is_not_held_in_memory(tmp_path: Path, picture: Path) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.write(picture.read_bytes())
        file.truncate(48 << 20)
    media = load(large, Encoding.MULTIPART)

    def drain(peer: object) -> None:
        sock = peer.sock  # type: ignore[attr-defined]
        left = 48 << 20
        while left > 0:
            left -= len(sock.recv(1 << 16))
        sock.sendall(answer(b"{}"))

    with Wire(drain) as wire:
        client = client_for(wire.url)
        tracemalloc.start()
        try:
            client.send(Call("create", "POST", "/x", body={"image": media}, multipart=True), timeout_seconds=60)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 << 20


def test_a_file_in_json_is_encoded_at_the_moment_of_sending(picture: Path) -> None:
    media = load(picture, Encoding.DATA_URI)
    _, sent = received({"images": [media], "extra": {"image": load(picture, Encoding.BASE64)}}, multipart=False)
    text = base64.b64encode(picture.read_bytes()).decode()
    assert json.loads(sent) == {"images": [f"data:image/png;base64,{text}"], "extra": {"image": text}}


@pytest.mark.parametrize("multipart", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_changed_meanwhile_is_refused_and_nothing_is_sent(
    picture: Path, multipart: bool, gone: bool
) -> None:
    media: LocalMedia = load(picture, Encoding.MULTIPART if multipart else Encoding.DATA_URI)
    if gone:
        picture.unlink()
    else:
        Image.new("RGB", (8, 8), "blue").save(picture)
    with Wire(says(answer(b"{}"))) as wire:
        client = client_for(wire.url)
        call = Call("create", "POST", "/x", body={"image": media}, multipart=multipart)
        with pytest.raises(UsageError):
            client.send(call, timeout_seconds=5)
        assert wire.connections == 0
