"""What the command line promises, as a file of tests: flags, exit codes, help, usage errors, lines on stdout."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from bundle import ENTRY_SCRIPTS
from calls import forked
from conftest import Desk
from generate_media.cli.flags import create_parser, wait_parser
from generate_media.cli.parser import seconds
from generate_media.core.errors import ExitCode
from generate_media.core.paths import BUNDLE
from tokens import count
from tools import require_tool

FLAGS = {
    "create_and_wait": """--sse-endpoint --endpoint --model --payload --payload-file --prompt --image --first-frame
        --last-frame --video --audio --aspect-ratio --size --duration --seed --count --set --kind --openapi --resolution
        --frames --audio-track --no-audio-track --watermark --return-last-frame --expires-after --fit --dry-run
        --no-validate --output-dir --no-download --poll-timeout --poll-interval --poll-request-timeout
        --sse-request-timeout --deadline --detach --new --verbose --batch --concurrency --shard --gallery --max-jobs
        --yes --provider --base-url --sandbox --config --version --help""",
    "wait_generation": """--generation-id --interval --timeout --request-timeout --base-url --all --list --limit
        --cancel --sandbox --provider --model --output-dir --no-download --deadline --verbose --config --version
        --help""",
    "inspect_openapi": """--provider --models --live --validate --variant --full --diff --openapi --config --docs
        --category --list-endpoints --endpoint --include-template --json-indent --version --help""",
    "ensure_api_key": "--provider --verify --config --version --help",
    "handle_runtime_error": """--status --body --body-file --provider --base-url --credits-endpoint --config --version
        --help""",
    "sandbox": "--port --speed --fault --list-faults --seed --version --help",
    "gallery": "--version --help",
}
EXIT_CODES = {0, 2, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 130, 143}
FIELDS = {
    "start": {"provider", "model", "mode", "fingerprint", "limits"},
    "accepted": {"generation_id", "resume"},
    "attached": {"generation_id", "since"},
    "status": {"generation_id", "status"},
    "fallback_polling_start": {"generation_id", "reason"},
    "retry": {"operation", "http_status", "category", "wait_seconds", "attempt"},
    "warning": {"message"},
    "terminal": {"ok", "generation_id", "status", "result", "source", "outputs", "elapsed_seconds"},
    "error": {"error", "category", "message", "should_retry", "guidance"},
    "summary": {"ok", "counts"},
}
OUTPUT = {"path", "url", "media_type", "bytes", "width", "height", "sha256"}
CALLS_WITHOUT_KEY = (
    ("create_and_wait", "--help"),
    ("create_and_wait", "--version"),
    ("create_and_wait", "--no-such-flag"),
    ("create_and_wait", "--prompt", "a cat", "--model", "google/nano-banana-pro", "--dry-run"),
    ("wait_generation", "--help"),
    ("inspect_openapi", "--provider", "agnes", "--models"),
    ("inspect_openapi", "--endpoint", "google/nano-banana-pro", "--include-template"),
    ("handle_runtime_error", "--status", "402"),
    ("ensure_api_key",),
)


def parser_of(script: str) -> argparse.ArgumentParser:
    own = {"create_and_wait": create_parser, "wait_generation": wait_parser}
    made: argparse.ArgumentParser = own[script]() if script in own else importlib.import_module(script).parser()
    return made


def call(
    tmp_path: Path, script: str, *args: str, python: tuple[str, ...] = (sys.executable,), before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """A script as a process, by a user who has neither keys nor a home to look in."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_API_KEYS"))}
    environ |= {"HOME": str(tmp_path), "GENERATE_MEDIA_STATE_DIR": str(tmp_path / "state")}
    command = [*before, *python, str(BUNDLE / f"scripts/{script}.py"), *args]
    return subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_flags_of_the_contract_exist(script: str) -> None:
    known = set(parser_of(script)._option_string_actions)
    assert set(FLAGS[script].split()) - known == set()


def test_repeatable_flags_repeat() -> None:
    args = create_parser().parse_args(["--image", "a", "--image", "b", "--openapi", "x", "--openapi", "y"])
    assert args.image == ["a", "b"]
    assert args.openapi == [Path("x"), Path("y")]
    assert wait_parser().parse_args(["--generation-id", "a", "--generation-id", "b"]).generation_id == ["a", "b"]


def test_defaults_of_the_contract() -> None:
    args = create_parser().parse_args([])
    assert (args.poll_request_timeout, args.sse_request_timeout) == (20, 120)
    providers = json.loads((BUNDLE / "config.json").read_text(encoding="utf-8"))["providers"]
    waits = {name: (row["poll_timeout"], row["poll_interval"]) for name, row in providers.items()}
    assert waits.pop("skills.video") == (900, 3)
    assert set(waits.values()) == {(1800, 10)}
    assert set(waits) == {"agnes", "agcloud", "ark", "byteplus"}


def test_exit_codes_are_the_tables() -> None:
    assert {code.value for code in ExitCode} == EXIT_CODES


HELP_BUDGET = {"create_and_wait": (85, 1350), "inspect_openapi": (50, 600), "wait_generation": (50, 700)}
"""Lines and tokens of a page of help; the others have less."""


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_help_is_a_screen_with_three_examples_and_needs_no_package(tmp_path: Path, script: str) -> None:
    done = call(tmp_path, script, "--help", python=(sys.executable, "-S", "-E"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    most_lines, most_tokens = HELP_BUDGET.get(script, (36, 400))
    assert len(lines) <= most_lines
    assert count(done.stdout) <= most_tokens
    assert max(map(len, lines)) <= 120
    examples = lines[lines.index("examples:") + 1 :]
    assert len([line for line in examples if f"{script}.py" in line]) == 3
    for line in examples:
        for flag in re.findall(r"(?<!\S)--[a-z-]+", line.split(f"{script}.py")[-1]):
            assert flag in parser_of(script)._option_string_actions


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_help_explains_every_flag_and_ends_with_the_exit_codes(script: str) -> None:
    parser = parser_of(script)
    text = parser.format_help()
    worded = dict(re.findall(r"^  (\S+)[^\n]{0,30}? {1,}(\S.{3,})$", text.replace("[no-]", ""), re.MULTILINE))
    for action in parser._actions:
        if action.option_strings and action.dest not in ("help", "version", "json"):
            assert worded.get(action.option_strings[0]), action.option_strings
            assert action.help
        if action.metavar == "S" and action.type is seconds:
            assert "seconds" in str(action.help), "a time has its unit"
    codes = re.findall(r"(?:^|  )(\d+) [a-z]", text.split("exit codes:\n")[1], re.MULTILINE)
    assert {int(code) for code in codes} == EXIT_CODES


@pytest.mark.parametrize("columns", [44, 72, 100])
def test_help_is_as_wide_as_the_terminal(columns: int) -> None:
    """But for the usage line and the examples, which are there to be pasted."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    words = [sys.executable, str(BUNDLE / "scripts/wait_generation.py"), "--help"]
    with subprocess.Popen(words, stdout=theirs, stdin=subprocess.DEVNULL) as shown:
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                text += part
    os.close(ours)
    assert shown.returncode == 0
    lines = [line for line in text.decode().splitlines()[1:] if "wait_generation.py" not in line]
    assert columns - 16 <= max(map(len, lines)) <= columns


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_version(tmp_path: Path, script: str) -> None:
    done = call(tmp_path, script, "--version", python=(sys.executable, "-S", "-E"))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"generate-media \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_unknown_flag_is_an_error_object(tmp_path: Path, script: str) -> None:
    ran = forked(script, "--no-such-flag", home=tmp_path)
    assert (ran.code, ran.err) == (2, "")
    error = ran.last
    assert FIELDS["error"] <= set(error)
    assert "--no-such-flag" in error["message"] or "required" in error["message"]
    assert any("--help" in words for words in error["guidance"])


@pytest.mark.parametrize("words", CALLS_WITHOUT_KEY, ids=" ".join)
def test_no_network_is_touched(tmp_path: Path, words: tuple[str, ...]) -> None:
    trace = tmp_path / "trace"
    strace = (require_tool("strace"), "-f", "--seccomp-bpf", "-qq")
    before = (*strace, "-e", "trace=connect,sendto,sendmsg", "-o", str(trace))
    done = call(tmp_path, *words, before=before)
    assert "Traceback" not in done.stderr
    assert not re.search(r"AF_INET|AF_INET6", trace.read_text())


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (["--prompt", ""], ["--prompt"]),
        (["--prompt", " \n"], ["--prompt"]),
        ([], ["--prompt"]),
        (["--payload", "{"], ["JSON"]),
        (["--payload", "[1]"], ["object"]),
        (["--payload-file", "absent.json"], ["absent.json"]),
        (["--prompt", "a", "--image", "absent.png"], ["absent.png"]),
        (["--prompt", "a", "--prom", "b"], ["--prom"]),
        (["--prompt", "a", "--deadline", "-1"], ["-1"]),
        (["--prompt", "a", "--count", "0"], ["0"]),
        (["--prompt", "a", "--seed", "x"], ["x"]),
        (["--prompt", "a", "--kind", "song"], ["song", "image", "video"]),
        (["--prompt", "a", "--provider", "nobody"], ["nobody", "skills.video"]),
        (["--prompt", "a", "--base-url", "https://evil.example/v1"], ["evil.example"]),
        (["--prompt", "a", "--base-url", "http://open.skills.video/api/v1"], ["open.skills.video"]),
        (["--batch", "absent.jsonl"], ["absent.jsonl"]),
        (["--shard", "1/2", "--prompt", "a"], ["--shard", "--batch"]),
        (["--config", "absent.json", "--prompt", "a"], ["absent.json"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_usage_errors_say_what_was_wrong(desk: Desk, args: list[str], names: list[str]) -> None:
    ran = desk.call("create_and_wait", *args)
    assert ran.code == 2, ran.out
    assert ran.last["event"] == "error"
    for name in names:
        assert name in json.dumps(ran.last), name
    assert desk.creates() == 0


def test_bytes_that_are_no_media_are_refused(desk: Desk) -> None:
    Path("photo.png").write_text("<html>no picture</html>")
    ran = desk.run("--prompt", "a", "--image", "photo.png")
    assert ran.code == 2
    assert "photo.png" in ran.last["message"]
    assert desk.creates() == 0


def test_the_first_contact_says_everything_in_one_object(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY"):
        monkeypatch.delenv(name)
    ran = desk.call("create_and_wait", "--prompt", "a cat")
    assert ran.code == 21
    (line,) = ran.lines
    assert set(line["get_key"]) == {"skills.video", "agnes", "agcloud", "ark", "byteplus"}
    assert all(row["url"].startswith("https://") for row in line["get_key"].values())
    assert set(line["set_key"]) == {"shell", ".env", "config.json", "openclaw"}
    assert "--sandbox" in json.dumps(line["guidance"])


def lines_keep_the_contract(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert FIELDS[line["event"]] - {"http_status"} <= set(line), line
    for line in lines:
        for output in line.get("outputs", ()):
            assert set(output) >= OUTPUT
    assert [line["event"] for line in lines].count("terminal") <= 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("", 0),
        ("sse-ends-early", 0),
        ("create-refused-429*1", 0),
        ("sv-failed", 10),
        ("sv-completed-null", 14),
        ("sv-insufficient-credits", 20),
        ("create-http-401", 21),
        ("sv-unsupported-model", 22),
        ("create-http-404", 23),
        ("create:headers:reset", 13),
        ("sv-content-rejected", 26),
        ("sv-failed=CONTENT_REJECTED", 26),
    ],
    ids=lambda value: str(value) or "none",
)
def test_lines_and_exit_code(desk: Desk, fault: str, code: int) -> None:
    desk.faults(*filter(None, [fault]))
    ran = desk.run("--model", "google/nano-banana-pro", "--prompt", "a cat")
    assert ran.code == code, ran.out
    assert ran.out.isascii()
    assert ran.lines[0]["event"] == "start"
    assert ran.last["event"] in ("terminal", "error")
    assert ran.last["event"] == "error" or ran.last["ok"] is (code == 0)
    lines_keep_the_contract(ran.lines)
    assert desk.key not in ran.out + ran.err


def test_deadline_ends_with_the_command_that_goes_on(desk: Desk) -> None:
    desk.faults("never-ends")
    ran = desk.run("--model", "google/nano-banana-pro", "--prompt", "a cat", "--deadline", "20")
    assert ran.code == 11
    assert re.fullmatch(
        r"/\S+/python\S* \S+/wait_generation\.py --generation-id=\S+( --config \S+)? --deadline \S+", ran.last["resume"]
    )
    lines_keep_the_contract(ran.lines)


def test_a_deadline_before_acceptance_made_nothing(desk: Desk) -> None:
    desk.faults("create-refused-503")
    ran = desk.run("--model", "google/nano-banana-pro", "--prompt", "a cat", "--deadline", "30")
    assert ran.code == 24
    assert ran.last["may_have_been_created"] is False
    assert desk.jobs() == 0


def test_batch_ends_with_a_summary_and_the_first_failing_code(desk: Desk) -> None:
    rows = [{"prompt": "one"}, {"prompt": ""}, {"promt": "three"}, {"prompt": "four", "seed": "x"}]
    Path("jobs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ran = desk.run("--batch", "jobs.jsonl")
    assert ran.last["event"] == "summary"
    assert ran.last["counts"]["jobs"] == 4
    assert ran.last["counts"]["succeeded"] == 1
    ends = {line["line"]: line["event"] for line in ran.lines if line["event"] in ("terminal", "error")}
    assert ends == {1: "terminal", 2: "error", 3: "error", 4: "error"}
    assert ran.code == 2
    assert desk.run("--batch", "jobs.jsonl").last["counts"]["reused"] == 1
    assert desk.jobs() == 1


def test_batch_stops_at_the_spend_guard(desk: Desk) -> None:
    Path("jobs.jsonl").write_text("\n".join(json.dumps({"prompt": f"cat {n}"}) for n in range(51)))
    ran = desk.run("--batch", "jobs.jsonl")
    assert ran.code == 2
    assert (ran.last["received"], ran.last["allowed"]) == (51, 50)
    assert desk.creates() == 0
    dry = desk.run("--batch", "jobs.jsonl", "--dry-run")
    assert (dry.code, dry.last["jobs"]) == (0, 51)
