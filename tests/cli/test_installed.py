"""An installed copy stays as its installer left it: what a run makes lies in the user's folders. Whole processes."""

from __future__ import annotations

import ast
import os
import re
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import calls
from bundle import ENTRY_SCRIPTS
from calls import DEMO, ONE_OF_EACH, copy_bundle
from conftest import Ran
from generate_media.core.paths import BUNDLE

HOUSE = "scripts/generate_media"
call = partial(calls.call, XDG_CACHE_HOME=None)  # a home's own cache, not the one that the tests share


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose every change git would see. Nobody here makes one."""
    bundle = copy_bundle(tmp_path_factory.mktemp("installed") / "skills/generate-media")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "installed")):
        subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words],
                       cwd=bundle, check=True)  # fmt: skip
    return bundle


def changes(bundle: Path) -> str:
    told = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"], cwd=bundle, capture_output=True, text=True, check=True
    )
    return told.stdout


def home_of(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return home


def cached(folder: Path) -> dict[str, int]:
    """Each compiled module in a cache, with the time when it was written."""
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("*.pyc")}


def test_every_script_leaves_it_as_it_was(tmp_path: Path, installed: Path) -> None:
    home = home_of(tmp_path)
    for script, args in ONE_OF_EACH.items():
        for words in (("--help",), args):
            ran = call(script, *words, home=home, bundle=installed)
            assert ran.code in (0, 20, 21), ran.out + ran.err
        assert changes(installed) == "", script
    cache = home / ".cache/generate-media"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    names = cached(cache)
    assert len(names) > 100
    assert [name for name in names if f"generate-media/{HOUSE}/" not in name] == [], "of nothing else than the house"


def test_a_second_run_takes_what_the_first_one_compiled(tmp_path: Path, installed: Path) -> None:
    home, cache = home_of(tmp_path), tmp_path / "cache/generate-media"
    where = {"XDG_CACHE_HOME": str(cache.parent)}
    call("gallery", "--help", home=home, bundle=installed, **where)
    first = cached(cache)
    ran = call("gallery", "--help", home=home, bundle=installed, PYTHONVERBOSE="1", **where)
    assert cached(cache) == first
    read = [name for name in first if f"# /{name} matches " in ran.err]
    assert sorted(read) == sorted(first), "read again and not made again"
    assert not (home / ".cache").exists()


@pytest.mark.parametrize("why", ["nowhere", "a file", "relative", "others may write", "unwritable"])
def test_where_no_cache_can_be_had_there_is_none(tmp_path: Path, installed: Path, why: str) -> None:
    base = tmp_path / "cache"
    base.mkdir()
    (tmp_path / "file").touch()
    if why == "others may write":
        (base / "generate-media").mkdir()
        (base / "generate-media").chmod(0o777)
    base.chmod(0o555 if why == "unwritable" else 0o755)
    place = {"nowhere": "/proc/nowhere", "a file": str(tmp_path / "file"), "relative": "cache"}.get(why, str(base))
    home = "/proc" if why == "relative" else str(home_of(tmp_path))
    ran = call("wait_generation", "--list", home=tmp_path, bundle=installed, XDG_CACHE_HOME=place, HOME=home)
    assert (ran.code, ran.err) == (0, "")
    assert changes(installed) == ""
    assert why == "unwritable" or cached(tmp_path) == {}  # root writes there all the same


def test_a_users_own_place_for_bytecode_is_kept_to(tmp_path: Path, installed: Path) -> None:
    home = home_of(tmp_path)
    call("gallery", "--help", home=home, bundle=installed, PYTHONDONTWRITEBYTECODE="1")
    assert cached(tmp_path) == {}
    call("gallery", "--help", home=home, bundle=installed, PYTHONPYCACHEPREFIX=str(tmp_path / "own"))
    assert cached(tmp_path / "own")
    assert cached(home) == {}
    assert changes(installed) == ""


def test_an_update_is_noticed_whatever_its_times(tmp_path: Path) -> None:
    """Some installers give all files of all versions one time; here the size is the same as well."""
    home, bundle = home_of(tmp_path), copy_bundle(tmp_path / "bundle")
    file = bundle / HOUSE / "cli/parser.py"
    assert call("gallery", "--version", home=home, bundle=bundle).out.startswith("generate-media ")
    before = file.stat()
    newer = file.with_name("newer.py")
    newer.write_text(file.read_text(encoding="utf-8").replace("generate-media {", "GENERATE-MEDIA {"), encoding="utf-8")
    newer.replace(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert call("gallery", "--version", home=home, bundle=bundle).out.startswith("GENERATE-MEDIA ")


def test_a_cache_that_is_cut_short_is_made_anew(tmp_path: Path, installed: Path) -> None:
    home = home_of(tmp_path)
    usual = call("gallery", "--help", home=home, bundle=installed)
    files = list((home / ".cache").rglob("*.pyc"))
    sizes = [file.stat().st_size for file in files]
    for number, file in enumerate(files):
        os.truncate(file, (0, 7, 16, 40)[number % 4])
    assert call("gallery", "--help", home=home, bundle=installed) == usual
    assert [file.stat().st_size for file in files] == sizes


def found(minor: int) -> Path:
    """An old interpreter, of pyenv's or the system's; perhaps not there."""
    by_pyenv = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python"))
    return next(iter(by_pyenv), Path(f"/usr/bin/python3.{minor}"))


OLD = {minor: found(minor) for minor in (6, 7, 8, 9)}


def too_old(minor: int) -> str:
    if not OLD[minor].exists():
        pytest.skip(f"there is no Python 3.{minor} here")
    return str(OLD[minor])


def assert_told(ran: Ran, minor: int) -> None:
    assert (ran.code, ran.err, len(ran.lines)) == (2, "", 1), ran.out
    assert ran.last["error"] == "missing_dependency"
    assert f"this is Python 3.{minor}." in ran.last["message"]
    assert "3.10 or newer is needed" in ran.last["message"]


@pytest.mark.parametrize("minor", OLD)
def test_an_old_python_is_told_so_by_every_script(tmp_path: Path, installed: Path, minor: int) -> None:
    """All begin alike: the oldest one tries each."""
    python = too_old(minor)
    for script, args in [(name, ("--help",)) for name in ENTRY_SCRIPTS if minor == min(OLD)] + [(DEMO[0], DEMO[1:])]:
        ran = call(script, *args, home=tmp_path, bundle=installed, python=python, PATH="/nowhere")
        assert_told(ran, minor)
        assert ran.last["install"] is None, "there is nothing to install it with"
        assert "python.org" in " ".join(ran.last["guidance"])
    assert changes(installed) == ""


def test_an_old_python_names_the_newer_one_and_goes_on_in_what_that_made(tmp_path: Path, installed: Path) -> None:
    python, near = too_old(9), tmp_path / "near"
    near.mkdir()
    (near / "python3.14").write_text("#!/bin/sh\nexit 1\n")  # as pyenv's, which no version stands behind
    (near / "python3.14").chmod(0o755)
    (near / "python3.11").symlink_to(sys.executable)
    ran = call("gallery", "--help", home=tmp_path, bundle=installed, python=python, PATH=str(near))
    assert_told(ran, 9)
    assert ran.last["install"] == f'"{near}/python3.11" "{installed}/scripts/ensure_api_key.py" --setup'
    venv = tmp_path / ".local/share/generate-media/venv"
    venv.parent.mkdir(parents=True)
    venv.symlink_to(sys.prefix)
    ran = calls.call(*DEMO, home=tmp_path, bundle=installed, python=python)
    assert (ran.code, ran.last["ok"]) == (0, True), ran.out


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_an_old_python_whose_stdout_is_of_no_use(tmp_path: Path, bundle_copy: Path, closed: str) -> None:
    ran = calls.call("gallery", home=tmp_path, bundle=bundle_copy, python=too_old(9), redirect=closed, PATH="/bin")
    assert (ran.code, ran.out, ran.err) == (2, "", "")


@pytest.mark.parametrize("language", ["en_US.UTF-8", "zh_CN.UTF-8"])
@pytest.mark.parametrize("minor", [7, 8, 9])
def test_an_old_python_tells_a_person_in_words(tmp_path: Path, bundle_copy: Path, minor: int, language: str) -> None:
    terminal = pytest.importorskip("terminal")
    where = {"HOME": str(tmp_path), "PATH": "/nowhere", "LC_ALL": language}
    seen = terminal.at_terminal("gallery", "--help", bundle=bundle_copy, python=too_old(minor), environ=where)
    first = {
        "en": r"✗ this is Python 3\.{}\.\d+; 3\.10 or newer is needed",
        "zh": r"✗ 缺少依赖：当前是 Python 3\.{}\.\d+，",
    }
    assert re.match(first[language[:2]].format(minor), seen.lines[0]), seen.raw
    assert (seen.code, {line[0] for line in seen.lines[1:]}) == (2, {"→"})


def loaded_by(code: str) -> list[Path]:
    """Every file of ours that is loaded by it, by this interpreter's own account."""
    told = f"import sys\n{code}\n"
    told += "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('generate_media')), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=BUNDLE / "scripts", capture_output=True, text=True, check=True
    )
    return [Path(line) for line in done.stdout.splitlines()]


def test_what_an_old_python_reads_is_written_in_its_grammar() -> None:
    """Until it is told what it lacks 3.6's; and in words 3.7's, without which it is told in JSON."""
    files = loaded_by("import generate_media.beginning, generate_media.core.old_python")
    files += (BUNDLE / "scripts").glob("*.py")
    assert len(files) > 12
    for file in files:
        text = file.read_text(encoding="utf-8")
        ast.parse(text, str(file), feature_version=(3, 6))
        assert "from __future__ import annotations\n" not in text, f"{file}: 3.6 does not know it"
    for file in loaded_by("import generate_media.cli.terminal.jobs"):
        ast.parse(file.read_text(encoding="utf-8"), str(file), feature_version=(3, 7))


def test_what_is_printed_runs_from_anywhere_with_a_bare_path(tmp_path: Path) -> None:
    home = home_of(tmp_path)
    made = calls.forked(*DEMO, "--detach", home=home)
    mistaken = calls.forked("wait_generation", "--nonsense", home=home)
    advice = mistaken.last["guidance"][0].partition(" --help")[0] + " --help"
    environ = {"HOME": str(home), "GENERATE_MEDIA_STATE_DIR": str(home / "state"), "PATH": "/nowhere"}
    for command in (made.last["resume"] if "resume" in made.last else made.events("accepted")[0]["resume"], advice):
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_under_uv_it_is_uv_that_runs_again(tmp_path: Path) -> None:
    ran = call(*DEMO, "--detach", home=tmp_path, UV_RUN_RECURSION_DEPTH="1", UV="/opt/uv tool/uv")
    assert ran.events("accepted")[0]["resume"].startswith(f"'/opt/uv tool/uv' run {BUNDLE}/scripts/wait_generation.py ")


def test_packages_are_found_in_the_users_folder_first(tmp_path: Path, bare_python: str) -> None:
    bundle, bare = copy_bundle(tmp_path / "bundle"), bare_python
    venv = tmp_path / ".local/share/generate-media/venv"
    words = ("handle_runtime_error", "--status", "402")
    ran = call(*words, home=tmp_path, bundle=bundle, python=bare)
    assert ran.last["error"] == "missing_dependency"
    assert f'"{bare}" -m venv "{venv}" && "{venv}/bin/python" -m pip install' in ran.last["install"]
    venv.parent.mkdir(parents=True)
    venv.symlink_to(sys.prefix)
    (bundle / ".venv").mkdir()  # the bundle's own, of no use
    assert call(*words, home=tmp_path, bundle=bundle, python=bare).code == 20
