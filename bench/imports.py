"""What a start is made of, for the notes of a target that is missed: imports by package."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from harness import Desk

RUNS = 5
GROUPS: Mapping[str, tuple[str, ...]] = {
    "requests": ("requests", "urllib3", "charset_normalizer", "idna", "certifi", "http", "ssl", "_ssl", "email"),
    "jsonschema": ("jsonschema", "jsonschema_specifications", "referencing", "attr", "attrs", "rpds"),
    "dataclasses and what it brings": ("dataclasses", "inspect", "ast", "_ast", "dis", "opcode", "_opcode", "tokenize"),
    "ours": ("generate_media",),
}


def imports(desk: Desk, command: Sequence[str]) -> str:
    """Milliseconds of import by package, each module at its least of up to five runs (self time)."""
    least: dict[str, float] = {}
    for _ in range(min(RUNS, desk.runs)):
        for name, spent in _import_times(desk, [command[0], "-X", "importtime", *command[1:]]).items():
            least[name] = min(spent, least.get(name, spent))
    sums = dict.fromkeys((*GROUPS, "standard library and the rest"), 0.0)
    for name, spent in least.items():
        top = name.split(".")[0]
        group = next((group for group, packages in GROUPS.items() if top in packages), "standard library and the rest")
        sums[group] += spent
    told = ", ".join(f"{group} {spent:.0f}" for group, spent in sums.items() if spent >= 1)
    return f"{sum(sums.values()):.0f} ms in {len(least)} modules: {told}"


def _import_times(desk: Desk, command: Sequence[str]) -> dict[str, float]:
    done = subprocess.run(command, env=desk.environ, cwd=desk.folder, capture_output=True, text=True, check=False)
    rows = (
        line[len("import time:") :].split("|") for line in done.stderr.splitlines() if line.startswith("import time:")
    )
    return {name.strip(): int(own) / 1000 for own, _, name in rows if own.strip().isdecimal()}
