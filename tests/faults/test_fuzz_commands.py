"""Whole commands with anything at all where strangers and users write: answers, files, flags, config, documents.

A seeded part in every test run; ``make fuzz`` goes on for ten minutes with new seeds (tests/faults/fuzz.py).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from faults.commands import Home, Server, default_config, home
from faults.hostile import AVIF, END, GOOD, HOSTILE_TEXTS, NAMES, PNG, Said, bodies, creates, files, reads, written

EXAMPLES = int(os.environ.get("GENERATE_MEDIA_FUZZ_EXAMPLES", "8"))
SEEDED = "GENERATE_MEDIA_FUZZ_EXAMPLES" not in os.environ
OURS = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=SEEDED, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False,
)  # fmt: skip
"""Not shrunk: that would be a thousand processes more. A seed brings a finding back."""
SOON = ("--deadline", "150")
count: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _report() -> Iterator[None]:
    yield
    print(f"\nfuzz commands: {dict(count)}")


DOCUMENT = json.loads((Path(__file__).parents[1] / "contract/small.json").read_text(encoding="utf-8"))
# protocol and way of asking → flags
FLOWS: dict[str, tuple[str, ...]] = {
    "skills.video, streamed": ("--provider", "skills.video", "--model", "google/nano-banana-pro"),
    "skills.video, polled": ("--provider", "skills.video", "--endpoint", "/generation/google/nano-banana-pro"),
    "Agnes, a picture": ("--provider", "agnes", "--kind", "image"),
    "Agnes, a clip": ("--provider", "agnes", "--kind", "video"),
    "AGCloud": ("--provider", "agcloud", "--kind", "video"),
    "Ark, a picture": ("--provider", "ark", "--kind", "image"),
    "AGCloud, kkcc": ("--provider", "agcloud", "--model", "kkcc"),
}
AFTERWARDS: tuple[tuple[str, ...], ...] = (
    ("wait_generation", "--all", *SOON),
    ("wait_generation", "--list"),
    ("wait_generation", "--cancel", "gen_1"),
    ("gallery",),
)


def command(person: Home, server: Server, *args: str) -> tuple[str, ...]:
    return (*args, "--base-url", server.url, "--config", str(person.config))


@pytest.mark.parametrize("flow", FLOWS)
@OURS
@given(data=st.data())
def test_any_answers_of_a_provider(flow: str, data: st.DataObject) -> None:
    """To the create, the questions and the downloads; the command, the command again, and what a person does next."""
    said = {
        "creates": data.draw(st.lists(creates, min_size=1, max_size=2), "creates"),
        "reads": data.draw(st.lists(reads, min_size=1, max_size=3), "reads"),
        "files": data.draw(st.lists(files, min_size=1, max_size=2), "files"),
    }
    with home() as person, Server(**said) as server:
        args = command(person, server, *FLOWS[flow], "--prompt", "a cat", *SOON)
        more = data.draw(st.sampled_from([(), ("--verbose",), ("--no-download",), ("--detach",)]), "more")
        first = person.checked("create_and_wait", *args, *more)
        count[f"answers, exit {first.code}"] += 1
        made = server.creates()
        again = person.checked("create_and_wait", *args, *more)
        if first.code in (0, 11, 12, 13, 14) and "image" not in args:
            assert server.creates() == made, (
                f"exit {first.code}, and the same command asked again\n{first.out}\n{again.out}"
            )
        script, *rest = data.draw(st.sampled_from(AFTERWARDS), "afterwards")
        person.checked(script, *(rest if script == "gallery" else [*rest, "--config", str(person.config)]))


# -- what the user writes: never said back as a key, so texts without one -----------------------------------------

words = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    [text for text in HOSTILE_TEXTS if "\0" not in text and text.isprintable()]
)
"""What an argument can be."""
invalid_bytes = st.binary(min_size=1, max_size=8).map(
    lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)
values = words | invalid_bytes | st.integers(-3, 9999).map(str) | st.floats().map(str)
plain_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.sampled_from(["\ud83d", "\x00"]),
    lambda more: st.lists(more, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | words, more, max_size=5),
    max_leaves=20,
)
FIELDS = (
    "prompt",
    "image_urls",
    "aspect_ratio",
    "duration",
    "seed",
    "n",
    "model",
    "content",
    "extra_body",
    "mode",
    "images",
)
payloads = st.dictionaries(st.sampled_from(FIELDS), plain_trees, max_size=5)
paths = st.sampled_from(
    ["a.png", "broken.avif", ".", "nowhere.png", "/dev/null", "/proc/self/mem", "a.png\n", "~", "config.json"]
)
FLAGS: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("prompt", "resolution", "model", "endpoint", "sse-endpoint", "provider"), values),
    **dict.fromkeys(("image", "first-frame", "last-frame", "video", "audio"), paths | values),
    **dict.fromkeys(("payload-file", "openapi", "batch", "shard", "max-jobs", "concurrency"), paths | values),
    **dict.fromkeys(("poll-timeout", "poll-interval", "deadline"), st.integers(1, 300).map(str) | values),
    **dict.fromkeys(("seed", "frames", "count", "duration"), st.integers(1, 12).map(str) | values),
    "expires-after": st.integers(3600, 9999).map(str) | values,
    "size": st.sampled_from(["1K", "2K", "1024x768"]) | values,
    "aspect-ratio": st.sampled_from(["16:9", "1:1", "3:3"]) | values,
    "set": st.builds(lambda name, tree: f"{name}={json.dumps(tree)}", st.sampled_from(FIELDS) | words, plain_trees)
    | values,
    "payload": payloads.map(json.dumps) | plain_trees.map(json.dumps) | values,
    "kind": st.sampled_from(["image", "video", "audio"]),
    "output-dir": st.sampled_from(["out", "a/b", "a.png", "/proc/nowhere", "out\n"]),
}
SWITCHES = (
    *("fit", "watermark", "audio-track", "return-last-frame", "no-validate", "dry-run", "detach", "new", "verbose"),
    *("yes", "gallery", "no-download"),
)


def given_files(person: Home) -> None:
    """What the paths above name."""
    (person.work / "a.png").write_bytes(PNG)
    (person.work / "broken.avif").write_bytes(AVIF)


@st.composite
def arguments(draw: st.DrawFn, names: tuple[str, ...] = tuple(FLAGS)) -> list[str]:
    """Flags with values of all kinds; a value never looks like a flag of its own."""
    chosen = draw(st.lists(st.sampled_from(names), max_size=3))
    args = [f"--{name}={draw(FLAGS[name])}" for name in chosen]
    return args + [f"--{name}" for name in draw(st.lists(st.sampled_from(SWITCHES), max_size=2))]


@OURS
@given(
    args=arguments(), sandboxed=st.booleans(), flow=st.sampled_from(tuple(FLOWS.values())), stdin=st.binary(max_size=40)
)
def test_any_flags(args: list[str], sandboxed: bool, flow: tuple[str, ...], stdin: bytes) -> None:
    """Half of the runs with a prompt and a provider, so that they come further."""
    whole = [*flow, "--prompt", "a cat", *SOON, *args] if sandboxed else args
    with home() as person, Server([Said(written(GOOD))], [Said(written(END))], [Said(PNG)]) as server:
        given_files(person)
        ran = person.checked("create_and_wait", *command(person, server, *whole), stdin=stdin)
    count[f"flags, {ran.last.get('error', ran.code)}"] += 1


def another(value: Any) -> st.SearchStrategy[Any]:
    """Of the same kind, or anything at all."""
    alike: st.SearchStrategy[Any] = plain_trees
    if isinstance(value, bool):
        alike = st.booleans()
    elif isinstance(value, (int, float)):
        alike = st.sampled_from([0, 1, 0.5, value * 2, 10**6, 1e9])
    elif isinstance(value, str):
        alike = st.sampled_from([value + "x", value.upper(), "", "https://h.example/", "agnes", "object"]) | words
    return alike | plain_trees


def changed(document: Any, data: st.DataObject) -> Any:
    """A copy of a document with something else at some places in it."""
    copy = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        place = copy
        while isinstance(place, (dict, list)) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], (dict, list)) or data.draw(st.booleans()):
                place[key] = data.draw(another(place[key]))
                break
            place = place[key]
    return copy


# flow → a body that it takes
PAYLOADS: dict[str, Any] = {
    "skills.video, streamed": {"prompt": "a cat", "image_urls": ["https://h.example/a.png"], "aspect_ratio": "16:9"},
    "Agnes, a picture": {"model": "agnes-image-2.1-flash", "prompt": "a cat", "size": "1K", "ratio": "16:9",
                         "extra_body": {"image": ["https://h.example/a.png"]}},
    "Agnes, a clip": {"model": "agnes-video-2.5-flash", "prompt": "a cat", "mode": "text", "seconds": "5"},
    "AGCloud": {"model": "doubao-seedance-2-0-filter-off", "content": [{"type": "text", "text": "a cat"}],
                "duration": 5},
}  # fmt: skip


@OURS
@given(data=st.data())
def test_any_payload(data: st.DataObject) -> None:
    """A good body with something else at some places in it, or anything at all."""
    flow = data.draw(st.sampled_from(tuple(PAYLOADS)))
    body = changed(PAYLOADS[flow], data) if data.draw(st.booleans()) else data.draw(payloads | plain_trees)
    how, loose = data.draw(st.sampled_from(["flag", "file", "stdin"])), data.draw(st.booleans())
    with home() as person, Server([Said(written(GOOD))], [Said(written(END))], [Said(PNG)]) as server:
        (person.work / "body.json").write_bytes(written(body, ascii_only=False))
        given = {"flag": ("--payload", json.dumps(body)), "file": ("--payload-file", "body.json"),
                 "stdin": ("--payload-file", "-")}[how]  # fmt: skip
        args = command(person, server, *FLOWS[flow], *given, *SOON, *(["--no-validate"] if loose else []))
        ran = person.checked("create_and_wait", *args, stdin=written(body))
    count[f"payloads, {ran.last.get('error', ran.code)}"] += 1


batch_lines = (
    st.fixed_dictionaries(
        {"prompt": words},
        optional={
            "provider": st.sampled_from(["skills.video", "agnes", "agcloud"]) | words,
            "kind": st.sampled_from(["image", "video"]) | plain_trees,
            "set": st.dictionaries(st.sampled_from(FIELDS), plain_trees, max_size=2) | plain_trees,
            "payload": payloads | plain_trees,
            "image": paths | plain_trees,
            "duration": values | plain_trees,
            "seed": plain_trees,
            "fit": plain_trees,
        },
    )
    | st.dictionaries(st.sampled_from(NAMES) | words, plain_trees, max_size=3)
    | plain_trees
)


@OURS
@given(lines=st.lists(batch_lines.map(written) | st.binary(max_size=30), max_size=5),
       more=arguments(("shard", "max-jobs", "concurrency", "kind", "model")))  # fmt: skip
def test_any_batch(lines: list[bytes], more: list[str]) -> None:
    with home() as person, Server([Said(written(GOOD))], [Said(written(END))], [Said(PNG)]) as server:
        given_files(person)
        (person.work / "jobs.jsonl").write_bytes(b"\n".join(lines))
        args = command(person, server, "--batch", "jobs.jsonl", "--provider", "skills.video", *SOON, *more)
        ran = person.checked("create_and_wait", *args)
    count[f"batches, {ran.last.get('error', ran.code)}"] += 1


@OURS
@given(data=st.data())
def test_any_config(data: st.DataObject) -> None:
    """Of every script that takes one."""
    config = data.draw(st.just(None).map(lambda _: changed(default_config(), data)) | plain_trees)
    script, *args = data.draw(st.sampled_from([
        ("create_and_wait", "--prompt", "a cat", *SOON), ("create_and_wait", "--prompt", "a cat", "--dry-run"),
        ("wait_generation", "--all"), ("wait_generation", "--list"), ("ensure_api_key",),
        ("inspect_openapi", "--models"), ("handle_runtime_error", "--status", "402", "--body", "{}"),
    ]))  # fmt: skip
    with home() as person, Server([Said(written(GOOD))], [Said(written(END))], [Said(PNG)]) as server:
        text = data.draw(st.just(written(config)) | st.binary(max_size=40))
        person.config.write_bytes(text)
        where = ["--base-url", server.url] if script == "create_and_wait" else []
        ran = person.checked(script, *args, *where, "--config", str(person.config))
    count[f"config.json, exit {ran.code}"] += 1


@OURS
@given(data=st.data())
def test_any_document(data: st.DataObject) -> None:
    """OpenAPI and docs.json of the user's own: looked at, and a job made by it."""
    document = data.draw(st.just(None).map(lambda _: changed(DOCUMENT, data)) | plain_trees)
    asked = data.draw(st.sampled_from([
        ("--list-endpoints",), ("--models",), ("--endpoint", "/generation/a/b", "--include-template", "--full"),
        ("--endpoint", "a/b", "--validate", "{}"), ("--diff", "openapi.json", "good.json"), ("--docs", "openapi.json"),
    ]))  # fmt: skip
    with home() as person, Server([Said(written(GOOD))], [Said(written(END))], [Said(PNG)]) as server:
        (person.work / "openapi.json").write_bytes(data.draw(st.just(written(document)) | st.binary(max_size=60)))
        (person.work / "good.json").write_bytes(written(DOCUMENT))
        looked = person.checked(
            "inspect_openapi", *asked, *(() if asked[0] == "--diff" else ("--openapi", "openapi.json"))
        )
        args = command(
            person, server, "--provider", "skills.video", "--openapi", "openapi.json", "--endpoint", "/generation/a/b"
        )
        ran = person.checked("create_and_wait", *args, "--prompt", "a cat", *SOON)
    count[f"documents, exit {looked.code}"] += 1
    count[f"documents, a job, exit {ran.code}"] += 1


@OURS
@given(data=st.data())
def test_any_error_body(data: st.DataObject) -> None:
    body = data.draw(bodies)
    status, operation = data.draw(st.integers(-1, 1000)), data.draw(st.sampled_from(["create", "query"]))
    provider = data.draw(st.sampled_from(["skills.video", "agnes", "agcloud", "nobody"]))
    with home() as person:
        args = ("--status", str(status), "--operation", operation, "--provider", provider, "--body-file", "-")
        ran = person.checked("handle_runtime_error", *args, stdin=body)
    count[f"error bodies, exit {ran.code}"] += 1


@OURS
@given(data=st.data())
def test_any_answer_about_an_account(data: st.DataObject) -> None:
    """The cheapest authenticated GET, and the models that a key may use."""
    said = data.draw(st.lists(reads, min_size=1, max_size=2))
    provider = data.draw(st.sampled_from(["skills.video", "agnes", "agcloud"]))
    with home() as person, Server([], said, []) as server:
        where = ("--provider", provider, "--base-url", server.url, "--config", str(person.config))
        checked = person.checked("ensure_api_key", "--verify", *where)
        listed = person.checked("inspect_openapi", "--models", "--live", *where)
    count[f"accounts, exit {checked.code}"] += 1
    count[f"live models, exit {listed.code}"] += 1


@OURS
@given(data=st.data())
def test_any_id_of_a_job_made_elsewhere(data: st.DataObject) -> None:
    identity = data.draw(values | words)
    said = {
        "creates": [Said(written(GOOD))],
        "reads": data.draw(st.lists(reads, min_size=1, max_size=2)),
        "files": [Said(PNG)],
    }
    provider = data.draw(st.sampled_from(["skills.video", "agnes", "agcloud"]))
    verb = data.draw(st.sampled_from(["generation-id", "cancel"]))
    with home() as person, Server(**said) as server:
        args = command(person, server, f"--{verb}={identity}", "--provider", provider, "--model", "kkcc", *SOON)
        ran = person.checked("wait_generation", *args)
        again = person.checked("wait_generation", *args)
    if verb == "generation-id" and ran.code in (0, 10):
        assert again.code == ran.code, "a job's end stays its end"
    count[f"ids, {ran.last.get('error', ran.code)}"] += 1


@OURS
@given(records=st.lists(plain_trees | payloads, max_size=3), title=words)
def test_any_sidecars_in_a_gallery(records: list[Any], title: str) -> None:
    base = {"generate_media": "1.0.0", "outputs": [{"path": "a.png"}], "prompt": title}
    with home() as person:
        given_files(person)
        for number, record in enumerate(records):
            whole = {**base, **record} if isinstance(record, dict) else record
            (person.work / f"{number}.json").write_bytes(written(whole))
        ran = person.checked("gallery", ".", f"--title={title}")
    count[f"galleries, {ran.last.get('error', ran.code)}"] += 1
