"""What was delivered otherwise than asked for: by the command's words, or by a payload's fields."""

from __future__ import annotations

from typing import Any

import pytest

from generate_media.core import SavedOutput
from generate_media.request.expected import differences, outputs_expected


def file(width: int, height: int, seconds: float | None = None, role: str = "", kind: str = "") -> SavedOutput:
    return SavedOutput("/a", None, kind, 1, "", width, height, seconds, role)


PNG, GIF, MP4 = file(1, 1, kind="image/png"), file(1, 1, 5.0, kind="image/gif"), file(1, 1, 5.0, kind="video/mp4")


@pytest.mark.parametrize(
    ("asked", "made", "differs"),
    [
        ({"duration": "5"}, file(1, 1, 2.0), {"duration": "5"}),
        ({"duration": "5"}, file(1, 1, 5.04), {}),
        ({"duration": "10"}, file(1, 1, 9.2), {}),
        ({"duration": "auto"}, file(1, 1, 9.2), {}),
        ({"duration": "5"}, file(1, 1), {}),
        ({"aspect-ratio": "16:9"}, file(1344, 768), {}),
        ({"aspect-ratio": "16:9"}, file(832, 480), {}),
        ({"aspect-ratio": "16:9"}, file(768, 1344), {"aspect-ratio": "16:9"}),
        ({"aspect-ratio": "0:9"}, file(768, 1344), {}),
        ({"size": "1024x1024"}, file(1024, 1024), {}),
        ({"size": "1024x1024"}, file(1000, 1024), {"size": "1024x1024"}),
        ({"size": "2K"}, file(2048, 1152), {}),
        ({"size": "2K"}, file(2752, 1536), {}),
        ({"size": "2K"}, file(1024, 1024), {"size": "2K"}),
        ({"size": "1K"}, file(4096, 4096), {"size": "1K"}),
        ({"resolution": "720p"}, file(960, 960), {}),
        ({"resolution": "720p"}, file(1280, 704), {}),
        ({"resolution": "1080p"}, file(1280, 720), {"resolution": "1080p"}),
        ({"size": "square_hd"}, file(1, 1), {}),
        ({"duration": "5"}, file(1, 1, 2.0, "last_frame"), {}),
        ({}, file(1, 1, 2.0), {}),
        ({"kind": "video"}, PNG, {"kind": "video"}),
        ({"duration": "5"}, PNG, {"kind": "video"}),
        ({"first-frame": ["/a.png"]}, PNG, {"kind": "video"}),
        ({"kind": "video"}, GIF, {}),
        ({"kind": "video"}, MP4, {}),
        ({"kind": "image"}, MP4, {"kind": "image"}),
        ({"kind": "image"}, PNG, {}),
        ({"image": ["/a.png"]}, PNG, {}),
        ({"payload": "{}"}, file(1, 1, 2.0), {"duration": 7}),
    ],
)
def test_only_what_differs_is_told(asked: dict[str, Any], made: SavedOutput, differs: dict[str, Any]) -> None:
    assert differences(asked, {"duration": 7}, [made]) == differs


@pytest.mark.parametrize(
    ("body", "count"), [({}, 1), ({"n": 4}, 4), ({"num_images": 2}, 2), ({"n": True}, 1), ({"n": 10**9}, 1000)]
)
def test_how_many_are_asked_for(body: dict[str, Any], count: int) -> None:
    assert outputs_expected(body) == count
