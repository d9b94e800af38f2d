"""A place for one evaluation: the skill pointed at a sandbox of its own, the task's files, the prompt."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUNDLE = Path(__file__).resolve().parents[1]
SHIPPED = ("SKILL.md", "LICENSE", "README.md", "config.json", "config.schema.json", "requirements.txt", "agents",
           "references", "scripts")  # fmt: skip
KEYS = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY")
ALL_KEYS = (*KEYS, "AGNES_API_KEYS")
PICTURES = {"cat.png": "orange", "hat.png": "red", "photo.png": "teal", "a.png": "navy", "b.png": "gold"}
PROMPTS = "a red fox\na blue whale\n一只熊猫\na green parrot\nan old tortoise\na white horse\n"
ODD = (
    """-the sign says "OPEN `24h`" & $HOME isn't for sale 🎬

"""
    + "a lantern, " * 270
    + "and 'nothing' else"
)
"""A prompt that a shell would take apart: 3,000 characters with quotes, newlines, backticks and a leading dash."""
TEXTS = {"prompts.txt": PROMPTS, "idea.txt": ODD}
SHIM = """#!{python}
import json, os, subprocess, sys
words = sys.argv[1:]
script = os.path.realpath(words[0]) if words else ""
if not script.startswith({scripts!r}):
    os.execv({python!r}, [{python!r}, *words])
done = subprocess.run([{python!r}, *words], stdout=subprocess.PIPE)
sys.stdout.buffer.write(done.stdout)
sys.stdout.flush()
with open({calls!r}, "a", encoding="utf-8") as file:
    text = done.stdout.decode("utf-8", "replace").replace({root!r}, "")
    row = {{"words": words, "characters": len(text), "code": done.returncode}}
    file.write(json.dumps(row) + "\\n")
sys.exit(done.returncode)
"""
"""``python3`` on the task's PATH: runs the real one, and writes down each call of the skill's scripts."""


@dataclass(frozen=True)
class Task:
    """One evaluation made ready. ``speed``: how much faster than life; waits of the client are cut by ``scale``."""

    eval: Mapping[str, Any]
    root: Path
    environ: Mapping[str, str]
    sandbox_url: str

    @property
    def skill(self) -> Path:
        return self.root / "skill" / "generate-media"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def prompt_file(self) -> Path:
        return self.root / "prompt.txt"

    @property
    def answer_file(self) -> Path:
        return self.root / "answer.txt"

    @property
    def python(self) -> Path:
        """The python3 that the agent finds first."""
        return self.root / "bin" / "python3"

    @property
    def calls_file(self) -> Path:
        return self.root / "calls.jsonl"

    def calls(self) -> list[dict[str, Any]]:
        """Each call of a script of the skill: its words, the characters that it printed (but for how deep the task's
        folder lies), its exit code."""
        if not self.calls_file.exists():
            return []
        return [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]

    def log(self) -> dict[str, Any]:
        """What the sandbox received."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.sandbox_url}/_log", timeout=20) as answer:
            log: dict[str, Any] = json.load(answer)
        return log


@contextmanager
def prepared(evaluation: Mapping[str, Any], root: Path, *, speed: float, scale: float) -> Iterator[Task]:
    """The task's folder under ``root`` and its sandbox, which ends with the block."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "work").mkdir(parents=True)
    with _sandbox(evaluation.get("faults", ()), speed) as ready:
        _install_skill(root / "skill" / "generate-media", ready["providers"], scale)
        for name in evaluation["files"]:
            _make_file(root / "work" / name)
        task = Task(evaluation, root, _environ(evaluation, root), f"http://127.0.0.1:{ready['port']}")
        task.prompt_file.write_text(
            f"(The skill generate-media is installed: {task.skill}/SKILL.md)\n\n{evaluation['prompt']}\n",
            encoding="utf-8",
        )
        _install_shim(task)
        for script, *args in evaluation.get("setup", ()):
            command = [sys.executable, str(task.skill / "scripts" / script), *args]
            done = subprocess.run(command, cwd=task.work, env=dict(task.environ), check=False, capture_output=True)
            assert done.returncode == evaluation.get("setup_code", 0), done.stdout
        yield task


def _install_shim(task: Task) -> None:
    """The counting ``python3``; it is taken away from no one: the real one stands behind it."""
    scripts = os.path.realpath(task.skill / "scripts") + os.sep
    task.python.parent.mkdir()
    text = SHIM.format(python=sys.executable, scripts=scripts, calls=str(task.calls_file), root=str(task.root))
    task.python.write_text(text, encoding="utf-8")
    task.python.chmod(0o755)


@contextmanager
def _sandbox(faults: tuple[str, ...], speed: float) -> Iterator[dict[str, Any]]:
    flags = [word for fault in faults for word in ("--fault", fault)]
    command = [sys.executable, str(BUNDLE / "scripts/sandbox.py"), "--port", "0", "--speed", str(speed), *flags]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()


def _install_skill(target: Path, base_urls: Mapping[str, str], scale: float) -> None:
    for name in SHIPPED:
        if (BUNDLE / name).is_dir():
            shutil.copytree(BUNDLE / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(BUNDLE / name, target / name)
    config = json.loads((target / "config.json").read_text(encoding="utf-8"))
    config["time_scale"] = scale
    for name, provider in config["providers"].items():
        provider["base_url"] = base_urls[name]
        provider.pop("mirror_base_urls", None)
        provider["key_files"] = []
    (target / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    if (BUNDLE / ".venv").is_dir():
        (target / ".venv").symlink_to(BUNDLE / ".venv")


def _make_file(path: Path) -> None:
    if path.name in TEXTS:
        path.write_text(TEXTS[path.name], encoding="utf-8")
        return
    from PIL import Image

    Image.new("RGB", (512, 512), PICTURES[path.name]).save(path)


def _environ(evaluation: Mapping[str, Any], root: Path) -> dict[str, str]:
    """The caller's environment with test keys, and a journal of its own."""
    environ = {name: value for name, value in os.environ.items() if name not in ALL_KEYS}
    if evaluation.get("keys", True):
        environ |= dict.fromkeys(KEYS, str(evaluation.get("key", "eval-test-key")))
    task = {"GENERATE_MEDIA_STATE_DIR": "state", "PROMPT_FILE": "prompt.txt", "SKILL_DIR": "skill/generate-media"}
    path = f"{root / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return environ | {name: str(root / value) for name, value in task.items()} | {"PATH": path}
