"""Where the state folder lies for each environment a user may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from generate_media.core.paths import BUNDLE, state_dir


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/me"}, "/home/me/.local/state/generate-media"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": "/var/me"}, "/var/me/generate-media"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": "relative"}, "/home/me/.local/state/generate-media"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": ""}, "/home/me/.local/state/generate-media"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": "/v", "GENERATE_MEDIA_STATE_DIR": "/own"}, "/own"),
        ({"HOME": "/home/me", "GENERATE_MEDIA_STATE_DIR": ""}, "/home/me/.local/state/generate-media"),
    ],
)
def test_state_folder(environ: dict[str, str], folder: str) -> None:
    assert state_dir(environ) == Path(folder)


def test_a_relative_state_folder_is_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert state_dir({"GENERATE_MEDIA_STATE_DIR": ".state"}) == tmp_path / ".state"


def test_the_bundle_is_found_from_the_files_own_place() -> None:
    assert (BUNDLE / "scripts" / "generate_media" / "core" / "paths.py").is_file()
