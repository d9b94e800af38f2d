"""Any bytes: no crash, and what is labelled is whole, has its label, and has lost nothing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from generate_media.files.label.door import Labelled, LeftAlone, label_copy, label_file, read_label
from generate_media.files.label.provenance import Provenance
from generate_media.media import Structure, structure
from generate_media.media.sniff import identify
from label_samples import ALL, LABEL, TITLE, WITH_PACKET, boxes, packet, pixels

KINDS = ("plain.png", "exif.jpg", "lossy.webp", "exif.webp", "landscape.mp4", "parts.mp4", "plain.mov")
Change = tuple[str, float, int, bytes]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "drop", "insert", "repeat", "number"]),
        st.floats(0, 1),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=40),
    ),
    min_size=1,
    max_size=4,
)


@cache
def sample(name: str) -> bytes:
    if name in ALL:
        return ALL[name]()
    return WITH_PACKET[name][1](packet(TITLE))


def changed(data: bytes, changes: Sequence[Change]) -> bytes:
    """The head of a file is where its structure is, so half of the changes fall on it."""
    for kind, where, number, more in changes:
        at = int(where * 2 * min(len(data), 400)) if where < 0.5 else int((where - 0.5) * 2 * len(data))
        some = number % 64 + 1
        if kind == "flip" and at < len(data):
            data = data[:at] + bytes((data[at] ^ (number % 255 + 1),)) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "drop":
            data = data[:at] + data[at + some :]
        elif kind == "insert":
            data = data[:at] + more + data[at:]
        elif kind == "repeat":
            data = data[: at + some] + data[at:]
        elif kind == "number":
            data = data[:at] + number.to_bytes(4, "big") + data[at + 4 :]
    return data


@pytest.mark.parametrize("name", [*KINDS, *WITH_PACKET])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_a_broken_file(name: str, changes: Sequence[Change], tmp_path: Path) -> None:
    check(changed(sample(name), changes), tmp_path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        [
            b"",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"\xff\xd8\xff",
            b"\xff\xd8\xff\xe1",
            b"RIFF\x20\0\0\0WEBP",
            b"\0\0\0\x18ftypisom\0\0\0\0isommp41",
            b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\0moov",
        ]
    ),
    rest=st.binary(max_size=300),
    tail=st.sampled_from([b"", b"\0\0\0\0IEND\xaeB`\x82", b"\xff\xd9", b"\0\0\0\x08moov"]),
)
@example(head=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", rest=b"", tail=b"\0\0\0\0IEND\xaeB`\x82")
def test_bytes_that_only_look_like_media(head: bytes, rest: bytes, tail: bytes, tmp_path: Path) -> None:
    check(head + rest + tail, tmp_path)


@settings(max_examples=100)
@given(
    words=st.tuples(*[st.text(max_size=60)] * 5),
    created_at=st.one_of(st.floats(), st.integers(0, 4_000_000_000).map(float)),
    edited=st.booleans(),
)
def test_any_words(words: tuple[str, str, str, str, str], created_at: float, edited: bool) -> None:
    """What XML can hold comes back as it went in; the rest has become U+FFFD."""
    provider, model, handle, prompt, seed = words
    label = Provenance(provider, model, handle, created_at, edited, prompt, seed)
    target = io.BytesIO()
    assert isinstance(label_copy(io.BytesIO(sample("plain.png")), target, label), Labelled)
    assert pixels(target.getvalue()) == pixels(sample("plain.png"))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]) | st.sampled_from("\t\r\n<>&'\"")),
    created_at=st.integers(1, 4_000_000_000),
)
def test_words_come_back(text: str, created_at: int, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(sample("plain.png"))
    label = Provenance(text, f"m{text}", text, float(created_at), True, text, text)
    assert isinstance(label_file(path, label), Labelled)
    assert read_label(path) == label


def check(data: bytes, folder: Path) -> None:
    """Label a file of these bytes and look what became of it."""
    path = folder / "x"
    path.write_bytes(data)
    outcome = label_file(path, LABEL)
    after = path.read_bytes()
    assert list(folder.iterdir()) == [path]
    if isinstance(outcome, LeftAlone):
        assert outcome.reason
        assert after == data
        return
    media_type = identify(data[:4096])
    assert identify(after[:4096]) == media_type is not None
    assert structure(io.BytesIO(after), media_type or "") in (Structure.WHOLE, Structure.UNTOLD)
    assert outcome == Labelled(hashlib.sha256(after).hexdigest(), hashlib.sha256(data).hexdigest(), len(after))
    assert read_label(path) == LABEL
    assert len(after) > len(data) - data.count(b"xpacket") * 400
    if media_type in ("video/mp4", "video/quicktime"):
        _same_boxes(data, after)
    elif before := _decoded(data):
        assert _decoded(after) == before


def _decoded(data: bytes) -> object:
    """A picture's pixels; None for what Pillow does not decode."""
    try:
        return pixels(data)
    except Exception:
        return None


def _same_boxes(before: bytes, after: bytes) -> None:
    """All boxes but packets are where they were, byte for byte; of the last one only its length may be told."""
    for name, at, size in boxes(before):
        if name in (b"uuid", b"mfra", b"moov"):
            continue
        assert after[at + 4 : at + size] == before[at + 4 : at + size]
        assert after[at : at + 4] in (before[at : at + 4], size.to_bytes(4, "big"))
