"""What create_and_wait.py does after parsing: prepare each job, then run one, several, or a batch."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import ExitCode, GenerateMediaError, NotFound, UsageError, read_user_text, without_none
from ..events import Outcome, Printer, Signals
from ..job import RunOptions, Session, run_job
from ..request import Chooser, Prepared, prepare_request, wanted_from
from .flags import create_parser

if TYPE_CHECKING:
    from ..files import OutputName
    from .films import Chained

PROMPT_BYTES = 1 << 20
SCRIPT = "create_and_wait.py"


def run_create(args: argparse.Namespace, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    """The outcome of the whole command; with --open it is shown once it is told."""
    outcome = _run(args, printer, signals, stack)
    if args.open:
        from .opening import show_result

        stack.callback(show_result, outcome.line, printer)
    return outcome


def _run(args: argparse.Namespace, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    if _is_of_films(args):
        from .films import check_film_flags

        check_film_flags(args)
    session = Session.open(RunOptions.of(vars(args)), printer, signals, stack)
    output = session.options.output_name()
    if args.batch:
        return _run_batch(session, args)
    _check_batch_only(args)
    read_prompt(args)
    if output is not None:
        from ..files import check_many

        check_many(output, args.count or 1)
    prepared = _prepared(session, args)
    if not isinstance(prepared, Prepared):
        return _run_chain(session, prepared, args)
    if args.dry_run:
        if output is not None:
            _check_output_to_be(session, prepared, output)
        return dry_run(session, prepared, args.count or 1)
    if (args.count or 1) > 1:
        from ..batch import ManyJobs, run_copies
        from .again import told_how_to_go_on

        with told_how_to_go_on(SCRIPT, create_parser, args):
            return with_resume(run_copies(session, prepared, args.count, ManyJobs.of(vars(args))), args)
    return _run_one(session, prepared, args)


def _prepared(session: Session, args: argparse.Namespace) -> Prepared | Chained:
    """The one request that is asked for, or the film of a chain. The contracts are let go with its chooser."""
    chooser = session.chooser(connects=not args.dry_run and not args.chain)
    values = _values(session, args, chooser)
    if args.chain:
        from .films import chain_of

        film = chain_of(session, values, args, chooser)
        if film is not None:
            return film
    wanted = wanted_from(values, openapi=tuple(args.openapi))
    try:
        return prepare_request(wanted, chooser, session.known_url, thorough=args.dry_run)
    except NotFound as error:
        from .reworded import with_command

        raise with_command(error, SCRIPT, args.words, "--model") from None
    except GenerateMediaError as error:
        from .films import with_chain_hint

        raise with_chain_hint(error, session, values, args) from None


def _run_batch(session: Session, args: argparse.Namespace) -> Outcome:
    from ..batch import ManyJobs, parse_shard, read_lines, run_batch
    from .again import told_how_to_go_on
    from .films import check_references, film_packages, film_path

    if args.origin or args.prompt_file:
        flag = "--from" if args.origin else "--prompt-file"
        raise UsageError("usage", f"{flag} does not go with --batch: each line says what it wants itself")
    if args.new:
        raise UsageError("usage", "--new does not go with --batch: a line that is meant twice is written twice")
    shard = parse_shard(args.shard)
    lines = read_lines(args.batch, openapi=tuple(args.openapi), defaults=vars(args))
    check_references(args, lines, shard)
    file = None if args.batch in ("-", Path("-")) else Path(args.batch)
    how = ManyJobs.of(vars(args))
    with told_how_to_go_on(SCRIPT, create_parser, args), film_packages():
        outcome = run_batch(session, lines, shard, how, dry_run=args.dry_run, file=file, join=film_path(args))
        if args.dry_run:
            return outcome
        return with_resume(outcome, args, **({"gallery": _gallery(session)} if args.gallery else {}))


def _is_of_films(args: argparse.Namespace) -> bool:
    """Whether a film is asked for, or a file named that only a line of a batch can name."""
    from ..request import MEDIA_FLAGS

    files = (value for name in MEDIA_FLAGS for value in getattr(args, name) or ())
    return bool(args.chain or args.join or any(value.startswith("@") for value in files))


def _run_chain(session: Session, film: Chained, args: argparse.Namespace) -> Outcome:
    from ..batch import ManyJobs, Shard, run_batch
    from .again import told_how_to_go_on
    from .films import film_packages

    how = ManyJobs.of(vars(args))._replace(brief=True)
    with told_how_to_go_on(SCRIPT, create_parser, args), film_packages():
        lines, whole = film.lines(), Shard(1, 1)
        outcome = run_batch(session, lines, whole, how, dry_run=args.dry_run, file=film.path, join=film.path)
        if args.dry_run:
            return outcome._replace(line={**outcome.line, "clips": list(film.clips)})
        return with_resume(outcome, args, **({"gallery": _gallery(session)} if args.gallery else {}))


def with_resume(outcome: Outcome, args: argparse.Namespace, **fields: Any) -> Outcome:
    """A summary with further fields, and with how to go on where jobs are left."""
    from .again import going_on

    line = {**outcome.line, **without_none(fields)}
    return outcome._replace(line=line | going_on(line, SCRIPT, create_parser, args))


def _gallery(session: Session) -> str | None:
    """Where the page is; None where there is none."""
    from ..gallery import write_gallery

    folder = session.options.output_folder()
    if folder is None:
        return None
    try:
        warn = partial(session.printer.event, "warning")
        return str(write_gallery(folder, config=session.options.config, warn=lambda message: warn(message=message)))
    except GenerateMediaError as error:  # the jobs are made and told of all the same
        session.printer.event("warning", message=f"the gallery was not written: {error.message}")
        return None


def _check_batch_only(args: argparse.Namespace) -> None:
    """Flags that mean nothing without --batch are mistakes, not decoration."""
    many = ("max_jobs",) if args.count else ("max_jobs", "gallery") if args.chain else ()
    alone = [name for name in ("shard", "gallery", "max_jobs") if name not in many]
    given = [f"--{name.replace('_', '-')}" for name in alone if getattr(args, name)]
    if given:
        raise UsageError("usage", f"{', '.join(given)} only goes with --batch FILE.jsonl")


def _values(session: Session, args: argparse.Namespace, chooser: Chooser) -> Mapping[str, Any]:
    """The flags, those of the file's own job among them with --from."""
    if args.origin is None:
        return vars(args)
    if args.payload is not None or args.payload_file is not None:
        raise UsageError("usage", "--payload is the exact request body, so it excludes --from")
    from ..request import read_origin, with_origin

    try:
        origin = read_origin(args.origin, session.past_if_readable)
    except UsageError as error:
        from .films import with_film_command

        raise with_film_command(error, SCRIPT, args) from None
    values, warnings = with_origin(vars(args), origin, chooser)
    for sentence in warnings:
        session.printer.event("warning", message=sentence)
    return values


def read_prompt(args: argparse.Namespace) -> None:
    """``--prompt -`` and ``--prompt-file`` become the prompt itself; ``prompt_from`` remembers where it was.

    Raises:
        UsageError: two prompts, or a text that cannot be read.
    """
    source = args.prompt_file or ("-" if args.prompt == "-" else None)
    if args.prompt_file and args.prompt is not None:
        raise UsageError("usage", "--prompt and --prompt-file exclude one another; give one")
    if source is None:
        return
    if source == "-" and args.payload_file == "-":
        raise UsageError("usage", "stdin holds one text: give the prompt or the payload by a file")
    text = read_user_text(source, PROMPT_BYTES)
    args.prompt = text.removesuffix("\n").removesuffix("\r")
    args.prompt_from = source


def _check_output_to_be(session: Session, prepared: Prepared, output: OutputName) -> None:
    """What a run would say of --output, by the journal as it is. Raises UsageError ``output_exists``."""
    from ..job import check_output

    provider = prepared.provider
    space = session.key_space(provider, "" if session.sandbox else session.base_url(provider))
    check_output(session.past(), prepared.spec(space), output)


def _run_one(session: Session, prepared: Prepared, args: argparse.Namespace) -> Outcome:
    output, folder = session.options.output_name(), session.options.output_folder()
    ctx = session.context(prepared.provider, folder, output=output, synchronous=prepared.request.synchronous)
    spec = prepared.spec(ctx.key_space, force_new=args.new)
    if output is not None:
        from ..job import check_output

        check_output(ctx.journal, spec, output)
    ctx.printer.event("start", **prepared.start_fields(spec.fingerprint))
    return run_job(ctx, spec, detach=args.detach, stack=session.stack)


def dry_run(session: Session, prepared: Prepared, count: int = 1) -> Outcome:
    """The exact request, the key redacted and media abbreviated; nothing is sent and no key is needed.

    Raises:
        NotFound: its model is no longer served.
    """
    from ..job import Caller, known_cost, retired
    from ..media import redact
    from ..providers import adapter_for

    request = prepared.request
    if request.ended is not None:
        raise retired(Caller(prepared.provider, session.sandbox, session.config), request)
    call = adapter_for(prepared.provider.protocol).create(request)
    base_url = prepared.provider.base_url if session.sandbox else session.base_url(prepared.provider)
    line = {
        "event": "dry_run",
        "ok": True,
        "provider": request.provider,
        "model": request.model,
        "kind": request.kind,
        "method": call.method,
        "url": call.url(base_url),
        "headers": {
            "Authorization": "Bearer <redacted>",
            "Content-Type": "multipart/form-data" if call.multipart else "application/json",
            "Accept": "text/event-stream" if call.stream else "application/json",
        },
        "body": redact(request.body),
        "warnings": list(request.warnings),
        "unchecked": [*request.unchecked, *prepared.undocumented],
        "jobs": count if count > 1 else None,
        "cost": known_cost(session, [prepared] * count),
        "sandbox": True if session.sandbox else None,
    }
    return Outcome(ExitCode.OK, without_none(line))
