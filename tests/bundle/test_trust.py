"""references/trust.md names what exists, and stays short enough to be read."""

from __future__ import annotations

import re

from generate_media.core.paths import BUNDLE, REFERENCES
from tokens import count

TEXT = (REFERENCES / "trust.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert count(TEXT) <= 1500


def test_every_target_and_file_in_it_exists() -> None:
    makefile = (BUNDLE / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make (\w+)`", TEXT))
    assert {"faults", "kill", "chaos", "canary", "fuzz", "test"} <= targets
    assert not [target for target in targets if not re.search(rf"^{target}:.*##", makefile, re.MULTILINE)]
    files = re.findall(r"tests/[\w/]+(?:\.py|/)", TEXT)
    assert files
    assert not [file for file in files if not (BUNDLE / file).exists()]
