"""Many jobs: files, copies, shards, guards; one failing job never stops the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from generate_media.core.paths import BUNDLE
from tools import require_tool, run_watched

MODEL = "google/nano-banana-pro"


def write(lines: list[Any], name: str = "jobs.jsonl") -> str:
    Path(name).write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n", encoding="utf-8")
    return name


def prompts(count: int) -> list[dict[str, str]]:
    return [{"prompt": f"cat {number}", "model": MODEL} for number in range(count)]


def ended(ran: Ran) -> dict[int, dict[str, Any]]:
    return {line["line"]: line for line in ran.lines if line["event"] in ("terminal", "error") and "line" in line}


def test_every_line_ends_with_its_number_and_a_summary_closes(desk: Desk) -> None:
    ran = desk.run("--batch", write(prompts(6)))
    assert ran.code == 0, ran.out
    assert set(ended(ran)) == {1, 2, 3, 4, 5, 6}
    assert ran.last["event"] == "summary"
    assert ran.last["counts"] == {"succeeded": 6, "jobs": 6}
    assert ran.last["usage"]["total"] == 120
    assert len(list(Path("generated").glob("*.png"))) == 6
    assert desk.jobs() == 6
    again = desk.run("--batch", "jobs.jsonl")
    assert again.last["counts"] == {"reused": 6, "jobs": 6}
    assert "usage" not in again.last, "nothing was paid this time"
    assert again.last["usage_before"] == ran.last["usage"]
    assert "usage_before" not in ran.last
    assert desk.jobs() == 6


def test_only_what_is_missing_is_made(desk: Desk) -> None:
    desk.run("--batch", write(prompts(3)))
    ran = desk.run("--batch", write(prompts(5)))
    assert ran.last["counts"] == {"reused": 3, "succeeded": 2, "jobs": 5}
    assert (ran.last["usage"]["total"], ran.last["usage_before"]["total"]) == (40, 60)
    assert desk.jobs() == 5


def test_equal_lines_are_meant_twice_and_found_again(desk: Desk) -> None:
    lines = [{"prompt": "cat", "model": MODEL}] * 3
    ran = desk.run("--batch", write(lines))
    assert desk.jobs() == 3
    assert len({line["generation_id"] for line in ended(ran).values()}) == 3
    assert desk.run("--batch", "jobs.jsonl").last["counts"] == {"reused": 3, "jobs": 3}
    assert desk.jobs() == 3


@pytest.mark.parametrize("shard", [(), ("--shard", "1/2")])
def test_bad_lines_beyond_a_hundred_are_counted_and_not_printed(desk: Desk, shard: tuple[str, ...]) -> None:
    half = bool(shard)
    bad: list[Any] = [{"nonsense": number} for number in range(240)] + ["{"] * 60
    ran = desk.run("--batch", write([prompts(1)[0], *bad]), *shard)
    assert ran.code == 2
    assert len(ran.events("error")) == 100
    assert len(ran.events("terminal")) == 1
    assert ran.last["counts"] == (
        {"succeeded": 1, "unknown_key": 120, "bad_json": 30, "jobs": 151}
        if half
        else {"succeeded": 1, "unknown_key": 240, "bad_json": 60, "jobs": 301}
    )
    assert ran.last["bad_lines_not_shown"] == (50 if half else 200)
    assert desk.run("--batch", "jobs.jsonl", *shard, "--dry-run").last["invalid_lines"] == (150 if half else 300)


def test_many_bad_lines_take_little_room(desk: Desk) -> None:
    """300,000 of them were measured on one core: 52 MiB where it was 1,099, 58 kB on stdout where it was 174 MB."""
    Path("jobs.jsonl").write_text('{"nonsense": 1}\n' * 20_000)
    ran, resident_mib = run_watched(BUNDLE / "scripts" / "create_and_wait.py", "--sandbox", "--batch", "jobs.jsonl")
    assert ran.returncode == 2, ran.stderr
    assert resident_mib < 100
    assert len(ran.stdout) < 200_000
    assert json.loads(ran.stdout.splitlines()[-1])["counts"]["unknown_key"] == 20_000


def test_bad_lines_cost_themselves_only(desk: Desk) -> None:
    lines: list[Any] = [
        {"prompt": "cat", "model": MODEL},
        "{not json",
        {"prompt": "cat", "output_dir": "/elsewhere"},
        {"prompt": ""},
        {"prompt": "cat", "model": "nobody/nothing"},
        {"prompt": "cat", "model": "xai/grok-imagine-image", "aspect-ratio": "17:9"},
        {"prompt": "dog", "model": MODEL},
        ["a", "list"],
        {"prompt": 7},
    ]
    ran = desk.run("--batch", write(lines))
    by_line = ended(ran)
    assert {number: line.get("error", "ok") for number, line in by_line.items()} == {
        1: "ok", 2: "bad_json", 3: "unknown_key", 4: "missing_prompt", 5: "model_not_found", 6: "invalid_request",
        7: "ok", 8: "bad_json", 9: "bad_value",
    }  # fmt: skip
    assert ran.code == 2, "the first failing line's code"
    assert desk.jobs() == 2


@pytest.mark.parametrize(("key", "told"), [("output", "--output 'folder/{n}.png'"), ("count", "several times"),
                                           ("aspect", "did you mean aspect-ratio?")])  # fmt: skip
def test_a_key_that_no_line_has_says_what_to_do(desk: Desk, key: str, told: str) -> None:
    ran = desk.run("--batch", write([{"prompt": "a", key: "x"}]))
    (failed,) = ran.last["failed"]
    assert (ran.code, failed["error"]) == (2, "unknown_key")
    assert told in failed["message"]


def test_one_failing_job_never_stops_the_rest(desk: Desk) -> None:
    desk.faults("sv-failed*1")
    ran = desk.run("--batch", write(prompts(5)), "--concurrency", "2")
    assert ran.code == 10
    assert ran.last["counts"] == {"failed": 1, "succeeded": 4, "jobs": 5}
    desk.faults()
    again = desk.run("--batch", "jobs.jsonl")
    assert again.code == 0
    assert again.last["counts"] == {"reused": 4, "succeeded": 1, "jobs": 5}


def test_the_spend_guard(desk: Desk) -> None:
    write(prompts(60))
    ran = desk.run("--batch", "jobs.jsonl")
    assert ran.code == 2
    assert ran.last["error"] == "too_many_jobs"
    assert ran.last["guidance"][0].endswith("add --yes or --max-jobs 60")
    fewer = desk.run("--batch", "jobs.jsonl", "--max-jobs", "59", "--yes")
    assert fewer.code == 2
    assert fewer.last["guidance"][0].endswith("add --max-jobs 60"), "--yes alone helps none who set a limit"
    assert desk.run("--prompt", "cat", "--count", "51").code == 2
    assert desk.creates() == 0


def test_a_dry_run_counts_and_validates_every_line(desk: Desk) -> None:
    ran = desk.run("--batch", write([*prompts(3), {"prompt": "x", "model": "nobody/nothing"}]), "--dry-run")
    assert ran.code == 23
    assert ran.last["jobs"] == 3
    assert [row["line"] for row in ran.last["invalid"]] == [4]
    assert ran.last["models"] == {f"skills.video: {MODEL}": 3}
    assert desk.creates() == 0


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4"])
def test_a_bad_shard_is_named(desk: Desk, shard: str) -> None:
    assert desk.run("--batch", write(prompts(2)), f"--shard={shard}").code == 2


def test_new_does_not_go_with_batch(desk: Desk) -> None:
    assert desk.run("--batch", write(prompts(2)), "--new").code == 2


def test_copies(desk: Desk) -> None:
    ran = desk.run("--prompt", "cat", "--model", MODEL, "--count", "3")
    assert ran.last["counts"] == {"succeeded": 3, "jobs": 3}
    assert desk.jobs() == 3
    assert desk.run("--prompt", "cat", "--model", MODEL, "--count", "4").last["counts"] == {
        "reused": 3, "succeeded": 1, "jobs": 4,
    }  # fmt: skip
    assert desk.run("--prompt", "cat", "--model", MODEL).last["reused"] is True
    assert desk.run("--prompt", "cat", "--model", MODEL, "--count", "2", "--new").last["counts"]["succeeded"] == 2
    assert desk.jobs() == 6


def test_detached_jobs_are_collected_together(desk: Desk) -> None:
    assert desk.run("--batch", write(prompts(4)), "--detach").code == 0
    config = str(desk.home / "config.json")
    ran = desk.call("wait_generation", "--all", "--config", config)
    assert ran.code == 0, ran.out
    assert ran.last["counts"] == {"succeeded": 4, "jobs": 4}
    assert desk.call("wait_generation", "--all", "--config", config).last["counts"] == {"open": 0}
    assert desk.jobs() == 4


def test_ten_jobs_are_few_tokens(desk: Desk) -> None:
    """An agent pays for every line: about two short ones a job, and its path once more in the summary."""
    ran = desk.run("--batch", write(prompts(10)))
    assert len(ran.lines) <= 22
    places = (str(desk.home), str(BUNDLE))  # how deep the folders lie is not ours to shorten
    assert len("".join(ran.out.split(places[0])).replace(places[1], "")) <= 8_500


def test_the_gallery_beside_the_files(desk: Desk) -> None:
    ran = desk.run("--batch", write(prompts(2)), "--gallery")
    assert ran.code == 0
    page = Path("generated/index.html").read_text(encoding="utf-8")
    assert "cat 0" in page
    assert "cat 1" in page


@pytest.mark.parametrize("way", ["nothing was made", "another file has its name"])
def test_a_gallery_that_cannot_be_written_costs_no_summary(desk: Desk, way: str) -> None:
    """The jobs may be paid: their sum is the last line whatever becomes of the page."""
    lines: list[Any] = ["no job"] if way == "nothing was made" else prompts(1)
    if way != "nothing was made":
        Path("generated").mkdir()
        Path("generated/index.html").write_text("mine")
    ran = desk.run("--batch", write(lines), "--gallery")
    assert (ran.last["event"], ran.last["counts"]["jobs"]) == ("summary", 1), ran.out
    assert ran.code == (2 if way == "nothing was made" else 0)
    assert "gallery was not written" in ran.events("warning")[-1]["message"]


def test_four_shards_under_gnu_parallel_make_each_line_once(desk: Desk) -> None:
    """100 lines, four processes at once, one journal: none twice, none missing."""
    require_tool("parallel")
    desk.write_config(**{"skills.video": {"create_timeout_seconds": 2000}})  # 64 at once, perhaps on a busy machine
    write(prompts(100))
    command = [
        "parallel", "--will-cite", "-j4", sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), "--batch",
        "jobs.jsonl", "--shard", "{}/4", "--yes", "--no-download", "--concurrency", "16", "--provider", "skills.video",
        "--base-url", desk.sandbox.base_urls["skills.video"], "--config", str(desk.home / "config.json"),
        ":::", "1", "2", "3", "4",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170, env=dict(os.environ))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    counts = Counter(line["line"] for line in lines if line["event"] == "terminal")
    assert counts == Counter(range(1, 101))
    assert len({line["generation_id"] for line in lines if line["event"] == "terminal"}) == 100
    assert desk.jobs() == 100


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_ends_where_json_lines_end(desk: Desk, ending: str) -> None:
    """JSON allows U+2028, U+2029 and U+0085 in a text as they are; VT and FF make one bad line, and no second one."""
    prompts = ["a cat\u2028a dog", "one\u2029two\x85three"]
    rows = [json.dumps({"prompt": prompt}, ensure_ascii=False) for prompt in prompts]
    text = ending.join([*rows, '{"prompt": "a\vb\fc"}', '{"prompt": "last"}', ""])
    Path("jobs.jsonl").write_bytes(text.encode())
    ran = desk.run("--batch", "jobs.jsonl")
    assert ran.last["counts"]["jobs"] == 4, ran.out
    assert [row["line"] for row in ran.last["failed"]] == [3]
    bodies = [row.get("body") for row in desk.log()["requests"] if row["operation"] == "create"]
    sent = [body.get("prompt") for body in bodies if isinstance(body, dict)]
    assert {*prompts, "last"} <= set(sent)


def test_a_text_file_is_one_prompt_a_line(desk: Desk) -> None:
    words = '“a cat” said $HOME, `ls` — café 🎬 "quoted"'
    text = f"{words}\r\n\n-a dash\n{json.dumps({'prompt': 'a fox'})}\n"
    Path("prompts.TXT").write_bytes(text.encode())
    ran = desk.run("--batch", "prompts.TXT", "--model", MODEL, "--aspect-ratio", "16:9")
    assert ran.last["counts"] == {"succeeded": 2, "bad_line": 1, "jobs": 3}
    assert desk.column("prompt") in ([words, "-a dash"], ["-a dash", words])
    assert all(json.loads(body)["aspect_ratio"] == "16:9" for body in desk.column("request"))
    assert ".jsonl" in ended(ran)[4]["guidance"][0]


def test_flags_of_the_command_hold_for_every_line_that_says_nothing_else(desk: Desk) -> None:
    lines = [{"prompt": "a"}, {"prompt": "b", "aspect-ratio": "1:1"}, {"payload": {"prompt": "c"}}]
    ran = desk.run("--batch", write(lines), "--model", MODEL, "--aspect-ratio", "16:9")
    assert ran.code == 0, ran.out
    bodies = [json.loads(body) for body in desk.column("request")]
    ratios = {body["prompt"]: body.get("aspect_ratio") for body in bodies}
    assert ratios == {"a": "16:9", "b": "1:1", "c": None}
