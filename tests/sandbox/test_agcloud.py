"""The sandbox as AGCloud and Ark: what the facts say of them, and the requests of real clients replayed."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from PIL import Image

from generate_media.core.paths import REFERENCES
from generate_media.sandbox.agcloud_tasks import is_loopback_url
from generate_media.sandbox.embedded import start
from tools import require_tool

RECORDED = Path(__file__).parents[1] / "recorded" / "ark"
TASKS = "/api/v3/contents/generations/tasks"
MODEL = "doubao-seedance-2-0-filter-off"
TEXT = {"type": "text", "text": "a paper boat"}
FAST = 600.0


class Api:
    """One sandbox and a key for it."""

    def __init__(self, port: int, key: str = "example-test-key") -> None:
        self.port = port
        self.key = key

    def call(
        self, method: str, path: str, body: Any = None, *, query: Any = (), faults: str = "", key: str | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.key if key is None else key}", "Content-Type": "application/json"}
        headers |= {"X-Sandbox-Fault": faults} if faults else {}
        target = path + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text

    def make(self, *, faults: str = "", key: str | None = None, **fields: Any) -> str:
        body = {"model": MODEL, "content": [TEXT], **fields}
        status, answer = self.call("POST", TASKS, body, faults=faults, key=key)
        assert status == 200, answer
        return str(answer["id"] if "id" in answer else answer["result"]["task_id"])

    def get(self, identity: str) -> dict[str, Any]:
        status, answer = self.call("GET", f"{TASKS}/{identity}")
        assert status == 200, answer
        return dict(answer)

    def end(self, identity: str) -> dict[str, Any]:
        """The task once it is neither queued nor running."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            task = self.get(identity)
            if task["status"] not in ("queued", "running", "pending", "processing", "polishing"):
                return task
            time.sleep(0.02)
        raise AssertionError(task)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with start(speed=FAST) as running:
        yield Api(running.port)


@pytest.fixture(scope="module")
def slow() -> Iterator[Api]:
    """At the speed of life nothing moves while a test looks."""
    with start(speed=1.0) as running:
        yield Api(running.port)


def fetch(url: str, method: str = "GET") -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()


RECORDINGS = sorted(RECORDED.glob("*/*.json"))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_recorded_requests_of_real_clients_are_understood(api: Api, file: Path) -> None:
    recorded = json.loads(file.read_text(encoding="utf-8"))["requests"]
    identity, seen = "", []
    for row in recorded:
        path = row["path"].replace("{base}", "/api/v3").replace("{id}", identity)
        query = [(name, value.replace("{id}", identity)) for name, value in row["query"]]
        status, answer = api.call(row["method"], path, row["body"], query=query)
        assert status == 200, answer
        seen.append((row["method"], path.endswith(identity) if identity else False))
        if row["method"] == "POST":
            identity = answer["id"]
        elif "items" in answer:
            assert [item["id"] for item in answer["items"]] == [identity]
        elif row["method"] == "GET":
            assert answer["id"] == identity
            api.end(identity)
    assert seen == [("POST", False), ("GET", True), ("GET", False), ("DELETE", True)]
    assert api.call("GET", f"{TASKS}/{identity}")[0] == 404


def test_there_are_recordings_of_two_clients() -> None:
    assert {file.parent.name for file in RECORDINGS} == {"volcengine", "arkruntime"}


PICTURE = {"type": "image_url", "image_url": {"url": "https://files.example/a.png"}}
CLIP = {"type": "video_url", "video_url": {"url": "https://files.example/a.mp4"}, "role": "reference_video"}
SOUND = {"type": "audio_url", "audio_url": {"url": "https://files.example/a.mp3"}, "role": "reference_audio"}
SCENES = {
    "text": [TEXT],
    "first frame": [TEXT, PICTURE | {"role": "first_frame"}],
    "first and last frame": [TEXT, PICTURE | {"role": "first_frame"}, PICTURE | {"role": "last_frame"}],
    "references": [TEXT, PICTURE | {"role": "reference_image"}, CLIP, SOUND],
}


@pytest.mark.parametrize("content", SCENES.values(), ids=SCENES)
def test_each_scene_gives_a_clip_and_its_last_frame(api: Api, content: list[Any], tmp_path: Path) -> None:
    ffprobe = require_tool("ffprobe")
    task = api.end(api.make(content=content, return_last_frame=True, ratio="9:16"))
    assert task["status"] == "succeeded"
    clip, frame = fetch(task["content"]["video_url"]), fetch(task["content"]["last_frame_url"])
    assert (clip[0], clip[1]) == (200, "video/mp4")
    assert (frame[0], frame[1]) == (200, "image/png")
    (tmp_path / "clip.mp4").write_bytes(clip[2])
    command = [ffprobe, "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", "clip.mp4"]
    shown = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    size = tuple(int(part) for part in shown.split()[0].strip(",").split(",")[:2])
    with Image.open(io.BytesIO(frame[2])) as picture:
        assert picture.size == size
    assert size[0] < size[1]


def test_the_words_of_a_life_and_what_each_carries(api: Api) -> None:
    seen: list[str] = []
    identity = api.make()
    while not seen or seen[-1] != "succeeded":
        task = api.get(identity)
        seen += [task["status"]] if task["status"] not in seen else []
        assert ("content" in task, "usage" in task) == (task["status"] == "succeeded",) * 2
        assert task["error"] is None
    assert seen == ["queued", "running", "succeeded"] or seen == ["running", "succeeded"]
    assert task["execution_expires_after"] == 172800
    assert (task["resolution"], task["duration"], task["generate_audio"]) == ("720p", 5, True)


def test_nulls_count_as_absent(api: Api) -> None:
    identity = api.make(ratio=None, seed=None, frames=None, tools=None, content=[TEXT | {"role": None}])
    assert api.get(identity)["ratio"] == "16:9"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"content": None}, "MissingParameter", "content"),
        ({"ratio": "3:3"}, "InvalidParameter", "ratio"),
        ({"duration": 20}, "InvalidParameter", "duration"),
        ({"content": [TEXT, SOUND]}, "InvalidParameter", "content"),
    ],
)
def test_the_contract_is_enforced(api: Api, fields: dict[str, Any], code: str, param: str) -> None:
    status, answer = api.call("POST", TASKS, {"model": MODEL, "content": [TEXT], **fields})
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, code, param)


@pytest.mark.parametrize(
    "fields",
    [
        {"frames": 10**400},
        {"model": "ep-1", "duration": 10**400},
        {"model": "ep-1", "ratio": "9:21", "resolution": "8k"},
        {"model": "m" * 5000},
        {"content": [{"type": "text", "text": "\ud800 \x00 \u202e"}]},
        {"callback_url": "http://[::1"},
        {"callback_url": "http://127.0.0.1:1/\u00e9?\u00e9"},
        {"seed": float("nan")},
        {"duration": float("inf")},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_odd_values_never_break_the_server(api: Api, fields: dict[str, Any]) -> None:
    status, answer = api.call("POST", TASKS, {"model": MODEL, "content": [TEXT], **fields})
    assert status in (200, 400), answer
    if status == 200:
        assert api.get(answer["id"])["id"] == answer["id"]


@pytest.mark.parametrize("body", [[], "text", 3, None])
def test_a_body_that_is_no_object_is_refused(api: Api, body: Any) -> None:
    assert api.call("POST", TASKS, body)[0] == 400


@pytest.mark.parametrize("key", ["", "bad-key"])
@pytest.mark.parametrize(("method", "path"), [("POST", TASKS), ("GET", TASKS), ("GET", f"{TASKS}/x")])
def test_a_key_that_is_none_is_refused(api: Api, key: str, method: str, path: str) -> None:
    status, answer = api.call(method, path, {} if method == "POST" else None, key=key)
    assert (status, answer["error"]["code"]) == (401, "AuthenticationError")


# operation → (method, path of a known task)
CALLS = {
    "create": ("POST", TASKS),
    "poll": ("GET", TASKS + "/{id}"),
    "list": ("GET", TASKS),
    "cancel": ("DELETE", TASKS + "/{id}"),
}


# the facts' table of errors: HTTP status → codes
CODES = {
    code: status
    for status, codes in {
        400: """MissingParameter InvalidParameter InvalidParameter.TaskTypeConstraint InputTextSensitiveContentDetected
            InputImageSensitiveContentDetected InputImageSensitiveContentDetected.PolicyViolation
            InputVideoSensitiveContentDetected OutputVideoSensitiveContentDetected InvalidEndpoint.ClosedEndpoint""",
        401: "AuthenticationError InvalidAccountStatus",
        403: "AccessDenied OperationDenied.ServiceNotOpen AccountOverdueError",
        404: "InvalidEndpointOrModel.NotFound ModelNotOpen ResourceNotFound",
        409: "InvalidAction.RunningTaskDeletion",
        429: """RateLimitExceeded.EndpointRPMExceeded ModelAccountRpmRateLimitExceeded ServerOverloaded
            RequestBurstTooFast InflightBatchsizeExceeded QuotaExceeded QuotaExceeded:queued
            SetLimitExceeded SetLimitExceeded:queued""",
        500: "InternalServiceError",
    }.items()
    for code in codes.split()
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_facts_can_be_asked_for(slow: Api, operation: str, code: str) -> None:
    method, path = CALLS[operation]
    body = {"model": MODEL, "content": [TEXT]} if method == "POST" else None
    fault = f"agcloud-{operation}-error={code}"
    status, answer = slow.call(method, path.replace("{id}", "cgt-1"), body, faults=fault)
    assert (status, answer["error"]["code"]) == (CODES[code], code.split(":")[0])
    assert {"message", "param", "type"} < set(answer["error"])
    status, answer = slow.call(method, path.replace("{id}", "cgt-1"), body, faults=f"{fault},agcloud-error-body")
    assert (status, answer["type"], answer["error"]["type"]) == (CODES[code], "error", code.split(":")[0])


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("status", [404, 405])
def test_a_call_may_not_be_offered(slow: Api, operation: str, status: int) -> None:
    method, path = CALLS[operation]
    found, answer = slow.call(method, path.replace("{id}", "x"), faults=f"agcloud-{operation}-absent={status}")
    assert found == status
    assert isinstance(answer, bytes)


def test_delete_cancels_what_is_queued(slow: Api) -> None:
    identity = slow.make()
    assert slow.call("DELETE", f"{TASKS}/{identity}") == (200, {})
    assert slow.get(identity)["status"] == "cancelled"


def test_delete_refuses_what_runs_and_destroys_what_has_ended() -> None:
    with start(speed=30.0) as running:
        api = Api(running.port)
        identity = api.make()
        while api.get(identity)["status"] == "queued":
            time.sleep(0.02)
        status, answer = api.call("DELETE", f"{TASKS}/{identity}")
        assert (status, answer["error"]["code"]) == (409, "InvalidAction.RunningTaskDeletion")
        api.end(identity)
        assert api.call("DELETE", f"{TASKS}/{identity}", faults="agcloud-delete-204") == (204, None)
        assert api.call("GET", f"{TASKS}/{identity}")[0] == 404
        assert api.call("DELETE", f"{TASKS}/{identity}")[0] == 404


def test_the_list_pages_and_filters_by_all_that_ark_offers(slow: Api) -> None:
    key = "example-list-test-key"
    fast = "doubao-seedance-2-0-fast-filter-off"
    ids = [slow.make(key=key), slow.make(key=key, model=fast), slow.make(key=key)]
    slow.call("DELETE", f"{TASKS}/{ids[0]}", key=key)

    def listed(*query: tuple[str, str]) -> tuple[int, list[str]]:
        status, answer = slow.call("GET", TASKS, query=query, key=key)
        assert status == 200, answer
        return answer["total"], [item["id"] for item in answer["items"]]

    assert listed() == (3, ids[::-1])
    assert listed(("page_size", "2")) == (3, [ids[2], ids[1]])
    assert listed(("page_size", "2"), ("page_num", "2")) == (3, [ids[0]])
    assert listed(("filter.status", "cancelled")) == (1, [ids[0]])
    assert listed(("filter.model", fast)) == (1, [ids[1]])
    assert listed(("filter.task_ids", ids[0]), ("filter.task_ids", ids[2])) == (2, [ids[2], ids[0]])
    assert slow.call("GET", TASKS, query=[("page_size", "0")], key=key)[0] == 400


def test_a_busy_key_queues_and_another_does_not() -> None:
    with start(speed=10.0, faults=["agcloud-concurrency=2"]) as running:
        api = Api(running.port)
        busy = [api.make(key="example-busy-test-key") for _ in range(4)]
        other = api.make(key="example-other-test-key")
        time.sleep(0.7)  # four seconds in the queue, at ten times the speed of life
        assert [api.get(identity)["status"] for identity in busy] == ["running", "running", "queued", "queued"]
        assert api.get(other)["status"] == "running"


def test_queued_tasks_run_when_their_turn_comes() -> None:
    with start(speed=FAST, faults=["agcloud-concurrency=1"]) as running:
        api = Api(running.port)
        with ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(lambda _: api.make(), range(4)))
        ends = sorted(api.end(identity)["updated_at"] for identity in ids)
        assert len(set(ids)) == 4
        assert len(ends) == 4


def test_results_die_after_a_day_and_records_after_a_week() -> None:
    with start(speed=200_000.0) as running:
        api = Api(running.port)
        identity = api.make()
        url = api.end(identity)["content"]["video_url"]
        time.sleep(0.6)  # 1.4 days
        assert fetch(url)[0] == 403
        time.sleep(3.0)  # 8 days
        assert api.call("GET", f"{TASKS}/{identity}")[0] == 404
        assert api.call("GET", TASKS)[1]["total"] == 0


def test_results_answer_get_only(api: Api) -> None:
    url = api.end(api.make())["content"]["video_url"]
    assert fetch(url)[0] == 200
    assert fetch(url, "HEAD")[0] in (403, 404, 405, 501)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("agcloud-failed", "failed", "InternalServiceError"),
        (
            "agcloud-failed=OutputVideoSensitiveContentDetected",
            "failed",
            "OutputVideoSensitiveContentDetected",
        ),
        ("agcloud-cancelled", "cancelled", None),
        ("agcloud-expired", "expired", None),
        ("agcloud-other-words", "success", None),
    ],
)
def test_the_ends_that_can_be_asked_for(api: Api, fault: str, status: str, code: str | None) -> None:
    task = api.end(api.make(faults=fault))
    assert task["status"] == status
    assert (task["error"] or {}).get("code") == code
    assert ("content" in task) == (status == "success")


def test_a_task_that_stays_queued_expires() -> None:
    with start(speed=20_000.0) as running:
        api = Api(running.port)
        identity = api.make(faults="agcloud-queued-forever", execution_expires_after=3600)
        assert api.get(identity)["status"] == "queued"
        assert api.end(identity)["status"] == "expired"


def test_other_quirks(api: Api) -> None:
    assert api.end(api.make(faults="agcloud-no-output"))["content"] == {}
    assert fetch(api.end(api.make(faults="agcloud-result-gone"))["content"]["video_url"])[0] == 403
    identity = api.make(faults="agcloud-task-id,agcloud-unknown-status")
    words = set()
    while "succeeded" not in words:
        words.add(api.get(identity)["status"])
    assert words <= {"queued", "polishing", "succeeded"}


def test_kkcc_is_asked_about_at_its_own_place(api: Api) -> None:
    identity = api.make(model="kkcc")
    assert api.call("GET", f"{TASKS}/{identity}")[0] == 404
    assert api.call("GET", f"{TASKS}/{identity}", faults="agcloud-kkcc-get")[0] == 200
    words: list[str] = []
    while "success" not in words:
        status, task = api.call("POST", "/v1/video-tasks/query", {"task_id": identity})
        assert status == 200
        words += [task["task_status"]]
    assert set(words) <= {"pending", "processing", "success"}
    assert task["task_id"] == identity
    assert fetch(task["content"][0]["video_url"]["url"])[0] == 200
    assert api.call("POST", "/v1/video-tasks/query", {"task_id": api.make()})[0] == 404
    assert api.call("POST", "/v1/video-tasks/query", {})[0] == 400


class Receiver:
    """A loopback server that keeps what is POSTed to it."""

    def __init__(self) -> None:
        bodies = self.bodies = list[dict[str, Any]]()
        headers = self.headers = list[dict[str, str]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers.append(dict(self.headers))
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_the_callback_tells_each_change_and_has_no_key(api: Api) -> None:
    receiver = Receiver()
    try:
        with start(speed=60.0) as running:
            own = Api(running.port)
            identity = own.make(callback_url=f"http://127.0.0.1:{receiver.server.server_port}/hook?x=1")
            own.end(identity)
            until = time.monotonic() + 5
            while len(receiver.bodies) < 3 and time.monotonic() < until:
                time.sleep(0.02)
        assert [body["status"] for body in receiver.bodies] == ["queued", "running", "succeeded"]
        assert {body["id"] for body in receiver.bodies} == {identity}
        assert "content" in receiver.bodies[-1]
        assert all("Authorization" not in headers for headers in receiver.headers)
    finally:
        receiver.close()


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/hook", "http://files.example/hook", "https://127.0.0.1/hook", "http://127.0.0.1:99999/"]
)
def test_a_callback_elsewhere_is_never_sent(url: str) -> None:
    assert not is_loopback_url(url)


def test_the_pages_curl_lines_work(slow: Api, tmp_path: Path) -> None:
    """The block "By hand" of references/agcloud.md, its hosts replaced by the sandbox's."""
    for name in ("curl", "jq", "bash"):
        require_tool(name)
    page = (REFERENCES / "agcloud.md").read_text(encoding="utf-8")
    block = page.split("## By hand")[1].split("```bash\n")[1].split("```")[0]
    host = f"http://127.0.0.1:{slow.port}"
    environment = {"PATH": os.environ["PATH"], "AGCLOUD_API_KEY": slow.key, "URL": f"{host}/none"}
    script = block.replace("https://aiandgpu.com", host)
    done = subprocess.run(
        ["bash", "-ec", script], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    query, deleted, kkcc = (json.loads(part) for part in re.split(r"(?<=\})\s*(?=\{)", done.stdout))
    assert (query["status"], deleted, kkcc["task_status"]) == ("queued", {}, None)
