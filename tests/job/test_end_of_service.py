"""A model whose end the contract knows: warned of for thirty days, then answered here with what takes its place."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from generate_media.config.settings import load_settings
from generate_media.core.paths import CONFIG_FILE, REFERENCES
from generate_media.request.choose import Chooser
from generate_media.request.prepare import Prepared, prepare_request, wanted_from

SETTINGS = load_settings(CONFIG_FILE)
DATE = "2026-11-24T14:00:00+08:00"
END = 1_795_500_000.0
"""The same moment in Unix seconds: 06:00 UTC."""
DAY = 86_400.0
PAST = "2026-10-01T00:00:00Z"
CLIPS = "/contents/generations/tasks"
V20, V25, D25 = "doubao-seedance-2-0-260128", "doubao-seedance-2-5-260628", "dreamina-seedance-2-5-260628"
NANO = "google/nano-banana"
# provider → document, path, the model that ends and the one in its place
ENDING = {
    "skills.video": ("skills-video", f"/generation/sse/{NANO}-pro", f"{NANO}-pro", NANO),
    "agnes": ("agnes", "/images/generations", "agnes-image-2.0-flash", "agnes-image-2.1-flash"),
    "agcloud": ("agcloud", CLIPS, "doubao-seedance-2-0-filter-off", "doubao-seedance-2-0-fast-filter-off"),
    "ark": ("agcloud", CLIPS, V20, V25),
    "byteplus": ("agcloud", CLIPS, "seedance-1-5-pro-251215", D25),
}


def ending(folder: Path, provider: str, date: str = DATE, **more: Any) -> Path:
    """The provider's document in which one model's line has an end of service."""
    name, path, model, replacement = ENDING[provider]
    document = json.loads((REFERENCES / f"{name}.openapi.json").read_text(encoding="utf-8"))
    post = document["paths"][path]["post"]
    line = next((row for row in post.get("x-models", ()) if row["id"] == model), post)
    line["x-end-of-service"] = {"date": date, "replacement": replacement, **more}
    file = folder / f"{provider}.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def prepared(file: Path, provider: str, now: float, **flags: Any) -> Prepared:
    model = ENDING[provider][2]
    wanted = wanted_from({"prompt": "a cat", "provider": provider, "model": model, **flags}, openapi=(file,))
    return prepare_request(wanted, Chooser(SETTINGS, lambda: (), lambda: now), lambda name, digest: None)


def test_the_moment_is_what_the_zone_says() -> None:
    assert datetime.fromisoformat(DATE).timestamp() == END


@pytest.mark.parametrize("provider", ENDING)
@pytest.mark.parametrize(
    ("now", "warned", "ended"),
    [
        (END - 31 * DAY, False, False),
        (END - 30 * DAY, True, False),
        (END - 1, True, False),
        (END, False, True),
        (END + 400 * DAY, False, True),
    ],
)
def test_it_is_said_for_thirty_days_and_then_it_is_over(
    tmp_path: Path, provider: str, now: float, warned: bool, ended: bool
) -> None:
    request = prepared(ending(tmp_path, provider), provider, now).request
    said = [line for line in request.warnings if DATE in line]
    assert (bool(said), request.ended is not None) == (warned, ended)
    assert all(ENDING[provider][3] in line for line in said)


def test_who_insists_is_warned_and_heard(tmp_path: Path) -> None:
    request = prepared(ending(tmp_path, "ark"), "ark", END, no_validate=True).request
    assert request.ended is None
    assert [line for line in request.warnings if "no longer served" in line]


@pytest.mark.parametrize("date", ["", "soon", "2026-11-24", "2026-11-24T14:00:00", None, 5])
def test_a_date_that_is_none_or_has_no_zone_says_nothing(tmp_path: Path, date: Any) -> None:
    request = prepared(ending(tmp_path, "ark", date), "ark", END + DAY).request
    assert (request.ended, request.warnings) == (None, ())


def run(desk: Desk, provider: str, *args: str) -> Ran:
    file = ending(desk.home, provider, PAST)
    return desk.run(
        "--prompt", "a cat", "--openapi", str(file), "--model", ENDING[provider][2], *args, provider=provider
    )


@pytest.mark.parametrize("provider", ENDING)
def test_after_its_day_nothing_is_sent_and_the_way_on_is_a_command(desk: Desk, provider: str) -> None:
    ran = run(desk, provider)
    assert (ran.code, desk.creates()) == (23, 0), ran.out
    assert (ran.last["error"], ran.last["category"]) == ("model_retired", "not_found")
    assert ran.last["may_have_been_created"] is False
    assert ran.last["replacement"] == ENDING[provider][3]
    assert f"--model={ENDING[provider][3]}" in ran.last["guidance"][0]
    assert "a cat" in ran.last["guidance"][0]
    assert f"--openapi={desk.home / provider}.json" in ran.last["guidance"][0]


def test_under_a_limit_of_the_cost_the_end_is_told_first(desk: Desk) -> None:
    ran = run(desk, "ark", "--max-cost", "5")
    assert (ran.code, ran.last["error"], desk.creates()) == (23, "model_retired", 0), ran.out


def test_the_dry_run_says_the_same_and_so_does_a_line_of_a_batch(desk: Desk) -> None:
    ran = run(desk, "ark", "--dry-run")
    assert (ran.code, ran.last["error"]) == (23, "model_retired")
    lines = [{"prompt": "a cat", "model": model, "provider": "ark", "kind": "video"} for model in ENDING["ark"][2:]]
    Path("jobs.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    file = str(ending(desk.home, "ark", PAST))
    ran = desk.run("--batch", "jobs.jsonl", "--openapi", file, "--dry-run", provider="ark")
    assert (ran.code, ran.last["jobs"], ran.last["invalid_lines"]) == (23, 1, 1)
    ran = desk.run("--batch", "jobs.jsonl", "--openapi", file, provider="ark")
    assert (ran.code, desk.creates()) == (23, 1), ran.out
    assert ran.last["counts"] == {"model_retired": 1, "succeeded": 1, "jobs": 2}


def test_what_was_made_before_is_still_given_again(desk: Desk) -> None:
    made = desk.run("--prompt", "a cat", "--model", ENDING["ark"][2], provider="ark")
    assert made.code == 0, made.out
    again = run(desk, "ark")
    assert (again.code, again.last["reused"], desk.creates()) == (0, True, 1)


def test_the_list_of_models_says_it(desk: Desk) -> None:
    ran = desk.call("inspect_openapi", "--openapi", str(ending(desk.home, "ark")), "--models")
    rows = {row["id"]: row for row in json.loads(ran.out)["models"]["video"] if isinstance(row, dict)}
    _, _, model, replacement = ENDING["ark"]
    assert rows[model] == {"id": model, "ends": DATE, "replacement": replacement}
