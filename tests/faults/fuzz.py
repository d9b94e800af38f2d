"""``python -m faults.fuzz [seconds]``: tests/test_fuzz.py again and again with new seeds, until the time is up."""

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
EXAMPLES = "400"


def main(argv: list[str]) -> int:
    """Exit 1 at the first round in which something was found; its output is shown."""
    seconds = float(argv[0]) if argv else 600.0
    first = random.SystemRandom().randrange(10**6)
    until, rounds, count = time.monotonic() + seconds, 0, Counter[str]()
    while time.monotonic() < until:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/test_fuzz.py",
             f"--hypothesis-seed={first + rounds}"],
            cwd=ROOT, env={**os.environ, "GENERATE_MEDIA_FUZZ_EXAMPLES": EXAMPLES}, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        rounds += 1
        found = re.search(r"fuzz examples: (\{.*\})", done.stdout)
        count.update(ast.literal_eval(found[1]) if found else {})
        if done.returncode:
            print(done.stdout[-20000:])
            print(f"seed {first + rounds - 1} found something")
            return 1
    print(f"seeds {first} to {first + rounds - 1}: {sum(count.values())} examples, nothing found: {dict(count)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
