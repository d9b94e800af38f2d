"""A model that is gone: what the provider offers now, and the same job as a command for the model in its place.

The request is read back into flags by the gone model's ``x-flags``, then filled again by the new one's: both are
data of the contract (``x-end-of-service`` of a model's line names the successor), so no provider is known here.
It makes no difference who says that the model is gone: the provider by a 404, or the contract by a date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import ProviderSettings
from ..core import Call, Category, EndOfService, Failure, NotFound, ProviderRefused, Request, parse_json
from ..events import SAFE_WORD, command
from ..request import read_flags, translated
from .ask import answer_within

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint
    from .context import JobContext

SHOWN_MODELS = 30
PROMPT_CAP = 2000


@dataclass(frozen=True)
class Successor:
    """The model to go on with, the flags that say the same for it (none where it cannot be said in flags), and
    what of the old request they leave out: flags that it has not, fields that no flag says."""

    model: str
    flags: Mapping[str, Any]
    left_out: tuple[str, ...] = ()


class Caller(NamedTuple):
    """What a printed command repeats of the call that it stands for."""

    provider: ProviderSettings
    sandbox: bool = False
    config: str | None = None


def with_successor(ctx: JobContext, request: Request, error: ProviderRefused) -> ProviderRefused:
    """The refusal of a create with what the provider offers now and how to go on; unchanged where it is another."""
    if error.failure.category is not Category.NOT_FOUND:
        return error
    call = ctx.adapter.available_models()
    offered = tuple(model for model in _ask(ctx, call) if SAFE_WORD.match(model)) if call else ()
    error.guidance = (*_way_on(Caller(ctx.provider, ctx.sandbox, ctx.config), request, offered), *error.guidance)
    error.details |= {"available_models": list(offered[:SHOWN_MODELS])} if offered else {}
    return error


def retired(caller: Caller, request: Request) -> NotFound:
    """What is answered in the provider's place for a model whose end the contract knows and whose day has come."""
    end = request.ended or EndOfService()
    return NotFound(
        "model_retired",
        f"{request.model} is no longer served since {end.date}; nothing was sent",
        guidance=(
            *_way_on(caller, request, ()),
            "--no-validate sends it all the same, where the contract is mistaken",
        ),
        details={"may_have_been_created": False, **({"replacement": end.replacement} if end.replacement else {})},
    )


def _way_on(caller: Caller, request: Request, offered: Sequence[str]) -> tuple[str, ...]:
    """The model that takes a gone one's place, as a command, and what it cannot do."""
    from ..contract import open_contract

    contract = open_contract(caller.provider.protocol)
    found = find_successor(contract, request, offered, tuple(caller.provider.default_models.values()))
    if found is None:
        return ()
    line = f"{found.model} takes its place: {_command(caller, found, request) or f'--model {found.model}'}"
    return (line, f"left out, for it may not take them: {', '.join(found.left_out)}") if found.left_out else (line,)


def find_successor(
    contract: Contract, request: Request, offered: Sequence[str], preferred: Sequence[str] = ()
) -> Successor | None:
    """The nearest model of the same kind: the one that the contract names, else a preferred one, else any offered.

    ``offered`` empty means that nobody could tell.
    """
    endpoint = _endpoint(contract, request)
    named = _replacement(contract, endpoint, request)
    known = [info.id for info in contract.models() if info.kind == request.kind and info.id != request.model]
    order = [model for model in dict.fromkeys([*preferred, *known]) if model in known]
    if named in known or SAFE_WORD.match(named):
        order = [named, *order]
    model = next((model for model in order if not offered or model in offered), None)
    if model is None or not (named or offered):
        return None
    forms = contract.forms(endpoint, request.model) if endpoint else ()
    flags = read_flags(request.body, forms)
    kept = translated(contract, model, flags) if flags and model in known else None
    if not flags or kept is None:
        return Successor(model, {})
    times = [rule.get("times") for form in forms for rule in form.flags.values()]
    said = {"model", "prompt"}.union(*(form.fields for form in forms))
    said |= {str(rate.get("field")) for rate in times if isinstance(rate, dict)}
    unsaid = [name for name in request.body if name not in said]
    return Successor(model, kept, (*(f"--{name}" for name in flags if name not in kept), *unsaid))


def _endpoint(contract: Contract, request: Request) -> Endpoint | None:
    """Where the request goes; None where the bundle does not know the path."""
    with suppress(NotFound):
        return contract.find_endpoint(f"POST {request.path}", create_only=True)
    return None


def _replacement(contract: Contract, endpoint: Endpoint | None, request: Request) -> str:
    """What the contract names in a model's place: the document that the request was made by, else the bundle."""
    end = request.ended or (contract.end_of_service(endpoint, request.model) if endpoint else None)
    return end.replacement if end else ""


def _command(caller: Caller, found: Successor, request: Request) -> str | None:
    """The whole command; None where a value cannot stand in one (bytes in the body, an endless prompt)."""
    words = [f"--provider={caller.provider.name}", f"--model={found.model}"]
    for name, value in found.flags.items():
        for one in value if isinstance(value, tuple) else (value,):
            if len(str(one)) > PROMPT_CAP or str(one).startswith("data:"):
                return None
            words.append(f"--{name}={one}")
    words += ["--sandbox"] if caller.sandbox else []
    words += [] if caller.config is None else [f"--config={caller.config}"]
    documents = request.asked.get("openapi")
    words += [f"--openapi={file}" for file in documents] if isinstance(documents, list) else []
    return command("create_and_wait.py", words) if found.flags else None


def _ask(ctx: JobContext, call: Call) -> tuple[str, ...]:
    """The models on offer; empty where the question fails, for the refusal itself must be told all the same."""
    answer = answer_within(ctx, call, ctx.deadline)
    return () if isinstance(answer, Failure) else ctx.adapter.read_models(parse_json(answer.body))
