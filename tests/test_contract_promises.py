"""CONTRACT.md sentence by sentence, as an outsider would try it: processes, sockets, files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import Desk
from generate_media.models import SavedOutput

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
