"""Files that a user names: plain ones and handed-over pipes are read, up to a size; what may never end is refused."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Desk
from generate_media.config.settings import MAX_CONFIG_BYTES
from generate_media.contract.load import MAX_DOCUMENT_BYTES
from generate_media.core.errors import UsageError
from generate_media.core.user_file import read_user_file, read_user_text
from generate_media.events.printer import run_document
from generate_media.media.local import MAX_MEDIA_BYTES
from tools import require_tool

SCRIPTS = Path(__file__).parents[2] / "scripts"
FLAGS = [
    ("create_and_wait", ["--prompt", "a", "--config", "FILE"]),
    ("create_and_wait", ["--model", "google/nano-banana-pro", "--payload-file", "FILE"]),
    ("create_and_wait", ["--prompt", "a", "--openapi", "FILE"]),
    ("create_and_wait", ["--batch", "FILE"]),
    ("create_and_wait", ["--provider", "agnes", "--prompt", "a", "--image", "FILE", "--dry-run"]),
    ("inspect_openapi", ["--openapi", "FILE", "--list-endpoints"]),
    ("inspect_openapi", ["--endpoint", "/generation/google/nano-banana-pro", "--validate", "@FILE"]),
    ("handle_runtime_error", ["--status", "500", "--body-file", "FILE"]),
    ("ensure_api_key", ["--config", "FILE"]),
]


def endless(kind: str, folder: Path) -> str:
    """A name behind which there is no end, or no beginning."""
    if kind == "named pipe":
        os.mkfifo(folder / "pipe")
        return str(folder / "pipe")
    return {"zeros": "/dev/zero", "chance": "/dev/urandom", "nothing": "/dev/null"}[kind]


@pytest.mark.parametrize("kind", ["zeros", "chance", "nothing", "named pipe"])
@pytest.mark.parametrize(("script", "args"), FLAGS, ids=[" ".join(args[-2:]) for _, args in FLAGS])
def test_what_may_never_end_is_refused_by_every_flag(desk: Desk, script: str, args: list[str], kind: str) -> None:
    name = endless(kind, desk.home)
    main = importlib.import_module(script).main
    assert run_document(main, [arg.replace("FILE", name) for arg in args]) == 2
    error = json.loads(desk.capture().out)
    assert error["error"] in ("unreadable_file", "config_unreadable")
    assert name in error["message"]
    assert error["guidance"]


@pytest.mark.parametrize(
    ("flag", "cap"), [("--config", MAX_CONFIG_BYTES), ("--openapi", MAX_DOCUMENT_BYTES), ("--image", MAX_MEDIA_BYTES)]
)
def test_what_is_too_large_is_refused_unread(desk: Desk, flag: str, cap: int) -> None:
    file = desk.home / "large"
    with file.open("wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        out.truncate(cap + 1)
    ran = desk.call("create_and_wait", "--provider", "agnes", "--prompt", "a", flag, str(file), "--dry-run")
    assert ran.code == 2, ran.out
    assert f"{cap >> 20} MiB" in ran.last["message"]


def test_a_file_of_just_the_size_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"12345678")
    assert read_user_file(file, 8) == b"12345678"
    with pytest.raises(UsageError):
        read_user_file(file, 7)


def test_a_socket_a_missing_file_and_a_nul_are_one_error_each(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        for name in (tmp_path / "door", tmp_path / "none", tmp_path, Path("a\0b")):
            with pytest.raises(UsageError) as caught:
                read_user_file(name, 100)
            assert caught.value.code == "unreadable_file"


def test_text_is_utf_8_with_or_without_its_mark(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes("\ufeff猫".encode())
    assert read_user_text(file, 100) == "猫"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        read_user_text(file, 100)


def test_a_pipe_that_was_handed_over_is_read_to_its_end_and_not_for_ever() -> None:
    out, into = os.pipe()
    os.write(into, b"hello ")
    try:
        with pytest.raises(UsageError, match="nothing came through the pipe"):
            read_user_file(f"/dev/fd/{out}", 100, pipe_seconds=0.05)
        os.write(into, b"there")
        os.close(into)
        assert read_user_file(f"/dev/fd/{out}", 100) == b"there"
    finally:
        os.close(out)


@pytest.mark.parametrize("how", ["<(cat body.json)", "- < body.json", "/dev/stdin < body.json", "- < <(cat body.json)"])
def test_a_shell_hands_a_payload_over(tmp_path: Path, how: str) -> None:
    (tmp_path / "body.json").write_text('{"prompt": "a cat"}')
    script = (
        f"{sys.executable} {SCRIPTS}/create_and_wait.py --model google/nano-banana-pro --dry-run --payload-file {how}"
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GENERATE_MEDIA_STATE_DIR": str(tmp_path / "state")}
    ran = subprocess.run([require_tool("bash"), "-c", script], cwd=tmp_path, env=env, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stdout
    assert json.loads(ran.stdout)["body"]["prompt"] == "a cat"
