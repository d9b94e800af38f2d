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
"""Say what an OpenAPI document asks for: endpoints, models, fields, templates; validate a request before it costs."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # not into this folder; begin() has a place for it
    from generate_media.beginning import begin

    begin()

from collections.abc import Sequence
from pathlib import Path

from generate_media.cli import Parser, filled, start
from generate_media.events import run_document


def parser() -> Parser:
    """The flags."""
    made = Parser(
        prog="inspect_openapi.py",
        description="What can be made, and which fields it takes. Without --openapi: the bundled snapshots, offline.",
        epilog="""examples:
  inspect_openapi.py --models --provider agnes
  inspect_openapi.py --endpoint google/nano-banana-pro --include-template
  inspect_openapi.py --endpoint bytedance/seedance-1.5 --validate '{"prompt": "a boat", "duration": "5"}'""",
    )
    source = made.add_argument_group("source")
    source.add_argument(
        "--provider", type=filled, metavar="NAME", help="whose snapshot (default: the one that knows --endpoint)"
    )
    source.add_argument("--openapi", action="append", metavar="FILE", help="your own, JSON or YAML, - is stdin; again")
    source.add_argument("--docs", metavar="FILE", help="docs.json: its navigation says what there is")
    source.add_argument("--config", type=Path, metavar="FILE", help="in place of the bundle's config.json")
    what = made.add_argument_group("what to show")
    what.add_argument("--models", action="store_true", help="id, kind, modes, required fields of every model")
    what.add_argument(
        "--can", type=filled, metavar="FLAGS", help="models that take duration=10,last-frame; of all providers"
    )
    what.add_argument("--kind", choices=("image", "video"), help="with --models: only these")
    what.add_argument("--live", action="store_true", help="with --models: ask the provider what the key may use")
    what.add_argument(
        "--base-url", type=filled, metavar="URL", help="another host for --live: config.json's, or loopback"
    )
    what.add_argument("--list-endpoints", action="store_true", help="every endpoint")
    what.add_argument("--category", choices=("images", "videos"), help="only these")
    what.add_argument("--endpoint", type=filled, metavar="PATH", help="one endpoint or model, however written")
    what.add_argument("--variant", action="append", metavar="NAME", help="this branch of a union (again: inner ones)")
    what.add_argument("--include-template", action="store_true", help="the smallest valid request, gaps in fill_in")
    what.add_argument("--validate", metavar="JSON", help="a request body, @FILE or - ; exit 22 when it is invalid")
    what.add_argument("--full", action="store_true", help="every field and the whole request_schema")
    what.add_argument("--diff", nargs=2, metavar="FILE", help="old and new: what changed, and what breaks")
    fresh = made.add_argument_group("newer contracts")
    fresh.add_argument(
        "--renew",
        nargs="?",
        const="",
        metavar="FILE_OR_URL",
        help="keep a fresh document over the bundled one; says what changed",
    )
    fresh.add_argument("--complete", action="store_true", help="with --renew: models that it lacks are gone")
    fresh.add_argument("--drop", action="store_true", help="with --renew: return to the bundled contract")
    what.add_argument("--json-indent", type=int, default=0, metavar="N", help="spaces of indentation (default: none)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """One document; exit 2 broken, 22 invalid, 23 not found."""
    args = parser().parse_args(argv)
    from generate_media.cli import run_inspect
    from generate_media.contract import strangers

    with strangers(args.openapi or args.docs or args.diff or args.renew):
        return run_inspect(args)


if __name__ == "__main__":
    start(lambda: run_document(main, sys.argv[1:]))
