"""The main job, end to end: one prompt in, one checked file out; run again, nothing is paid twice."""

from __future__ import annotations

import gc
import io
import json
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from conftest import Desk
from generate_media.contract import Contract
from generate_media.core.paths import CONFIG_FILE

PAYLOAD = {"prompt": "Minimal product photo of a matte black coffee grinder on white background"}
MAIN = ("--sse-endpoint", "/generation/sse/google/nano-banana-pro", "--payload", json.dumps(PAYLOAD))


def test_one_prompt_one_checked_file(desk: Desk) -> None:
    ran = desk.run(*MAIN, "--poll-timeout", "900", "--poll-interval", "3")
    assert ran.code == 0, ran.out
    assert [line["event"] for line in ran.lines][:2] == ["start", "accepted"]
    assert ran.last["event"] == "terminal"
    assert ran.last["ok"] is True
    assert (ran.last["provider"], ran.last["model"]) == (ran.lines[0]["provider"], ran.lines[0]["model"])
    assert ran.last["source"] == "sse"
    (output,) = ran.last["outputs"]
    with Image.open(output["path"]) as picture:
        assert picture.format == "PNG"
        assert picture.size == (output["width"], output["height"])
    assert Path(output["path"]).is_absolute()
    assert os.path.getsize(output["path"]) == output["bytes"]
    assert desk.jobs() == 1


def test_a_successful_job_is_a_few_short_lines(desk: Desk) -> None:
    ran = desk.call("create_and_wait", *MAIN, "--poll-timeout", "900", "--poll-interval", "3", "--sandbox")
    assert ran.code == 0, ran.out
    assert len(ran.lines) <= 6
    assert len(ran.out) <= 1200
    assert PAYLOAD["prompt"] not in ran.out


@pytest.mark.parametrize("shipped", ["skills.video", "agnes", "ark"])
def test_a_provider_of_any_name_runs_in_the_sandbox(desk: Desk, shipped: str) -> None:
    """One of config.json's own, with a host that the bundle never heard of; its job is found again by its id."""
    block = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))["providers"][shipped]
    mirror = block | {"base_url": "https://mirror.example/its/own/path", "allowed_hosts": ["mirror.example"]}
    config = str(desk.write_config(providers={"our.mirror": mirror}))
    ran = desk.call(
        "create_and_wait", "--prompt", "a boat", "--sandbox", "--config", config, "--provider", "our.mirror"
    )
    assert ran.code == 0, ran.out
    assert Path(ran.last["outputs"][0]["path"]).stat().st_size > 0
    again = desk.call("wait_generation", "--generation-id", ran.last["generation_id"], "--sandbox", "--config", config)
    assert (again.code, again.last["generation_id"]) == (0, ran.last["generation_id"])


def test_the_sidecar_tells_how_it_was_made(desk: Desk) -> None:
    ran = desk.run(*MAIN)
    path = Path(ran.last["outputs"][0]["path"])
    sidecar = path.with_suffix(".json")
    assert stat.S_IMODE(sidecar.stat().st_mode) == 0o600
    record = json.loads(sidecar.read_text(encoding="utf-8"))
    assert record["prompt"] == PAYLOAD["prompt"]
    assert record["request"] == PAYLOAD
    assert record["generation_id"] == ran.last["generation_id"]
    assert record["outputs"][0]["path"] == path.name
    assert record["outputs"][0]["sha256"] == ran.last["outputs"][0]["sha256"]
    assert "X-Signature" in record["outputs"][0]["url"]
    assert "X-Signature" not in ran.out


def test_a_strangers_json_of_the_same_name_stays_and_the_record_stands_beside_it(desk: Desk) -> None:
    path = Path(desk.run(*MAIN).last["outputs"][0]["path"]).with_suffix(".json")
    path.write_text('{"name": "my-package"}')
    for _ in range(2):
        assert desk.run(*MAIN).code == 0
    assert path.read_text() == '{"name": "my-package"}'
    (beside,) = {*path.parent.glob("*.json")} - {path}
    assert beside.name == f"{path.stem}-2.json"
    assert json.loads(beside.read_text())["prompt"] == PAYLOAD["prompt"]


@pytest.mark.parametrize("damaged", ['["x"]', '[{"sha256": "0"}]', "[{", "{}"])
def test_files_that_the_journal_no_longer_names_are_fetched_anew(desk: Desk, damaged: str) -> None:
    first = desk.run(*MAIN)
    with closing(sqlite3.connect(next(desk.state.glob("*.sqlite3")), isolation_level=None)) as db:
        db.execute("UPDATE job SET saved = ?", (damaged,))
    again = desk.run(*MAIN)
    assert (again.code, again.last["reused"], desk.jobs()) == (0, True, 1), again.out
    assert again.last["outputs"][0]["sha256"] == first.last["outputs"][0]["sha256"]


def test_the_same_command_again_sends_nothing(desk: Desk) -> None:
    first = desk.run(*MAIN)
    before = desk.log()["count"]
    again = desk.run(*MAIN)
    assert desk.log()["count"] - before <= 1, "only the test's own look at the log"
    assert again.code == 0
    assert again.last["reused"] is True
    assert again.last["outputs"] == first.last["outputs"]
    assert desk.jobs() == 1
    new = desk.run(*MAIN, "--new")
    assert new.code == 0
    assert "reused" not in new.last
    assert desk.jobs() == 2
    assert new.last["outputs"][0]["path"] != first.last["outputs"][0]["path"]


def test_a_file_that_was_deleted_is_fetched_and_not_made_again(desk: Desk) -> None:
    first = desk.run(*MAIN)
    Path(first.last["outputs"][0]["path"]).unlink()
    again = desk.run(*MAIN)
    assert again.code == 0
    assert Path(again.last["outputs"][0]["path"]).exists()
    assert desk.jobs() == 1


def test_the_friendly_way_and_the_payload_are_one_job(desk: Desk) -> None:
    desk.run(*MAIN)
    again = desk.run("--model", "google/nano-banana-pro", "--prompt", PAYLOAD["prompt"])
    assert again.last["reused"] is True
    detached = desk.run("--model", "google/nano-banana-pro", "--prompt", PAYLOAD["prompt"], "--detach")
    assert detached.last["reused"] is True
    assert desk.jobs() == 1


def test_the_size_asked_for_is_the_size_that_comes(desk: Desk) -> None:
    ran = desk.run("--model", "xai/grok-imagine-image", "--prompt", "a boat", "--aspect-ratio", "16:9")
    (output,) = ran.last["outputs"]
    assert abs(output["width"] / output["height"] - 16 / 9) < 0.02


def test_several_outputs_of_one_job(desk: Desk) -> None:
    ran = desk.run("--model", "xai/grok-imagine-image", "--prompt", "a boat", "--set", "n=3")
    assert ran.code == 0
    paths = [output["path"] for output in ran.last["outputs"]]
    assert len(set(paths)) == 3
    assert all(Path(path).exists() for path in paths)
    assert desk.jobs() == 1


def test_detach_then_the_id_alone(desk: Desk) -> None:
    detached = desk.run(*MAIN, "--detach")
    assert detached.code == 0
    assert detached.last["event"] == "accepted"
    config = str(desk.home / "config.json")
    waited = desk.call("wait_generation", "--generation-id", detached.last["generation_id"], "--config", config)
    assert waited.code == 0, waited.out
    assert Path(waited.last["outputs"][0]["path"]).exists()
    listed = desk.call("wait_generation", "--list", "--config", config)
    assert [job["state"] for job in listed.last["jobs"]] == ["collected"]
    assert desk.jobs() == 1


def test_without_sse_it_polls_from_the_start(desk: Desk) -> None:
    ran = desk.run("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat")
    assert ran.code == 0
    assert ran.lines[0]["mode"] == "poll"
    assert ran.last["source"] == "poll"


def test_no_download_gives_whole_urls(desk: Desk) -> None:
    ran = desk.run(*MAIN, "--no-download")
    (output,) = ran.last["outputs"]
    assert "path" not in output
    assert "X-Signature" in output["url"]
    assert not list(Path.cwd().iterdir())


def test_local_pictures_go_as_multipart_beside_urls(desk: Desk) -> None:
    Image.new("RGB", (64, 48), "red").save("cat.png")
    ran = desk.run(
        "--model", "google/nano-banana-pro", "--prompt", "make it blue",
        "--image", "cat.png", "--image", "https://example.com/other.png",
    )  # fmt: skip
    assert ran.code == 0, ran.out
    create = next(row for row in reversed(desk.log()["requests"]) if row["operation"] == "create")
    assert create["headers"]["content-type"].startswith("multipart/form-data")


def test_two_equal_commands_at_once_make_one_job(desk: Desk) -> None:
    """Real processes: the second waits for the first's id and follows it."""
    import subprocess

    from generate_media.core.paths import BUNDLE

    desk.write_config()
    command = [
        sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), *MAIN, "--provider", "skills.video",
        "--base-url", desk.sandbox.base_urls["skills.video"], "--config", str(desk.home / "config.json"),
    ]  # fmt: skip
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0, 0], outputs
    last = [json.loads(output.splitlines()[-1]) for output in outputs]
    assert len({line["generation_id"] for line in last}) == 1
    assert len({line["outputs"][0]["path"] for line in last}) == 1
    assert len(list(Path("generated").glob("*.png"))) == 1
    assert desk.jobs() == 1


def test_what_only_the_create_needs_is_let_go_before_the_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parsed contract weighs more than everything that the rest of a run needs, a pool a third of a stream."""
    alive: list[tuple[int, int]] = []

    class Watched(io.StringIO):
        def write(self, text: str) -> int:
            if '"event":"accepted"' in text:
                gc.collect()
                alive.append(_contracts_and_pools())
            return super().write(text)

    assert desk.run("--prompt", "a dog").code == 0  # the sandbox, in this process too, keeps one from its first job on
    monkeypatch.setattr(sys, "stdout", Watched())
    ran = desk.run("--prompt", "a cat")
    assert ran.code == 0
    assert alive == [(0, 0)]


def _contracts_and_pools() -> tuple[int, int]:
    """Those that were made since a document was parsed last, which freezes all that is there."""
    there = gc.get_objects()
    pools = sum(type(one).__name__.startswith("TracedHTTP") and hasattr(one, "QueueCls") for one in there)
    return sum(isinstance(one, Contract) for one in there), pools
