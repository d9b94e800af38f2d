"""``ensure_api_key.py --setup``: packages and a key in the user's own folders, without a question. Whole processes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calls import call, environment
from conftest import Desk
from generate_media.core.paths import BUNDLE
from tools import require_tool

KEY = "test-key-0123456789abcdef"
KEEP = ("--setup", "--provider", "agnes", "--key", "-")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The user's venv, as an earlier --setup left it."""
    venv = tmp_path / ".local/share/generate-media/venv"
    venv.parent.mkdir(parents=True)
    venv.symlink_to(sys.prefix)
    return venv


def set_up(home: Path, *args: str, key: str = KEY, **environ: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, str(BUNDLE / "scripts/ensure_api_key.py"), *args]
    done = subprocess.run(
        command, input=key.encode(), cwd=home, env=environment(home, **environ), capture_output=True, check=False
    )
    return done.returncode, json.loads(done.stdout), done.stdout.decode() + done.stderr.decode()


def dotenv(home: Path) -> Path:
    return home / ".config/generate-media/.env"


def test_the_key_is_kept_for_its_user_alone_and_checked(desk: Desk, packages: Path) -> None:
    dotenv(desk.home).parent.mkdir(parents=True)
    dotenv(desk.home).write_text("# mine\nexport AGNES_API_KEY=an-old-test\nARK_API_KEY=another-test\n")
    dotenv(desk.home).chmod(0o644)
    where = ("--base-url", desk.sandbox.base_urls["agnes"])
    code, document, printed = set_up(desk.home, *KEEP, *where, key=f"\ufeff{KEY}\r\n")
    assert (code, document["ok"]) == (0, True), printed
    assert KEY not in printed
    assert dotenv(desk.home).read_text() == f"# mine\nAGNES_API_KEY={KEY}\nARK_API_KEY=another-test\n"
    assert stat.S_IMODE(dotenv(desk.home).stat().st_mode) == 0o600
    row = document["providers"]["agnes"]
    assert row["verified"] is True, "by the provider itself, with that key"
    assert str(dotenv(desk.home)) in row["source"]
    assert document["setup"]["venv"] == {
        "ok": True, "path": str(packages), "message": "the scripts find the packages there by themselves"
    }  # fmt: skip


def test_a_key_that_the_provider_refuses_is_said(desk: Desk, packages: Path) -> None:
    where = ("--base-url", desk.sandbox.base_urls["agnes"])
    code, document, printed = set_up(desk.home, *KEEP, *where, key="bad-test-key-0123456789")
    assert (code, document["providers"]["agnes"]["verified"]) == (21, False)
    assert "bad-test" not in printed


@pytest.mark.parametrize(
    ("args", "key", "words"),
    [
        (("--setup", "--key", KEY), "", "never stands on a command line"),
        (("--key", "-"), KEY, "--setup"),
        (KEEP, "", "nothing came on stdin"),
        (KEEP, "<your key>", "placeholder"),
        (KEEP, f"“{KEY}”", "typographic quotes"),
        (KEEP, f"{KEY}\n{KEY}", "line break"),
        (("--setup", "--provider", "nobody", "--key", "-"), KEY, "nobody"),
    ],
)
def test_what_cannot_be_kept(tmp_path: Path, packages: Path, args: tuple[str, ...], key: str, words: str) -> None:
    code, error, printed = set_up(tmp_path, *args, key=key)
    assert (code, error["event"]) == (2, "error")
    assert words in error["message"]
    assert KEY not in printed
    assert not dotenv(tmp_path).exists()


@pytest.mark.parametrize("more", [(), ("--sandbox",), ("--sandbox", "--provider", "skills.video")])
def test_a_key_that_no_provider_is_to_check_is_kept_and_sent_nowhere(
    tmp_path: Path, packages: Path, more: tuple[str, ...]
) -> None:
    code, document, _ = set_up(tmp_path, "--setup", "--key", "-", *more, SKILLS_VIDEO_API_KEY="another-test-key")
    assert (code, document["setup"]["env_var"]) == (0, "SKILLS_VIDEO_API_KEY")
    assert "verified" not in document["providers"]["skills.video"]
    assert "environment" in document["setup"]["warning"], "which is looked at first"


def test_where_it_cannot_be_written(tmp_path: Path, packages: Path) -> None:
    (tmp_path / ".config").write_text("no folder")
    code, error, _ = set_up(tmp_path, *KEEP)
    assert (code, error["error"]) == (2, "env_unwritable")
    assert "export AGNES_API_KEY=" in error["guidance"][0]


def test_a_terminal_is_not_read_from(tmp_path: Path, packages: Path) -> None:
    """What is typed there would stand on the screen."""
    script = [sys.executable, str(BUNDLE / "scripts/ensure_api_key.py"), *KEEP, "--json"]
    typed = [require_tool("script"), "-qec", " ".join(script), "/dev/null"]
    done = subprocess.run(typed, env=environment(tmp_path), input=b"", capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "bad_key"


def test_without_packages_it_goes_on_in_the_venv(
    tmp_path: Path, packages: Path, bundle_copy: Path, bare_python: str
) -> None:
    ran = call("ensure_api_key", "--setup", "--sandbox", home=tmp_path, bundle=bundle_copy, python=bare_python)
    assert (ran.code, ran.last["ok"]) == (0, True), ran.out


def test_packages_that_cannot_be_had(tmp_path: Path, bundle_copy: Path, bare_python: str) -> None:
    ran = call("ensure_api_key", "--setup", home=tmp_path, bundle=bundle_copy, python=bare_python, PIP_NO_INDEX="1")
    assert (ran.code, ran.last["error"]) == (2, "setup_failed"), ran.out
    assert "network" in ran.last["guidance"][0]
    assert "Traceback" not in ran.err


def fake_uv(folder: Path) -> str:
    """A uv that writes down how it was called, and makes the venv that it was asked for out of ours."""
    uv = folder / "uv"
    uv.parent.mkdir()
    uv.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/log"\n[ "$1" = venv ] && for last; do :; done && '
                  f'ln -s "{sys.prefix}" "$last"; exit 0\n')  # fmt: skip
    uv.chmod(0o755)
    return str(uv)


def test_without_ensurepip_uv_makes_the_venv(tmp_path: Path, bundle_copy: Path) -> None:
    """As on a Debian without python3-venv."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    hidden = "import sys; sys.modules['ensurepip'] = None\n"
    (next((tmp_path / "bare/lib").iterdir()) / "site-packages/sitecustomize.py").write_text(
        "import importlib.util as u, sys\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name in ('ensurepip', 'pip') else real(name, *rest)\n" + hidden
    )
    uv, bare = fake_uv(tmp_path / "uv"), str(tmp_path / "bare/bin/python")
    path = f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}"
    ran = call("ensure_api_key", "--setup", "--sandbox", home=tmp_path, bundle=bundle_copy, python=bare, PATH=path)
    assert ran.code == 0, ran.out + ran.err
    made, filled = (tmp_path / "uv/log").read_text().splitlines()
    venv = tmp_path / ".local/share/generate-media/venv"
    assert made.startswith("venv ")
    assert made.endswith(f" {venv}")
    assert filled == f"pip install --python {venv}/bin/python -r {bundle_copy}/requirements.txt"
