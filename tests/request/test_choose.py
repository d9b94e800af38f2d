"""Which provider a command means, and what is read to know it."""

from __future__ import annotations

import pytest

from generate_media.config.settings import load_settings
from generate_media.core.paths import CONFIG_FILE
from generate_media.request.choose import Chooser
from generate_media.request.known import Ask

SETTINGS = load_settings(CONFIG_FILE)


@pytest.mark.parametrize("ask", [Ask(provider="agnes"), Ask(model="agnes-video-2.5-flash")])
def test_a_command_that_names_its_provider_reads_no_keys(ask: Ask) -> None:
    def keys() -> list[str]:
        raise AssertionError("no key is needed to know the provider")

    assert Chooser(SETTINGS, keys).choose(ask).provider.name == "agnes"


def test_a_command_that_names_nothing_reads_the_keys_once() -> None:
    reads: list[str] = []

    def keys() -> list[str]:
        reads.append("all")
        return ["agcloud"]

    assert list(SETTINGS.providers).index("agcloud") > 1, "others come before it, and are looked at first"
    assert Chooser(SETTINGS, keys).choose(Ask(kind="video")).provider.name == "agcloud"
    assert reads == ["all"]
