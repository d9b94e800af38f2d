"""What the contract, and we ourselves, say of a request before it is sent: refusals, warnings, what was not checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core import Body, EndOfService, InvalidRequest
from ..media import for_validation
from .filling import accepting, models_that_can

if TYPE_CHECKING:
    from ..contract import Endpoint, Problem
    from .choose import Target
    from .prepare import Wanted

WARNED_SECONDS = 30 * 86_400
"""So long before a model's end of service is it spoken of."""
_SAID = 5
"""Objections that --no-validate tells, in one warning."""


def objections(
    target: Target, body: Mapping[str, Body], wanted: Wanted, meanwhile: Callable[[], object] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The contract's warnings (its errors too where --no-validate asks to go on all the same), and what it could not
    check. ``meanwhile`` is what else there is to do, where a second process may look at the request.

    Raises:
        InvalidRequest: the contract has errors.
    """
    from ..contract import is_own, source_of

    source = source_of(target.contract, target.endpoint)
    if target.unknown:
        said = f"{target.unknown} is not in {source}, so nothing of this request was checked"
        return (said,), (said,)
    unlike = _other_form(target, source, sent=wanted.no_validate)
    problems = _problems(target, body, meanwhile)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors and not wanted.no_validate:
        models = () if wanted.payload is not None else accepting(wanted.wish, target)
        raise InvalidRequest(
            "invalid_request",
            errors[0].message if len(errors) == 1 else f"{errors[0].message} (and {len(errors) - 1} more)",
            guidance=(
                *([target.old] if target.old else []),
                *((models_that_can(models),) if models else ()),
                f"python3 scripts/inspect_openapi.py --provider {target.provider.name} "
                f"--endpoint {target.endpoint.path} --include-template shows what is allowed",
            ),
            details={"may_have_been_created": False, "problems": [_problem_json(problem) for problem in errors[:10]]},
        )
    unchecked = tuple(problem.message for problem in problems if problem.severity == "unchecked")
    if wanted.ask.openapi and not is_own(target.contract, target.endpoint, len(wanted.ask.openapi)):
        unchecked += (f"no document given with --openapi describes {target.endpoint.path}; {source} does",)
    warnings = tuple(problem.message for problem in problems if problem.severity == "warning")
    if wanted.no_validate and (errors or warnings):
        all_of_it = [error.message for error in errors] + list(warnings)
        warnings = (f"sent unchecked, although {source} objects: {'; '.join(all_of_it[:_SAID])}",)
    return (*unlike, *warnings), unchecked


def _problems(target: Target, body: Mapping[str, Body], meanwhile: Callable[[], object] | None) -> tuple[Problem, ...]:
    look = partial(target.contract.validate, target.endpoint, for_validation(body))
    if meanwhile is not None and target.endpoint.bundled:  # a stranger's document may take its budget's time
        from .apart import is_quicker, nothing_objects

        if is_quicker() and nothing_objects(lambda: not look(), meanwhile):
            return ()
    return look()


def _other_form(target: Target, source: str, *, sent: bool) -> tuple[str, ...]:
    """A sentence on a body that is ``sent`` as JSON although its document takes a urlencoded form alone.

    Raises:
        InvalidRequest: ``body_form``; it was not asked to be sent all the same.
    """
    if not target.endpoint.form_only:
        return ()
    said = f"{source} takes the body of {target.endpoint.path} as a urlencoded form alone, and bodies go as JSON here"
    if not sent:
        raise InvalidRequest(
            "body_form",
            said,
            guidance=("--no-validate sends it as JSON all the same, where the provider takes that too",),
            details={"may_have_been_created": False, "allowed": ["application/json", "multipart/form-data"]},
        )
    return (said,)


def _problem_json(problem: Any) -> dict[str, Any]:
    return {name: value for name, value in problem.as_json().items() if name != "severity"}


def ending(end: EndOfService | None, model: str, now: float, *, sent: bool) -> Iterator[str]:
    """A sentence on a model that ends soon, or that ended and is ``sent`` all the same."""
    if end is None or end.at is None or end.at - now > WARNED_SECONDS:
        return
    if end.at > now:
        then = f"; {end.replacement} takes its place (--model {end.replacement})" if end.replacement else ""
        yield f"{model} is served until {end.date}{then}"
    elif sent:
        yield f"{model} is no longer served since {end.date}, as far as the contract knows; it is sent all the same"


def without_url(endpoint: Endpoint, body: Mapping[str, Body]) -> Iterator[str]:
    """A sentence on results that stand in the create's answer alone, which nobody gives a second time."""
    if endpoint.synchronous and body.get("response_format") == "b64_json":
        yield (
            "with response_format b64_json a result has no URL: it is lost, and paid for, where this run is stopped "
            "before it is saved; url is the safe choice"
        )
