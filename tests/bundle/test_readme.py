"""The README in both languages: first the two commands, then nothing that the code does not keep."""

from __future__ import annotations

import glob
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from conftest import Desk
from generate_media.core.errors import ExitCode
from generate_media.core.paths import BUNDLE

NAMES = ("README.md", "README.zh-CN.md")


def text_of(name: str) -> str:
    return (BUNDLE / name).read_text(encoding="utf-8")


def rows(text: str, after: str) -> list[list[str]]:
    """The cells of the first table after a heading, head and rule left out."""
    table = re.search(r"(?:^\|.*\n)+", text[text.index(after) :], re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in table[0].splitlines()[2:]]


@pytest.mark.parametrize("name", NAMES)
def test_opens_with_the_two_commands(name: str) -> None:
    lines = text_of(name).splitlines()
    assert lines[:3] == ["# generate-media", "", "```bash"]
    assert lines[3].startswith("make demo ")
    assert lines[4].startswith("make test ")


@pytest.mark.parametrize(
    "target", sorted({t for name in NAMES for t in re.findall(r"`?\bmake ([a-z-]+)", text_of(name))})
)
def test_every_make_target_exists(target: str) -> None:
    makefile = (BUNDLE / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_make_help_says_what_every_target_is_for() -> None:
    shown = subprocess.run(["make", "help"], cwd=BUNDLE, capture_output=True, text=True, check=True).stdout
    makefile = (BUNDLE / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[0].split()
    assert {line.split()[0] for line in shown.splitlines() if len(line.split()) > 2} >= set(targets)


@pytest.mark.parametrize(("name", "heading"), [("README.md", "## Dependencies"), ("README.zh-CN.md", "## 依赖")])
def test_the_table_of_dependencies_is_requirements_txt(name: str, heading: str) -> None:
    required = [re.split("[><=]", line)[0] for line in (BUNDLE / "requirements.txt").read_text().splitlines() if line]
    table = rows(text_of(name), heading)
    assert [row[0] for row in table] == required
    assert all(len(row) == 4 and all(row) for row in table), "what for, why this one, size"


@pytest.mark.parametrize(
    ("name", "heading"), [("README.md", "## When something goes wrong"), ("README.zh-CN.md", "## 出了问题")]
)
def test_troubleshooting_has_every_exit_code(name: str, heading: str) -> None:
    codes = [int(code) for row in rows(text_of(name), heading) for code in row[0].split(",")]
    assert codes == sorted(code.value for code in ExitCode)


@pytest.mark.parametrize("name", NAMES)
def test_the_debian_packages_are_those_that_ci_installs(name: str) -> None:
    listed = re.search(r"apt install ((?:[a-z-]+ ){4}[a-z-]+)`", text_of(name))
    assert listed is not None
    ci = (BUNDLE / ".ci/run").read_text(encoding="utf-8")
    assert set(listed[1].split()) == {pair.split(":")[1] for pair in re.findall(r"\w+:[\w-]+", ci)}


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_by_hand_run_as_they_stand(name: str, desk: Desk) -> None:
    """In a fresh folder, in their order, with files that they make themselves."""
    (block,) = [text for text in re.findall(r"```bash\n(.*?)```", text_of(name), re.DOTALL) if "prompts.txt" in text]
    for line in block.splitlines():
        words = shlex.split(line)
        if words[0] == "printf":
            Path("prompts.txt").write_text("\n".join(words[2:-2]) + "\n", encoding="utf-8")
        elif "sandbox.py" not in words[1]:
            found = [match for word in words[2:] for match in (glob.glob(word) if "*" in word else [word])]
            ran = desk.call(Path(words[1]).stem, *found)
            assert ran.code == 0, (line, ran.out)


@pytest.mark.parametrize("name", NAMES)
def test_the_address_stands_in_one_place(name: str) -> None:
    assert text_of(name).count("OWNER") == 1
    assert not re.search(r"=[<‹]", text_of(name)), "examples can be pasted"


def test_the_reference_has_every_exit_code() -> None:
    """SKILL.md sends people there to find them."""
    table = rows(text_of("references/open-platform-api.md"), "## Exit codes")
    codes = [int(code) for row in table for code in row[0].split(",")]
    assert codes == sorted(code.value for code in ExitCode)


def test_both_languages_show_the_same_commands_and_headings() -> None:
    def shape(name: str) -> list[str]:
        text = text_of(name)
        commands = [re.sub(r'"[^"]*"|<[^>]*>|#.*', "…", line).rstrip() for block in
                    re.findall(r"```bash\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]  # fmt: skip
        return commands + [re.match("#+", line)[0] for line in text.splitlines() if re.match("#+ ", line)]  # type: ignore[index]

    assert shape("README.md") == shape("README.zh-CN.md")


@pytest.mark.parametrize("name", NAMES)
def test_openclaw_and_installers(name: str) -> None:
    text = text_of(name)
    for words in (
        "~/.openclaw/.env", "env.vars", "agents.defaults.sandbox.docker.env", "claw install", "npx skills add",
        "openclaw skills install ./", "clawhub install", "claude plugin marketplace add", "uv run",
    ):  # fmt: skip
        assert words in text


def test_the_chinese_page_names_mirrors() -> None:
    text = text_of("README.zh-CN.md")
    assert "镜像" in text
    assert "PIP_INDEX_URL" in text


def test_the_picture_is_small() -> None:
    picture = Path(BUNDLE / "docs/gallery.png")
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size <= 150_000
