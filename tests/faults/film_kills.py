"""Kill a run of the six-line film at random moments, run it again to its end, and count what was paid for.

    PYTHONPATH=scripts:tests/support:tests python tests/faults/film_kills.py 50 [SEED] [PYTHON …]

Each further PYTHON is an interpreter that the runs of one film change between: one with PyAV, one without.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
LONGEST_SECONDS = 6.0
"""A whole run takes about so long."""
DEADLINE_SECONDS = 90.0


class Made(NamedTuple):
    """What is left after kills: the last run's code and summary, kills that hit, and the parts of the film."""

    code: int
    summary: dict[str, Any]
    kills: int
    parts: list[str]


def killed_film(folder: Path, dice: random.Random, options: Sequence[str], commands: Sequence[Sequence[str]]) -> Made:
    """Run ``film.jsonl`` of a folder, killed once to three times at random moments, then to its end; each run by the
    next of ``commands`` (how Python is called). ``options`` name the sandbox."""
    kills = 0
    for run in range(dice.randint(1, 3)):
        moment = dice.uniform(0.2, LONGEST_SECONDS)
        process = _start(folder, commands[run % len(commands)], options)
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
    process = _start(folder, commands[-1], options)
    out, _ = process.communicate(timeout=DEADLINE_SECONDS)
    summary = json.loads(out.splitlines()[-1])
    record = folder / "film.json"
    parts = [part["sha256"] for part in json.loads(record.read_text())["joined"]] if record.exists() else []
    return Made(process.returncode, summary, kills, parts)


def _start(folder: Path, command: Sequence[str], options: Sequence[str]) -> subprocess.Popen[bytes]:
    words = [
        *command,
        str(ROOT / "scripts/create_and_wait.py"),
        "--batch",
        "film.jsonl",
        "--join",
        "film.mp4",
        *options,
    ]
    return subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def main(times: int, seed: int, pythons: Sequence[str]) -> int:
    """A sandbox, then film after film; 0 when none was paid for twice."""
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support"), str(ROOT / "tests")]
    from conftest import Desk
    from film_help import SIX, probed
    from generate_media.sandbox.embedded import start

    bad = unknown = 0
    for number in range(times):
        dice, folder = random.Random(f"{seed}:{number}"), Path(tempfile.mkdtemp(prefix="film-kill-"))
        with start(speed=60) as server:
            key = f"test-user-{number}"
            desk = Desk(server, folder, key, lambda: None)
            os.environ |= {"GENERATE_MEDIA_STATE_DIR": str(folder / "state"), "SKILLS_VIDEO_API_KEY": key}
            (folder / "film.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SIX))
            config = str(desk.write_config())
            where = ["--provider", "skills.video", "--config", config, "--base-url", server.base_urls["skills.video"]]
            began = time.monotonic()
            made = killed_film(folder, dice, where, [[python] for python in pythons])
            jobs, told = desk.jobs(), made.summary.get("counts")
            said = made.code == 13 or "outcome_unknown" in json.dumps(made.summary)
            seconds = probed(folder / "film.mp4")["seconds"] if (folder / "film.mp4").exists() else None
            ok = jobs == 6 and made.code == 0 and abs((seconds or 0) - 15) < 0.05
            unknown += said and not ok
            bad += not ok and not said
            took = time.monotonic() - began
            print(
                number,
                "ok" if ok else "said 13" if said else "BAD",
                made.code,
                made.kills,
                jobs,
                told,
                seconds,
                f"{took:.1f}s",
                flush=True,
            )
    print(f"{times} films, {bad} bad, {unknown} with a create whose outcome is unknown")
    return int(bad > 0)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(numbers[0], numbers[1] if len(numbers) > 1 else 1, sys.argv[3:] or [sys.executable]))
