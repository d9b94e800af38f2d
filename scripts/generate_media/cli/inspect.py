"""inspect_openapi.py behind its flags: which documents, which question, one answer."""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import (
    UNCHECKED,
    Budget,
    Contract,
    Endpoint,
    Operation,
    Source,
    describe,
    diff,
    document_from_bytes,
    fields_of,
    if_old,
    list_endpoints,
    make_source,
    make_template,
    merge,
    narrowed,
    open_contract,
    read_bytes,
    read_document,
    read_navigation,
    variants_of,
    whole_date,
)
from ..core import (
    CONFIG_FILE,
    ExitCode,
    Json,
    NotFound,
    UsageError,
    read_user_text,
    user_json,
)
from ..events import print_document, runnable
from ..request import the_way_on
from .missed import best_miss

if TYPE_CHECKING:
    from ..config import Settings

SHOWN_PROBLEMS = 100
MAX_BODY_BYTES = 64 << 20


def run_inspect(args: argparse.Namespace, today: datetime.date | None = None) -> int:
    """Answer one question on stdout, ``today`` the machine's date unless it is given. Raises UsageError (exit 2) and
    NotFound (23); an invalid request is 22."""
    args.today = today or datetime.date.today()
    asked = [
        args.renew is not None,
        args.drop,
        args.diff,
        args.validate,
        args.endpoint,
        args.models or args.live or args.can,
        args.list_endpoints,
        args.docs,
    ]
    if not any(asked):
        raise UsageError(
            "usage",
            "nothing was asked: give --models, --list-endpoints, --endpoint PATH or --diff OLD NEW",
            guidance=("python3 scripts/inspect_openapi.py --help shows every flag with examples",),
        )
    code, document = _answer(args)
    print_document(document, indent=args.json_indent or None, contract=True)
    return int(code)


def _answer(args: argparse.Namespace) -> tuple[ExitCode, dict[str, Any]]:
    if args.renew is not None or args.drop:
        from .renew import run_renew

        settings = _settings(args)
        return run_renew(args, settings, _budget(settings))
    if args.diff:
        budget = _budget(_settings(args))
        old, new = (Contract([_source(name, budget)]) for name in args.diff)
        return ExitCode.OK, diff(old, new)
    if args.endpoint:
        contract, endpoint, variants = _endpoint(args)
        if args.validate is not None:
            return _validated(contract, endpoint, args)
        _check_variants(endpoint, variants, asked=args.variant or ())
        return ExitCode.OK, describe(contract, endpoint, variants, template=args.include_template, full=args.full)
    if args.validate is not None:
        body = _body(args.validate)
        model = body.get("model") if isinstance(body, dict) else None
        if not isinstance(model, str):
            raise UsageError("usage", "--validate needs --endpoint PATH, or a `model` in the body")
        args.endpoint = model
        contract, endpoint, _ = _endpoint(args)
        return _validated(contract, endpoint, args)
    contract = next(_contracts(args))
    if args.can:
        from .models import models_that_can

        return ExitCode.OK, models_that_can(args, contract if args.openapi else None, _settings(args))
    if args.models or args.live:
        from .models import models_of

        return ExitCode.OK, {**models_of(args, contract, _settings(args)), **_age(contract, args)}
    pages = read_navigation(Path(args.docs), contract.budget) if args.docs else None
    return ExitCode.OK, list_endpoints(contract, args.category, pages)


def _source(name: str, budget: Budget) -> Source:
    if name == "-":
        return make_source(document_from_bytes(read_bytes("-"), "stdin", budget=budget))
    return make_source(read_document(Path(name), budget))


def _settings(args: argparse.Namespace) -> Settings:
    from ..config import load_settings

    return load_settings(args.config or CONFIG_FILE)


def _budget(settings: Settings) -> Budget:
    """What all the documents of one question may cost together."""
    return Budget(settings.document_nodes, settings.document_seconds)


def _contracts(args: argparse.Namespace) -> Iterator[Contract]:
    """The user's documents as one contract, else the snapshots of the protocols asked for, likeliest first."""
    settings = _settings(args)
    budget = _budget(settings)
    if args.openapi:
        yield Contract([_source(name, budget) for name in args.openapi])
        return
    for protocol in _protocols(args, settings):
        yield open_contract(protocol, budget=budget)


def _protocols(args: argparse.Namespace, settings: Settings) -> list[str]:
    """Protocols to look in: the provider's, else all of config.json with the default first."""
    if args.provider:
        return [settings.provider(args.provider).protocol]
    return list(dict.fromkeys(p.protocol for p in [settings.likeliest(), *settings.providers.values()]))


def _endpoint(args: argparse.Namespace) -> tuple[Contract, Endpoint, list[str]]:
    """The endpoint (or model) asked for, and the variants: a model that is a body field names its own."""
    variants = list(args.variant or ())
    contracts = list(_contracts(args))
    missed: list[NotFound] = []
    for by_model in (True, False):
        for contract in contracts:
            try:
                endpoint = (contract.find_model if by_model else contract.find_endpoint)(args.endpoint)
            except NotFound as error:
                missed.append(error)
                continue
            by_field = by_model and not endpoint.model
            return contract, endpoint, [args.endpoint, *variants] if by_field else variants
    best = best_miss(missed, args, _settings(args))
    dates = sorted({whole_date(contract) for contract in contracts} - {""})
    if dates and not best.details.get("ambiguous"):
        on = the_way_on(" and ".join(dates), f"create_and_wait.py --provider {args.provider or 'NAME'} ")
        best.guidance = (*best.guidance, *(on[:1] if args.openapi else on))  # the user's own are read alone
    raise best


def _check_variants(endpoint: Endpoint, variants: Sequence[str], asked: Sequence[str]) -> None:
    """Refuse a --variant that changes nothing: it names no branch of any union here."""
    operation = endpoint.operation
    if not asked or operation is None:
        return
    schema, definitions = operation.schema, operation.definitions
    whole = fields_of(schema, definitions, variants)
    for name in asked:
        without = [one for one in variants if one != name]
        known = variants_of(narrowed(merge(schema, definitions), definitions, without), definitions)
        if name.lower() not in map(str.lower, known) and _same(operation, without, variants, whole):
            raise UsageError(
                "unknown_variant",
                f"{name!r} is no variant of {endpoint.path}" + (f"; it has {', '.join(known)}" if known else ""),
                details={"received": name, "allowed": list(known)},
            )


def _same(operation: Operation, without: Sequence[str], variants: Sequence[str], whole: object) -> bool:
    schema, definitions = operation.schema, operation.definitions
    templates = (make_template(schema, definitions, chosen) for chosen in (without, variants))
    return fields_of(schema, definitions, without) == whole and next(templates) == next(templates)


def _validated(contract: Contract, endpoint: Endpoint, args: argparse.Namespace) -> tuple[ExitCode, dict[str, Any]]:
    body = _body(args.validate)
    problems = contract.validate(endpoint, body)
    bad = any(problem.severity == "error" for problem in problems)
    told = [problem for problem in problems if problem.severity != UNCHECKED]
    row: dict[str, Any] = {
        "ok": not bad,
        "endpoint": endpoint.path,
        "problems": [_short(problem.as_json()) for problem in told[:SHOWN_PROBLEMS]],
        "unchecked": [problem.message for problem in problems if problem.severity == UNCHECKED],
    }
    row |= _age(contract, args, endpoint) if bad else {}
    row |= {"more_problems": len(told) - SHOWN_PROBLEMS} if len(told) > SHOWN_PROBLEMS else {}
    return (ExitCode.INVALID if bad else ExitCode.OK), row


def _age(contract: Contract, args: argparse.Namespace, endpoint: Endpoint | None = None) -> dict[str, str]:
    """What is said of a contract that has grown old."""
    old = if_old(contract, args.today, endpoint)
    return {"contract_age": runnable(old)} if old else {}


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A problem without the values that its sentence shows in full, when they are long."""
    return {key: value for key, value in row.items() if key != "received" or len(json.dumps(value)) <= 200}


def _body(text: str) -> Json:
    if text == "-":
        return user_json(read_user_text("-", MAX_BODY_BYTES), "--validate")
    if text.startswith("@"):
        return user_json(read_user_text(text[1:], MAX_BODY_BYTES), text[1:])
    return user_json(text, "--validate")
