"""docs.json: groups nested to any depth; pages as calls, slugs and objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.documents import body, contract, document
from generate_media.contract.load import BrokenDocument
from generate_media.contract.navigation import endpoints_of, in_category, read_navigation

API = document(
    {
        "/v1/generation/openai/gpt-image-1.5": body({}, summary="GPT Image"),
        "/v1/generation/openai/sora-2": body({}),
        "/v1/generation/a/b/video": body({}, operationId="makeVideo"),
        "/v1/generation/{id}": {"get": {"responses": {}}},
    }
)
IMAGE, SORA, CLIP = "/generation/openai/gpt-image-1.5", "/generation/openai/sora-2", "/generation/a/b/video"


@pytest.mark.parametrize(
    ("navigation", "images", "videos"),
    [
        ([{"group": "Images", "pages": ["POST /v1/generation/openai/gpt-image-1.5"]}], [IMAGE], []),
        ({"groups": [{"group": "Image API", "pages": ["api-reference/gpt-image-15"]}]}, [IMAGE], []),
        (
            {
                "tabs": [
                    {"tab": "Guides", "groups": [{"group": "Start", "pages": ["intro", "quickstart"]}]},
                    {
                        "tab": "API",
                        "groups": [
                            {
                                "group": "Models",
                                "pages": [
                                    {"group": "Images", "pages": ["api-reference/gpt-image"]},
                                    {
                                        "group": "Videos",
                                        "pages": [
                                            "openapi.json POST /api/v1/generation/openai/sora-2",
                                            {"group": "More", "pages": [{"openapi": "POST /generation/a/b/video"}]},
                                        ],
                                    },
                                ],
                            },
                        ],
                    },
                ]
            },
            [IMAGE],
            [SORA, CLIP],
        ),
        (
            {"languages": [{"language": "cn", "tabs": [{"tab": "接口", "pages": [
                {"group": "图片", "pages": ["gpt-image-15"]}, {"group": "视频", "pages": ["make-video"]}]}]}]},
            [IMAGE],
            [CLIP],
        ),
        ({"pages": ["POST /generation/openai/nothing", "sora-2"]}, [], []),
    ],
)  # fmt: skip
def test_navigation_by_category(navigation: Any, images: list[str], videos: list[str], tmp_path: Path) -> None:
    (tmp_path / "docs.json").write_text(json.dumps({"navigation": navigation}), encoding="utf-8-sig")
    pages = read_navigation(tmp_path / "docs.json")
    found = endpoints_of(pages, contract(API))
    assert [e.poll_path for e, page in found if in_category(page, "images")] == images
    assert [e.poll_path for e, page in found if in_category(page, "videos")] == videos


@pytest.mark.parametrize("text", ["{}", "[]", '{"navigation": 3}', '{"navigation": '])
def test_a_broken_docs_json_is_one_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "docs.json").write_text(text)
    with pytest.raises(BrokenDocument):
        read_navigation(tmp_path / "docs.json")
