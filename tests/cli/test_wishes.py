"""What people say, in one call: words from stdin, sizes, variations, why it failed, what could not be checked."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import SANDBOX_SPEED, Desk, Ran
from generate_media.sandbox import start

HARD = "“Quotes” 'single' \"double\"\n$HOME `date` -- \U0001f98a\n" + "word " * 600 + "end"
V20 = "doubao-seedance-2-0-260128"
PRO = "google/nano-banana-pro"


def dry(desk: Desk, *args: str) -> Ran:
    return desk.run("--prompt", "a fox", "--dry-run", *args)


def said_again(desk: Desk, command: str) -> Ran:
    """A printed command, word for word."""
    python, script, *words = shlex.split(command)
    assert python == sys.executable
    return desk.call(Path(script).stem, *words)


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_prompt_comes_as_it_is(desk: Desk, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    type_in(monkeypatch, HARD + end)
    assert desk.run("--prompt", "-", "--dry-run").last["body"]["prompt"] == HARD
    Path("words.txt").write_bytes((HARD + end).encode())
    assert desk.run("--prompt-file", "words.txt", "--dry-run").last["body"]["prompt"] == HARD


def test_two_prompts_are_one_too_many(desk: Desk) -> None:
    assert desk.run("--prompt", "a", "--prompt-file", "b").code == 2
    assert desk.run("--prompt-file", "nowhere.txt").last["error"] == "unreadable_file"


def test_words_from_stdin_cannot_be_said_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "a fox")
    assert desk.run("--prompt", "-").code == 0
    Path("words.txt").write_text("a dog")
    assert desk.run("--prompt-file", "words.txt").code == 0
    assert desk.run("--prompt", "a 'cat' $HOME").code == 0
    listed = desk.call("wait_generation", "--list").last["jobs"]
    assert listed[2]["command"] is None
    made = [said_again(desk, row["command"]) for row in listed[:2]]
    assert [ran.last["reused"] for ran in made] == [True, True]
    Path("words.txt").unlink()
    assert desk.call("wait_generation", "--list").last["jobs"][1]["command"] is None
    assert desk.creates() == 3


@pytest.mark.parametrize(
    ("args", "fields"),
    [
        (("--size", "2K"), {"resolution": "2K"}),
        (("--size", "2k", "--aspect-ratio", "9:16"), {"resolution": "2K", "aspect_ratio": "9:16"}),
        (("--size", "2048x1152"), {"resolution": "2K", "aspect_ratio": "16:9"}),
        (("--size", "1280x720"), {"resolution": "1K", "aspect_ratio": "16:9"}),
        (("--size", "1920x1080"), {"resolution": "2K", "aspect_ratio": "16:9"}),
        (("--size", "1080x1350"), {"resolution": "2K", "aspect_ratio": "4:5"}),
        (("--provider", "agnes", "--size", "1920x1080"), {"size": "2K", "ratio": "16:9"}),
        (("--provider", "agnes", "--size", "1024x768"), {"size": "1024x768", "ratio": None}),
        (("--provider", "agnes", "--size", "1000x700"), {"size": "1000x700", "ratio": None}),
        (("--size", "2160x3840"), {"resolution": "4K", "aspect_ratio": "9:16"}),
        (("--kind", "video", "--size", "1080x1920"), {"aspect_ratio": "9:16"}),
        (("--model", "openai/gpt-image-1.5", "--size", "1K"), {"image_size": "1024x1024"}),
        (("--model", "openai/gpt-image-1.5", "--size", "1K", "--aspect-ratio", "3:2"), {"image_size": "1536x1024"}),
        (("--model", "openai/gpt-image-1.5", "--size", "1536x1024"), {"image_size": "1536x1024"}),
        (("--kind", "video", "--size", "1080P"), {"resolution": "1080p"}),
        (("--provider", "agnes", "--size", "2K"), {"size": "2K"}),
        (("--provider", "agcloud", "--kind", "video", "--size", "720p"), {"resolution": "720p"}),
        (("--provider", "agcloud", "--kind", "video", "--size", "720x1280"), {"resolution": "720p", "ratio": "9:16"}),
        (("--provider", "ark", "--model", V20, "--size", "3840x2160"), {"resolution": "4k", "ratio": "16:9"}),
    ],
)
def test_a_size_goes_by_the_models_own_field(desk: Desk, args: tuple[str, ...], fields: dict[str, Any]) -> None:
    provider = args[1] if args[0] == "--provider" else "skills.video"
    ran = desk.run("--prompt", "a fox", "--dry-run", *args, provider=provider)
    assert ran.code == 0, ran.out
    assert {name: ran.last["body"].get(name) for name in fields} == fields


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--size", "1024x1024", "--aspect-ratio", "16:9"), "--size 1024x1024 is not 16:9"),
        (("--provider", "agcloud", "--kind", "video", "--size", "1280x721"), 'and "1280x721" came'),
        (("--size", "00x00", "--aspect-ratio", "16:9"), "--size 00x00 is not 16:9"),
        (("--size", "16x9"), "a shape goes by --aspect-ratio 16:9"),
    ],
)
def test_no_other_size_is_taken_for_it(desk: Desk, args: tuple[str, ...], said: str) -> None:
    provider = args[1] if args[0] == "--provider" else "skills.video"
    ran = desk.run("--prompt", "a fox", "--dry-run", *args, provider=provider)
    assert ran.code in (2, 22), ran.out
    assert said in ran.last["message"]


def test_a_size_by_a_document_of_ones_own(desk: Desk) -> None:
    """A field that no flag names, found by the values that it takes."""
    schema = {"prompt": {"type": "string"}, "quality": {"type": "string", "enum": ["1k", "2k"]}}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": schema}}}}
    post = {"requestBody": body, "responses": {"200": {"description": "ok"}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/generation/acme/paint": {
        "post": post}}}  # fmt: skip
    Path("own.json").write_text(json.dumps(document))
    ran = dry(desk, "--openapi", "own.json", "--model", "acme/paint", "--kind", "image", "--size", "2K")
    assert ran.last["body"] == {"prompt": "a fox", "quality": "2k"}, ran.out


@pytest.mark.parametrize(
    "args",
    [
        ("--model", "openai/gpt-image-1.5", "--size", "4K"),
        ("--model", "google/nano-banana", "--aspect-ratio", "16:9", "--resolution", "2K"),
        ("--kind", "video", "--duration", "15"),
    ],
)
def test_suggested_models_take_what_was_asked(desk: Desk, args: tuple[str, ...]) -> None:
    refused = dry(desk, *args)
    assert refused.code in (2, 22)
    said = next((text for text in refused.last["guidance"] if text.startswith("models that can: ")), "")
    models = said.removeprefix("models that can: ").removesuffix(" (--model)").split(", ") if said else []
    rest = [word for at, word in enumerate(args) if "--model" not in (word, args[at - 1])]
    for model in models:
        taken = dry(desk, *rest, "--model", model)
        assert (taken.code, taken.last.get("unchecked")) == (0, []), (model, taken.out)
    if "--size" in args or "--resolution" in args:
        assert models, refused.out


@pytest.mark.parametrize(
    ("args", "warned"),
    [
        (("--size", "1500x500"), ["resolution 1500x500 was not checked"]),
        (("--size", "3K"), ["resolution 3K was not checked"]),
        (("--resolution", "huge"), ["resolution huge was not checked"]),
        (("--size", "2K"), []),
        (("--size", "1080x1350"), ["--size 1080x1350: 2K at 4:5"]),
    ],
)
def test_a_size_that_nobody_documented_is_told_by_the_run_itself(
    desk: Desk, args: tuple[str, ...], warned: list[str]
) -> None:
    ran = desk.run("--prompt", "a fox", "--no-download", *args)
    assert (ran.code, [row["message"].split(": nobody")[0] for row in ran.events("warning")]) == (
        0,
        warned,
    ), ran.out
    unchecked = dry(desk, *args).last["unchecked"]
    assert len(unchecked) == len(set(unchecked)) > 0, "told once, of tiers too"


def test_what_nobody_documented_is_named(desk: Desk) -> None:
    ran = dry(desk, "--kind", "video", "--model", "openai/sora-2", "--duration", "20")
    assert (ran.code, len(ran.last["unchecked"])) == (0, 1)
    assert ran.last["unchecked"][0].startswith("duration 20 was not checked")
    for provider in ("skills.video", "agnes", "agcloud", "ark"):
        known = desk.run("--prompt", "a", "--kind", "video", "--duration", "5", "--dry-run", provider=provider)
        assert (known.code, known.last["unchecked"]) == (0, []), provider
    Path("jobs.jsonl").write_text('{"prompt": "a", "model": "openai/sora-2", "duration": 20}\n')
    assert desk.run("--batch", "jobs.jsonl", "--dry-run").last["unchecked"] == ran.last["unchecked"]


FATES = {
    "refused": (("create-http-422",), 22),
    "failed": (("sv-failed",), 10),
    "made, not saved": (("download-http-404",), 14),
    "done": ((), 0),
}


def test_the_list_says_why_and_how_to_make_it_again(desk: Desk) -> None:
    told = {}
    for prompt, (faults, code) in FATES.items():
        desk.faults(*faults)
        ran = desk.run("--prompt", prompt)
        assert ran.code == code, (prompt, ran.out)
        told[prompt] = ran.last
    desk.faults()
    rows = {row["prompt"]: row for row in desk.call("wait_generation", "--list").last["jobs"]}
    for prompt, line in told.items():
        assert rows[prompt].get("error") == line.get("error"), prompt
        assert rows[prompt].get("message") == line.get("message"), prompt
    assert [Path(file).exists() for file in rows["done"]["files"]] == [True]
    failed = desk.call("wait_generation", "--list", "--failed", "--limit", "2").last["jobs"]
    assert [row["prompt"] for row in failed] == ["made, not saved", "failed"]
    since = [desk.call("wait_generation", "--list", "--since", date).last["jobs"] for date in ("1h", "2099-01-01")]
    assert [len(found) for found in since] == [len(FATES), 0]
    jobs = desk.creates()
    for prompt in ("refused", "failed"):
        assert said_again(desk, rows[prompt]["command"]).last["ok"] is True
    assert said_again(desk, rows["done"]["command"]).last["reused"] is True
    assert desk.creates() == jobs + 2
    assert desk.call("wait_generation", "--failed").code == 2


def test_the_summary_has_all_that_is_to_be_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"prompt": "one"}, {"prompt": "two", "sizes": "9x9"}]
    Path("jobs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    desk.write_config(time_scale=1)  # a create has its whole 60 seconds, however busy the machine is
    cut = desk.run("--batch", "jobs.jsonl", "--deadline", "0.001")
    assert (cut.last["event"], cut.last["ok"], cut.last["files"]) == ("summary", False, [])
    assert [(row["line"], row["error"]) for row in cut.last["failed"]] == [(2, "unknown_key")]
    assert "'sizes'" in cut.last["failed"][0]["message"]
    assert "guidance" not in cut.last, "its command says it"
    asked_for = Path("generated").absolute()
    (desk.home / "away").mkdir()
    monkeypatch.chdir(desk.home / "away")
    done = said_again(desk, cut.last["resume"].replace("--deadline=0.001", "--deadline=1000"))
    assert done.code == 2, done.out
    (file,) = done.last["files"]
    assert Path(file).parent == asked_for
    assert "resume" not in done.last
    assert desk.creates() == 1


def test_what_was_cut_of_a_batch_from_stdin_has_no_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.faults("never-ends")
    type_in(monkeypatch, '{"prompt": "one"}\n')
    assert desk.run("--batch", "-", "--deadline", "10").last["resume"] is None
    type_in(monkeypatch, "one")
    cut = desk.run("--prompt", "-", "--count", "2", "--deadline", "10").last
    assert (cut["left"], cut["resume"], len(cut["guidance"])) == (2, None, 1)
    assert "same command again with the same input" in cut["guidance"][0]


@pytest.fixture
def fox(desk: Desk) -> Path:
    """A picture with a record of how it was made."""
    ran = desk.run("--prompt", "a fox", "--model", PRO, "--aspect-ratio", "16:9", "--resolution", "1K",
                   "--set", "seed=7", "--output", "fox.png", "--label", "prompt")  # fmt: skip
    assert ran.code == 0, ran.out
    return Path(ran.last["outputs"][0]["path"])


@pytest.mark.parametrize(
    ("args", "changes"),
    [
        (("--prompt", "a fox at night"), {"prompt": "a fox at night"}),
        (("--aspect-ratio", "9:16"), {"aspect_ratio": "9:16"}),
        (("--size", "2K"), {"resolution": "2K"}),
        (("--seed", "8"), None),
        (("--set", "seed=8"), {"seed": 8}),
        (("--image", "fox.png"), {"image_urls": ...}),
    ],
)
def test_a_variation_keeps_the_rest(
    desk: Desk, fox: Path, args: tuple[str, ...], changes: dict[str, Any] | None
) -> None:
    ran = desk.run("--from", str(fox), *args, "--dry-run")
    if changes is None:
        assert ran.last["error"] == "flag_not_supported"  # the model has no seed of its own
        return
    body = {"prompt": "a fox", "aspect_ratio": "16:9", "resolution": "1K", "seed": 7} | changes
    body |= {name: ran.last["body"].get(name) for name, value in body.items() if value is ...}
    assert (ran.last["model"], ran.last["body"]) == (PRO, body), ran.out


@pytest.mark.parametrize("args", [(), ("--prompt", "a fox"), ("--aspect-ratio", "16:9", "--model", PRO)])
def test_a_variation_without_a_change_is_none(desk: Desk, fox: Path, args: tuple[str, ...]) -> None:
    ran = desk.run("--from", str(fox), *args)
    assert (ran.code, ran.last["error"], desk.creates()) == (2, "nothing_changed", 1)


def test_a_variation_by_another_model_takes_what_fits(desk: Desk, fox: Path) -> None:
    ran = desk.run("--from", str(fox), "--model", "openai/gpt-image-2", "--dry-run")
    assert ran.last["body"] == {"prompt": "a fox", "aspect_ratio": "16:9", "resolution": "1K"}, ran.out


@pytest.mark.parametrize(
    ("args", "model", "told"),
    [
        (("--first-frame", "fox.png", "--prompt", "it runs"), "bytedance/seedance-1.5", "takes no --first-frame"),
        (("--kind", "video"), "bytedance/seedance-1.5", ""),
        (("--provider", "agnes", "--seed", "8"), "agnes-image-2.1-flash", "left out"),
    ],
)
def test_a_variation_of_another_kind_goes_by_the_default(
    desk: Desk, fox: Path, args: tuple[str, ...], model: str, told: str
) -> None:
    ran = desk.run("--from", str(fox), *args, "--dry-run", provider="agnes" if "agnes" in args else "skills.video")
    assert (ran.last["model"], ran.code) == (model, 0), ran.out
    assert told in " ".join(line["message"] for line in ran.events("warning"))
    assert "16:9" in json.dumps(ran.last["body"]), "what it takes of the rest is kept"


@pytest.mark.parametrize(
    ("made_with", "provider", "model"),
    [
        (("--kind", "video", "--provider", "ark"), "skills.video", "bytedance/seedance-1.5"),
        (("--kind", "video", "--provider", "ark"), "ark", "doubao-seedance-2-0-260128"),
        ((), "agnes", "agnes-image-2.0-flash"),
    ],
)
def test_a_variation_by_a_model_goes_where_it_is_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, made_with: tuple[str, ...], provider: str, model: str
) -> None:
    monkeypatch.setitem(start.__kwdefaults__, "speed", SANDBOX_SPEED)
    made = desk.call("create_and_wait", "--sandbox", "--prompt", "a fox", *made_with)
    ran = desk.call("create_and_wait", "--sandbox", "--from", made.last["outputs"][0]["path"], "--model", model,
                    "--aspect-ratio", "9:16", "--dry-run")  # fmt: skip
    assert (ran.last["provider"], ran.last["model"], ran.code) == (provider, model, 0), ran.out


def test_a_variation_tells_which_files_stay_behind(desk: Desk, fox: Path) -> None:
    clip = desk.run("--first-frame", str(fox), "--prompt", "it runs").last["outputs"][0]["path"]
    bare = desk.run("--from", clip, "--duration", "8", "--dry-run")
    assert ["--first-frame" in line["message"] for line in bare.events("warning")] == [True], bare.out
    kept = desk.run("--from", clip, "--duration", "8", "--first-frame", str(fox), "--dry-run")
    assert (kept.events("warning"), "first_frame_url" in kept.last["body"]) == ([], True)


def test_a_variation_without_a_sidecar_goes_by_the_label(desk: Desk, fox: Path) -> None:
    fox.with_suffix(".json").unlink()
    shutil.rmtree(desk.state)
    ran = desk.run("--from", str(fox), "--aspect-ratio", "1:1", "--dry-run")
    assert (ran.last["model"], ran.last["body"]) == (PRO, {"prompt": "a fox", "aspect_ratio": "1:1"}), ran.out
    Image.new("RGB", (8, 8)).save("bare.png")
    Path("bare.json").write_text(json.dumps({"generate_media": "1", "outputs": [{"path": "bare.png"}], "kind": 7}))
    odd = desk.run("--from", "bare.png", "--prompt", "b", "--kind", "image", "--dry-run")
    assert (odd.code, odd.last["model"]) == (0, PRO), "a record that tells nothing changes nothing"
    Path("bare.json").unlink()
    assert desk.run("--from", "bare.png", "--prompt", "b").last["error"] == "no_record"
    assert desk.run("--from", "nowhere.png", "--prompt", "b").last["error"] == "unreadable_file"


def test_a_file_that_was_moved_is_known_by_its_bytes(desk: Desk, fox: Path) -> None:
    Path("elsewhere").mkdir()
    moved = fox.rename("elsewhere/hero.png")
    ran = desk.run("--from", str(moved), "--aspect-ratio", "1:1", "--dry-run")
    body = {"prompt": "a fox", "aspect_ratio": "1:1", "resolution": "1K", "seed": 7}
    assert (ran.code, ran.last["model"], ran.last["body"]) == (0, PRO, body), ran.out


def test_a_record_leads_nowhere(desk: Desk, fox: Path) -> None:
    """Paths, URLs, hosts and addresses to report to stay in the record, whoever wrote it."""
    sidecar = fox.with_suffix(".json")
    record = json.loads(sidecar.read_text())
    record["request"] |= {
        "image_urls": ["https://evil.example/a.png"], "callback_url": "https://evil.example", "callback": "x",
        "style": "https://evil.example/s", "logo": "/etc/passwd", "cdn": "evil.example", "peer": "10.0.0.1:80",
        "webhook_secret": "s", "mood": "calm", "strength": 0.5, "nested": {"url": "x"},
    }  # fmt: skip
    sidecar.write_text(json.dumps(record))
    body = desk.run("--from", str(fox), "--prompt", "b", "--dry-run").last["body"]
    assert set(body) == {"prompt", "aspect_ratio", "resolution", "seed", "mood", "strength"}


SLY = (
    "http:evil.example", "mailto:a", "ht\ntp:evil", "data:,x", "evil.example?x=1", "evil.example:80",
    "evil.example#x", "evil.example.", "evil\u3002example",
    "\u4f8b.\u30c6\u30b9\u30c8", "[::1]:80", "::1", "fe80::1", "localhost?x", " evil.example ",
)  # fmt: skip
WORDS = (
    "calm",
    "16:9",
    "blurry, bad hands. ugly",
    "two words: or more?",
    "\u5b89\u9759\u7684\u3002\u4e0d\u8981\u6587\u5b57",
    "pcm_s16le",
    "v2-turbo",
)


def test_no_word_of_a_record_is_an_address(desk: Desk, fox: Path) -> None:
    sidecar = fox.with_suffix(".json")
    record = json.loads(sidecar.read_text())
    record["request"] |= {f"sly{n}": value for n, value in enumerate(SLY)}
    record["request"] |= {f"word{n}": value for n, value in enumerate(WORDS)}
    sidecar.write_text(json.dumps(record))
    body = desk.run("--from", str(fox), "--prompt", "b", "--no-validate", "--dry-run").last["body"]
    assert {name: value for name, value in body.items() if name.startswith("sly")} == {}
    assert [value for name, value in body.items() if name.startswith("word")] == list(WORDS)


@pytest.mark.parametrize("model", ["../../../steal", "acme/%2e%2e/../x", "acme\\..\\x"])
def test_a_records_model_is_no_way_out_either(desk: Desk, fox: Path, model: str) -> None:
    sidecar = fox.with_suffix(".json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"model": model}))
    ran = desk.run("--from", str(fox), "--prompt", "b", "--no-validate")
    assert (ran.code, ran.last["event"], desk.creates()) == (23, "error", 1), ran.out
