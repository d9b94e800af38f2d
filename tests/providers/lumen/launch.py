"""Run a script of the bundle in a process of its own that knows Lumen: ``launch.py create_and_wait --prompt …``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]
SCRIPTS = TESTS.parent / "scripts"

if __name__ == "__main__":
    sys.path[:0] = [str(SCRIPTS), str(TESTS)]
    from generate_media.providers import register
    from providers.lumen import LUMEN

    register(LUMEN)
    script = str(SCRIPTS / f"{sys.argv[1]}.py")
    sys.argv[:2] = [script]
    runpy.run_path(script, run_name="__main__")
