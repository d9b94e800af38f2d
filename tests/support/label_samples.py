"""Pictures and clips of all five types, by Pillow, ffmpeg and the sandbox; and the clients that judge a label."""

from __future__ import annotations

import atexit
import io
import json
import random
import struct
import subprocess
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from generate_media.files.label.provenance import Provenance
from tools import require_tool

ASSETS = Path(__file__).parents[2] / "scripts" / "generate_media" / "sandbox" / "assets"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
LABEL = Provenance(
    provider="skills.video",
    model="google/nano-banana-pro",
    handle="0a1b2c3d-2",
    created_at=1772366400.0,
    prompt='<a "red" & grey cat>\r\n雨夜的霓虹街道 🐈 ]]>\t',
    seed="42",
)


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def riff_chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def segment(marker: int, data: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, name) + data


def boxes(data: bytes) -> list[tuple[bytes, int, int]]:
    """Type, offset and size of the top-level boxes: a reader of the tests' own."""
    found, at = [], 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if size == 1:
            (size,) = struct.unpack(">Q", data[at + 8 : at + 16])
        found.append((name, at, size or len(data) - at))
        at += found[-1][2]
    return found


def with_riff(data: bytes, more: bytes) -> bytes:
    """A WebP file with chunks added at its end."""
    return data[:4] + struct.pack("<I", len(data) - 8 + len(more)) + data[8:] + more


def with_user_data(movie: bytes, more: bytes) -> bytes:
    """A movie whose ``moov`` is the last box, with a ``udta`` of these boxes added in it."""
    name, at, size = boxes(movie)[-1]
    assert name == b"moov"
    user = box(b"udta", more)
    return movie[:at] + struct.pack(">I", size + len(user)) + movie[at + 4 :] + user


def _noise(seed: int) -> Any:
    """The same at each call: a test compares what it served with what was saved."""
    from PIL import Image

    return Image.frombytes("L", (61, 47), random.Random(seed).randbytes(61 * 47))


def _picture(form: str, *, mode: str = "RGB", frames: int = 1, **options: Any) -> bytes:

    pictures = [_noise(60 + n).convert(mode) for n in range(frames)]
    if mode == "RGBA":
        pictures[0].putalpha(_noise(50))
    out = io.BytesIO()
    more: dict[str, Any] = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(out, form, **more, **options)
    return out.getvalue()


def _exif() -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "a picture"
    return exif.tobytes()


@cache
def _sandbox(name: str) -> bytes:
    return (ASSETS / f"{name}.mp4.dat").read_bytes()


@cache
def _remuxed(ending: str, *options: str) -> bytes:
    """A second of the sandbox's clip in another container, or otherwise laid out."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"x{ending}"
        source = ASSETS / "landscape-sound.mp4.dat"
        command = [require_tool("ffmpeg"), "-v", "error", "-i", str(source), "-t", "1", "-c", "copy", *options]
        command.append(str(out))
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return out.read_bytes()


def _to_the_end() -> bytes:
    """The sandbox's clip with its last box, the media, of size 0."""
    data = _sandbox("landscape-sound")
    name, at, _ = boxes(data)[-1]
    assert name == b"mdat"
    return data[:at] + bytes(4) + data[at + 4 :]


def _wide_media() -> bytes:
    """A MOV whose media box has a length of 64 bits, in the place of the ``wide`` box before it."""
    data = _remuxed(".mov")
    (_, wide, _), (name, media, size) = boxes(data)[1:3]
    assert (name, media) == (b"mdat", wide + 8)
    return data[:wide] + struct.pack(">I4sQ", 1, b"mdat", size + 8) + data[media + 8 :]


PICTURES: Mapping[str, Callable[[], bytes]] = {
    "plain.png": lambda: _picture("PNG"),
    "alpha.png": lambda: _picture("PNG", mode="RGBA", dpi=(300, 300), exif=_exif()),
    "palette.png": lambda: _picture("PNG", mode="P"),
    "moving.png": lambda: _picture("PNG", frames=3),
    "tail.png": lambda: _picture("PNG") + b"something behind it",
    "plain.jpg": lambda: _picture("JPEG"),
    "exif.jpg": lambda: _picture("JPEG", exif=_exif(), dpi=(72, 72), progressive=True, comment=b"hello"),
    "filled.jpg": lambda: _picture("JPEG").replace(b"\xff\xdb", b"\xff" * 7 + b"\xdb"),
    "grey.jpg": lambda: _picture("JPEG", mode="L", quality=95),
    "lossy.webp": lambda: _picture("WEBP"),
    "lossless.webp": lambda: _picture("WEBP", lossless=True),
    "alpha.webp": lambda: _picture("WEBP", mode="RGBA", lossless=True),
    "exif.webp": lambda: _picture("WEBP", exif=_exif(), icc_profile=b"no real profile"),
    "moving.webp": lambda: _picture("WEBP", frames=3),
}
CLIPS: Mapping[str, Callable[[], bytes]] = {
    "landscape.mp4": lambda: _sandbox("landscape"),
    "landscape-sound.mp4": lambda: _sandbox("landscape-sound"),
    "moov-last.mp4": lambda: _remuxed(".mp4"),
    "fast.mp4": lambda: _remuxed(".mp4", "-movflags", "+faststart"),
    "parts.mp4": lambda: _remuxed(".mp4", "-movflags", "+frag_keyframe+empty_moov"),
    "dash.mp4": lambda: _remuxed(".mp4", "-movflags", "+dash+global_sidx+frag_keyframe"),
    "to-the-end.mp4": _to_the_end,
    "plain.mov": lambda: _remuxed(".mov"),
    "fast.mov": lambda: _remuxed(".mov", "-movflags", "+faststart"),
    "wide.mov": _wide_media,
}
ALL = {**PICTURES, **CLIPS}


@cache
def _open_exiftool() -> subprocess.Popen[bytes]:
    """One exiftool that stays open for the whole run: its start costs more than all that it is asked."""
    command = [require_tool("exiftool"), "-stay_open", "True", "-@", "-"]
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    atexit.register(running.communicate, b"-stay_open\nFalse\n")
    return running


def _asked(*arguments: str) -> bytes:
    """What exiftool says to one command, whose arguments stand on a line each."""
    running = _open_exiftool()
    assert running.stdin
    assert running.stdout
    assert not any("\n" in argument for argument in arguments)
    running.stdin.write("\n".join([*arguments, "-execute", ""]).encode())
    running.stdin.flush()
    return b"".join(iter(running.stdout.readline, b"{ready}\n"))


def exiftool(path: Path, *options: str) -> dict[str, Any]:
    """All that exiftool finds, names with their groups, values as they stand in the file; every packet of several."""
    (row,) = json.loads(_asked("-j", "-n", "-a", "-G1", *options, str(path)))
    assert "ExifTool:Error" not in row, row
    return cast(dict[str, Any], row)


def write_with_exiftool(path: Path, *assignments: str) -> None:
    assert b" 1 image files updated" in _asked("-n", "-overwrite_original", *assignments, str(path))


def frames(path: Path, *options: str) -> str:
    """A digest of each decoded frame and sample (with ``-c copy``: each packet) by ffmpeg, which must be silent."""
    how = ["-f", "framehash", "-hash", "murmur3"]  # 128 bits for less than the decoding costs; MD5 takes twice that
    source = ["-threads", "1", "-i", str(path), "-map", "0"]
    command = [require_tool("ffmpeg"), "-v", "error", *source, *options, *how, "-"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def ffprobe(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file, its XMP with it: the tag ``xmp`` (``-export_xmp``, for clips only).

    It decodes pictures; of clips ``frames`` says the same.
    """
    more = ["-export_xmp", "1"] if path.suffix in (".mp4", ".mov") else ["-count_frames"]
    options = ["-v", "error", "-show_streams", "-show_format", "-of", "json"]
    done = subprocess.run([require_tool("ffprobe"), *more, *options, str(path)], check=True, capture_output=True)
    assert done.stderr == b""
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def pixels(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    """Each frame of a picture as Pillow decodes it."""
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(data)) as picture:
        return [(frame.mode, frame.size, frame.tobytes()) for frame in ImageSequence.Iterator(picture)]


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def packet(inner: str, *, attributes: str = "", wrapped: bool = True) -> bytes:
    text = f'<rdf:RDF {RDF}><rdf:Description rdf:about="uuid:me" {DC} {attributes}>{inner}</rdf:Description></rdf:RDF>'
    text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{text}</x:xmpmeta>'
    if wrapped:
        text = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{text}{" " * 200}\n<?xpacket end="w"?>'
    return text.encode()


def itxt(data: bytes, *, compressed: bool = False) -> bytes:
    text = zlib.compress(data) if compressed else data
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes((compressed, 0)) + b"\0\0" + text)


def png(*more: bytes) -> bytes:
    """A picture with chunks added after its header."""
    data = PICTURES["plain.png"]()
    return data[:33] + b"".join(more) + data[33:]


def png_late(*more: bytes) -> bytes:
    """The same, before its end."""
    data = PICTURES["plain.png"]()
    return data[:-12] + b"".join(more) + data[-12:]


def jpeg(*more: bytes) -> bytes:
    data = PICTURES["plain.jpg"]()
    return data[:20] + b"".join(more) + data[20:]


def webp(*more: bytes) -> bytes:
    return with_riff(PICTURES["exif.webp"](), b"".join(more))


def clip(*more: bytes) -> bytes:
    return CLIPS["fast.mp4"]() + b"".join(more)


def xmp_box(data: bytes) -> bytes:
    return box(b"uuid", XMP_UUID + data)


def jpeg_xmp(data: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + data)


def between(movie: bytes, more: bytes) -> bytes:
    """A movie with a box before its ``moov``, which is the last: the media stay where they are."""
    at = boxes(movie)[-1][1]
    return movie[:at] + more + movie[at:]


TITLE = "<dc:title><rdf:Alt><rdf:li>a &lt;title&gt;</rdf:li></rdf:Alt></dc:title>"
WITH_PACKET: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "png": (".png", lambda data: png(itxt(data))),
    "png, late": (".png", lambda data: png_late(itxt(data))),
    "png, compressed": (".png", lambda data: png(itxt(data, compressed=True))),
    "jpeg": (".jpg", lambda data: jpeg(jpeg_xmp(data))),
    "jpeg, late": (".jpg", lambda data: jpeg(segment(0xFE, b"a comment"), jpeg_xmp(data))),
    "webp": (".webp", lambda data: webp(riff_chunk(b"XMP ", data))),
    "webp, before others": (".webp", lambda data: webp(riff_chunk(b"XMP ", data), riff_chunk(b"mine", b"abc"))),
    "mp4, at the end": (".mp4", lambda data: clip(xmp_box(data))),
    "mp4, to the end": (".mp4", lambda data: clip(b"\0\0\0\0" + xmp_box(data)[4:])),
    "mp4, before others": (".mp4", lambda data: clip(xmp_box(data), box(b"free", b"abc"))),
    "mp4, parts": (".mp4", lambda data: between(CLIPS["parts.mp4"](), xmp_box(data))),
    "mov, in the middle": (".mov", lambda data: between(CLIPS["plain.mov"](), xmp_box(data))),
    "mov, of the movie": (".mov", lambda data: with_user_data(CLIPS["plain.mov"](), box(b"XMP_", data) + b"\0\0\0\0")),
    "mov, of the movie, at the end": (".mov", lambda data: with_user_data(CLIPS["plain.mov"](), box(b"XMP_", data))),
}
