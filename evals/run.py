#!/usr/bin/env python3
"""Run task evaluations with any agent, and grade them from files and the sandbox's log, without a model.

  python3 evals/run.py list
  python3 evals/run.py run sv-picture-en --agent 'claude -p "$(cat "$PROMPT_FILE")" --add-dir "$SKILL_DIR"'
  python3 evals/run.py run --agent ./my-agent.sh          every evaluation
  python3 evals/run.py selftest                           the grader itself, with scripted agents

The agent is a shell command: its working folder is the task's, PROMPT_FILE and SKILL_DIR are in its environment,
what it prints is its final answer. Keys are test values and every host is a sandbox on loopback. One JSON line an
evaluation; exit 0 when all passed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from grade import Check, grade
from prepare import Task, prepared
from scripted import VARIANTS, act

HERE = Path(__file__).resolve().parent
LIFE_SPEED, TEST_SPEED, TEST_SCALE = 20.0, 200.0, 10.0


def evaluations(names: list[str]) -> list[Mapping[str, Any]]:
    """The evaluations of these names, or all."""
    every = json.loads((HERE / "evals.json").read_text(encoding="utf-8"))["evals"]
    unknown = set(names) - {row["name"] for row in every}
    if unknown:
        raise SystemExit(f"no such evaluation: {', '.join(sorted(unknown))}")
    return [row for row in every if not names or row["name"] in names]


def attempt(
    evaluation: Mapping[str, Any], root: Path, agent: Callable[[Task], None], *, speed: float, scale: float
) -> tuple[Check, ...]:
    """Prepare, let the agent act, grade."""
    with prepared(evaluation, root, speed=speed, scale=scale) as task:
        agent(task)
        return grade(task)


def attempt_scripted(evaluation: Mapping[str, Any], root: Path, variant: str) -> tuple[Check, ...]:
    """One of the scripted agents, in fast time."""
    return attempt(evaluation, root, lambda task: act(task, variant), speed=TEST_SPEED, scale=TEST_SCALE)


def shell_agent(command: str, seconds: float) -> Callable[[Task], None]:
    """An agent that is a shell command."""

    def run(task: Task) -> None:
        with task.answer_file.open("wb") as answer, suppress(subprocess.TimeoutExpired):  # what there is, is graded
            subprocess.run(
                command, shell=True, cwd=task.work, env=dict(task.environ), stdin=subprocess.DEVNULL, stdout=answer,
                timeout=seconds,
            )  # fmt: skip

    return run


def report(name: str, checks: tuple[Check, ...], **more: Any) -> bool:
    """One line; failed checks with what was wanted and found."""
    failed = [vars(check) for check in checks if not check.ok]
    print(json.dumps({"name": name, **more, "passed": not failed, "failed": failed}), flush=True)
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("list", "run", "selftest"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--agent", metavar="COMMAND", help="with run: a shell command")
    parser.add_argument("--seconds", type=float, default=1200, help="with run: time for one evaluation")
    parser.add_argument("--folder", type=Path, help="keep the tasks here (default: a temporary folder)")
    args = parser.parse_args()
    chosen = evaluations(args.names)
    if args.what == "list":
        for row in chosen:
            print(f"{row['name']:<22} {row['prompt']}")
        return 0
    if args.what == "run" and not args.agent:
        parser.error("run needs --agent")
    with tempfile.TemporaryDirectory(prefix="evals-") as temporary:
        results = [_one(args, row, (args.folder or Path(temporary)).resolve()) for row in chosen]
    return 0 if all(results) else 1


def _one(args: argparse.Namespace, evaluation: Mapping[str, Any], folder: Path) -> bool:
    name = evaluation["name"]
    if args.what == "run":
        agent = shell_agent(args.agent, args.seconds)
        return report(name, attempt(evaluation, folder / name, agent, speed=LIFE_SPEED, scale=1.0))
    right = [
        report(name, attempt_scripted(evaluation, folder / name / variant, variant), agent=variant)
        is (variant == "reference")
        for variant in VARIANTS
    ]
    return all(right)


if __name__ == "__main__":
    sys.exit(main())
