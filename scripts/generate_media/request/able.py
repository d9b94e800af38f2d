"""Which models make what is wished for, as far as their contract tells: each is tried with a request of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import Json, UsageError
from ..media import for_validation
from .build import Built, Wish, build_body
from .flag_names import MEDIA_KINDS, WISH_FLAGS
from .sizing import Variant, variants
from .undocumented import undocumented

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint, FlagForm

_FILE = "https://example.com/a-file"
_MOST_NEEDS = 3
_CLOSE = 0.02
"""How far a length in whole frames may be from the one that was asked for."""
_ALTERS = re.compile(r"(^|[/-])(upscale|lipsync|edit|retake|motion-control)(?![a-z])")
"""In a model's id: it changes what it is given, and makes nothing without that [I]."""
_SWITCHES = ("audio-track", "watermark", "return-last-frame")
Wishes = Mapping[str, Any]
"""Flag → the value that it must take; None: any."""


class Ability(NamedTuple):
    """A model that takes a wish. ``doubts``: what of it nobody documented; ``needs``: flags that must come with it."""

    doubts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def wishes_in(text: str) -> dict[str, Any]:
    """``duration=10,last-frame`` as flags with their values; a file stands for itself, ``image=3`` for three.

    Raises:
        UsageError: a name that is no flag of a request's.
    """
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, given, value = part.removeprefix("--").partition("=")
        flag = name.strip().replace("_", "-")
        if flag not in WISH_FLAGS:
            raise UsageError(
                "usage",
                f"--can takes flags of create_and_wait.py, with a value or without, and {part[:80]!r} is none",
                details={"received": part[:80], "allowed": list(WISH_FLAGS)},
                guidance=("for example --can duration=10,first-frame,last-frame",),
            )
        found[flag] = _value(flag, value.strip() if given else None)
    if not found:
        raise UsageError("usage", "--can is empty; for example --can duration=10,last-frame")
    return found


def _value(flag: str, said: str | None) -> Any:
    if flag in MEDIA_KINDS:
        count = int(said) if said and said.isdecimal() and len(said) < 3 else 1
        return (_FILE,) * max(1, count)
    return True if flag in _SWITCHES and said is None else said


def ability(contract: Contract, endpoint: Endpoint, model: str, kind: str, wishes: Wishes) -> Ability | None:
    """What a model makes of the wishes, the surest and least demanding way; None: it cannot, by its contract, or where
    there is none by its name."""
    if endpoint.undocumented and _ALTERS.search(model) and not {"image", "video"} & wishes.keys():
        return None
    ways: list[Ability] = []
    for said in _meanings(wishes):
        for form in contract.forms(endpoint, model):
            if {flag for flag in said if said[flag] is None} <= form.flags.keys() and kind in (form.kind or kind, ""):
                ways += _ways(contract, endpoint, model, form, said)
    return min(ways, key=lambda way: (len(way.doubts), len(way.needs)), default=None)


def _meanings(wishes: Wishes) -> Iterator[Wishes]:
    """People who say audio mean sound: of the clip's own, or one that they give."""
    if "audio" in wishes and "audio-track" not in wishes:
        yield {flag: value for flag, value in wishes.items() if flag != "audio"} | {"audio-track": True}
    yield wishes


def _ways(contract: Contract, endpoint: Endpoint, model: str, form: FlagForm, wishes: Wishes) -> Iterator[Ability]:
    given = {flag: value for flag, value in wishes.items() if value is not None}
    needs = [flag for flag in form.needs if flag not in given]
    properties = contract.properties(endpoint)
    for _ in range(_MOST_NEEDS):
        least = {flag: form.flags[flag].get("min") for flag in needs if flag in MEDIA_KINDS}
        files = {flag: (_FILE,) * (count if isinstance(count, int) else 1) for flag, count in least.items()}
        lacking: set[str] = set()
        for said in variants({**given, **files}, properties):
            built, more = _asked(contract, endpoint, model, form, said)
            if built is not None and not more:
                yield Ability(tuple(_doubts(contract, endpoint, model, built, said)), tuple(needs))
                return
            lacking |= {*more} - {*needs}
        if not lacking:
            return
        needs += sorted(lacking)


def _asked(
    contract: Contract, endpoint: Endpoint, model: str, form: FlagForm, said: Variant
) -> tuple[Built | None, list[str]]:
    """The body of the wishes, with the media flags that it lacks; None: the model makes something else of them, or
    nothing."""
    base: Mapping[str, Json] = {} if endpoint.model else {"model": model}
    prompt = "a wish" if "prompt" in form.flags else None
    try:
        built = build_body(Wish(prompt, said.flags, said.sets), [form], base=base)
    except UsageError:
        return None, []
    if not all(_is_as_asked(built, flag, value) for flag, value in said.flags.items()):
        return None, []
    problems = contract.validate(endpoint, for_validation(built.body))
    errors = [one for one in problems if one.severity == "error" or one.inferred]
    fills = {str(form.flags[flag].get("to")): flag for flag in MEDIA_KINDS if flag in form.flags}
    lacking = [fills[one.field] for one in errors if one.field in fills and one.field not in built.body]
    return (built, lacking) if len(lacking) == len(errors) else (None, [])


def _is_as_asked(built: Built, flag: str, value: Any) -> bool:
    """Whether a number that is brought to the nearest legal one is still what was asked for."""
    rule: Mapping[str, Any] = built.form.flags[flag]
    sent = built.body.get(str(rule.get("to")))
    if "nearest" not in rule or not isinstance(sent, (int, float)):
        return True
    times = rule.get("times") or {}
    rate = built.body.get(str(times.get("field")), times.get("default", 1))
    return isinstance(rate, (int, float)) and abs(sent / rate - float(value)) <= _CLOSE * float(value)


def _doubts(contract: Contract, endpoint: Endpoint, model: str, built: Built, said: Variant) -> Iterator[str]:
    """The wishes that go by a field, or to a limit, that nobody documented."""
    if endpoint.undocumented:
        yield from said.flags
        return

    def objects(other: Mapping[str, Any]) -> bool:
        problems = contract.validate(endpoint, for_validation({**built.body, **other}))
        return any(one.severity == "error" or one.inferred for one in problems)

    for flag in said.flags:
        rule = built.form.flags.get(flag, {})
        field = str(rule.get("to", "")).split(".")[0].removesuffix("[]")
        part = {field: built.body[field]} if field in built.body else {}
        if "warn" in rule or rule.get("source") == "[I]" or any(undocumented(part, model, objects)):
            yield flag
