"""The demo from what a registry gives back: no dot files, no exec bits, anywhere, any console."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bundle import ENTRY_SCRIPTS, copy_files, published_files
from generate_media.core.paths import BUNDLE

PAGES = sorted(name for name in published_files() if name.startswith("references/") and name.endswith(".md"))


def run(folder: Path, *args: str, before: tuple[str, ...] = (), **environ: str) -> dict[str, Any]:
    """One call by a user without keys; the last line of stdout."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_API_KEYS"))}
    state = {"HOME": str(folder), "GENERATE_MEDIA_STATE_DIR": str(folder / "state")}
    done = subprocess.run(
        [*before, sys.executable, *args],
        cwd=folder, env={**plain, **state, **environ}, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    last: dict[str, Any] = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    return last


def demo(bundle: Path, folder: Path, prompt: str = "a cat", before: tuple[str, ...] = (), **environ: str) -> None:
    script = str(bundle / "scripts/create_and_wait.py")
    last = run(folder, script, "--sandbox", "--prompt", prompt, before=before, **environ)
    (output,) = last["outputs"]
    path = Path(output["path"])
    assert path.parent == folder.resolve() / "generated"
    assert json.loads(path.with_suffix(".json").read_bytes())["prompt"] == prompt
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.size == (output["width"], output["height"])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_files(published_files(), tmp_path_factory.mktemp("published") / "generate-media")


def test_the_demo_from_the_published_files_only(published: Path, tmp_path: Path) -> None:
    assert not list(published.rglob(".*"))
    assert not [file for file in published.rglob("*") if file.is_file() and file.stat().st_mode & 0o111]
    demo(published, tmp_path / "work")


def test_a_clip_and_a_gallery_from_the_published_files_only(published: Path, tmp_path: Path) -> None:
    script, work = str(published / "scripts/create_and_wait.py"), tmp_path / "work"
    last = run(work, script, "--sandbox", "--provider", "agcloud", "--prompt", "a boat", "--duration", "5")
    assert last["outputs"][0]["media_type"] == "video/mp4"
    page = subprocess.run(
        [sys.executable, str(published / "scripts/gallery.py")], cwd=work, capture_output=True, check=True, timeout=60
    )
    assert Path(json.loads(page.stdout)["path"]).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_help_from_the_published_files(published: Path) -> None:
    for script in ENTRY_SCRIPTS:
        command = [sys.executable, str(published / f"scripts/{script}.py"), "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), script


def test_from_a_read_only_folder(published: Path, tmp_path: Path) -> None:
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:  # root writes anywhere, unless it lays that right down
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv (util-linux) is not there, and root may write anywhere")
        rights = "-dac_override,-dac_read_search"
        before = ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")
    everything = [published, *published.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        refused = subprocess.run([*before, "touch", str(published / "x")], capture_output=True, check=False)
        assert refused.returncode != 0, "the folder is read-only"
        demo(published, tmp_path / "work", before=before)
        assert [published, *published.rglob("*")] == everything
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_from_a_path_with_spaces_and_chinese_characters(tmp_path: Path) -> None:
    bundle = copy_files(published_files(), tmp_path / "我的 技能's" / "generate-media")
    demo(bundle, tmp_path / "工作 folder", prompt="雨夜的霓虹街道")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "SKILL.md", *PAGES])
def test_every_link_of_a_published_page_leads_to_what_is_published(page: str) -> None:
    published = published_files()
    text = (BUNDLE / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        target = os.path.normpath(os.path.join(os.path.dirname(page), link))
        assert target in published or any(name.startswith(f"{target}/") for name in published), f"{page}: {link}"


def test_the_make_targets_say_what_a_published_copy_lacks(published: Path) -> None:
    done = subprocess.run(["make", "test"], cwd=published, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "published without its tests" in done.stdout


def test_nothing_is_needed_beside_the_published_files() -> None:
    """The scripts read no file of the bundle that ClawHub leaves out."""
    text = "".join(path.read_text(encoding="utf-8") for path in (BUNDLE / "scripts").rglob("*.py"))
    for name in ('BUNDLE / "docs', 'BUNDLE / "evals', 'BUNDLE / "tests', "pyproject.toml"):
        assert name not in text
