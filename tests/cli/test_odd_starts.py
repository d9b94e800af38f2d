"""Where a script is started as nobody tries it: other locales, closed descriptors, no home. Whole processes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from calls import DEMO, ONE_OF_EACH, call, environment, forked, sidecars
from conftest import Ran
from generate_media.core.paths import BUNDLE
from generate_media.events.printer import json_text
from tools import require_tool

PROMPT = "一只猫, café \u2013 €"
PLAIN_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOCALES: dict[str, dict[str, str]] = {
    "ISO 8859-1": {"LC_ALL": "en_US.ISO-8859-1"},
    "C": PLAIN_C,
    "POSIX": {"LC_ALL": "POSIX"},
}
CONSOLES: dict[str, dict[str, str]] = {
    "C, and a console of cp1252": PLAIN_C | {"PYTHONIOENCODING": "cp1252:strict"},
    "a console of ASCII": {"PYTHONIOENCODING": "ascii:strict"},
}
"""What only the streams speak: the way in is another matter."""


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a locale of ISO 8859-1, for glibc's LOCPATH."""
    folder = tmp_path_factory.mktemp("locales")
    made = folder / "en_US.ISO-8859-1"
    subprocess.run([require_tool("localedef"), "-i", "en_US", "-f", "ISO-8859-1", str(made)], check=True)
    return str(folder)


@pytest.mark.parametrize(
    ("where", "way"),
    [*((where, "--prompt") for where in LOCALES | CONSOLES), ("ISO 8859-1", "--payload"), ("C", "--payload-file")],
)
def test_chinese_words_arrive_and_come_back_whatever_the_locale(
    tmp_path: Path, locales: str, where: str, way: str
) -> None:
    payload = json.dumps({"prompt": PROMPT}, ensure_ascii=False)
    (tmp_path / "payload.json").write_text(payload, encoding="utf-8")
    value = {"--prompt": PROMPT, "--payload": payload, "--payload-file": "payload.json"}[way]
    model = ("--model", "google/nano-banana-pro")
    ran = call(
        "create_and_wait",
        "--sandbox",
        *model,
        way,
        value,
        home=tmp_path,
        LOCPATH=locales,
        **(LOCALES | CONSOLES)[where],
    )
    assert (ran.code, ran.err.count("Traceback")) == (0, 0), ran.out + ran.err
    path = Path(ran.last["outputs"][0]["path"])
    assert path.name.startswith("一只猫-café-")
    assert path.is_file()
    assert "一只猫" in ran.out, "as UTF-8, not as escapes"
    (record,) = sidecars(tmp_path / "generated")
    assert record["prompt"] == record["request"]["prompt"] == PROMPT


@given(text=st.text(st.characters(exclude_categories=())))
def test_only_what_the_contract_names_is_escaped(text: str) -> None:
    """UTF-8; escaped are control characters, lone surrogates, U+2028, U+2029, U+0085, and what JSON itself escapes."""
    line = json_text({"text": text})
    assert json.loads(line) == json.loads(json.dumps({"text": text}))
    assert len(line.encode("utf-8").splitlines()) == len(line.splitlines()) == 1
    kept = [ch for ch in text if ch.isprintable() and ch not in '"\\']
    assert [ch for ch in kept if ch not in line] == []


DESCRIPTORS = {"stdout": ">&-", "stdin": "<&-", "all three": "<&- >&- 2>&-"}


@pytest.mark.parametrize("closed", DESCRIPTORS)
def test_closed_from_the_start_the_job_is_done_all_the_same(tmp_path: Path, closed: str) -> None:
    ran = call(*DEMO, home=tmp_path, redirect=DESCRIPTORS[closed])
    assert (ran.code, ran.err) == (0, "")
    assert bool(ran.out) is (closed == "stdin")
    (record,) = sidecars(tmp_path / "generated")
    assert Path(tmp_path / "generated" / record["outputs"][0]["path"]).is_file()
    (journal,) = (tmp_path / "state" / "sandbox").glob("*.sqlite3")
    with sqlite3.connect(journal) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT state FROM job").fetchall() == [("collected",)]


Usual = Callable[..., int]


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which every call has been made before."""
    return tmp_path_factory.mktemp("settled")


@pytest.fixture(scope="module")
def usual(settled: Path) -> Usual:
    """The exit code of a call there, as a shell has it."""
    return cache(lambda *words: forked(*words, home=settled).code)


USELESS = (">&-", "<&- >&- 2>&-", ">/dev/full", "1</dev/null")


@pytest.mark.parametrize(
    ("script", "closed"),
    [
        *((script, USELESS[2]) for script in ONE_OF_EACH),
        *(
            (script, closed)
            for script in ("handle_runtime_error", "sandbox")
            for closed in USELESS
            if "full" not in closed
        ),
        ("create_and_wait", "1</dev/null"),
    ],
)
def test_a_stdout_of_no_use_changes_no_exit_code(settled: Path, usual: Usual, script: str, closed: str) -> None:
    expected = usual(script, *ONE_OF_EACH[script])
    ran = call(script, *ONE_OF_EACH[script], home=settled, redirect=closed)
    assert (ran.code, ran.err) == (expected, "")


@pytest.mark.parametrize("args", [("--nonsense",), ("--help",)])
@pytest.mark.parametrize("script", ONE_OF_EACH)
def test_a_reader_that_has_gone_changes_no_exit_code(tmp_path: Path, script: str, args: tuple[str, ...]) -> None:
    """``| head -0``: not even what the interpreter still has in its buffer may be complained about."""
    read, write = os.pipe()
    os.close(read)
    path = BUNDLE / "scripts" / f"{script}.py"
    try:
        done = subprocess.run(
            [sys.executable, str(path), *args], cwd=tmp_path, env=environment(tmp_path),
            stdout=write, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0 if args == ("--help",) else 2, b"")


@pytest.mark.parametrize("closed", ["", ">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_packages_that_are_missing_are_said_or_at_least_coded(
    tmp_path: Path, bundle_copy: Path, bare_python: str, closed: str
) -> None:
    ran = call(*DEMO, home=tmp_path, bundle=bundle_copy, python=bare_python, redirect=closed)
    assert (ran.code, ran.err) == (2, "")
    assert bool(ran.out) is (closed == "")
    assert closed or (len(ran.lines) == 1 and ran.last["error"] == "missing_dependency")


ADVICE = "GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media"
HOMES: dict[str, str | None] = {"unwritable": "/proc", "missing": "/proc/nowhere", "relative": "home", "unset": None}
NEED_A_FOLDER = (
    ("create_and_wait", "--sandbox", "--prompt", "a cat"),
    ("create_and_wait", "--provider", "agnes", "--prompt", "a cat"),
    ("create_and_wait", "--sandbox", "--prompt", "a cat", "--count", "2"),
    ("wait_generation", "--all", "--sandbox"),
)
NEED_NONE = (
    ("create_and_wait", "--dry-run", "--sandbox", "--prompt", "a cat"),
    ("inspect_openapi", "--models"),
    ("ensure_api_key", "--provider", "agnes"),
)


def of_homes(commands: tuple[tuple[str, ...], ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Every command in every home; where there is none at all, which takes a whole process, the first of them."""
    return [(home, command) for home in HOMES for command in commands if HOMES[home] or command == commands[0]]


def run_at(home: str | None, *command: str, tmp_path: Path, **environ: str | None) -> Ran:
    """A call by a user with this home. One without any has an id that is in no list of users."""
    environ |= {"HOME": home}
    if home is not None:
        return forked(*command, home=tmp_path, **environ)
    before = (require_tool("unshare"), "--user", "--map-user=54321")
    return call(*command, home=tmp_path, before=before, **environ)


NOWHERE = {"GENERATE_MEDIA_STATE_DIR": None, "AGNES_API_KEY": "a-test-key-of-nobody"}


@pytest.mark.parametrize(("home", "command"), of_homes(NEED_A_FOLDER))
def test_without_a_home_the_error_says_where_else(tmp_path: Path, home: str, command: tuple[str, ...]) -> None:
    ran = run_at(HOMES[home], *command, tmp_path=tmp_path, **NOWHERE)
    assert (ran.code, ran.err, ran.last["error"]) == (2, "", "state_unwritable"), ran.out
    assert len(ran.lines) == 1
    assert ADVICE in " ".join(ran.last["guidance"])


@pytest.mark.parametrize(("home", "command"), of_homes(NEED_NONE))
def test_without_a_home_what_keeps_nothing_works(tmp_path: Path, home: str, command: tuple[str, ...]) -> None:
    ran = run_at(HOMES[home], *command, tmp_path=tmp_path, **NOWHERE)
    assert (ran.code, ran.err) == (0, ""), ran.out


@pytest.mark.parametrize("home", HOMES)
def test_the_advice_for_a_user_without_a_home_helps(tmp_path: Path, home: str) -> None:
    name, _, value = ADVICE.partition("=")
    ran = run_at(HOMES[home], *DEMO, tmp_path=tmp_path, **{name: value.replace("$PWD", str(tmp_path))})
    assert ran.code == 0, ran.out + ran.err
    assert (tmp_path / ".generate-media").is_dir()
