"""Drives a pictures server with one of Ark's official Python SDKs; run by that SDK's own python, as ark_python.py.

    python ark_pictures.py volcenginesdkarkruntime|arkruntime BASE_URL [--record FOLDER]

Prints one JSON object: what the client read of each scene.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import httpx
from ark_python import PACKAGES, Recorder, head_of, write

PRO, V45 = "doubao-seedream-5-0-pro-260628", "doubao-seedream-4-5-251128"
PNG = "data:image/png;base64,iVBORw0KGgo="


def scenes(module: str) -> dict[str, dict[str, Any]]:
    typed = import_module(f"{module}.types.images").SequentialImageGenerationOptions(max_images=4)
    most = typed if module == "volcenginesdkarkruntime" else {"max_images": 4}
    return {
        "single": {"model": PRO, "prompt": "一只猫", "size": "2K", "output_format": "png", "watermark": False},
        "reference": {"model": PRO, "prompt": "a red hat on it", "image": PNG, "size": "1024x1024"},
        "references": {
            "model": V45,
            "prompt": "all in one",
            "image": [PNG, *(f"https://files.example/{number}.png" for number in range(13))],
            "size": "4K",
            "response_format": "url",
        },
        "set": {
            "model": V45,
            "prompt": "four seasons of one street",
            "size": "2304x1728",
            "sequential_image_generation": "auto",
            "sequential_image_generation_options": most,
        },
    }


def read(answer: Any) -> dict[str, Any]:
    """What the client makes of an answer; an element that failed has no URL."""
    rows = [row if isinstance(row, dict) else row.model_dump() for row in answer.data]
    return {
        "model": answer.model,
        "sizes": [row.get("size") for row in rows],
        "files": [head_of(row.get("url")) for row in rows],
        "errors": [(row.get("error") or {}).get("code") for row in rows],
        "generated_images": answer.usage.generated_images,
    }


def refusal(images: Any, **fields: Any) -> str:
    try:
        images.generate(**fields)
    except Exception as error:
        return type(error).__name__
    return "nothing"


def main() -> None:
    module, base_url, *rest = sys.argv[1:]
    folder = Path(rest[1]) if rest[:1] == ["--record"] else None
    recorder = Recorder()
    http = httpx.Client(event_hooks={"request": [recorder]}, trust_env=False)
    images = import_module(module).Ark(api_key="example-test-key", base_url=base_url, http_client=http).images
    report: dict[str, Any] = {"client": f"{PACKAGES[module]} {metadata.version(PACKAGES[module])}", "scenes": {}}
    for name, fields in scenes(module).items():
        recorder.requests.clear()
        report["scenes"][name] = read(images.generate(**fields))
        if folder is not None:
            write(folder / f"{name}.json", report["client"], recorder.requests[:1], "{id}", base_url)
    alone = {"X-Sandbox-Fault": "agcloud-picture-failed=2"}
    report["scenes"]["one of a set fails"] = read(images.generate(**scenes(module)["set"], extra_headers=alone))
    report["refusals"] = {
        "a size beyond the model": refusal(images, model=PRO, prompt="x", size="4096x4096"),
        "a set where there is none": refusal(images, model=PRO, prompt="x", sequential_image_generation="auto"),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
