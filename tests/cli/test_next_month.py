"""Next month, as an installed read-only copy lives it: the provider moved on, and the errors lead to success again."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from calls import call, copy_bundle, environment
from conftest import SANDBOX_SPEED, Desk, Ran
from generate_media.core.paths import REFERENCES

SNAPSHOT: dict[str, Any] = json.loads((REFERENCES / "skills-video.openapi.json").read_text(encoding="utf-8"))
FILE = Path("references/skills-video.openapi.json")
MONTH, LATER = "2026-12-21", "2027-02-01"
PICTURES = [f"acme/brush-{number}" for number in range(6)]
CLIPS = [f"acme/reel-{number}" for number in range(6)]
GONE = ["openai/sora-2", "runwayml/gen4-turbo"]
RENAMED, WIDER, STRICTER, TIGHTER = (
    "bytedance/seedream-4.5",
    "openai/gpt-image-1.5",
    "z-image/z-image",
    "qwen/qwen-image",
)
USER: dict[str, str | None] = {"SKILLS_VIDEO_API_KEY": "sk-test-key-of-next-month", "XDG_CONFIG_HOME": None}


def next_month() -> dict[str, Any]:
    """The snapshot a month on, as its provider has it: what is new, gone, renamed, wider, tighter, moved."""
    root = deepcopy(SNAPSHOT)
    root["info"]["version"] = root["x-snapshot"]["date"] = MONTH
    paths, schemas = root["paths"], root["components"]["schemas"]
    for model in GONE:
        del paths[f"/generation/{model}"], paths[f"/generation/sse/{model}"]
    for path in [path for path in paths if "/kling-ai/" in path]:
        paths[path.replace("/kling-ai/", "/kling/")] = paths.pop(path)
    for twin in (node["post"] for path, node in paths.items() if "/kling/" in path):
        twin["x-model"], twin["x-twin"] = (twin[key].replace("kling-ai/", "kling/") for key in ("x-model", "x-twin"))
    fields = schemas[RENAMED.replace("/", ".")]["properties"]
    fields["ratio"] = fields.pop("aspect_ratio")
    schemas[WIDER.replace("/", ".")]["properties"]["quality"]["enum"].append("ultra")
    schemas[TIGHTER.replace("/", ".")]["properties"]["n"]["maximum"] = 2
    strict = schemas[STRICTER.replace("/", ".")]
    strict["properties"]["medium"] = {"type": "string", "enum": ["oil", "ink"]}
    strict["required"] = [*strict["required"], "medium"]
    for prefix, models in (("image", PICTURES), ("video", CLIPS)):
        for model in models:
            paths[f"/generation/{model}"] = {"post": _fresh(prefix)}
    return root


def _fresh(kind: str) -> dict[str, Any]:
    limit = {"duration": {"type": "integer", "minimum": 2, "maximum": 9}} if kind == "video" else {}
    words = {"prompt": {"type": "string"}, "aspect_ratio": {"type": "string", "enum": ["1:1", "16:9"]}}
    schema = {"type": "object", "required": ["prompt"], "properties": words | limit, "additionalProperties": False}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "ok"}},
    }


def unmarked(node: Any) -> Any:
    """What the provider publishes: no marks of ours."""
    if isinstance(node, dict):
        return {key: unmarked(value) for key, value in node.items() if not key.startswith("x-")}
    return [unmarked(item) for item in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The provider next month: a sandbox that enforces what it has then. Yields its base URL."""
    folder = tmp_path_factory.mktemp("provider")
    bundle = copy_bundle(folder / "bundle")
    (bundle / FILE).write_text(json.dumps(next_month()), encoding="utf-8")
    command = [sys.executable, str(bundle / "scripts/sandbox.py"), "--port", "0", "--speed", str(SANDBOX_SPEED)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(folder, XDG_CONFIG_HOME=None)
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["providers"]["skills.video"]
        finally:
            process.kill()


MANY = """
import json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from generate_media.beginning import begin
begin()
sys.dont_write_bytecode = True  # the script's own has no other place
from create_and_wait import main
for words in json.loads(sys.argv[2]):
    print(json.dumps({"code": main(words)}), flush=True)
"""


class Person:
    """A user with an installed copy that nobody may write, the published documents, and the provider's address."""

    def __init__(self, home: Path, url: str, config: Path) -> None:
        self.home, self.bundle = home, copy_bundle(home / "skills/generate-media")
        self.where = ("--provider", "skills.video", "--base-url", url, "--config", str(config), "--deadline", "60")
        self._lock(0o555, 0o444)
        self.before = self.content()
        groups = [("Image models", PICTURES), ("Video models", CLIPS)]
        pages = [{"group": name, "pages": [f"POST /generation/{one}" for one in ids]} for name, ids in groups]
        (home / "openapi.json").write_text(json.dumps(unmarked(next_month())), encoding="utf-8")
        (home / "docs.json").write_text(json.dumps({"navigation": {"groups": pages}}), encoding="utf-8")

    def _lock(self, folders: int, files: int) -> None:
        for path in [self.bundle, *self.bundle.rglob("*")]:
            path.chmod(folders if path.is_dir() else files)

    def content(self) -> dict[str, bytes]:
        found = (path for path in self.bundle.rglob("*") if path.is_file())
        return {str(path.relative_to(self.bundle)): path.read_bytes() for path in found}

    def make(self, model: str, *words: str) -> Ran:
        ran = call("create_and_wait", "--model", model, "--prompt", "a boat", *words, *self.where,
                   home=self.home, bundle=self.bundle, **USER)  # fmt: skip
        assert self.content() == self.before, "an installed copy stays as it was"
        return ran

    def foretold(self, *wishes: tuple[str, ...]) -> list[Ran]:
        """Of each model and its flags what would be sent, by one process."""
        runs = [["--model", model, "--prompt", "a boat", *words, "--dry-run", *self.where] for model, *words in wishes]
        command = [sys.executable, "-c", MANY, str(self.bundle / "scripts"), json.dumps(runs)]
        done = subprocess.run(
            command, cwd=self.home, env=environment(self.home, **USER), capture_output=True, text=True, check=True
        )
        assert self.content() == self.before
        told = re.split(r'^\{"code": (\d+)\}\n', done.stdout, flags=re.MULTILINE)
        return [Ran(int(code), out, "") for out, code in zip(told[::2], told[1::2], strict=False)]

    def printed(self, line: str, *more: str) -> Any:
        """A command as it was printed, with what only the user knows in its place; its document."""
        words = shlex.split(line.split(" takes in ")[0].replace("FILE_OR_URL", "openapi.json"))
        done = subprocess.run(
            [*words, *more],
            cwd=self.home,
            env=environment(self.home, **USER),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.content() == self.before
        return json.loads(done.stdout)

    def updated(self, date: str) -> None:
        """The skill is updated: its own contract is of another day, and otherwise as it was."""
        self._lock(0o755, 0o644)
        root = deepcopy(SNAPSHOT)
        root["info"]["version"] = root["x-snapshot"]["date"] = date
        (self.bundle / FILE).write_text(json.dumps(root), encoding="utf-8")
        self._lock(0o555, 0o444)
        self.before = self.content()


@pytest.fixture
def person(tmp_path: Path, provider: str, desk: Desk) -> Iterator[Person]:
    home = tmp_path / "person"
    home.mkdir()
    made = Person(home, provider, desk.write_config())
    yield made
    made._lock(0o755, 0o644)


def guidance(ran: Ran, word: str) -> str:
    return next(line for line in ran.last["guidance"] if word in line)


def test_from_the_first_error_to_the_renewed_success_and_back(person: Person) -> None:
    unknown = person.make(CLIPS[0])
    assert (unknown.code, unknown.last["error"]) == (23, "model_not_found")
    assert SNAPSHOT["x-snapshot"]["date"] in guidance(unknown, "--no-validate")
    at_once = person.make(CLIPS[0], "--kind", "video", "--no-validate")
    assert (at_once.code, at_once.last["ok"]) == (0, True), at_once.out
    refused = person.make(RENAMED, "--aspect-ratio", "1:1")
    assert refused.code == 22, refused.out
    assert "may be old" in guidance(refused, "contract of")

    told = person.printed(guidance(refused, "--renew"), "--docs", "docs.json", "--complete")
    _check_difference(told["diff"])
    assert told["date"] == MONTH
    _check_life_after(person)

    person.updated(LATER)
    again, layered = person.foretold((RENAMED, "--aspect-ratio", "1:1"), (CLIPS[0],))
    assert again.last["body"]["aspect_ratio"] == "1:1"
    assert layered.code == 0, "what the update lacks is still taken from the layer"
    dropped = person.printed(told["undo"])
    assert dropped["dropped"] == [told["kept"]]
    assert person.make(CLIPS[0]).code == 23


def _check_difference(found: dict[str, Any]) -> None:
    assert {line.removeprefix("POST /generation/") for line in found["added"]} == {*PICTURES, *CLIPS}
    assert sorted(found["gone"]) == sorted(GONE)
    assert (found["moved_prefix"]["from"], found["moved_prefix"]["to"]) == (
        "/generation/kling-ai/",
        "/generation/kling/",
    )
    changed = {row["endpoint"].removeprefix("POST /generation/"): row["changes"] for row in found["changed"]}
    assert changed.keys() == {RENAMED, WIDER, STRICTER, TIGHTER}
    said = {model: json.dumps(rows) for model, rows in changed.items()}
    assert "likely renamed" in said[RENAMED]
    assert "ultra" in said[WIDER]
    assert "added, required" in said[STRICTER]
    assert '"n"' in said[TIGHTER]


def _check_life_after(person: Person) -> None:
    """Every change is lived with: made where it can be, refused before it costs where it cannot."""
    clip = person.make(CLIPS[0], "--duration", "5")
    assert (clip.code, clip.last["ok"], clip.last.get("warnings", [])) == (0, True, [])
    renamed = person.make(RENAMED, "--aspect-ratio", "1:1")
    assert renamed.code == 0, renamed.out
    rows: tuple[tuple[str, tuple[str, ...], int, str], ...] = (
        (CLIPS[1], ("--duration", "10"), 22, "at most 9"),
        (PICTURES[1], ("--aspect-ratio", "16:9"), 0, "16:9"),
        ("kling/o3-image", (), 0, "/generation/sse/kling/o3-image"),
        (WIDER, ("--set", "quality=ultra"), 0, "ultra"),
        (TIGHTER, ("--set", "n=3"), 22, "at most 2"),
        (STRICTER, (), 22, "medium"),
        (STRICTER, ("--set", "medium=ink"), 0, "ink"),
        (GONE[0], (), 0, f"gone from the contract of {MONTH}"),
    )
    found = person.foretold(*((model, *words) for model, words, _, _ in rows))
    for (model, _, code, said), ran in zip(rows, found, strict=True):
        assert (ran.code, said in ran.out) == (code, True), (model, ran.out)
    listed = call(
        "inspect_openapi", "--models", "--provider", "skills.video", home=person.home, bundle=person.bundle, **USER
    )
    assert PICTURES[0] in json.dumps(listed.last["models"]["image"])
    assert CLIPS[0] in json.dumps(listed.last["models"]["video"])
    assert {*GONE} <= {*listed.last["gone"]}
