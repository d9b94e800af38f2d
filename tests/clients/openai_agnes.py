"""Drives Agnes's protocol with the openai package; run by that package's own python.

    python openai_agnes.py BASE_URL PHOTO

Prints one JSON object: what the client read in each scene.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

import openai

PICTURE, EDIT = "agnes-image-2.1-flash", "agnes-image-2.0-flash"
FLASH, OLD = "agnes-video-2.5-flash", "agnes-video-v2.0"


def clip(client: openai.OpenAI, body: dict[str, Any]) -> dict[str, Any]:
    """Make a clip and ask on both routes until it ends."""
    created: Any = client.post("/videos", body=body, cast_to=object)
    root = str(client.base_url).split("/v1")[0]
    by_video = f"{root}/agnesapi?video_id={created['video_id']}&model_name={body['model']}"
    for _ in range(600):
        state: Any = client.get(f"/videos/{created['task_id']}", cast_to=object)
        if state["status"] not in ("queued", "in_progress"):
            other: Any = client.get(by_video, cast_to=object)
            return {"status": state["status"], "url": state["url"], "same": other["url"] == state["url"]}
        time.sleep(0.02)
    raise SystemExit("the clip never ended")


def refusal(make: Any) -> str:
    """What a refused call raises, and the code in it."""
    try:
        make()
    except openai.APIStatusError as error:
        return f"{type(error).__name__} {error.status_code} {error.code}"
    return "nothing"


def main() -> None:
    base_url, photo = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key="test-key", max_retries=0)
    raw = base64.b64encode(Path(photo).read_bytes()).decode("ascii")
    uri = f"data:image/png;base64,{raw}"
    text = client.images.generate(model=PICTURE, prompt="一只可爱的小猫", size="1024x768")
    nested = {"extra_body": {"image": [uri, uri]}}
    edited = client.images.generate(model=EDIT, prompt="side by side", extra_body=nested)
    flat = {"image": [uri]}
    report = {
        "version": openai.__version__,
        "models": [model.id for model in client.models.list()],
        "pictures": [picture.data[0].url for picture in (text, edited)],
        "clips": {
            "text": clip(client, {"model": FLASH, "prompt": "x", "mode": "text", "seconds": "5"}),
            "first frame": clip(client, {"model": OLD, "prompt": "x", "image": raw, "num_frames": 121}),
        },
        "refusals": {
            "flattened": refusal(lambda: client.images.generate(model=EDIT, prompt="x", extra_body=flat)),
            "wrong frames": refusal(
                lambda: client.post("/videos", body={"model": OLD, "prompt": "x", "num_frames": 120}, cast_to=object)
            ),
            "bad key": refusal(lambda: client.with_options(api_key="bad-test-key").models.list()),
            "unknown model": refusal(lambda: client.images.generate(model="agnes-image-9", prompt="x")),
        },
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
