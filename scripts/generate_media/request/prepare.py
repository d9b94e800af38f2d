"""From flags or a payload to one valid request: nothing here sends anything, and no key is needed."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Union

from ..config import ProviderSettings
from ..core import Body, Json, Request, UsageError, read_user_text, user_json_object
from ..journal import fingerprint
from ..media import canonical
from .asked import asked_of
from .build import Wish, check_prompt
from .choose import Chooser, Target
from .filling import fill, undocumented_in
from .flag_names import WISH_FLAGS
from .known import Ask
from .objections import ending, objections, without_url
from .sets import apply_sets, parse_set
from .sizing import unusual

UNDOCUMENTED = "undocumented; conservative client defaults in use"
PAYLOAD_CAP = 64 << 20


class Wanted(NamedTuple):
    """One job as asked for on the command line or in one line of a batch file."""

    ask: Ask
    wish: Wish
    payload: Mapping[str, Json] | None = None
    no_validate: bool = False
    asked: Mapping[str, Json] = {}
    """What the command said, by its flags' names (asked.py)."""


class JobSpec(NamedTuple):
    """One job as a run was asked for it: the request, which copy of equal ones, and whether meant anew."""

    request: Request
    fingerprint: str
    copy: int = 0
    force_new: bool = False


class Prepared(NamedTuple):
    """A request that the contract has nothing against, and whom it goes to. The contract itself is let go: parsed, it
    weighs more than everything that the rest of the run needs."""

    provider: ProviderSettings
    request: Request
    limits: str | None = None
    """What the contract says of rate limits; None: undocumented."""
    undocumented: tuple[str, ...] = ()
    """What nobody documented, so that it could not be checked, in sentences."""

    def spec(self, key_space: str, *, copy: int = 0, force_new: bool = False) -> JobSpec:
        """The job, told from others by provider, key space, method, path and canonical body."""
        request = self.request
        digest = fingerprint(request.provider, key_space, "POST", request.canonical_path, canonical(request.body))
        return JobSpec(request, digest, copy=copy, force_new=force_new)

    def start_fields(self, fingerprint: str) -> dict[str, str]:
        """What a ``start`` line says of it."""
        request = self.request
        return {
            "provider": request.provider,
            "model": request.model,
            "mode": "sync" if request.synchronous else "sse" if request.stream else "poll",
            "fingerprint": fingerprint[:16],
            "limits": self.limits or UNDOCUMENTED,
        }


def wanted_from(values: Mapping[str, Any], *, openapi: tuple[Path, ...] = ()) -> Wanted:
    """What a set of flags (names with underscores, as argparse gives them) asks for.

    Raises:
        UsageError: flags that exclude one another, a payload that is no JSON object.
    """
    flags = {name: values.get(name.replace("-", "_")) for name in WISH_FLAGS}
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in flags.items() if v is not None and v != []}
    payload = _payload(values)
    if payload is not None and (given or values.get("prompt") is not None):
        names = ", ".join(f"--{name}" for name in (*given, *(["prompt"] if values.get("prompt") else [])))
        raise UsageError(
            "usage",
            f"--payload is the exact request body, so it excludes {names}",
            guidance=("put those values into the payload, or leave the payload out and use the flags",),
        )
    if values.get("endpoint") and values.get("sse_endpoint"):
        raise UsageError("usage", "--endpoint and --sse-endpoint exclude one another; give one")
    sets = tuple(parse_set(item) for item in values.get("set") or ())
    in_payload = (payload or {}).get("model")
    if values.get("model") and in_payload not in (None, values["model"]):
        raise UsageError(
            "usage",
            f"--model {values['model']} and the payload's model {in_payload!r} contradict one another; give one",
            details={"received": [values["model"], in_payload]},
        )
    model = values.get("model") or in_payload
    ask = Ask(
        provider=values.get("provider"),
        base_url=values.get("base_url"),
        endpoint=values.get("endpoint") or values.get("sse_endpoint"),
        streams=not (values.get("endpoint") or values.get("detach")),
        model=model if isinstance(model, str) else None,
        kind=values.get("kind"),
        flags=frozenset(given),
        fields=frozenset(payload or ()),
        openapi=openapi,
        lenient=bool(values.get("no_validate")),
    )
    wish = Wish(prompt=values.get("prompt"), flags=given, sets=sets, fit=bool(values.get("fit")))
    asked = asked_of(values, given, payload, openapi)
    return Wanted(ask, wish, payload, bool(values.get("no_validate")), asked)


KnownUrl = Callable[[str, str], Union[str, None]]
"""Provider and sha256 of a local file → the URL by which that provider still has it, or None."""


def prepare_request(
    wanted: Wanted, chooser: Chooser, known_url: KnownUrl, *, thorough: bool = False, suggesting: bool = True
) -> Prepared:
    """Choose, build and validate; ``thorough``: find out what nobody documented, too; ``suggesting``: and, where it is
    refused, which models would take it.

    Raises:
        UsageError, NotFound: see :mod:`choose` and :mod:`request`. InvalidRequest: the contract objects.
    """
    from ..contract import strangers

    with strangers(wanted.ask.openapi):
        target = chooser.choose(wanted.ask)._replace(suggests=suggesting)
        return _prepared(wanted, target, chooser, known_url, thorough)


def _prepared(wanted: Wanted, target: Target, chooser: Chooser, known_url: KnownUrl, thorough: bool) -> Prepared:
    endpoint = target.endpoint
    # Before the body is checked, which may use up what the document may cost.
    end, now = target.contract.end_of_service(endpoint, target.model), chooser.wall()
    if wanted.payload is not None:
        body, multipart, notes = _from_payload(wanted, target)
    else:
        body, multipart, notes = _from_wish(wanted, target, known_url)
    said, unchecked = objections(target, body, wanted, chooser.meanwhile)
    if not target.unknown:
        unchecked += tuple(undocumented_in(target.contract, endpoint, target.model, body, unusual(body)))
    over = end is not None and end.at is not None and end.at <= now
    request = Request(
        provider=target.provider.name,
        path=endpoint.path.split("#")[0],
        canonical_path=endpoint.poll_path or endpoint.path,
        model=target.model,
        kind=target.kind,
        stream=target.stream,
        body=body,
        multipart=multipart or endpoint.multipart_only,
        query_path=endpoint.query_path,
        prompt=prompt_of(wanted.wish.prompt, body),
        synchronous=endpoint.synchronous,
        made_up_stream=target.stream and endpoint.path != endpoint.documented_path,
        warnings=(
            *notes,
            *said,
            *ending(end, target.model, now, sent=wanted.no_validate),
            *without_url(endpoint, body),
        ),
        unchecked=unchecked,
        ended=end if over and not wanted.no_validate else None,
        asked=wanted.asked,
    )
    doubts = undocumented_in(target.contract, endpoint, target.model, body) if thorough else ()
    limits = target.contract.limits or target.provider.limits.get(target.kind)
    return Prepared(target.provider, request, limits, tuple(doubt for doubt in doubts if doubt not in unchecked))


def _from_payload(wanted: Wanted, target: Target) -> tuple[Mapping[str, Body], bool, tuple[str, ...]]:
    assert wanted.payload is not None
    if not wanted.no_validate:
        check_prompt(wanted.payload.get("prompt"))
    body: Mapping[str, Body] = apply_sets(wanted.payload, wanted.wish.sets)
    if not target.endpoint.model and wanted.ask.model and "model" not in body:
        body = {"model": wanted.ask.model, **body}
    return body, False, ()


def _from_wish(wanted: Wanted, target: Target, known_url: KnownUrl) -> tuple[Mapping[str, Body], bool, tuple[str, ...]]:
    known = partial(known_url, target.provider.name)
    built = fill(wanted.wish, target, known, validated=not wanted.no_validate)
    return built.body, built.multipart, built.notes


def _payload(values: Mapping[str, Any]) -> Mapping[str, Json] | None:
    text, file = values.get("payload"), values.get("payload_file")
    if text is not None and file is not None:
        raise UsageError("usage", "--payload and --payload-file exclude one another; give one")
    if isinstance(text, Mapping):
        return text
    if file is not None:
        text = read_user_text(file, PAYLOAD_CAP)
    if text is None:
        return None
    hint = ("in a shell, put the JSON between single quotes, or use --payload-file",)
    return user_json_object(text, "the payload", guidance=hint)


def prompt_of(prompt: str | None, body: Mapping[str, Body]) -> str:
    """The words that a file is named after: the prompt, wherever the body holds it."""
    if prompt:
        return prompt
    value = body.get("prompt")
    if isinstance(value, str):
        return value
    parts = body.get("content")
    for part in parts if isinstance(parts, (list, tuple)) else ():
        text = part.get("text") if isinstance(part, Mapping) else None
        if isinstance(text, str):
            return text
    return ""
