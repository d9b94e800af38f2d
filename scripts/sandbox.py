#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "requests>=2.31,<3",
#     "urllib3>=2.3,<3",
#     "sseclient-py>=1.8,<2",
#     "jsonschema>=4.21,<5",
#     "python-dotenv>=1.0,<2",
#     "requests-toolbelt>=1.0,<2",
#     "PyYAML>=6.0,<7",
#     "regex>=2023.12.25,<2030",
#     "Pillow>=10.0,<13",
#     "tqdm>=4.66,<5",
# ]
# ///
"""Every provider on 127.0.0.1, for trying everything without key, network or cost. --help has the flags."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # not into this folder; begin() has a place for it
    from generate_media.beginning import begin

    begin()

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from generate_media.cli import Parser, seconds, start
from generate_media.core import UsageError
from generate_media.events import print_document, run_document, standard_printer

EXAMPLES = """examples:
  sandbox.py                                       (port 8787, twenty times faster than life)
  sandbox.py --port 0 --fault 'create-refused-429*2' --fault poll:headers:reset
  sandbox.py --state ./sandbox-jobs --speed 100    (jobs survive a restart)

GET /_log shows what came in; POST /_faults with a JSON list of names switches faults;
the header X-Sandbox-Fault: NAME breaks one request alone."""


def parser() -> argparse.ArgumentParser:
    made = Parser(prog="sandbox.py", description=__doc__ or "", epilog=EXAMPLES)
    made.add_argument("--port", type=int, default=8787, metavar="N", help="0: any free one (default 8787)")
    made.add_argument("--speed", type=seconds, default=20.0, metavar="X", help="how much faster than life (default 20)")
    made.add_argument("--fault", action="append", default=[], metavar="NAME", help="NAME[=ARG][+SKIP][*TIMES][/job]")
    made.add_argument("--list-faults", action="store_true", help="every fault with what it does, as JSON, and end")
    made.add_argument("--seed", type=int, default=0, metavar="N", help="for chaos and garbage (default 0)")
    made.add_argument("--state", type=Path, metavar="DIR", help="keep the jobs there; else they end with the process")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    return run_document(_run, argv)


def _run(argv: Sequence[str] | None) -> int:
    args = parser().parse_args(argv)
    if args.list_faults:
        print_document(_fault_list())
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _serve(args, stop)
    return 0


def _serve(args: argparse.Namespace, stop: threading.Event) -> None:
    """Print the ready line and wait. Raises UsageError for a taken port or an unknown fault."""
    from generate_media.sandbox import start

    try:
        running = start(port=args.port, speed=args.speed, faults=args.fault, seed=args.seed, store=args.state)
    except ValueError as error:
        raise UsageError(
            "unknown_fault", str(error), guidance=("python3 scripts/sandbox.py --list-faults names them all",)
        ) from error
    except (OSError, OverflowError) as error:
        raise _cannot_serve(args, error) from error
    ready = {"event": "ready", "port": running.port, "files_port": running.files_port, "providers": running.base_urls}
    printer = standard_printer()
    printer.line(ready)
    printer.say("ready; any key works, ones that begin with 'bad' are refused; Ctrl-C ends it")
    # A wait without a time-out cannot be interrupted by Ctrl-C on Windows.
    while not stop.wait(1.0):
        continue
    running.close()


def _cannot_serve(args: argparse.Namespace, error: Exception) -> UsageError:
    from generate_media.http import NETWORK_BLOCKED, is_blocked

    if args.port == 0 and is_blocked(error):
        return UsageError(NETWORK_BLOCKED, "the sandbox cannot serve: this process may not even use 127.0.0.1")
    hint = "another sandbox may be running; --port 0 takes any free port"
    return UsageError("cannot_serve", f"port {args.port} or --state cannot be used: {error}", guidance=(hint,))


def _fault_list() -> dict[str, object]:
    from generate_media.sandbox import ACTIONS, OPERATIONS, POINTS, known_faults

    return {
        "faults": {fault.name: {"stage": fault.stage, "text": fault.text} for fault in known_faults().values()},
        "transport": {
            "written": "OPERATION:POINT:ACTION",
            "operations": ["any", *OPERATIONS],
            "points": POINTS,
            "actions": ACTIONS,
        },
    }


if __name__ == "__main__":
    start(lambda: main(sys.argv[1:]))
