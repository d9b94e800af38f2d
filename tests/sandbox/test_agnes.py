"""Agnes's protocol as the sandbox speaks it: plain requests on real sockets, against the facts."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from generate_media.core.paths import REFERENCES
from generate_media.sandbox.embedded import Running, start
from tools import require_tool

SPEED = 2000.0
PICTURE, FLASH, OLD = "agnes-image-2.1-flash", "agnes-video-2.5-flash", "agnes-video-v2.0"
KEY = {"Authorization": "Bearer test-key"}
SECONDS = 10.0


class Agnes:
    """The service at the end of a wire."""

    def __init__(self, running: Running) -> None:
        self.base = running.base_urls["agnes"]
        self.root = f"http://127.0.0.1:{running.port}"
        self.session = requests.Session()
        self.session.trust_env = False

    def post(self, path: str, body: Any, *faults: str) -> requests.Response:
        headers = KEY | ({"X-Sandbox-Fault": ",".join(faults)} if faults else {})
        return self.session.post(self.base + path, json=body, headers=headers, timeout=SECONDS)

    def get(
        self, path: str, *, at_root: bool = False, headers: dict[str, str] = KEY, **query: str
    ) -> requests.Response:
        base = self.root if at_root else self.base
        return self.session.get(base + path, params=query, headers=headers, timeout=SECONDS)

    def switch(self, *faults: str) -> None:
        self.session.post(f"{self.root}/_faults", json=list(faults), timeout=SECONDS).raise_for_status()

    def creates(self) -> int:
        log = self.session.get(f"{self.root}/_log", timeout=SECONDS).json()
        return int(sum(row["status"] == 200 for row in log["requests"] if row["operation"] == "create"))

    def by_task(self, job: dict[str, Any]) -> requests.Response:
        return self.get(f"/videos/{job['task_id']}")

    def by_video(self, job: dict[str, Any]) -> requests.Response:
        return self.get("/agnesapi", at_root=True, video_id=job["video_id"], model_name=job["model"])

    def clip(self, *faults: str) -> dict[str, Any]:
        created: dict[str, Any] = self.post("/videos", flash(), *faults).json()
        return created

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            answer = self.by_task(job)
            state: dict[str, Any] = answer.json()
            if answer.status_code == 200 and state["status"] not in ("queued", "in_progress"):
                return state
            time.sleep(0.01)
        raise AssertionError("the clip never ended")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(speed=SPEED) as sandbox:
        yield sandbox


@pytest.fixture
def agnes(running: Running) -> Iterator[Agnes]:
    service = Agnes(running)
    service.switch()
    yield service
    service.switch()
    service.session.close()


def flash(**fields: Any) -> dict[str, Any]:
    return {"model": FLASH, "prompt": "x", "mode": "text", "seconds": "5", **fields}


def pixels(data: bytes) -> tuple[int, int]:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return image.size


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (1024, 1024)),
        ({"size": "1024x768", "seed": None}, (1024, 768)),
        ({"size": "1K", "ratio": "16:9"}, (1312, 736)),
        ({"size": "1300x700"}, (1312, 736)),
    ],
)
def test_a_picture_is_answered_at_once(agnes: Agnes, fields: dict[str, Any], size: tuple[int, int]) -> None:
    answer = agnes.post("/images/generations", {"model": PICTURE, "prompt": "一只可爱的小猫", **fields}).json()
    assert (answer["usage"], answer["data"][0]["b64_json"]) == ({"generated_images": 1}, None)
    picture = agnes.session.get(answer["data"][0]["url"], timeout=SECONDS).content
    assert picture.startswith(b"\x89PNG")
    assert pixels(picture) == size


def test_base64_is_the_picture(agnes: Agnes) -> None:
    answer = agnes.post("/images/generations", {"model": PICTURE, "prompt": "x", "return_base64": True}).json()
    assert answer["data"][0]["url"] == ""
    assert base64.b64decode(answer["data"][0]["b64_json"]).startswith(b"\x89PNG")


def test_b64_json_takes_its_three_minutes(running: Running) -> None:
    with start(speed=1000.0) as slow:
        body = {"model": PICTURE, "prompt": "x", "extra_body": {"response_format": "b64_json"}}
        before = time.monotonic()
        assert Agnes(slow).post("/images/generations", body).json()["data"][0]["b64_json"]
        assert time.monotonic() - before >= 0.18


def test_a_clip_from_create_to_file(agnes: Agnes) -> None:
    job = agnes.clip()
    assert (job["id"], job["object"], job["model"], job["status"]) == (job["task_id"], "video", FLASH, "queued")
    assert job["video_id"].startswith("video_")
    state = agnes.ended(job)
    assert (state["status"], state["progress"], state["seconds"]) == ("completed", 100, "5.0")
    assert agnes.by_video(job).json()["url"] == state["url"]
    assert agnes.session.get(state["url"], timeout=SECONDS).content[4:8] == b"ftyp"


def test_video_ids_share_a_long_prefix(agnes: Agnes) -> None:
    one, other = agnes.clip()["video_id"], agnes.clip()["video_id"]
    assert (one[:40] == other[:40], one == other) == (True, False)


def test_each_route_wants_its_own_id(agnes: Agnes) -> None:
    job = agnes.clip()
    wrong = agnes.by_task({"task_id": job["video_id"]})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "task_not_exist")
    wrong = agnes.by_video(job | {"video_id": job["task_id"]})
    assert (wrong.status_code, wrong.json()) == (404, {"error": {"code": 404, "message": "task not found"}})
    assert agnes.get("/agnesapi", at_root=True).status_code == 400


def test_another_key_does_not_see_the_task(agnes: Agnes) -> None:
    path = f"/videos/{agnes.clip()['task_id']}"
    assert agnes.get(path, headers={"Authorization": "Bearer test-key-2"}).status_code == 404
    assert agnes.get(path).status_code == 200


@pytest.mark.parametrize(
    ("headers", "words"), [({}, "未提供令牌"), ({"Authorization": "Bearer bad-test-key"}, "无效的令牌")]
)
def test_keys(agnes: Agnes, headers: dict[str, str], words: str) -> None:
    answer = agnes.get("/models", headers=headers)
    assert answer.status_code == 401
    assert words in answer.json()["error"]["message"]


def test_models_are_listed_without_a_retired_one(agnes: Agnes) -> None:
    listed = [row["id"] for row in agnes.get("/models").json()["data"]]
    agnes.switch("agnes-retired")
    left = [row["id"] for row in agnes.get("/models").json()["data"]]
    assert (OLD in listed, set(listed) - set(left)) == (True, {OLD})
    refused = agnes.post("/videos", {"model": OLD, "prompt": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_not_found")
    assert agnes.post("/videos", flash()).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/videos", {"model": OLD, "prompt": "x", "num_frames": 120}, 400, "num_frames must equal 8 * n + 1"),
        ("/videos", flash(seconds=5), 400, "seconds"),
        ("/videos", {"model": "agnes-9", "prompt": "x"}, 503, "No available channel for model agnes-9"),
        ("/images/generations", {"model": PICTURE, "prompt": "x", "quality": "hd"}, 400,
         "quality is not supported by text image queue"),
        ("/images/generations", {"model": PICTURE}, 400, "prompt"),
        ("/images/generations", ["x"], 400, "invalid_request"),
        ("/video", {}, 404, "Invalid URL (POST /v1/video)"),
    ],
)  # fmt: skip
def test_refusals_in_its_own_words(agnes: Agnes, path: str, body: Any, status: int, words: str) -> None:
    answer = agnes.post(path, body)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_a_model_that_is_new_is_made_as_its_siblings_are() -> None:
    with start(speed=SPEED, new_models=True) as sandbox:
        service = Agnes(sandbox)
        body = {"model": "agnes-video-9", "prompt": "x", "seconds": "7", "depth": 3, "aspect_ratio": ["?"]}
        state = service.ended(service.post("/videos", body).json())
        assert (state["status"], state["model"], state["seconds"]) == ("completed", "agnes-video-9", "7.0")


def test_a_data_uri_too_long_or_in_the_wrong_place_is_refused(agnes: Agnes) -> None:
    long = flash(mode="keyframe", first_frame="data:image/png;base64," + "A" * 320_000)
    assert agnes.post("/videos", long).status_code == 400
    assert (
        agnes.post("/videos", {"model": OLD, "prompt": "x", "image": "data:image/png;base64,AAAA"}).status_code == 400
    )
    short = flash(mode="keyframe", first_frame="data:image/png;base64,AAAA")
    assert agnes.post("/videos", short, "agnes-data-uri-refused").status_code == 400
    assert agnes.post("/videos", short).status_code == 200


URL_PLACES = ("url", "video_url", "metadata.url", "data.url", "remixed_from_video_id")
"""Where a finished clip's URL has stood (facts)."""


def urls(value: Any, place: str = "") -> dict[str, str]:
    """Every http(s) address within an answer, by its place."""
    if isinstance(value, dict):
        return {at: url for name, item in value.items() for at, url in urls(item, f"{place}.{name}").items()}
    if isinstance(value, list):
        return {at: url for number, item in enumerate(value) for at, url in urls(item, f"{place}.{number}").items()}
    return {place.lstrip("."): value} if isinstance(value, str) and value.startswith("http") else {}


@pytest.mark.parametrize("place", URL_PLACES)
def test_the_url_moves(agnes: Agnes, place: str) -> None:
    """To the one place that was asked for, and what stands there is the clip."""
    found = urls(agnes.ended(agnes.clip(f"agnes-url-at={place}")))
    assert list(found) == [place]
    assert agnes.session.get(found[place], timeout=SECONDS).content[4:8] == b"ftyp"


def test_completed_without_a_url_on_one_route_or_both(agnes: Agnes) -> None:
    job = agnes.clip("agnes-no-url=video")
    agnes.ended(job)
    by_video, by_task = agnes.by_video(job).json(), agnes.by_task(job).json()
    assert (by_video["status"], urls(by_video)) == ("completed", {})
    assert (by_task["status"], list(urls(by_task))) == ("completed", ["url"])
    state = agnes.ended(agnes.clip("agnes-no-url"))
    assert (state["status"], urls(state)) == ("completed", {})


def test_early_404s_are_counted(agnes: Agnes) -> None:
    job = agnes.clip("agnes-early-404=2")
    assert [agnes.by_task(job).status_code, agnes.by_video(job).status_code] == [404, 404]
    assert [agnes.by_task(job).status_code, agnes.by_video(job).status_code] == [200, 200]


def test_one_route_down(agnes: Agnes) -> None:
    job = agnes.clip()
    agnes.switch("agnes-route-down=task")
    assert [agnes.by_task(job).status_code, agnes.by_video(job).status_code] == [500, 200]
    agnes.switch("agnes-route-down")
    assert [agnes.by_task(job).status_code, agnes.by_video(job).status_code] == [200, 500]


def test_the_queue_is_full_for_a_while(agnes: Agnes) -> None:
    agnes.switch("agnes-queue-full*2")
    before = agnes.creates()
    answers = [agnes.post("/videos", flash()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json()["code"] == "video_queue_full"
    assert agnes.creates() == before + 1


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("agnes-queue-full", 503, "queue is full"),
        ("agnes-minute-limit", 429, "allows 1 requests per 1 minute(s)"),
        ("agnes-quota-spent", 403, "insufficient_user_quota"),
        ("agnes-quota-spent-zh", 403, "预扣费额度失败"),
        ("agnes-cloudflare-403", 403, "Cloudflare"),
        ("agnes-content-policy", 400, "content_policy_violation"),
        ("agnes-sensitive-words", 400, "sensitive_words_detected"),
        ("agnes-rate-check-failed", 500, "rate_limit_check_failed"),
        ("agnes-html-502", 502, "<html>"),
        ("agnes-html-522", 522, "<html>"),
        ("agnes-token-refused", 401, "无效的令牌"),
    ],
)
def test_refusing_faults_make_nothing(agnes: Agnes, running: Running, fault: str, status: int, words: str) -> None:
    before = jobs(running)
    answer = agnes.post("/videos", flash(), fault)
    answer.encoding = "utf-8"
    assert (answer.status_code, words in answer.text) == (status, True)
    assert jobs(running) == before


@pytest.mark.parametrize(("fault", "status"), [("agnes-504-after", 504), ("agnes-html-502-after", 502)])
def test_the_answer_is_lost_after_the_task_was_made(agnes: Agnes, running: Running, fault: str, status: int) -> None:
    before = jobs(running)
    assert agnes.post("/videos", flash(), fault).status_code == status
    assert jobs(running) == before + 1


def jobs(running: Running) -> int:
    log = requests.get(f"http://127.0.0.1:{running.port}/_log", timeout=SECONDS).json()
    return int(log["jobs"].get("agnes", 0))


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("agnes-poll-429", 429),
        ("agnes-poll-html-502", 502),
        ("agnes-poll-fetch-failed", 500),
        ("agnes-poll-404", 404),
    ],
)
def test_poll_faults_once(agnes: Agnes, fault: str, status: int) -> None:
    job = agnes.clip()
    agnes.switch(f"{fault}*1")
    assert [agnes.by_task(job).status_code for _ in range(2)] == [status, 200]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("agnes-failed", "generation failed"),
        ("agnes-failed=prompt_blocked", {"code": "prompt_blocked", "message": "refused: prompt_blocked"}),
    ],
)
def test_a_failed_task_is_http_200(agnes: Agnes, fault: str, error: Any) -> None:
    state = agnes.ended(agnes.clip(fault))
    assert (state["status"], state["error"]) == ("failed", error)


def test_stuck_inference_ends_after_its_quarter_of_an_hour(agnes: Agnes) -> None:
    job = agnes.clip("agnes-stuck-inference")
    begun = time.monotonic()
    state = agnes.ended(job)
    assert (state["status"], state["error"]["code"]) == ("failed", "stuck_inference")
    assert time.monotonic() - begun > 800 / SPEED


def test_progress_jumps(running: Running) -> None:
    with start(speed=400.0) as slow:
        service = Agnes(slow)
        job = service.clip("agnes-progress-jumps")
        seen = set()
        while (state := service.by_task(job).json())["status"] != "completed":
            seen.add(state["progress"])
            time.sleep(0.02)
        assert (seen - {0}, state["progress"]) == ({30}, 100)


def test_other_words_for_done(agnes: Agnes) -> None:
    assert agnes.ended(agnes.clip("agnes-done-word=success"))["status"] == "success"


def test_the_oldest_create_answer(agnes: Agnes) -> None:
    answer = agnes.clip("agnes-old-create")
    assert list(answer) == ["task_id"]
    assert agnes.ended(answer)["status"] == "completed"


def test_other_protocols_creates_are_not_touched(running: Running) -> None:
    """Faults that stand in for every create leave the other providers alone."""
    body = {"model": "doubao-seedance-2-0-filter-off", "content": [{"type": "text", "text": "x"}]}
    url = running.base_urls["agcloud"] + "/contents/generations/tasks"
    headers = KEY | {"X-Sandbox-Fault": "agnes-queue-full"}
    assert requests.post(url, json=body, headers=headers, timeout=SECONDS).status_code == 200


def test_answers_are_those_of_the_contract(agnes: Agnes) -> None:
    from jsonschema import Draft202012Validator

    document = json.loads((REFERENCES / "agnes.openapi.json").read_text(encoding="utf-8"))
    answers = {
        "VideoJob": [job := agnes.clip(), agnes.ended(job), agnes.by_video(job).json()],
        "ImageAnswer": [agnes.post("/images/generations", {"model": PICTURE, "prompt": "x"}).json()],
        "ModelList": [agnes.get("/models").json()],
        "AnyError": [agnes.post("/videos", {}).json(), agnes.by_task({"task_id": "no"}).json()],
    }
    for name, found in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        for answer in found:
            assert list(Draft202012Validator(schema).iter_errors(answer)) == []


def test_the_references_shell_lines_work(running: Running) -> None:
    """The curl block of references/agnes.md, unchanged but for host and pause."""
    bash = require_tool("bash")
    require_tool("curl")
    require_tool("jq")
    text = (REFERENCES / "agnes.md").read_text(encoding="utf-8")
    block = next(part for part in text.split("```bash\n")[1:] if "curl" in part).split("```")[0]
    block = block.replace("https://apihub.agnes-ai.com", f"http://127.0.0.1:{running.port}")
    block = block.replace("sleep 10", "sleep 0.02")
    assert "agnes-ai.com" not in block
    env = {**os.environ, "AGNES_API_KEY": "test-key", "no_proxy": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as folder:
        command = [bash, "-eu", "-c", block]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert FLASH in done.stdout
    assert ".png" in done.stdout
    assert ".mp4" in done.stdout.splitlines()[-1]
