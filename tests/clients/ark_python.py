"""Drives a content-generation server with one of Ark's official Python SDKs; run by that SDK's own python.

    python ark_python.py volcenginesdkarkruntime|arkruntime BASE_URL [--record FOLDER]

Prints one JSON object: what each scene's client read. ``--record`` also writes every request as it left the
client (the key cut out, the task's id as {id}) to FOLDER/SCENE.json.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import httpx

PACKAGES = {"volcenginesdkarkruntime": "volcengine-ark-runtime", "arkruntime": "arkruntime"}
MODEL = "doubao-seedance-2-0-260128"
TEXT = {"type": "text", "text": "a paper boat on a rainy street"}
KEPT = ("accept", "content-type", "user-agent")


def media(kind: str, role: str, url: str) -> dict[str, Any]:
    return {"type": kind, kind: {"url": url}, "role": role}


IMAGE = media("image_url", "reference_image", "https://files.example/a.png")
SCENES: dict[str, dict[str, Any]] = {
    "text": {
        "model": "doubao-seedance-1-5-pro-251215",  # 2.0 and 2.5 have no seed
        "content": [TEXT],
        "ratio": "9:16",
        "duration": 4,
        "seed": 7,
        "watermark": False,
    },
    "extend": {
        "model": "doubao-seedance-2-5-260628",
        "content": [TEXT, media("video_url", "reference_video", "https://files.example/a.mp4")],
        "extra_body": {"omni_reference_task_type": "extend", "output_format": "mov"},  # no names in every SDK
    },
    "first-frame": {"content": [TEXT, IMAGE | {"role": "first_frame"}], "return_last_frame": True},
    "first-and-last-frame": {
        "content": [IMAGE | {"role": "first_frame"}, IMAGE | {"role": "last_frame"}],
        "duration": -1,
    },
    "references": {
        "content": [
            TEXT,
            IMAGE,
            media("image_url", "reference_image", "data:image/png;base64,iVBORw0KGgo="),
            media("video_url", "reference_video", "https://files.example/a.mp4"),
            media("audio_url", "reference_audio", "https://files.example/a.mp3"),
        ],
        "generate_audio": True,
        "ratio": "16:9",
        "duration": 11,
        "watermark": False,
    },
}


class Recorder:
    """Keeps each request as httpx sends it."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> None:
        body = request.read()
        self.requests.append(
            {
                "method": request.method,
                "path": request.url.path,
                "query": [list(pair) for pair in request.url.params.multi_items()],
                "headers": {name: request.headers[name] for name in KEPT if name in request.headers},
                "body": json.loads(body) if body else None,
            }
        )


def run_scene(tasks: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Make, follow, list and delete one task."""
    fields = {"model": MODEL, **fields}
    made = tasks.create(**fields)
    seen: list[str] = []
    task = tasks.get(task_id=made.id)
    until = time.monotonic() + 60
    while task.status in ("queued", "running") and time.monotonic() < until:
        seen.append(task.status)
        time.sleep(0.05)
        task = tasks.get(task_id=made.id)
    listed = tasks.list(page_num=1, page_size=5, status="succeeded", task_ids=[made.id], model=fields["model"])
    files = [head_of(task.content.video_url), head_of(getattr(task.content, "last_frame_url", None))]
    tasks.delete(task_id=made.id)
    return {
        "id": made.id,
        "words": sorted(set(seen)),
        "status": task.status,
        "files": files,
        "total_tokens": task.usage.total_tokens,
        "listed": [item.id for item in listed.items],
        "total": listed.total,
    }


def head_of(url: str | None) -> str | None:
    """The first eight bytes of a file in hex."""
    return None if url is None else httpx.get(url, trust_env=False).content[:8].hex()


def refusals(tasks: Any) -> dict[str, str]:
    """The classes of the errors that the client raises."""
    calls = {
        "a wrong ratio": lambda: tasks.create(model=MODEL, content=[TEXT], ratio="3:3"),
        "an unknown task": lambda: tasks.get(task_id="cgt-unknown"),
    }
    found = {}
    for name, call in calls.items():
        try:
            call()
            found[name] = "nothing"
        except Exception as error:
            found[name] = type(error).__name__
    made = tasks.create(model=MODEL, content=[TEXT], extra_headers={"X-Sandbox-Fault": "agcloud-queued-forever"})
    tasks.delete(task_id=made.id)
    found["a queued task, deleted"] = tasks.get(task_id=made.id).status
    return found


def main() -> None:
    module, base_url, *rest = sys.argv[1:]
    folder = Path(rest[1]) if rest[:1] == ["--record"] else None
    recorder = Recorder()
    client = import_module(module).Ark(
        api_key="example-test-key",
        base_url=base_url,
        http_client=httpx.Client(event_hooks={"request": [recorder]}, trust_env=False),
    )
    tasks = client.content_generation.tasks
    report: dict[str, Any] = {"client": f"{PACKAGES[module]} {metadata.version(PACKAGES[module])}", "scenes": {}}
    for name, fields in SCENES.items():
        recorder.requests.clear()
        scene = report["scenes"][name] = run_scene(tasks, fields)
        if folder is not None:
            write(folder / f"{name}.json", report["client"], distinct(recorder.requests), scene["id"], base_url)
    report["refusals"] = refusals(tasks)
    print(json.dumps(report))


def distinct(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests in order, repeated polls once."""
    return [row for number, row in enumerate(requests) if row not in requests[:number]]


def write(path: Path, client: str, requests: list[dict[str, Any]], identity: str, base_url: str) -> None:
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in requests)
    rows = rows.replace(identity, "{id}").replace(httpx.URL(base_url).path, "{base}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{\n "client": {json.dumps(client)},\n "requests": [\n{rows}\n ]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
