"""Reading within a budget of time, bytes and reads; the clock is handed in."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from itertools import count, repeat
from pathlib import Path

import pytest

from generate_media.media.bounded import MAX_PIECE_BYTES, Bounded, Untold
from generate_media.media.measures import Measures
from generate_media.media.sniff import measure
from generate_media.media.wholeness import Structure, structure
from media.test_genuine import fill_bomb, tag_bomb
from web import picture


def test_it_stops_when_its_seconds_are_over() -> None:
    ticks = count()
    file = Bounded(io.BytesIO(bytes(10_000)), seconds=3, now=lambda: float(next(ticks)))
    with pytest.raises(Untold):
        list(map(file.read, repeat(1, 10_000)))
    assert 64 <= file.tell() < 300


def test_it_stops_when_its_bytes_are_over() -> None:
    file = Bounded(io.BytesIO(bytes(100)), max_bytes=150)
    file.read()
    file.seek(0)
    with pytest.raises(Untold):
        file.read()


def test_it_stops_after_a_million_reads() -> None:
    file = Bounded(io.BytesIO(b""), seconds=1e9)
    with pytest.raises(Untold):
        list(map(file.read, repeat(1, 1_000_001)))


def test_it_takes_what_is_there_and_no_giant_pieces() -> None:
    file = Bounded(io.BytesIO(b"abc"))
    assert (file.length, file.take(2), file.tell()) == (3, b"ab", 2)
    with pytest.raises(EOFError):
        file.take(2)
    with pytest.raises(Untold):
        file.take(MAX_PIECE_BYTES + 1)


@pytest.mark.parametrize(("offset", "whence", "there"), [(5, 0, 3), (1 << 70, 0, 3), (9, 1, 3), (-1, 2, 2), (1, 1, 1)])
def test_beyond_the_end_is_the_end(offset: int, whence: int, there: int) -> None:
    assert Bounded(io.BytesIO(b"abc")).seek(offset, whence) == there


def sparse_avif() -> bytes:
    """A picture, and behind it the beginning of a box of 2 GiB."""
    return picture(form="AVIF") + b"\0\0\0\1free" + (2 << 30).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("make", "media_type", "behind"),
    [(tag_bomb, "image/tiff", 0), (fill_bomb, "image/jpeg", 0), (sparse_avif, "image/avif", (2 << 30) - 16)],
    ids=["a TIFF of 3,000 tags that share 6 MB", "64 MiB of JPEG fill bytes", "2 GiB behind an AVIF"],
)
def test_measuring_a_bomb_takes_little_room(
    make: Callable[[], bytes], media_type: str, behind: int, tmp_path: Path
) -> None:
    """Measured before: 18 GB and no file saved, 19 s, 4.1 GiB; now under 2 MiB and 0.2 s."""
    with (tmp_path / "x").open("wb") as out:
        out.truncate(out.write(make()) + behind)
    tracemalloc.start()
    try:
        found = measure(tmp_path / "x", media_type)
        with (tmp_path / "x").open("rb") as file:
            shape = structure(file, media_type)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == Measures(64, 48)
    assert shape is not Structure.CUT
    assert peak < 8 << 20
