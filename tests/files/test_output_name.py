"""``--output`` as values: names in the order in which they are tried, and what of a prepared journal is believed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from generate_media.files.output_name import OutputName, output_from

PNG, MP4 = "image/png", "video/mp4"


@pytest.mark.parametrize(
    ("name", "position", "media_type", "tried"),
    [
        (OutputName("/a/fox.png"), 1, PNG, ["/a/fox.png", "/a/fox-2.png", "/a/fox-3.png"]),
        (OutputName("/a/fox.png"), 1, MP4, ["/a/fox.mp4", "/a/fox-2.mp4", "/a/fox-3.mp4"]),
        (OutputName("/a/v1.2"), 1, PNG, ["/a/v1.2.png", "/a/v1.2-2.png", "/a/v1.2-3.png"]),
        (OutputName("/a/fox.{ext}"), 1, MP4, ["/a/fox.mp4", "/a/fox-2.mp4", "/a/fox-3.mp4"]),
        (OutputName("/a/{n}.png"), 2, PNG, ["/a/2.png", "/a/3.png", "/a/4.png"]),
        (OutputName("/a/{n}.png", 5, 1), 1, PNG, ["/a/5.png", "/a/5-2.png", "/a/5-3.png"]),
        (OutputName("/a/{n}.png", 5, 2), 2, PNG, ["/a/6.png", "/a/6-2.png", "/a/6-3.png"]),
        (OutputName("/a/{n}.png", 5, 2), 3, PNG, ["/a/6.png", "/a/6-2.png", "/a/6-3.png"]),
    ],
)
def test_names_in_the_order_in_which_they_are_tried(
    name: OutputName, position: int, media_type: str, tried: list[str]
) -> None:
    assert list(islice(name.names("agnes", "task_1", position, media_type), 3)) == tried


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [("/a/b/fox.png", "/a/b"), ("/a/{n}/fox.png", "/a"), ("/a/{id}/{n}/c.png", "/a"), ("/a/{b}/c.png", "/a/{b}")],
)
def test_the_folder_under_which_all_lie(pattern: str, folder: str) -> None:
    assert OutputName(pattern).folder == Path(folder)


@pytest.mark.parametrize(
    "kept",
    [
        None, "x", [], {}, {"pattern": "fox.png", "number": 1}, {"pattern": 7, "number": 1},
        {"pattern": "/a/fox.png", "number": "1"}, {"pattern": "/a/fox.png", "number": 1, "most": "2"},
        {"pattern": "/a{ext}/../.bashrc", "number": 1},
    ],
)  # fmt: skip
def test_a_damaged_name_is_none(kept: Any) -> None:
    assert output_from(kept) is None


def test_a_name_comes_back_from_the_journal() -> None:
    name = OutputName("/a/{n}.png", 3, 2, overwrite=True)
    assert output_from(name.as_json()) == name
