"""What nobody foresaw, and flags that nobody has: one line each, by every script.

A bug of ours cannot be had from the sandbox: it is put into a copy of the bundle, which runs as whole processes.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calls import DEMO, ONE_OF_EACH, call, copy_bundle, forked
from conftest import Desk
from terminal import at_terminal

CANARY = "canary-test-4b7c01e9-canary"
BROKEN = f'raise RuntimeError("{CANARY}")'
MODULES = {
    "create_and_wait": "cli/create.py",
    "wait_generation": "cli/list.py",
    "inspect_openapi": "contract/report.py",
    "ensure_api_key": "cli/check_keys.py",
    "handle_runtime_error": "cli/explain_error.py",
    "gallery": "gallery/page.py",
    "sandbox": "sandbox/faults.py",
}
"""A module that each script loads when it is already at work."""
Spoil = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def with_bug(copy: Path) -> Iterator[Spoil]:
    """A copy of the bundle in which a module has one mistake more, as its last lines; sound again afterwards."""
    sound: dict[Path, str] = {}

    def spoil(module: str, code: str) -> Path:
        file = copy / "scripts" / "generate_media" / module
        sound[file] = file.read_text(encoding="utf-8")
        file.write_text(f"{sound[file]}\n\n{code}\n", encoding="utf-8")
        return copy

    yield spoil
    for file, text in sound.items():
        file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("script", ONE_OF_EACH)
@pytest.mark.parametrize("module", ["", "cli/parser.py"], ids=["at work", "before main"])
def test_what_nobody_foresaw_is_one_line(tmp_path: Path, with_bug: Spoil, script: str, module: str) -> None:
    """With its kind and its place, and without its text, which may hold a key."""
    bundle = with_bug(module or MODULES[script], BROKEN)
    ran = call(script, *ONE_OF_EACH[script], home=tmp_path, bundle=bundle)
    assert (ran.code, ran.err, len(ran.lines)) == (25, "", 1), ran.out
    assert (ran.last["event"], ran.last["error"], ran.last["category"]) == ("error", "internal_error", "unknown")
    assert "RuntimeError" in ran.last["message"]
    assert module or f"{MODULES[script]}:" in ran.last["message"]
    assert ran.last["guidance"]
    assert CANARY not in ran.out


STAGES = {
    "before it is sent": ("job/create.py", "def _send_once(*_): BUG", False, 0),
    "at its answer": ("job/create.py", "def _from_answer(*_): BUG", True, 13),
    "once it is accepted": ("job/follow.py", "def follow(*_): BUG", None, 0),
    "at its file": ("files/placing.py", "def measure(*_): BUG", None, 0),
    "at its record": ("job/collect.py", "def terminal(*_): BUG", None, 0),
}
"""Module, what is broken in it, whether the line says that a job may have been made, the next run's exit code."""


@pytest.mark.parametrize("stage", STAGES)
def test_a_bug_in_the_midst_of_a_job_loses_nothing(tmp_path: Path, with_bug: Spoil, stage: str) -> None:
    """The id and the way to go on are in the line; a sound bundle goes on, and nothing is made twice."""
    module, code, may_have, then = STAGES[stage]
    bundle = with_bug(module, code.replace("BUG", "\n    " + BROKEN))
    words = ("--model", "google/nano-banana-pro", "--endpoint", "/generation/google/nano-banana-pro")
    ran = call(*DEMO, *words, home=tmp_path, bundle=bundle)
    assert (ran.code, ran.err, ran.last["error"]) == (25, "", "internal_error"), ran.out
    assert CANARY not in ran.out
    assert ran.last.get("may_have_been_created") is may_have
    accepted = [line["generation_id"] for line in ran.events("accepted")]
    assert [ran.last[name] for name in ("generation_id",) if name in ran.last] == accepted
    assert accepted == [] or f"--generation-id={accepted[0]}" in ran.last["resume"]
    again = forked(*DEMO, *words, home=tmp_path)
    assert again.code == then, again.out
    jobs = list((tmp_path / "state" / "sandbox" / "store").glob("job-*"))
    assert len(jobs) == 1


@pytest.mark.parametrize("how", ["--generation-id", "--all"])
def test_a_bug_before_a_known_job_is_even_asked_about(tmp_path: Path, with_bug: Spoil, how: str) -> None:
    bundle = with_bug("cli/wait.py", "def _context(*_):\n    " + BROKEN)
    detached = [forked(*DEMO, "--new", "--detach", home=tmp_path) for _ in range(2)]
    made = [ran.events("accepted")[0]["generation_id"] for ran in detached]
    asked = ["--all"] if how == "--all" else [word for identity in made for word in (how, identity)]
    ran = call("wait_generation", "--sandbox", *asked, home=tmp_path, bundle=bundle)
    assert (ran.code, ran.err) == (25, ""), ran.out
    errors = ran.events("error")
    assert sorted(error["generation_id"] for error in errors) == sorted(made)
    assert {error["error"] for error in errors} == {"internal_error"}
    assert all(f"--generation-id={error['generation_id']}" in error["resume"] for error in errors)
    assert CANARY not in ran.out


def test_a_bug_in_one_job_of_many_costs_that_job(tmp_path: Path, with_bug: Spoil) -> None:
    code = f"_measure = measure\ndef measure(path, *more, **named):\n    if 'two' in str(path): {BROKEN}\n"
    code += "    return _measure(path, *more, **named)"
    bundle = with_bug("files/placing.py", code)
    rows = [{"prompt": name, "model": "google/nano-banana-pro"} for name in ("one", "two", "three")]
    (tmp_path / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = call("create_and_wait", "--sandbox", "--batch", "jobs.jsonl", home=tmp_path, bundle=bundle)
    assert (ran.code, ran.err) == (25, ""), ran.out
    assert sorted(line["line"] for line in ran.events("terminal")) == [1, 3]
    (error,) = ran.events("error")
    assert (error["error"], error["line"]) == ("internal_error", 2)
    assert error["generation_id"]
    assert CANARY not in ran.out


def test_a_bug_in_a_helpers_thread_is_a_warning(desk: Desk, tmp_path: Path, with_bug: Spoil) -> None:
    """The look at a silent stream fails: the stream itself goes on, and tells the end."""
    code = f"def _boom(self):\n    {BROKEN}\n_StreamWatch._check = _boom"
    bundle = with_bug("job/listen.py", code)
    desk.write_config(time_scale=100, **{"skills.video": {"create_timeout_seconds": 2000}})
    desk.faults("never-ends")
    config = ("--config", str(desk.home / "config.json"), "--base-url", desk.sandbox.base_urls["skills.video"])
    words = ("--provider", "skills.video", "--prompt", "a cat", "--deadline", "600")
    ran = call("create_and_wait", *words, *config, home=tmp_path, bundle=bundle, SKILLS_VIDEO_API_KEY=desk.key)
    desk.faults()
    assert (ran.code, "Traceback" in ran.err) == (11, False), ran.out + ran.err
    (warning,) = ran.events("warning")
    assert "RuntimeError in job/listen.py:" in warning["message"]
    assert CANARY not in ran.out + ran.err


MISSPELT = [
    ("create_and_wait", "--promt", "--prompt"),
    ("create_and_wait", "-prompt", "--prompt"),
    ("create_and_wait", "--aspect_ratio=16:9", "--aspect-ratio"),
    ("create_and_wait", "--no-audiotrack", "--no-audio-track"),
    ("wait_generation", "--generationid", "--generation-id"),
    ("wait_generation", "--al", "--all"),
    ("inspect_openapi", "--modles", "--models"),
    ("ensure_api_key", "--verfy", "--verify"),
    ("handle_runtime_error", "--stauts", "--status"),
    ("gallery", "--titel", "--title"),
    ("sandbox", "--falt", "--fault"),
]


@pytest.mark.parametrize(("script", "wrong", "right"), MISSPELT)
def test_an_unknown_flag_is_named_with_the_nearest_right_one(
    tmp_path: Path, script: str, wrong: str, right: str
) -> None:
    """Before anything that is missing because of it."""
    ran = forked(script, wrong, "x", home=tmp_path)
    assert (ran.code, ran.err, len(ran.lines)) == (2, "", 1)
    assert ran.last["event"] == "error"
    name = wrong.partition("=")[0]
    assert ran.last["received"] == name
    assert ran.last["suggestions"][0] == right
    assert name in ran.last["message"]
    assert right in ran.last["message"]
    assert any("--help" in line for line in ran.last["guidance"])


@pytest.mark.parametrize("script", ONE_OF_EACH)
def test_every_flag_of_the_help_is_the_nearest_to_itself_with_a_slip(tmp_path: Path, script: str) -> None:
    """Told by the help and by difflib, not by our own search."""
    shown = forked(script, "--help", home=tmp_path).out.replace("--[no-]", "--")
    flags = sorted(set(re.findall(r"(?<!\S)--[a-z][a-z-]+[a-z]", shown)))
    assert len(flags) > 1
    slips = {flag: flag[:-2] + flag[-1] + flag[-2] for flag in flags if len(flag) > 7 and flag[-1] != flag[-2]}
    for flag, slip in list(slips.items())[:6]:
        ran = forked(script, slip, home=tmp_path)
        assert difflib.get_close_matches(slip, ran.last["suggestions"], n=1, cutoff=0.8), (flag, slip)
        assert flag in ran.last["suggestions"], slip


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("--prompt", "a", "paper", "boat"), "quotes"),
        (
            (
                "--seed",
                "-1",
                "--prompt",
                "a cat",
                "--model",
                "qwen/qwen-image-2",
                "--no-validate",
                "--dry-run",
                "--sandbox",
            ),
            "",
        ),
        (("--prompt", "- a dash and words", "--dry-run", "--sandbox"), ""),
        (("--prompt=--looks-like-a-flag", "--dry-run", "--sandbox"), ""),
        (("--prompt", "--looks-like-a-flag"), "--flag=-value"),
    ],
)
def test_what_only_looks_like_a_flag(tmp_path: Path, args: tuple[str, ...], word: str) -> None:
    ran = forked("create_and_wait", *args, home=tmp_path)
    assert ran.code == (2 if word else 0), ran.out
    assert word in ran.out


def test_a_key_of_a_batch_line_too(tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text('{"promt": "a cat"}\n')
    ran = forked("create_and_wait", "--sandbox", "--batch", "jobs.jsonl", home=tmp_path)
    (error,) = ran.events("error")
    assert "did you mean prompt?" in error["message"]


@pytest.mark.parametrize("script", ONE_OF_EACH)
def test_an_error_is_one_line_at_a_terminal_too(desk: Desk, script: str) -> None:
    assert len(at_terminal(script, "--nonsense", "--json").raw.splitlines()) == 1


@pytest.mark.parametrize("script", ["inspect_openapi", "handle_runtime_error", "ensure_api_key", "gallery"])
def test_a_document_is_one_line_and_at_a_terminal_many(desk: Desk, script: str) -> None:
    args = ONE_OF_EACH[script]
    piped, shown = desk.call(script, *args).out, at_terminal(script, *args, "--json").raw
    assert len(piped.splitlines()) == 1
    assert len(shown.splitlines()) > 2
    assert json.loads(shown) == json.loads(piped)
