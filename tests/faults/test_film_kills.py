"""A few films killed at random moments; film_kills.py makes as many as one likes."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from conftest import Desk
from faults.film_kills import killed_film
from film_help import SIX, probed, write
from tools import require_tool

SEED = 20261121
WITHOUT_PYAV = "import sys, runpy; sys.modules['av'] = None; sys.argv = sys.argv[1:]; sys.path.insert(0, {scripts!r}); "
WITHOUT_PYAV += "runpy.run_path(sys.argv[0], run_name='__main__')"


@pytest.mark.parametrize("number", range(2))
def test_a_killed_film_is_made_once(desk: Desk, number: int, record_property: Callable[[str, object], None]) -> None:
    """PyAV, where there is one, is taken away in between, and ffmpeg put in its place."""
    require_tool("ffmpeg")
    write(SIX)
    scripts = str(Path(__file__).parents[2] / "scripts")
    without = [sys.executable, "-c", WITHOUT_PYAV.format(scripts=scripts)]
    commands = [[sys.executable], without] if find_spec("av") else [without]
    where = ["--provider", "skills.video", "--base-url", desk.sandbox.base_urls["skills.video"]]
    made = killed_film(
        Path(), random.Random(f"{SEED}:{number}"), [*where, "--config", str(desk.write_config())], commands
    )
    record_property("kills", made.kills)
    if made.code == 13 or "outcome_unknown" in json.dumps(made.summary):
        return  # killed while a create was out: that is said, and nothing is sent again
    assert (made.code, desk.jobs(), len(made.parts)) == (0, 6, 3), made.summary
    clips = [path for path in made.summary["files"] if path.endswith(".mp4")]
    assert probed("film.mp4")["seconds"] == pytest.approx(sum(probed(clip)["seconds"] for clip in clips), abs=0.05)
