"""``python -m faults.fuzz [seconds] [seed]``: both files of fuzzing again and again, each round with a new seed.

test_fuzz.py is about parts, an example a millisecond; test_fuzz_commands.py about whole commands.
"""

from __future__ import annotations

import ast
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = {"tests/faults/test_fuzz.py": 40, "tests/faults/test_fuzz_commands.py": 25}
"""Of each test in one round: most of a round's time goes to whole commands."""


def main(argv: list[str]) -> int:
    """Exit 1 at the first round in which something was found; its output is shown."""
    seconds = float(argv[0]) if argv else 600.0
    first = int(argv[1]) if len(argv) > 1 else random.SystemRandom().randrange(10**6)
    until, seed, count = time.monotonic() + seconds, first, Counter[str]()
    while time.monotonic() < until:
        for file, examples in EXAMPLES.items():
            done = _round(file, examples, seed)
            for found in re.findall(r"fuzz \w+: (\{.*\})", done.stdout):
                count.update(ast.literal_eval(found))
            if done.returncode:
                print(done.stdout[-20000:])
                print(f"seed {seed} found something in {file}")
                return 1
        seed += 1
    print(f"seeds {first} to {seed - 1}: {sum(count.values())} examples, nothing found: {dict(sorted(count.items()))}")
    return 0


def _round(file: str, examples: int, seed: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", file, f"--hypothesis-seed={seed}"],
        cwd=ROOT, env={**os.environ, "GENERATE_MEDIA_FUZZ_EXAMPLES": str(examples)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
