"""What the command line promises, sentence by sentence, as an outsider would try it: processes, sockets, files."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import inspect_openapi
from conftest import Desk
from generate_media.config.keyplaces import is_tracked
from generate_media.core.paths import CONFIG_FILE
from generate_media.core.readings import SavedOutput
from generate_media.events.printer import run_document
from tools import require_tool

NANO = "google/nano-banana-pro"


def said(ran: Any) -> str:
    return json.dumps(ran.last, ensure_ascii=False)


@pytest.mark.parametrize(
    ("script", "args", "names"),
    [
        ("create_and_wait", ["--prompt", "a", "--provider", ""], ["--provider", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--model", ""], ["--model", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--endpoint", " "], ["--endpoint", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--sse-endpoint", ""], ["--sse-endpoint", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--base-url", ""], ["--base-url", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--image", ""], ["--image", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--output-dir", ""], ["--output-dir", "empty"]),
        ("create_and_wait", ["--prompt", "a", "--batch", ""], ["--batch", "empty"]),
        ("create_and_wait", ["--payload-file", ""], ["--payload-file", "empty"]),
        ("create_and_wait", ["--prompt", "\u200b\u2060"], ["prompt"]),
        ("create_and_wait", ["--model", NANO, "--payload", '{"prompt":""}'], ["prompt"]),
        ("create_and_wait", ["--model", NANO, "--payload", '{"prompt":" \\n"}'], ["prompt"]),
        ("create_and_wait", ["--model", NANO, "--payload", '{"prompt":NaN}'], ["NaN", "JSON"]),
        ("create_and_wait", ["--model", NANO, "--payload", '{"prompt":"a","n":-Infinity}'], ["Infinity"]),
        ("create_and_wait", ["--model", NANO, "--payload", '{"prompt":"a","n":1e999}'], ["1e999"]),
        ("create_and_wait", ["--model", NANO, "--payload", '{"prompt":"a","n":' + "9" * 5000 + "}"], ["too long"]),
        ("create_and_wait", ["--model", NANO, "--payload", "[" * 100_000], ["deeply"]),
        ("create_and_wait", ["--payload-file", "."], ["directory"]),
        ("create_and_wait", ["--prompt", "a", "--image", "."], ["regular file"]),
        ("create_and_wait", ["--prompt", "a", "--image", "ftp://host.example/a.png"], ["ftp", "http"]),
        ("create_and_wait", ["--prompt", "a", "--image", "https://a b.example/\n.png"], ["--image", "URL"]),
        ("create_and_wait", ["--prompt", "a", "--openapi", "."], ["directory"]),
        ("create_and_wait", ["--prompt", "a", "--config", "."], ["directory"]),
        ("create_and_wait", ["--batch", "."], ["directory"]),
        ("wait_generation", ["--generation-id", ""], ["--generation-id", "empty"]),
        ("wait_generation", ["--cancel", ""], ["--cancel", "empty"]),
        ("wait_generation", [], ["--generation-id", "--all"]),
        ("wait_generation", ["--all", "--list"], ["--generation-id", "--all"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else value,
)
def test_bad_input_is_one_object_that_says_what_to_try(
    desk: Desk, script: str, args: list[str], names: list[str]
) -> None:
    ran = desk.call(script, *args)
    assert ran.code == 2, ran.out
    assert len(ran.lines) == 1
    assert ran.last["event"] == "error"
    assert ran.last["guidance"], "what to try"
    for name in names:
        assert name in said(ran), name
    assert desk.creates() == 0


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://cdn.example/a.png", False),
        ("https://cdn.example/a.png?", False),
        ("https://cdn.example/a.png?w=1024&format=webp", False),
        ("https://cdn.example/a.png?X-Amz-Signature=abc", True),
        ("https://cdn.example/a.png?w=1024&e=1700000000&t=x", True),
        ("https://cdn.example/a.png?w=0123456789abcdef0123456789abcdef", True),
        ("https://cdn.example/a.png?0123456789abcdef", True),
    ],
)
def test_an_unsigned_url_is_complete(url: str, signed: bool) -> None:
    row = SavedOutput("/a.png", url, "image/png", 3, "00", 1, 1).as_json(show_query=False)
    assert row.get("url_redacted", False) is signed
    assert row["url"] == (url.split("?")[0] if signed else url)
    assert {"path", "url", "media_type", "bytes", "width", "height", "duration_seconds", "sha256"} <= set(row)
    assert SavedOutput("/a.png", url, "image/png", 3, "00").as_json(show_query=True)["url"] == url


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ('{"error":"origin_gateway_timeout","retry_after":30}', 30.0),
        ('{"error":{"code":"busy","retry_after":2.5}}', 2.5),
        ('{"retry_after":NaN}', None),
        ('{"retry_after":-1}', None),
        ('{"retry_after":1e999}', None),
        ("[1]", None),
    ],
)
def test_a_wait_that_the_body_asks_for(desk: Desk, body: str, seconds: float | None) -> None:
    ran = desk.call("handle_runtime_error", "--status", "429", "--body", body)
    document = json.loads(ran.out)
    assert document["retry_after_seconds"] == seconds
    assert ran.code == 24


def test_start_is_first_and_warnings_come_after_it(desk: Desk) -> None:
    ran = desk.run("--prompt", "a boat", "--kind", "video", "--poll-interval", "1", "--detach", provider="agnes")
    assert [line["event"] for line in ran.lines[:2]] == ["start", "warning"]
    assert "raised to 5" in ran.lines[1]["message"]
    quiet = desk.run("--prompt", "another boat", "--kind", "video", "--detach", provider="agnes")
    assert not quiet.events("warning"), "a default never warns"


def test_text_of_a_server_is_data(desk: Desk) -> None:
    desk.faults("hostile-id")
    ran = desk.run("--prompt", "a cat", "--model", NANO)
    assert ran.code == 0
    assert not Path("owned").exists()
    listed = desk.call("wait_generation", "--list")
    for line in [*ran.lines, *listed.last["jobs"]]:
        assert str(line.get("generation_id", "")).isprintable()
        assert "resume" not in line or re.search(r" --generation-id=job-[0-9a-f]{12}( |$)", line["resume"])


def test_all_fetches_what_an_earlier_run_had_no_time_for(desk: Desk) -> None:
    desk.faults("download:headers:silence")
    ran = desk.run("--prompt", "a cat", "--model", NANO, "--deadline", "60")
    assert ran.code == 11
    desk.faults()
    config = ("--config", str(desk.home / "config.json"))
    again = desk.call("wait_generation", "--all", *config)
    assert again.code == 0
    assert Path(again.last["outputs"][0]["path"]).is_file()
    assert desk.call("wait_generation", "--all", *config).last["counts"] == {"open": 0}
    assert desk.creates() == 1


def test_all_tells_of_a_lost_create_and_goes_on(desk: Desk) -> None:
    desk.faults("create:headers:reset")
    assert desk.run("--prompt", "lost", "--model", NANO).code == 13
    desk.faults()
    assert desk.run("--prompt", "kept", "--model", NANO, "--detach").code == 0
    ran = desk.call("wait_generation", "--all", "--config", str(desk.home / "config.json"))
    assert ran.code == 0
    assert ran.last["result"] == "succeeded"
    (warning,) = ran.events("warning")
    assert "--new" in warning["message"]


def test_an_id_that_nobody_knows_leaves_no_trace(desk: Desk) -> None:
    for _ in range(2):
        ran = desk.run("--provider", "skills.video", "--generation-id", "nosuch", script="wait_generation")
        assert ran.code == 23
        assert ran.last["should_retry"] is False
        assert "resume" not in ran.last
    assert desk.rows() == []


def test_a_key_in_a_tracked_config_draws_a_warning(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    git = require_tool("git")
    monkeypatch.delenv("SKILLS_VIDEO_API_KEY")
    config = desk.write_config(**{"skills.video": {"api_key": desk.key}})
    words = ("--prompt", "a cat", "--model", NANO)
    assert not desk.run(*words).events("warning")
    subprocess.run([git, "init", "-q", str(desk.home)], check=True)
    is_tracked.cache_clear()
    assert not desk.run(*words, "--new").events("warning"), "in a repository, and not tracked"
    subprocess.run([git, "-C", str(desk.home), "add", config.name], check=True)
    is_tracked.cache_clear()
    ran = desk.run(*words, "--new")
    (warning,) = ran.events("warning")
    assert "tracked by git" in warning["message"]
    document = json.loads(desk.call("ensure_api_key", "--config", str(config)).out)
    assert "tracked by git" in str(document["providers"]["skills.video"]["warnings"])
    assert desk.key not in ran.out + str(document)


def test_many_copies_are_guarded_before_anything_else(desk: Desk) -> None:
    ran = desk.run("--prompt", "a cat", "--model", NANO, "--count", "999999999999")
    assert (ran.code, ran.last["error"]) == (2, "too_many_jobs")
    assert desk.run("--prompt", "a cat", "--model", NANO, "--count", "2", "--max-jobs", "1").code == 2
    assert desk.creates() == 0


def test_a_missing_key_says_how_to_set_that_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGNES_API_KEY")
    ran = desk.run("--prompt", "a cat", provider="agnes")
    assert ran.code == 21
    assert all("AGNES_API_KEY" in how or "agnes" in how for how in ran.last["set_key"].values())


def own_document(folder: Path, path: str, properties: dict[str, Any], *, extension: str = "json") -> str:
    """A user's OpenAPI 3.0 file with one create, a byte-order mark, and a server that must not choose the host."""
    schema = {"type": "object", "required": ["prompt"], "additionalProperties": False, "properties": properties}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "mine", "version": "1"},
        "servers": [{"url": "https://evil.example/api"}],
        "paths": {
            path: {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}}
        },
    }
    text = json.dumps(document) if extension == "json" else yaml.safe_dump(document)
    file = folder / f"mine.{extension}"
    file.write_text("\ufeff" + text, encoding="utf-8")
    return str(file)


TEXT = {"prompt": {"type": "string"}}


@pytest.mark.parametrize("extension", ["json", "yaml"])
@pytest.mark.parametrize("named", ["--model", "--endpoint", "--sse-endpoint"])
def test_a_users_document_makes_its_own_model(desk: Desk, named: str, extension: str) -> None:
    fields = {**TEXT, "strength": {"type": "number", "nullable": True}, "image_urls": {"type": "array"}}
    file = own_document(desk.home, "/v1/generation/sse/my/model", fields, extension=extension)
    words = ("--openapi", file, named, "my/model", "--prompt", "a cat", "--image", "https://host.example/a.png")
    ran = desk.call("create_and_wait", "--dry-run", *words)
    assert ran.code == 0, ran.out
    kind = "" if named == "--endpoint" else "sse/"
    assert ran.last["url"] == f"https://open.skills.video/api/v1/generation/{kind}my/model"
    assert ran.last["body"] == {"prompt": "a cat", "image_urls": ["https://host.example/a.png"]}


def test_a_users_document_of_a_known_model_keeps_the_flags_it_still_has(desk: Desk) -> None:
    file = own_document(desk.home, f"/generation/sse/{NANO}", {**TEXT, "aspect_ratio": {"type": "string"}})
    words = ("--dry-run", "--openapi", file, "--model", NANO, "--prompt", "a cat")
    ran = desk.call("create_and_wait", *words, "--aspect-ratio", "16:9")
    assert ran.last["body"] == {"prompt": "a cat", "aspect_ratio": "16:9"}
    gone = desk.call("create_and_wait", *words, "--resolution", "2K")
    assert (gone.code, gone.last["error"]) == (2, "flag_not_supported")


@pytest.mark.parametrize(
    ("args", "code", "names"),
    [
        (["--endpoint", NANO, "--validate", '{"prompt":NaN}'], 2, ["NaN"]),
        (["--endpoint", NANO, "--validate", '{"promt":"x"}'], 22, ["prompt"]),
        (["--endpoint", "kling-ai/o3/video", "--variant", "nope"], 2, ["nope", "text-image-to-video"]),
        (["--endpoint", NANO, "--variant", "nope"], 2, ["nope"]),
        (["--endpoint", "nobody/knows"], 23, ["nobody/knows"]),
        (["--provider", "", "--models"], 2, ["--provider", "empty"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_the_inspector_refuses_what_it_cannot_answer(
    capsys: pytest.CaptureFixture[str], args: list[str], code: int, names: list[str]
) -> None:
    assert run_document(inspect_openapi.main, args) == code
    out = capsys.readouterr().out
    document = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert code == 22 or document["guidance"]
    assert all(name in out for name in names)


def test_a_variant_of_the_body_or_inside_it_is_taken(desk: Desk) -> None:
    ran = desk.call("inspect_openapi", "--endpoint", "kling-ai/o3/video", "--variant", "text-image-to-video")
    assert ran.code == 0


@pytest.mark.parametrize("words", [["--prompt", "a cat"], ["--batch", "jobs.jsonl"]], ids=["one", "batch"])
def test_a_dry_run_refuses_a_host_that_is_not_allowed(desk: Desk, words: list[str]) -> None:
    Path("jobs.jsonl").write_text('{"prompt": "a cat"}')
    ran = desk.call(
        "create_and_wait", "--dry-run", "--provider", "skills.video", "--base-url", "https://evil.example/v1", *words
    )
    assert (ran.code, ran.last["error"]) == (2, "host_not_allowed")


def test_the_sandbox_says_so_where_it_made_nothing(desk: Desk) -> None:
    Path("jobs.txt").write_text("a cat")
    for words in (["--prompt", "a cat"], ["--batch", "jobs.txt"]):
        assert desk.call("create_and_wait", "--dry-run", "--sandbox", *words).last["sandbox"] is True
    for word in ("--list", "--spent", "--all"):
        assert desk.call("wait_generation", word, "--sandbox").last["sandbox"] is True


def test_a_batch_tells_what_it_adjusted_in_each_line(desk: Desk) -> None:
    row = {"payload": {"prompt": "a cat", "colour": "red"}, "model": NANO, "no-validate": True}
    Path("jobs.jsonl").write_text(json.dumps(row))
    ran = desk.run("--batch", "jobs.jsonl")
    (warning,) = ran.events("warning")
    assert (warning["line"], "colour" in warning["message"]) == (1, True)


def test_the_start_of_copies_says_what_they_have_in_common(desk: Desk) -> None:
    ran = desk.run("--prompt", "a cat", "--model", NANO, "--count", "2", "--no-download")
    assert {"provider", "model", "mode", "fingerprint", "limits", "jobs"} <= set(ran.lines[0])
    again = desk.run("--prompt", "a cat", "--model", NANO, "--no-download")
    assert again.lines[0]["fingerprint"] == ran.lines[0]["fingerprint"]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ('"poll_interval": 3,', '"pol_interval": 3,', '"pol_interval"'),
        ('"poll_interval": 3,', '"poll_interval": "3",', '"poll_interval": "3"'),
        ('"default_provider": ""', '"default_provider": "nobody"', '"default_provider"'),
    ],
)
def test_a_mistake_in_the_configuration_is_named_with_its_own_line(
    desk: Desk, before: str, after: str, line: str
) -> None:
    text = CONFIG_FILE.read_text(encoding="utf-8").replace(before, after, 1)
    file = desk.home / "own.json"
    file.write_text(text, encoding="utf-8")
    number = next(n for n, row in enumerate(text.splitlines(), start=1) if line in row)
    ran = desk.call("create_and_wait", "--prompt", "a", "--dry-run", "--config", str(file))
    assert ran.code == 2
    assert f"line {number}: " in ran.last["message"]


@pytest.mark.parametrize(
    "args",
    [
        ["--model", "agnes-image-2.1-flash", "--payload", '{"model":"agnes-image-2.0-flash","prompt":"x"}'],
        ["--endpoint", NANO, "--model", "openai/sora-2", "--prompt", "x"],
        ["--endpoint", NANO, "--kind", "video", "--prompt", "x"],
        ["--model", "openai/sora-2", "--kind", "image", "--prompt", "x"],
    ],
    ids=" ".join,
)
def test_what_is_asked_for_twice_must_agree(desk: Desk, args: list[str]) -> None:
    ran = desk.call("create_and_wait", "--dry-run", *args)
    assert (ran.code, ran.last["error"] in ("usage", "contradiction")) == (2, True), ran.out
    assert ran.last["guidance"]
    same = desk.call("create_and_wait", "--dry-run", "--endpoint", NANO, "--model", "nano-banana-pro", "--prompt", "x")
    assert same.code == 0


def test_the_first_failing_line_gives_the_code(desk: Desk) -> None:
    Path("jobs.jsonl").write_text('{"prompt": "one"}\n{"prompt": ""}\n')
    desk.faults("sv-failed")
    ran = desk.run("--batch", "jobs.jsonl")
    assert sorted(line["line"] for line in ran.lines if line["event"] in ("terminal", "error")) == [1, 2]
    assert ran.code == 10


def test_a_users_document_says_where_to_ask(desk: Desk) -> None:
    own = Path(own_document(desk.home, f"/v1/generation/{NANO}", TEXT))
    document = json.loads(own.read_text(encoding="utf-8-sig"))
    document["paths"]["/v1/generation/jobs/{job_id}"] = {"get": {"responses": {}}}
    own.write_text(json.dumps(document), encoding="utf-8")
    ran = desk.run("--openapi", str(own), "--endpoint", NANO, "--prompt", "asked elsewhere", "--deadline", "30")
    mine = ran.events("accepted")[0]["generation_id"]
    asked = [row["path"] for row in desk.log()["requests"] if row["method"] == "GET" and row["path"].endswith(mine)]
    assert set(asked) == {f"/api/v1/generation/jobs/{mine}"}


def test_words_that_a_plain_console_could_not_decode_are_a_prompt(desk: Desk) -> None:
    assert desk.call("create_and_wait", "--dry-run", "--prompt", "\udce9\udc9b\udca8").code == 0
