"""Agents without a model: for each evaluation one that does it right, and three that do it wrong.

The three: ``idle`` runs nothing and claims success; ``twice`` pays once more than it should; ``wrong`` makes the
mistake that this task invites (another provider, a translated prompt, a source left out, a retry).
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from typing import Any

from agents import AGCLOUD, AGNES, ALL_OPEN, ARK, MAKE, SV, TOLD, Agents, Script, one
from prepare import PROMPTS, Task
from wishes import WISHES

VARIANTS = ("reference", "idle", "twice", "wrong")
BICYCLE = f"{SV} --prompt 'a red bicycle against a blue wall'"
FORBIDDEN = f"{SV} --prompt 'a forbidden scene'"
CREDITS = """handle_runtime_error.py --status 402 --body '{"error":"INSUFFICIENT_CREDITS"}'"""
BOAT = "https://files.example/boat.mp4"
BATCH = f"{SV} --batch jobs.jsonl --yes --gallery"
TRAIN = f"{AGCLOUD} --prompt 'a train"
SUNFLOWER = f"{MAKE} --prompt 'a sunflower'"
SET = "--model doubao-seedream-4-5-251128 --set sequential_image_generation=auto"
SEASONS = f"{ARK} --prompt 'the four seasons of the same street'"
KEY_PAGE = "No key is set yet. Get one at https://skills.video/dashboard/developer and set SKILLS_VIDEO_API_KEY."
AGENTS = {
    "sv-picture-en": one(
        f"{SV} --prompt 'a matte black coffee grinder on a white background' --aspect-ratio 1:1",
        f"{AGNES} --prompt 'a matte black coffee grinder on a white background' --aspect-ratio 1:1",
    ),
    "sv-picture-zh": one(
        f"{SV} --prompt 雨夜的霓虹街道 --aspect-ratio 9:16",
        f"{SV} --prompt 'neon street, rainy night' --aspect-ratio 9:16",
    ),
    "sv-edit-local": one(
        f"{SV} --prompt 'put a red hat on the cat' --image cat.png", f"{SV} --prompt 'a cat with a red hat'"
    ),
    "sv-animate-zh": one(
        f"{SV} --prompt 海浪轻轻拍打岸边 --first-frame photo.png --duration 5",
        f"{SV} --prompt 海浪轻轻拍打岸边 --image photo.png",
    ),
    "sv-four-versions": one(
        f"{SV} --prompt 'fox logo made of folded paper' --count 4", f"{SV} --prompt 'fox logo made of folded paper'"
    ),
    "sv-batch-gallery": Agents(
        Script((BATCH,), batch=True),
        Script((BATCH.replace(" --gallery", ""),), batch=True),
        twice=tuple(f"{SV} --new --prompt {shlex.quote(line)}" for line in PROMPTS.splitlines()),
    ),
    "sv-resume": Agents(
        Script((ALL_OPEN,)),
        Script((f"{SV} --kind video --prompt 'the lighthouse in a storm, again'",)),
        twice=(f"{SV} --kind video --prompt 'a lighthouse in a storm' --new",),
    ),
    "sv-rejected": Agents(
        Script((FORBIDDEN,), "It was rejected by the provider's moderation. Shall we put it differently?"),
        Script((FORBIDDEN, f"{FORBIDDEN} --set seed=2"), "Rejected by moderation, twice."),
    ),
    "sv-lost-answer": Agents(
        Script((BICYCLE,), "The outcome is unknown: the picture may have been created. Shall I create it again?"),
        Script((BICYCLE,), "It failed. Nothing was made."),
    ),
    "agnes-picture-zh": one(
        f"{AGNES} --prompt 一只可爱的小猫在绿茵足球场上踢足球", f"{AGNES} --prompt 'a cute kitten plays football'"
    ),
    "agnes-compose": one(
        f"{AGNES} --prompt 'the cat wears the hat' --image cat.png --image hat.png",
        f"{AGNES} --prompt 'the cat wears a hat' --image cat.png",
    ),
    "agnes-clip": one(
        f"{AGNES} --kind video --prompt 'a boat drifting on a calm lake' --duration 5 --aspect-ratio 16:9",
        f"{SV} --kind video --prompt 'a boat drifting on a calm lake' --duration 5",
    ),
    "agnes-keyframes-zh": one(
        f"{AGNES} --prompt 黎明到黄昏 --first-frame a.png --last-frame b.png",
        f"{AGNES} --kind video --prompt 黎明到黄昏 --first-frame a.png",
    ),
    "agnes-queue-full": one(f"{AGNES} --kind video --prompt 'falling snow'", f"{AGNES} --prompt 'falling snow'"),
    "agcloud-clip-zh": one(
        f"{AGCLOUD} --prompt 纸船漂在雨后的街道上 --duration 8 --aspect-ratio 9:16",
        f"{AGCLOUD} --prompt 纸船漂在雨后的街道上 --duration 5",
    ),
    "agcloud-last-frame": one(
        f"{AGCLOUD} --prompt 'the camera slowly pulls back' --first-frame photo.png --duration 5 --return-last-frame",
        f"{AGCLOUD} --prompt 'the camera slowly pulls back' --first-frame photo.png --duration 5",
    ),
    "agcloud-two-clips": Agents(
        Script((f"{TRAIN} at dawn' --duration 5", f"{TRAIN} at night' --duration 5")),
        Script((f"{TRAIN} at dawn, then at night' --duration 10",)),
    ),
    "models-question": Agents(
        Script(
            ("inspect_openapi.py --provider agnes --models",),
            "agnes-video-2.5-flash (free), agnes-video-2.5, agnes-video-v2.0 (probably retired).",
        ),
        Script(answer="Agnes offers one video model."),
        twice=(f"{AGNES} --kind video --prompt 'a test'",),
        claim="I looked it up; Agnes has several video models.",
    ),
    "credits-error-zh": Agents(
        Script((CREDITS,), "额度（credits）不足：请到 https://skills.video/dashboard 充值，然后运行同一条命令。"),
        Script(answer="服务器暂时繁忙，稍后再试。"),
        twice=(f"{SV} --prompt 试一下",),
        claim="已经处理好了。",
    ),
    "ark-picture-zh": one(
        f"{ARK} --prompt 窗台上的一只猫 --size 2K --no-watermark",
        f"{ARK} --prompt 窗台上的一只猫 --kind video --duration 5",
    ),
    "ark-set": one(
        f"{SEASONS} {SET} --set sequential_image_generation_options.max_images=4", f"{SEASONS} --count 4"
    ),
    "ark-longer": one(
        f"{ARK} --prompt 'the boat sails on into the fog' --video {BOAT} --set omni_reference_task_type=extend",
        f"{ARK} --kind video --prompt 'a boat sails on into the fog'",
    ),
    **WISHES,
    "no-key": Agents(
        Script((SUNFLOWER,), KEY_PAGE),
        Script((SUNFLOWER,), f"{KEY_PAGE} Or paste your key here."),
        twice=(f"{SUNFLOWER} --sandbox",),
    ),
}  # fmt: skip


def act(task: Task, variant: str) -> None:
    """Play one agent: run its commands as SKILL.md says, then write the answer."""
    script = AGENTS[task.eval["name"]].script(variant)
    if script.batch:
        lines = [json.dumps({"prompt": line}) for line in PROMPTS.splitlines()]
        (task.work / "jobs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for name, text in script.files.items():
        (task.work / name).write_text(text, encoding="utf-8")
    paths: list[str] = []
    last: dict[str, Any] = {}
    for command in script.commands:
        words = _told(last) if command == TOLD else shlex.split(command)
        last, made = _run(task, words)
        paths += made
    told = "\n".join(f"MEDIA:{path}" for path in dict.fromkeys(paths))
    task.answer_file.write_text(script.answer.replace("{paths}", told), encoding="utf-8")


def _told(line: Any) -> list[str]:
    """The first ``command`` in what a script printed, as words after the interpreter."""
    for value in line.values() if isinstance(line, dict) else line if isinstance(line, list) else ():
        if isinstance(value, dict | list) and (found := _told(value)):
            return found
    command = line.get("command") if isinstance(line, dict) else None
    return _words(command) if isinstance(command, str) else []


def _words(command: str) -> list[str]:
    words = shlex.split(command)
    return [words[1].rpartition("/")[2], *words[2:]]


def _run(task: Task, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The last line of one command and its files; while the exit code is 11 or 12, the command in ``resume``."""
    for _ in range(10):
        command = [str(task.python), str(task.skill / "scripts" / words[0]), *words[1:]]
        done = subprocess.run(
            command, cwd=task.work, env=dict(task.environ), capture_output=True, text=True, check=False
        )
        if done.returncode not in (11, 12):
            break
        words = [*_words(json.loads(done.stdout.splitlines()[-1])["resume"]), "--deadline", "100"]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    rows = [line for line in lines if line.get("event") == "terminal"]
    return lines[-1] if lines else {}, [output["path"] for row in rows for output in row["outputs"]]
