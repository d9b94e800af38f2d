"""Anything at all where strangers write: events, error bodies, answers, journal rows, config.json, .env, documents.

A seeded part in every test run; ``make fuzz`` goes on for ten minutes with new seeds (tests/faults/fuzz.py).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings, strategies as st

import create_and_wait
import inspect_openapi
from generate_media.config.keys import KeyPlaces, find_keys, problem_of
from generate_media.config.settings import load_settings
from generate_media.core.errors import UsageError
from generate_media.core.json import parse_json
from generate_media.core.paths import CONFIG_FILE
from generate_media.core.readings import Answer
from generate_media.events.printer import run_document
from generate_media.http.sse import EventTooLarge, events
from generate_media.journal.rows import ClaimKind
from generate_media.journal.store import Journal
from generate_media.providers.classifier import classify
from generate_media.providers.registry import PROTOCOLS, adapter_for
from generate_media.sandbox.embedded import start
from journal_help import advance, job

EXAMPLES = int(os.environ.get("GENERATE_MEDIA_FUZZ_EXAMPLES", "40"))
SEEDED = "GENERATE_MEDIA_FUZZ_EXAMPLES" not in os.environ
OURS = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=SEEDED, database=None, suppress_health_check=list(HealthCheck)
)
count: Counter[str] = Counter()

texts = st.text(st.characters(exclude_categories=()), max_size=60)
NAMES = """
id status data error code message url images image video output usage input detail task_id video_id content items
created_at progress metadata choices b64_json COMPLETED succeeded failed FAILED IN_QUEUE queued INSUFFICIENT_CREDITS
https://a.example/x.png file:///etc/passwd
"""
words = st.sampled_from(NAMES.split())
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts | words
trees = st.recursive(
    leaves, lambda more: st.lists(more, max_size=4) | st.dictionaries(words | texts, more, max_size=5), max_leaves=25
)


@pytest.fixture(scope="module", autouse=True)
def _report() -> Iterator[None]:
    yield
    print(f"\nfuzz examples: {dict(count)}")


def written(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=True)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@OURS
@given(tree=trees)
def test_an_answer_of_any_shape_is_read(protocol: str, tree: Any) -> None:
    """A reading never raises, and finds no id and no end where the text was no object."""
    count["answers"] += 1
    adapter = adapter_for(protocol)
    reading = adapter.read(parse_json(written(tree)), model="m")
    if not isinstance(tree, dict):
        assert reading.generation_id is None
        assert reading.result is None
    assert not [item for item in reading.outputs if item.url and not item.url.startswith(("http://", "https://"))]
    adapter.read_recent(parse_json(written(tree)))


@OURS
@given(tree=trees, noise=st.binary(max_size=40), size=st.integers(1, 50))
def test_a_stream_of_anything_is_read_event_by_event(tree: Any, noise: bytes, size: int) -> None:
    """From bytes cut anywhere to readings of all protocols."""
    count["streams"] += 1
    stream = noise + b"\n\ndata: " + written(tree).encode() + b"\n\n" + noise
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    with contextlib.suppress(EventTooLarge):
        found = [parse_json(event.data) for event in events(chunks)]
        assert json.loads(written(tree)) in found
        for protocol in PROTOCOLS:
            for value in found:
                adapter_for(protocol).read(value, model="m")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@OURS
@given(body=texts | trees.map(written), status=st.integers(100, 599), retry_after=texts)
def test_any_error_body_is_classified(protocol: str, body: str, status: int, retry_after: str) -> None:
    """Text from a server is capped, without control characters, and never in our guidance."""
    count["error bodies"] += 1
    mark = "SERVER-TEXT"
    answer = Answer(status, {"retry-after": retry_after}, mark + body if not body.startswith(("{", "[")) else body)
    failure = classify(answer, adapter_for(protocol).errors, operation="create", wall=0.0)
    assert len(failure.message) <= 2000
    assert not [char for char in failure.message if char < " " and char not in "\n\t"]
    assert not [line for line in failure.guidance if mark in line]
    assert failure.retry_after_seconds is None or failure.retry_after_seconds >= 0
    if failure.should_retry:
        assert not failure.may_have_been_created, "what may exist is never sent again"


@OURS
@given(data=st.data())
def test_any_journal_row_is_read(data: st.DataObject) -> None:
    """Whatever stands in its columns, a row never raises, and a job that was sent is never made again by it."""
    count["journal rows"] += 1
    values = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=40) | trees.map(written)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Journal.open(folder) as journal:
            row_id = journal.claim(job()).row.row_id
            advance(journal, row_id, data.draw(st.sampled_from(["accepted", "ended", "collected", "unknown"])))
        with contextlib.closing(sqlite3.connect(folder / "journal.sqlite3")) as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(job)")]
            fixed = {"row_id", "fingerprint", "copy", "ordinal", "state", "result"}
            for column in data.draw(st.lists(st.sampled_from([c for c in columns if c not in fixed]), max_size=6)):
                with contextlib.suppress(sqlite3.IntegrityError):
                    db.execute(f"UPDATE job SET {column} = ?", (data.draw(values),))
            db.commit()
        with Journal.open(folder) as journal:
            assert journal.claim(job()).kind is not ClaimKind.CREATED
            assert len(journal.recent()) == 1
            journal.open_rows(), journal.known_ids("skills.video"), journal.counts()


def mutated(document: Any, data: st.DataObject) -> Any:
    """A copy of a document with something else at some place in it."""
    copy = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        place = copy
        while isinstance(place, (dict, list)) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], (dict, list)) or data.draw(st.booleans()):
                place[key] = data.draw(trees)
                break
            place = place[key]
    return copy


@OURS
@given(data=st.data())
def test_any_config_is_settings_or_one_clear_error(data: st.DataObject) -> None:
    count["config.json"] += 1
    good = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))
    text = data.draw(st.just(mutated(good, data)).map(written) | trees.map(written) | texts)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "config.json"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        with contextlib.suppress(UsageError):
            assert load_settings(path).providers


@OURS
@example(text="\ud800", name="")
@example(text="\x00\xff\xfe", name="A_KEY=")
@given(text=texts | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")), name=st.sampled_from(["", "A_KEY="]))
def test_any_dotenv_gives_keys_or_none(text: str, name: str) -> None:
    count[".env"] += 1
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_bytes((name + text).encode("utf-8", "surrogatepass"))
        found = find_keys(KeyPlaces(("A_KEY",), (), ()), environ={}, skill_folder=Path(folder), home=Path(folder))
    for key in found.keys:
        assert not problem_of(key.reveal())


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/generation/a/b": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/generation/{id}": {"get": {"responses": {"200": {"description": "ok"}}}},
    },
    "components": {
        "schemas": {
            "A": {
                "type": "object",
                "required": ["prompt"],
                "properties": {"prompt": {"type": "string"}, "n": {"type": ["integer", "null"], "maximum": 4}},
                "oneOf": [{"properties": {"feature": {"const": "x"}}}, {"$ref": "#/components/schemas/B"}],
            },
            "B": {"allOf": [{"properties": {"feature": {"enum": ["y"]}}}]},
        }
    },
}
DOCS = {"navigation": {"groups": [{"group": "Images", "pages": ["POST /api/v1/generation/a/b", "api-reference/a"]}]}}


def test_lists_in_place_of_objects(tmp_path: Path) -> None:
    """What ten minutes of fuzzing found in the inspector."""
    document = json.loads(written(DOCUMENT))
    document["paths"]["/generation/{id}"]["get"]["responses"] = [None]
    path = tmp_path / "openapi.json"
    path.write_text(written(document), encoding="utf-8")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run_document(inspect_openapi.main, ["--openapi", str(path), "--endpoint", "/generation/a/b", "--full"])
    assert code == 0
    assert json.loads(out.getvalue())["request_schema"]


@OURS
@given(data=st.data())
def test_any_openapi_and_docs_document_is_inspected(data: st.DataObject) -> None:
    """One JSON document and an exit code, never a traceback."""
    count["documents"] += 1
    openapi = data.draw(st.just(mutated(DOCUMENT, data)) | trees)
    docs = data.draw(st.just(mutated(DOCS, data)) | trees)
    with tempfile.TemporaryDirectory() as name:
        files = {"--openapi": openapi, "--docs": docs}
        args: list[str] = []
        for flag, tree in files.items():
            path = Path(name) / f"{flag[2:]}.json"
            path.write_text(written(tree), encoding="utf-8")
            args += [flag, str(path)]
        what = data.draw(st.sampled_from([["--list-endpoints"], ["--models"],
                                          ["--endpoint", "/generation/a/b", "--include-template", "--full"],
                                          ["--endpoint", "/generation/a/b", "--validate", "{}"]]))  # fmt: skip
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = run_document(inspect_openapi.main, [*args, *what])
    assert code in (0, 2, 22, 23)
    assert isinstance(json.loads(out.getvalue()), dict)


@OURS
@given(data=st.data())
def test_any_openapi_document_is_asked_before_a_job(data: st.DataObject) -> None:
    """Its request is shown, or there is one error of ours; nothing is sent and nothing falls through."""
    count["documents of jobs"] += 1
    tree = data.draw(st.just(mutated(DOCUMENT, data)) | trees)
    how = data.draw(st.sampled_from([["--prompt", "a boat"], ["--payload", '{"prompt": "a boat", "feature": "y"}']]))
    named = data.draw(st.sampled_from([["--model", "a/b"], ["--endpoint", "/generation/a/b"]]))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "openapi.json"
        path.write_text(written(tree), encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            flags = ["--dry-run", "--provider", "skills.video", "--openapi", str(path)]
            code = create_and_wait.main([*flags, *how, *named])
    assert code in (0, 2, 22, 23)
    assert json.loads(out.getvalue())["event"] in ("dry_run", "error")


@pytest.mark.parametrize("path", ["/api/v1/generation/google/nano-banana-pro", "/v1/videos", "/v1/images/generations",
                                  "/api/v3/contents/generations/tasks", "/v1/video-tasks/query"])  # fmt: skip
def test_the_sandbox_answers_anything(path: str) -> None:
    """Any JSON body: the provider's own refusal, or a job; never an error of the sandbox itself."""
    with start(speed=20_000.0) as running, requests.Session() as session:
        session.headers["Authorization"] = "Bearer test-fuzz"
        base = f"http://127.0.0.1:{running.port}"

        @OURS
        @given(tree=trees)
        def send(tree: Any) -> None:
            count["sandbox bodies"] += 1
            answer = session.post(base + path, data=written(tree), headers={"Content-Type": "application/json"})
            assert answer.status_code < 500 or answer.status_code == 503  # Agnes's word for an unknown model
            answer.json()

        send()
        assert not session.get(f"{base}/_log").json()["errors"]
