"""At a terminal people read words, programs read JSON; whatever the terminal can do, no path is cut and none is left
dirty."""

from __future__ import annotations

import io
import json
import re
import string
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bundle import ENTRY_SCRIPTS
from conftest import Desk
from generate_media.cli.again import SAME_INPUT
from generate_media.cli.terminal.advice import ADVICE, said_to_people
from generate_media.cli.terminal.look import Look, cut, width
from generate_media.cli.terminal.view import TerminalView
from generate_media.cli.terminal.words import WORDS, language
from generate_media.core import hide_key
from generate_media.core.paths import BUNDLE, REFERENCES
from generate_media.events import Printer, is_person
from generate_media.events.audience import PROGRAMS
from generate_media.events.viewer import without_secrets

pytest.importorskip("pty")

from terminal import Seen, at_terminal, rendered

KEY = "sk-test-0123456789abcdef"
CHINESE = {"LC_ALL": "zh_CN.UTF-8"}
HOUSE = "scripts/generate_media"


def make(desk: Desk, *args: str, columns: int = 100, ctrl_c_at: str = "", **environ: str) -> Seen:
    """create_and_wait.py at a terminal, against the sandbox's skills.video."""
    where = ["--base-url", desk.sandbox.base_urls["skills.video"], "--provider", "skills.video"]
    told = ["--config", str(desk.write_config())]
    return at_terminal("create_and_wait", *args, *where, *told, columns=columns, environ=environ, ctrl_c_at=ctrl_c_at)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(*rows: Mapping[str, Any], look: Look | None = None) -> str:
    """What rows look like, through the printer's own door."""
    out = io.StringIO()
    printer = Printer(out, out, view=TerminalView(out, out, look or Look(columns=100), []))
    for row in rows:
        printer.line(row)
    return out.getvalue()


# Who reads


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_at_a_terminal_reads_json(name: str) -> None:
    assert not is_person(Tty(), {name: "1"}, [])


def test_a_person_is_at_a_terminal_and_asks_for_no_json() -> None:
    assert is_person(Tty(), {"CI": "", "PATH": "/bin"}, ["--prompt", "x"])
    assert not is_person(io.StringIO(), {}, [])
    assert not is_person(Tty(), {}, ["--prompt", "x", "--json"])
    assert is_person(Tty(), {}, ["--", "--json"])


@pytest.mark.parametrize(("args", "environ"), [(["--json"], {}), ([], {"CLAUDECODE": "1"})])
def test_json_at_a_terminal_is_as_in_a_pipe(desk: Desk, args: list[str], environ: dict[str, str]) -> None:
    seen = make(desk, "--prompt", "a cup", *args, **environ)
    rows = [json.loads(line) for line in seen.lines]
    assert [row["event"] for row in rows][-1] == "terminal"
    resume = next(row["resume"] for row in rows if row["event"] == "accepted")
    assert resume.endswith("--json") is bool(args), "the command that goes on answers in the same form"


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_every_script_speaks_in_words(desk: Desk, script: str) -> None:
    """And takes --json: tests/cli/test_net.py."""
    assert at_terminal(script, "--no-such-flag").lines[0] == f"✗ {script}.py has no flag --no-such-flag"


# One job


def test_a_file_with_size_cost_and_time(desk: Desk) -> None:
    seen = make(desk, "--prompt", "一只狗")
    assert (seen.code, len(seen.lines)) == (0, 1)
    path, facts = seen.lines[0].removeprefix("✓ ").split("  ", 1)
    assert Path(path).is_file()
    assert path.startswith("generated/一只狗-")
    assert re.fullmatch(r"1024×1024  20 credits  \d+\.\d s", facts)
    assert "\x1b[32m✓\x1b[0m" in seen.raw
    assert make(desk, "--prompt", "一只狗").lines[0].endswith("1024×1024  made before, nothing was paid")


def test_one_line_tells_how_long_it_takes_and_is_gone_at_the_end(desk: Desk) -> None:
    """12 s are typical in the desk's config; then the journal knows better."""
    seen = make(desk, "--prompt", "a boat", "--kind", "video")
    assert re.search(r"⠋ seedance-1\.5  \w+  0:0\d of about 0:12   Ctrl-C is safe; the same command goes on", seen.raw)
    assert [line[0] for line in seen.lines] == ["✓"]
    again = make(desk, "--prompt", "another boat", "--kind", "video", **CHINESE)
    assert re.search(r"生成中  0:\d\d(，已超过通常的| / 约) 0:\d\d   可随时 Ctrl-C", again.raw)
    assert re.search(r"  100 积分  \d+\.\d 秒$", again.screen)


def test_going_on_by_an_id_shows_the_line_at_once(desk: Desk) -> None:
    """Of a job whose status does not change nothing is told before its end."""
    desk.faults("never-ends")
    detached = desk.run("--prompt", "a boat", "--kind", "video", "--detach").last
    where = ["--generation-id", detached["generation_id"], "--config", str(desk.write_config())]
    seen = at_terminal("wait_generation", *where, "--deadline", "60")
    assert re.search(r"⠋ seedance-1\.5  running  0:0\d of about 0:12   Ctrl-C is safe", seen.raw)
    assert (seen.code, seen.lines[0][:2]) == (11, "… "), "a job that takes longer is no failure"


def test_ctrl_c_leaves_the_terminal_clean(desk: Desk) -> None:
    desk.faults("never-ends")
    seen = make(desk, "--prompt", "a boat", "--kind", "video", ctrl_c_at="Ctrl-C is safe")
    assert seen.code == 130
    assert seen.lines[0].startswith("✗ stopped  gen_")
    assert "wait_generation.py --generation-id=gen_" in seen.lines[-1]
    assert not any("⠋" in line or "of about" in line or "^C" in line for line in seen.lines)


def test_a_job_that_is_left_to_its_provider(desk: Desk) -> None:
    seen = make(desk, "--prompt", "a boat", "--kind", "video", "--detach")
    assert re.match(r"… goes on at the provider: gen_\w+\n→ .*wait_generation\.py --generation-id=gen_", seen.screen)


@pytest.mark.parametrize(
    ("environ", "first"),
    [
        ({}, "✗ refused by moderation: The content was rejected by moderation."),
        (CHINESE, "✗ 内容审核未通过：The content was rejected by moderation."),
        ({"NO_COLOR": "1", "LC_ALL": "C"}, "x refused by moderation: The content was rejected by moderation."),
        ({"TERM": "dumb"}, "✗ refused by moderation: The content was rejected by moderation."),
    ],
)
def test_an_error_says_what_and_what_to_do(desk: Desk, environ: dict[str, str], first: str) -> None:
    desk.faults("sv-content-rejected")
    seen = make(desk, "--prompt", "a boat", **environ)
    assert seen.code == 26
    assert seen.lines[0] == first
    assert "rephrase" in seen.lines[1] or "改写" in seen.lines[1]
    assert len(seen.lines) == 2
    if "LC_ALL" not in environ or "TERM" in environ or "NO_COLOR" in environ:
        assert ("\x1b" in seen.raw) is (not environ)


def test_a_dumb_terminal_has_nothing_drawn_over(desk: Desk) -> None:
    seen = make(desk, "--prompt", "a boat", "--kind", "video", TERM="dumb")
    assert "\r" not in seen.raw.replace("\r\n", "")
    assert "\x1b" not in seen.raw
    assert seen.lines[-1].startswith("✓ generated/")


# Many


@pytest.mark.parametrize("columns", [40, 100])
def test_many_jobs_are_one_bar_and_their_failures(desk: Desk, columns: int) -> None:
    prompts = ["one", "two", "", "three"]
    Path("jobs.jsonl").write_text(
        "".join(json.dumps({"prompt": text, "kind": "video"}) + "\n" for text in prompts), encoding="utf-8"
    )
    seen = make(desk, "--batch", "jobs.jsonl", "--gallery", columns=columns)
    assert re.search(r"\[#*-*\] \d/4 · 1 failed · 0:0\d", seen.raw)
    assert seen.lines[0].startswith("✗ line 3: ")
    assert "→ correct it" in seen.lines[0]
    assert seen.lines[1].startswith("✗ 3 of 4 made  300 credits  0:0")
    assert all(Path(line.strip()).is_file() for line in seen.lines[2:5])
    assert seen.lines[5] == "→ all on a page: generated/index.html"
    assert len(seen.lines) == 6
    listed = at_terminal("wait_generation", "--list", columns=columns)
    assert sum(line.startswith("✓ ") for line in listed.lines) == 3
    assert all(width(line) <= columns or "generated/" in line for line in listed.lines)
    for path in (line.strip() for line in seen.lines[2:5]):
        assert any(line.endswith(path) for line in listed.lines), "whole, whatever the width"
    assert "300 credits" in at_terminal("wait_generation", "--spent", columns=columns).screen


def test_a_film_is_a_line_a_shot(desk: Desk) -> None:
    shots = [
        {"id": "hero", "prompt": "a fox"},
        {"id": "walk", "prompt": "she walks", "kind": "video", "first-frame": "@hero"},
    ]
    Path("film.jsonl").write_text("".join(json.dumps(shot) + "\n" for shot in shots), encoding="utf-8")
    seen = make(desk, "--batch", "film.jsonl")
    first, second = (line for line in seen.lines if line.startswith("✓ ") and "generated/" in line)
    assert (first.split()[1], second.split()[1]) == ("hero", "walk")


# Documents


DOCUMENTS = {
    "models": (
        ["inspect_openapi", "--models", "--provider", "agnes"],
        r"\* video +poll +prompt, mode +agnes-video-2\.5-flash",
    ),
    "fields": (["inspect_openapi", "--endpoint", "google/nano-banana-pro"], r"\* prompt +string"),
    "invalid": (["inspect_openapi", "--validate", '{"model":"agnes-image-2.1-flash","n":"x"}'], "✗ prompt is required"),
    "key at the sandbox": (["ensure_api_key", "--verify", "--sandbox", "--provider", "agnes"],
                           r"\A✗ agnes +the sandbox takes any key: .* run it without --sandbox\Z"),
    "endpoints": (["inspect_openapi", "--list-endpoints", "--provider", "agnes"], r"  poll +/videos\n  sync +/images/"),
    "who can": (["inspect_openapi", "--models", "--can", "duration=10", "--provider", "ark"],
                r"✓ ark +video +doubao-seedance-2-5-260628\n"),
    "changes": (["inspect_openapi", "--diff", *(f"{REFERENCES}/{name}.openapi.json" for name in ("agnes", "agcloud"))],
                r"✗ what was a valid request may be refused now\n(.*\n)*✗ removed: POST /videos\n"),
    "keys": (["ensure_api_key", "--provider", "agnes"], r"✓ agnes +a key from .*AGNES_API_KEY"),
    "meaning": (["handle_runtime_error", "--status", "402", "--body", "INSUFFICIENT_CREDITS"], "✗ not enough credits"),
    "dry run": (["create_and_wait", "--prompt", "x", "--provider", "agnes", "--dry-run"], "nothing was sent"),
    "nothing open": (["wait_generation", "--all"], "✓ no job is open"),
    "no credits": (["handle_runtime_error", "--status", "402"], "→ top up: .*\n→ balance: "),
    "unknown": (["handle_runtime_error", "--status", "503", "--provider", "agnes"], r"\A[^$]*--new[^$]*\Z"),
    "nothing failed": (["wait_generation", "--list", "--failed"], "no job has failed"),
    "faults": (["sandbox", "--list-faults"], "sv-content-rejected"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_words(desk: Desk, name: str) -> None:
    (script, *args), told = DOCUMENTS[name]
    seen = at_terminal(script, *args)
    assert re.search(told, seen.screen)
    assert '{"' not in seen.screen


def test_what_changed_is_told_field_by_field() -> None:
    changes = [
        {"field": "prompt", "change": "max_length", "new": 2500, "breaking": True},
        {"field": "n", "change": "values added", "new": [3, 4], "breaking": False},
        {"change": "query_path", "old": "/a", "new": "/b", "breaking": True},
    ]
    row = {
        "breaking": True, "added": ["POST /new"], "removed": [], "moved": [{"from": "POST /a", "to": "POST /b"}],
        "changed": [{"endpoint": "POST /x", "breaking": True, "changes": changes}], "gone": ["old/model"],
    }  # fmt: skip
    assert drawn(row).splitlines() == [
        "✗ what was a valid request may be refused now",
        "  added: POST /new",
        "✗ moved: POST /a → POST /b",
        "✗ POST /x",
        "    prompt: max_length  - → 2500  (breaks requests)",
        "    n: values added  [3, 4]",
        "    query_path  /a → /b  (breaks requests)",
        "✗ gone: old/model",
    ]


def test_a_contract_is_renewed_and_taken_back(desk: Desk) -> None:
    fresh = BUNDLE / "references/agnes.openapi.json"
    seen = at_terminal("inspect_openapi", "--renew", str(fresh), "--provider", "agnes", environ=CHINESE)
    assert re.match(r"✓ 已更新：agnes，6 个模型.*\n  .*/contracts/agnes-\w+\.json\n✓ 没有变化\n→ 撤销：", seen.screen)
    assert at_terminal("inspect_openapi", "--renew", "--drop").lines[0] == "✓ back to the bundled contract"


def test_setting_up_says_what_was_put_where() -> None:
    document = {
        "ok": True, "set_env_examples": [],
        "providers": {"agnes": {"ok": True, "source": "the environment (A)", "verified": True, "account": {"data": []}},
                      "skills.video": {"ok": True, "source": "x", "account": {"total": 1000, "since": "1999"}}},
        "setup": {"venv": {"ok": True, "path": "/v"}, "env_file": "/e", "env_var": "A", "warning": "other first"},
    }  # fmt: skip
    out = io.StringIO()
    Printer(out, out, view=TerminalView(out, out, Look(place=1), [])).document(document)
    assert out.getvalue().splitlines() == [
        "✓ agnes         密钥来自 环境变量 A  密钥有效",
        "✓ skills.video  密钥来自 x",
        "  skills.video (积分)：total 1,000",
        "✓ 依赖在 /v",
        "✓ A 已保存到 /e",
        "! other first",
    ]


# What must not stand there, and what must not go wrong


def test_nothing_stands_there_that_is_cut_from_the_json() -> None:
    hide_key(KEY)
    url = "https://cdn.example/a.png?X-Signature=0123456789abcdef0123456789abcdef"
    row = {"event": "error", "error": "x\x1b[2J", "message": f"no {KEY} at {url}", "guidance": ["see"]}
    told = drawn(row, {"event": "sse_event", "data": {"k": KEY, "url": url}}, {"event": "warning", "message": KEY})
    assert KEY not in told
    assert "0123456789abcdef" not in told
    path = "/tmp/a\x1b]0;title\x07\n\u202egnp.png"
    told = drawn({"event": "terminal", "ok": True, "outputs": [{"path": path}]})
    assert told.splitlines() == ["✓ /tmp/a\\u001b]0;title\\u0007\\u000a\\u202egnp.png"]


def test_every_mistake_is_told_and_what_is_allowed() -> None:
    problems = [{"message": "foo is no field"}, {"message": "n must be at most 4, and 77 came"}]
    row = {
        "event": "error",
        "error": "invalid_request",
        "message": "foo is no field (and 1 more)",
        "problems": problems,
    }
    assert drawn(row).splitlines() == ["✗ foo is no field (and 1 more)", "✗ n must be at most 4, and 77 came"]
    row = {"event": "error", "error": "unknown_provider", "message": "there is no provider 'x'", "allowed": ["a", "b"]}
    assert drawn(row).splitlines() == ["✗ there is no provider 'x'", "  allowed: a, b"]
    assert len(drawn({**row, "message": "it takes a or b"}).splitlines()) == 1
    row = {"event": "error", "error": "x", "message": "full", "guidance": ["or elsewhere: A=/b"], "try": "A=/b"}
    assert drawn(row).splitlines() == ["✗ full", "→ or elsewhere: A=/b"]


@pytest.mark.parametrize(("kind", "told"), [("image/png", "a test picture"), ("video/mp4", "a test clip")])
def test_what_the_sandbox_made_is_called_so(kind: str, told: str) -> None:
    row = {"event": "terminal", "ok": True, "sandbox": True, "outputs": [{"path": "/a", "media_type": kind}]}
    assert drawn(row) == f"✓ /a  sandbox: {told}\n"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (0, ["✗ 2 of 3 made  100 credits  made before, nothing was paid: 1  1,200 credits when made",
             "→ 1 are left; go on with:", "  the same command again, with the same input; it never pays twice"]),
        (1, ["✗ 完成 2 / 3  100 积分  之前已生成，未再扣费: 1  当时花费 1,200 积分",
             "→ 还剩 1 个，继续：", "  再运行同一命令，并给出同样的输入；不会重复扣费"]),
    ],
)  # fmt: skip
def test_many_jobs_sum_up_what_was_paid_before_and_how_they_go_on(place: int, told: list[str]) -> None:
    row = {"event": "summary", "ok": False, "counts": {"succeeded": 1, "reused": 1, "deadline": 1, "jobs": 3},
           "usage": {"total": 100}, "usage_before": {"total": 1200, "subscription": 1200}, "files": [],
           "left": 1, "resume": None, "guidance": [SAME_INPUT]}  # fmt: skip
    assert drawn(row, look=Look(columns=100, place=place)).splitlines() == told


@pytest.mark.parametrize("is_reused", [False, True])
def test_what_came_otherwise_is_told_once(is_reused: bool) -> None:
    """A run that makes it warns of it; one that finds it made says so itself."""
    row = {"event": "terminal", "ok": True, "outputs": [{"path": "/a.png"}], "requested": {"size": "9K"}}
    told = drawn({**row, "reused": is_reused}).splitlines()
    assert told[1:] == (["! asked for --size 9K; what came differs"] if is_reused else [])


def test_a_mistake_in_the_words_gives_json() -> None:
    class Broken:
        def row(self, row: Mapping[str, Any]) -> None:
            raise KeyError("words")

        document = say = row  # type: ignore[assignment]

    out = io.StringIO()
    printer = Printer(out, out, view=Broken())  # type: ignore[arg-type]
    printer.line({"event": "terminal", "ok": True})
    printer.document({"ok": True}, 1)
    printer.say("words")
    assert [line for line in out.getvalue().splitlines() if line] == [
        '{"event":"terminal","ok":true}', "{", ' "ok": true', "}", "words",
    ]  # fmt: skip


def test_a_terminal_that_is_gone_stops_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    out = Gone()
    view = TerminalView(out, out, Look(is_live=True), [])
    printer = Printer(out, out, view=view)
    printer.event("start", provider="agnes", model="m", mode="sync")
    printer.event("accepted", generation_id="gen_1", resume="python3 …")
    printer.event("warning", message="words")
    printer.say("words")
    view.close()


def test_a_stream_of_another_encoding_is_no_end() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    TerminalView(out, out, Look(place=1), []).row({"event": "warning", "message": "飞"})
    assert raw.getvalue() == b"! \\u98de\n"


# Words


def _gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_word_is_used() -> None:
    view = (BUNDLE / HOUSE / "cli/terminal").glob("*.py")
    source = "".join(file.read_text(encoding="utf-8") for file in view if file.name != "words.py").replace("'", '"')
    families = ("error.", "do.", "change.", "image", "video", "credits", "tokens", "queued", "running")
    assert [name for name in WORDS if not name.startswith(families) and f'"{name}"' not in source] == []


@pytest.mark.parametrize("name", WORDS)
def test_a_word_says_the_same_in_both_languages(name: str) -> None:
    english, chinese = WORDS[name]
    assert _gaps(english) == _gaps(chinese)


@pytest.mark.parametrize("other", ["沙盒", "平台", "提供商", "供应商", "编号", "配额"])
@pytest.mark.parametrize(
    "file",
    [
        "README.zh-CN.md",
        *(f"{HOUSE}/{name}" for name in ("cli/terminal/words.py", "cli/terminal/advice.py", "gallery/parts/zh.json")),
    ],
)
def test_a_thing_has_one_name_in_chinese(file: str, other: str) -> None:
    """沙箱, 服务商, 任务 ID, 额度."""
    assert other not in (BUNDLE / file).read_text(encoding="utf-8")


@cache
def _other_rooms() -> str:
    """All source but this view's."""
    house = (BUNDLE / "scripts").rglob("*.py")
    return "".join(file.read_text(encoding="utf-8") for file in house if file.parent.name != "terminal").replace(
        '\\"', '"'
    )


@pytest.mark.parametrize("sentence", ADVICE)
def test_a_sentence_with_a_translation_is_said_somewhere(sentence: str) -> None:
    assert max(sentence.split("{}"), key=len) in _other_rooms()
    for place, words in enumerate(ADVICE[sentence]):
        assert words.count("{}") == sentence.count("{}") or not words
        said = sentence.replace("{}", "X")
        assert said_to_people(said, place) == (words or sentence).replace("{}", "X")


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"LANG": "zh_TW"}, 1),
        ({"LC_ALL": "en_US", "LANG": "zh_CN"}, 0),
        ({"LC_MESSAGES": "zh", "LANG": "C"}, 1),
        ({}, 0),
    ],
)
def test_the_language_is_the_locales(environ: dict[str, str], place: int) -> None:
    assert language(environ) == place


def test_columns_are_counted_as_terminals_do() -> None:
    assert (width("一只狗"), width("a\u0301b"), cut("一只狗", 5), cut("abc", 3)) == (6, 2, "一只…", "abc")
    assert rendered("⠋ 一只狗\r✓\x1b[31m x\x1b[0m") == "✓ x只狗".replace("x", "x", 1)


# --open


def test_open_shows_the_file_without_any_key(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = tmp_path / "bin" / ("open" if sys.platform == "darwin" else "xdg-open")
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\n(echo "$1"; env) > "{tmp_path}/part"; mv "{tmp_path}/part" "{tmp_path}/shown"\n')
    viewer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{viewer.parent}:/usr/bin:/bin")
    ran = desk.run("--prompt", "a cup", "--open")
    assert ran.code == 0
    until = time.monotonic() + 20
    while not (tmp_path / "shown").exists() and time.monotonic() < until:
        time.sleep(0.02)
    path, *environ = (tmp_path / "shown").read_text().splitlines()
    assert path == ran.last["outputs"][0]["path"]
    assert any(line.startswith("HOME=") for line in environ)
    assert desk.key not in "".join(environ)
    assert not any("API_KEY" in line for line in environ)
    monkeypatch.setenv("PATH", "/nowhere")
    again = desk.run("--prompt", "a cup", "--open")
    assert (again.code, again.err) == (0, "this machine has no viewer to open it with\n")


def test_a_viewer_gets_no_secret() -> None:
    hide_key(KEY)
    kept = without_secrets(
        {"A": f"x{KEY}", "GH_TOKEN": "1", "ARK_API_KEY": "2", "AGNES_API_KEYS": "3", "DISPLAY": ":0"}
    )
    assert kept == {"DISPLAY": ":0"}
