"""The set of files that ClawHub publishes, by its client's own rules, and commands found in documents."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from generate_media.core.paths import BUNDLE

TEXT_EXTENSIONS = frozenset(
    re.findall(
        r"\w+",
        "md mdx txt json json5 yaml yml toml js cjs mjs ts tsx jsx py sh ps1 psm1 psd1 r rb go rs swift kt java cs cpp"
        " c h hpp sql csv tsv ini cfg conf env properties dat xml html css scss sass svg",
    )
)
"""clawhub 0.20, schema/textFiles: a file with any other extension is left out in silence."""
ENTRY_SCRIPTS = (
    "create_and_wait",
    "wait_generation",
    "inspect_openapi",
    "ensure_api_key",
    "handle_runtime_error",
    "sandbox",
    "gallery",
)


def tracked_files() -> list[str]:
    """What a checkout holds, relative to the bundle."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=BUNDLE, capture_output=True, text=True, check=False)
    names = git.stdout.split("\0") if git.returncode == 0 else [str(f.relative_to(BUNDLE)) for f in BUNDLE.rglob("*")]
    left_out = (".venv/", ".cache/", "generated/", ".git/")
    return sorted(
        name for name in names if name and not name.startswith(left_out) and "__pycache__" not in name
        and (BUNDLE / name).is_file()
    )  # fmt: skip


def published_files() -> list[str]:
    """No dot paths, nothing that .clawhubignore names, no extension that ClawHub does not know."""
    ignored = [line for line in (BUNDLE / ".clawhubignore").read_text().splitlines() if line]

    def kept(name: str) -> bool:
        parts = name.split("/")
        extension = parts[-1].rpartition(".")[2] if "." in parts[-1] else ""
        return (
            not any(part.startswith(".") for part in parts)
            and not any(name == rule or (rule.endswith("/") and name.startswith(rule)) for rule in ignored)
            and (not extension or extension.lower() in TEXT_EXTENSIONS)
        )

    return [name for name in tracked_files() if kept(name)]


def copy_files(names: list[str], target: Path) -> Path:
    """Copies without exec bits, as a registry gives them back."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(BUNDLE / name, target / name)
    return target


def commands_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """(script, arguments) of every call of one of our scripts in a document's code."""
    for code in re.findall(r"```.*?\n(.*?)```|`([^`\n]+)`", text, re.DOTALL):
        for line in "".join(code).replace("\\\n", " ").replace("\\|", "|").splitlines():
            match = re.search(r"(?:scripts[/\\])?\b(" + "|".join(ENTRY_SCRIPTS) + r")\.py\b(.*)", line)
            if match:
                yield match[1], _words(match[2])


def _words(text: str) -> list[str]:
    text = re.split(r"\s#\s| \| |&&|;|,? then ", text)[0]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
