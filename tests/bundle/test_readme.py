"""The README in both languages: first one command and what it shows, then nothing that the code does not keep."""

from __future__ import annotations

import glob
import json
import re
import shlex
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conftest import SANDBOX_SPEED, Desk
from generate_media.core.errors import ExitCode
from generate_media.core.paths import BUNDLE
from generate_media.sandbox import start

NAMES = ("README.md", "README.zh-CN.md")


def text_of(name: str) -> str:
    return (BUNDLE / name).read_text(encoding="utf-8")


def rows(text: str, after: str) -> list[list[str]]:
    """The cells of the first table after a heading, head and rule left out."""
    table = re.search(r"(?:^\|.*\n)+", text[text.index(after) :], re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in table[0].splitlines()[2:]]


@pytest.mark.parametrize("name", NAMES)
def test_opens_with_one_command_what_it_shows_and_the_same_with_a_key(name: str) -> None:
    head = text_of(name).split("\n## ")[0]
    first, second = re.findall(r"```bash\n(.*?)\n```", head, re.DOTALL)
    assert first == "make demo"
    assert "--setup" in second
    assert "--sandbox" not in second
    between = head[head.index(first) : head.index(second)]
    assert re.findall(r"\]\((assets/\w+\.svg)\)", between) == ["assets/terminal.svg", "assets/gallery.svg"]


@pytest.mark.parametrize("picture", ["terminal", "gallery"])
def test_the_pictures_are_whole_light_and_fetch_nothing(picture: str) -> None:
    path = BUNDLE / f"assets/{picture}.svg"
    assert path.stat().st_size <= 100_000
    for element in ElementTree.fromstring(path.read_text(encoding="utf-8")).iter():
        for name, value in element.attrib.items():
            assert not name.endswith("href") or value.startswith("data:image/webp;base64,")


@pytest.mark.parametrize(
    ("name", "heading"), [("README.md", "## Models to begin"), ("README.zh-CN.md", "## 从哪些模型")]
)
def test_the_table_of_models_has_every_default(name: str, heading: str) -> None:
    table = rows(text_of(name), heading)
    assert all(len(row) == 5 and all(row) for row in table), "makes, from, size, cost"
    listed = {match for row in table for match in re.findall(r"`([\w./-]+)`", row[0])}
    providers = json.loads((BUNDLE / "config.json").read_text(encoding="utf-8"))["providers"]
    defaults = {model for row in providers.values() for model in row["default_models"].values()}
    assert {model for model in defaults if not model.startswith("dreamina-")} <= listed
    free = {row[0].split("`")[1] for row in table if row[4] in ("free", "免费")}
    assert free == set(providers["agnes"]["free_models"])


@pytest.mark.parametrize("name", NAMES)
def test_every_table_has_a_head(name: str) -> None:
    assert not re.search(r"^\|[ |]*\|$", text_of(name), re.MULTILINE)


def test_no_line_of_chinese_goes_on_in_the_next() -> None:
    """A renderer puts a blank there, which no Chinese sentence has."""
    prose = re.sub(r"```.*?```", "", text_of("README.zh-CN.md"), flags=re.DOTALL)
    assert re.findall(r"[^\x00-\x7f]\n(?=[^\n|#`!-])", re.sub(r"^[|#].*$", "", prose, flags=re.MULTILINE)) == []


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
    ("name", "heading"), [("README.md", "## When something goes wrong"), ("README.zh-CN.md", "## 故障排查")]
)
def test_troubleshooting_has_every_exit_code(name: str, heading: str) -> None:
    codes = [int(code) for row in rows(text_of(name), heading) for code in row[0].split(",")]
    assert codes == sorted(code.value for code in ExitCode)


@pytest.mark.parametrize("name", NAMES)
def test_the_debian_packages_and_commands_are_those_of_ci(name: str) -> None:
    listed = re.search(r"apt install ((?:[a-z-]+ ){4}[a-z-]+)`", text_of(name))
    assert listed is not None
    ci = (BUNDLE / ".ci/run").read_text(encoding="utf-8")
    assert set(listed[1].split()) == {pair.split(":")[1] for pair in re.findall(r"\w+:[\w-]+", ci)}
    assert {f"`{command}`" for command in re.findall(r"^make \w+", ci, re.MULTILINE)} <= set(
        re.findall(r"`make \w+`", text_of(name))
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_by_hand_run_as_they_stand(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a fresh folder, in their order, with files that they make themselves; the sandbox in fast time."""
    monkeypatch.setitem(start.__kwdefaults__, "speed", SANDBOX_SPEED)
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
