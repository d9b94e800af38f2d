"""What each format asks for: where a packet stands, what was there before, and what must not be touched."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from generate_media.files.label.door import Labelled, LeftAlone, label_file, read_label
from label_samples import (
    C2PA_UUID,
    CLIPS,
    LABEL,
    PICTURES,
    TITLE,
    WITH_PACKET,
    between,
    box,
    boxes,
    chunk,
    clip,
    exiftool,
    frames,
    itxt,
    jpeg,
    jpeg_xmp,
    packet,
    pixels,
    png,
    png_late,
    riff_chunk,
    segment,
    webp,
    with_riff,
    xmp_box,
)

SIGNED = "it carries a C2PA manifest, and a change would break its signature"
JUMBF = struct.pack(">I4s", 60, b"jumb") + struct.pack(">I4s", 38, b"jumd") + b"c2pa" + bytes.fromhex(
    "00110010800000aa00389b71"
) + b"\x03c2pa\0"  # fmt: skip


def file(data: bytes, ending: str, folder: Path) -> Path:
    path = folder / f"x{ending}"
    path.write_bytes(data)
    return path


def media_of(path: Path) -> str:
    """A picture's pixels; a clip's packets, whose decoding is test_label.py's."""
    return frames(path, "-c", "copy") if path.suffix in (".mp4", ".mov") else str(pixels(path.read_bytes()))


BARE = ("png", "jpeg", "webp", "mp4, at the end", "mov, in the middle")


@pytest.mark.parametrize(
    ("kind", "wrapped"), [*((kind, True) for kind in WITH_PACKET), *((kind, False) for kind in BARE)]
)
def test_a_packet_that_is_there_is_merged(kind: str, wrapped: bool, tmp_path: Path) -> None:
    ending, place = WITH_PACKET[kind]
    path = file(place(packet(TITLE, attributes='dc:source="a&#10;b"', wrapped=wrapped)), ending, tmp_path)
    before = media_of(path)
    assert isinstance(label_file(path, LABEL), Labelled)
    assert media_of(path) == before
    found = exiftool(path)
    titles = [value for name, value in found.items() if name.endswith(":Title")]
    assert titles == ["a <title>"]
    assert found["XMP-dc:Source"] in ("a\nb", "a.b")
    assert read_label(path) == LABEL
    data = path.read_bytes()
    assert data.count(b'rdf:about="uuid:me"') == data.count(b"rdf:about=") == 2
    assert data.count(b"<x:xmpmeta") == data.count(b"</x:xmpmeta>") == 1
    if ending in (".mp4", ".mov"):
        assert [name for name, _, _ in boxes(data)].count(b"uuid") == 1
        assert b"XMP_" not in data


def test_a_packet_of_sixteen_bits_is_merged(tmp_path: Path) -> None:
    path = file(clip(xmp_box(packet(TITLE).decode().encode("utf-16"))), ".mp4", tmp_path)
    label_file(path, LABEL)
    assert exiftool(path)["XMP-dc:Title"] == "a <title>"
    assert read_label(path) == LABEL


def test_a_source_type_may_stand_as_a_resource(tmp_path: Path) -> None:
    said = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    space = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    made = packet(f'<a:DigitalSourceType xmlns:a="{space}" rdf:resource="{said}"/>')
    path = file(png(itxt(made)), ".png", tmp_path)
    label_file(path, LABEL)
    assert exiftool(path)["XMP-iptcExt:DigitalSourceType"] == said
    assert path.read_bytes().count(b":DigitalSourceType ") == 1
    assert read_label(path) == replace(LABEL, edited=True)


@pytest.mark.parametrize("kind", WITH_PACKET)
def test_a_packet_that_cannot_be_kept_is_not_lost(kind: str, tmp_path: Path) -> None:
    ending, place = WITH_PACKET[kind]
    for data, why in BAD_PACKETS:
        path = file(place(data), ending, tmp_path)
        before = path.read_bytes()
        outcome = label_file(path, LABEL)
        assert isinstance(outcome, LeftAlone), data[:60]
        assert why in outcome.reason
        assert path.read_bytes() == before
        assert read_label(path) is None


BAD_PACKETS = [
    (b"<x:xmpmeta", "cannot be read"),
    (b"no XML at all, only a text", "cannot be read"),
    (b"\x80\x81\x82", "cannot be read"),
    (b'<!DOCTYPE a [<!ENTITY b "c">]>' + packet(TITLE, wrapped=False), "cannot be read"),
    (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>', "not of the usual form"),
    (packet(TITLE).replace(b"/1999/", b"/1998/"), "not of the usual form"),
    (packet(f"<a:RDF xmlns:a='urn:a'>{TITLE}</a:RDF>"), "not of the usual form"),
    (packet("<dc:a>" * 200 + "</dc:a>" * 200), "cannot be read"),
    (packet('<t:provenance xmlns:t="http://purl.org/dc/terms/">https://x.example/m</t:provenance>'), "C2PA"),
    (packet("", attributes='xmlns:t="http://purl.org/dc/terms/" t:provenance="self#jumbf=a"'), "C2PA"),
]


@pytest.mark.parametrize("kind", [kind for kind in WITH_PACKET if "jpeg" not in kind])
def test_a_packet_that_is_too_large_is_not_lost(kind: str, tmp_path: Path) -> None:
    ending, place = WITH_PACKET[kind]
    path = file(place(packet(f"<dc:source>{'x' * 66_000}</dc:source>")), ending, tmp_path)
    assert label_file(path, LABEL) == LeftAlone("its XMP metadata is larger than 65502 bytes")


@pytest.mark.parametrize("kind", WITH_PACKET)
def test_a_packet_that_leaves_little_room(kind: str, tmp_path: Path) -> None:
    ending, place = WITH_PACKET[kind]
    path = file(place(packet(f"<dc:source>{'x' * 64_500}</dc:source>")), ending, tmp_path)
    assert label_file(path, LABEL) == LeftAlone("its XMP metadata leaves no room for more")
    path = file(place(packet(f"<dc:source>{'x' * 60_000}</dc:source>")), ending, tmp_path)
    assert isinstance(outcome := label_file(path, replace(LABEL, prompt="x" * 9_000)), Labelled)
    assert outcome.without_prompt
    assert read_label(path) == replace(LABEL, prompt="")


MANIFEST = box(b"uuid", C2PA_UUID + bytes(4) + b"manifest\0" + bytes(8) + JUMBF)
SIGNED_FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "png": (".png", lambda: png(chunk(b"caBX", JUMBF))),
    "png, late": (".png", lambda: png_late(chunk(b"caBX", JUMBF))),
    "jpeg": (".jpg", lambda: jpeg(segment(0xEB, b"JP\2\x11\0\0\0\1" + JUMBF))),
    "webp": (".webp", lambda: webp(riff_chunk(b"C2PA", JUMBF))),
    "simple webp": (".webp", lambda: with_riff(PICTURES["lossy.webp"](), riff_chunk(b"C2PA", JUMBF))),
    "mp4": (".mp4", lambda: clip(MANIFEST)),
    "mov": (".mov", lambda: between(CLIPS["plain.mov"](), MANIFEST)),
}


@pytest.mark.parametrize("kind", SIGNED_FILES)
def test_a_signed_file_stays_as_it_is(kind: str, tmp_path: Path) -> None:
    ending, made = SIGNED_FILES[kind]
    data = made()
    path = file(data, ending, tmp_path)
    assert label_file(path, LABEL) == LeftAlone(SIGNED)
    assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


MAKERS = '{"Label":"1","ContentProducer":"001191110102MACQD9K64010000","ProduceID":"x"}'
TC260 = 'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (png(chunk(b"tEXt", b"AIGC\0" + MAKERS.encode())), ".png"),
        (jpeg(segment(0xE1, b'Exif\0\0MM\0*{"AIGC":' + MAKERS.encode() + b"}")), ".jpg"),
        (jpeg(segment(0xEC, b"AIGC" + MAKERS.encode())), ".jpg"),
        (with_riff(PICTURES["exif.webp"](), riff_chunk(b"EXIF", b'{"AIGC":' + MAKERS.encode() + b"}")), ".webp"),
    ],
    ids=["png text", "jpeg exif", "jpeg segment", "webp exif"],
)
def test_a_makers_own_label_of_china_stays_the_only_one(data: bytes, ending: str, tmp_path: Path) -> None:
    path = file(data, ending, tmp_path)
    label_file(path, LABEL)
    assert "TC260" not in path.read_bytes().decode("latin-1")
    assert MAKERS.encode() in path.read_bytes()
    assert read_label(path) == LABEL


def test_a_movies_own_label_of_china_stays_the_only_one(tmp_path: Path) -> None:
    """As the practice guide for clips has ffmpeg write it."""
    import subprocess

    from tools import require_tool

    path = tmp_path / "x.mp4"
    source = file(clip(), ".src.mp4", tmp_path)
    options = ["-movflags", "use_metadata_tags", "-metadata", f"AIGC={MAKERS}", "-c", "copy", str(path)]
    subprocess.run([require_tool("ffmpeg"), "-v", "error", "-i", str(source), *options], check=True)
    label_file(path, LABEL)
    assert b"TC260" not in path.read_bytes()
    assert exiftool(path)["Keys:AIGC"] == MAKERS
    assert read_label(path) == LABEL


@pytest.mark.parametrize("kind", WITH_PACKET)
@pytest.mark.parametrize("form", ["element", "attribute"])
def test_a_makers_label_in_the_packet_stays(kind: str, form: str, tmp_path: Path) -> None:
    ending, place = WITH_PACKET[kind]
    quoted = MAKERS.replace('"', "&quot;")
    element = f"<TC260:AIGC {TC260}>{quoted}</TC260:AIGC>"
    made = packet(element) if form == "element" else packet("", attributes=f'{TC260} TC260:AIGC="{quoted}"')
    path = file(place(made), ending, tmp_path)
    label_file(path, LABEL)
    found = [value for name, value in exiftool(path).items() if name.lower() == "xmp-tc260:aigc"]
    assert found == [MAKERS]
    assert b"TC260:AIGC" in path.read_bytes()
    assert read_label(path) == LABEL


TWO = packet(TITLE), packet("<dc:source>b</dc:source>")


@pytest.mark.parametrize(
    ("data", "ending", "why"),
    [
        (png(*map(itxt, TWO)), ".png", "more than one XMP packet"),
        (jpeg(*map(jpeg_xmp, TWO)), ".jpg", "more than one XMP packet"),
        (webp(*(riff_chunk(b"XMP ", data) for data in TWO)), ".webp", "more than one XMP packet"),
        (CLIPS["landscape.mp4"]() + b"".join(map(xmp_box, TWO)), ".mp4", "more than one XMP packet"),
        (jpeg(segment(0xE2, b"MPF\0MM\0*" + bytes(40))), ".jpg", "several pictures"),
        (CLIPS["landscape.mp4"]() + b"\0\0\0", ".mp4", "do not fill it"),
        (CLIPS["landscape.mp4"]() + b"\0" * 12, ".mp4", "runs to its end"),
        (CLIPS["landscape.mp4"]() + b"some words behind it", ".mp4", "do not fill it"),
        (PICTURES["plain.png"]()[:-4], ".png", "not whole"),
        (PICTURES["plain.png"]()[:200], ".png", "not whole"),
        (PICTURES["plain.png"]()[:8] + PICTURES["plain.png"]()[33:], ".png", "not whole"),
        (png(chunk(b"IHDR", bytes(13))), ".png", "not whole"),
        (PICTURES["plain.jpg"]()[:-2], ".jpg", "not whole"),
        (PICTURES["lossy.webp"]()[:-2], ".webp", "not whole"),
        (webp(b"four words that fill no chunk"), ".webp", "not whole"),
        (b"RIFF\x30\0\0\0WEBP" + riff_chunk(b"JUNK", bytes(28)), ".webp", "not whole"),
        (CLIPS["landscape.mp4"]()[:-2], ".mp4", "not whole"),
        (b"GIF89a" + bytes(40) + b";", ".gif", "no place in image/gif"),
        (b"<svg></svg>", ".svg", "no place in such a file"),
        (b"", ".png", "no place in such a file"),
    ],
)
def test_what_is_left_alone(data: bytes, ending: str, why: str, tmp_path: Path) -> None:
    path = file(data, ending, tmp_path)
    outcome = label_file(path, LABEL)
    assert isinstance(outcome, LeftAlone)
    assert why in outcome.reason
    assert path.read_bytes() == data
    assert read_label(path) is None


def test_media_that_run_to_the_end_and_are_too_large_for_a_length(tmp_path: Path) -> None:
    data = CLIPS["to-the-end.mp4"]()
    path = tmp_path / "x.mp4"
    with path.open("wb") as out:
        out.write(data)
        out.truncate(len(data) + (4 << 30))
    assert isinstance(outcome := label_file(path, LABEL), LeftAlone)
    assert "cannot be given a length" in outcome.reason


def test_a_webps_header_fits(tmp_path: Path) -> None:
    """libwebp refuses a canvas of another size than its picture; XMP, alpha and what was there must be told of."""
    for name, flags in (("lossy.webp", 0x04), ("lossless.webp", 0x04), ("alpha.webp", 0x14), ("exif.webp", 0x2C)):
        path = file(PICTURES[name](), ".webp", tmp_path)
        label_file(path, LABEL)
        data = path.read_bytes()
        assert data[12:20] == b"VP8X" + struct.pack("<I", 10)
        assert data[20] == flags
        assert struct.unpack("<I", data[4:8])[0] + 8 == len(data)
        assert exiftool(path)["Composite:ImageSize"] == "61 47"


@pytest.mark.parametrize(
    "inner",
    [
        "".join(f'<dc:a{n} xmlns:n{n}="urn:{n}" n{n}:x=""/>' for n in range(1350)),
        "<dc:a/>" * 7_900,
        f"<dc:a {' '.join(f'xmlns:n{n}=%s n{n}:x=%s' % (repr(f'u{n}'), repr('')) for n in range(2000))}/>",
    ],
    ids=["spaces", "elements", "one element's spaces"],
)
def test_a_hostile_packet_costs_seconds_at_most(inner: str, tmp_path: Path) -> None:
    data = packet(inner)
    assert 55_000 < len(data) < 65_502
    path = file(png(itxt(data)), ".png", tmp_path)
    start = time.process_time()
    label_file(path, LABEL)
    assert time.process_time() - start < 20
