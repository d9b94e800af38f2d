"""A wish as a body of one model that its contract has nothing against, and the models that would take it instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core import Body, Json, UsageError
from ..media import for_validation
from .build import Built, Wish, build_body
from .flag_names import CLIP_HINTS, MEDIA_KINDS
from .sizing import SIZE_FIELDS, Variant, as_shape, disagree, sizes_of, variants
from .undocumented import LIMITED, undocumented

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint, FlagForm
    from .choose import Target

SHOWN_MODELS = 6
_STAND_IN = "https://example.com/a-file"
"""For a local file of the user's, where it is only asked whether a model takes one."""


def fill(wish: Wish, target: Target, known_url: Callable[[str], str | None], *, validated: bool = True) -> Built:
    """The wish as the target's body. A size goes by the field and in the words that the model has; the first way is
    taken that the contract accepts, else the flags as they are. ``validated`` False: the contract is not asked.

    Raises:
        UsageError: see :func:`build_body`.
    """
    contract, endpoint, model = target.contract, target.endpoint, target.model
    hint = partial(accepting, wish, target)
    base: Mapping[str, Json] = {} if endpoint.model else {"model": model}
    forms = contract.forms(endpoint, model)
    forms = forms if validated else tuple(map(_unbounded, forms))
    build = partial(build_body, forms=forms, base=base, known_url=known_url, hint=lambda flags: hint())
    if "size" not in wish.flags:
        return build(wish)
    properties = contract.properties(endpoint)
    if validated:
        _check_shape(str(wish.flags["size"]), sizes_of(properties))
    tried: dict[int, Built] = {}
    refusal: UsageError | None = None
    for variant in variants(wish.flags, properties):
        try:
            built = build_body(_said(wish, variant), forms, base=base, known_url=known_url)
        except UsageError as error:
            refusal = refusal or error
            continue
        noted = built._replace(notes=(*((variant.note,) if variant.note else ()), *built.notes))
        if not validated:
            return noted
        problems = contract.validate(endpoint, for_validation(built.body))
        if _objects(problems):
            tried.setdefault(2 if variant.note else 1, built)  # in the user's own words, if any
        elif any(one.severity == "warning" and one.field in SIZE_FIELDS for one in problems):
            tried.setdefault(0, noted)  # the service would choose another size by itself
        else:
            return noted
    if tried:
        return tried[min(tried)]
    assert refusal is not None
    raise _other_shape(wish) or _no_such_size(wish, target, forms, sizes_of(properties)) or _hinted(build, wish)


def _unbounded(form: FlagForm) -> FlagForm:
    """The form without its bounds of numbers: one beyond them goes as it was said."""
    return form._replace(flags={flag: {**rule, "unbounded": True} for flag, rule in form.flags.items()})


def accepting(wish: Wish, target: Target) -> tuple[str, ...]:
    """Models of the same provider and kind that are documented to make exactly this, the first few."""
    if not target.suggests:
        return ()
    found: dict[str, None] = {}
    kind = "video" if CLIP_HINTS & wish.flags.keys() else target.kind
    for endpoint, model in _models_beside(target, kind):
        if model not in found and _takes(target.contract, endpoint, model, wish):
            found[model] = None
            if len(found) == SHOWN_MODELS:
                break
    return tuple(found)


def _models_beside(target: Target, kind: str) -> Iterator[tuple[Endpoint, str]]:
    own = target.provider.models
    for endpoint in target.contract.creates:
        if endpoint.streams and endpoint.poll_path:
            continue  # its polling twin makes the same model
        for model in endpoint.models:
            kinds = {form.kind or endpoint.kind or kind for form in target.contract.forms(endpoint, model)}
            if model != target.model and (not own or model in own) and kind in kinds:
                yield endpoint, model


def _takes(contract: Contract, endpoint: Endpoint, model: str, wish: Wish) -> bool:
    if endpoint.undocumented:
        return False
    forms = contract.forms(endpoint, model)
    base: Mapping[str, Json] = {} if endpoint.model else {"model": model}
    if not all(_takes_files(form, wish.flags) for form in forms):
        forms = tuple(form for form in forms if _takes_files(form, wish.flags))
    for variant in variants(_without_files(wish.flags), contract.properties(endpoint)):
        try:
            built = build_body(_said(wish, variant), forms, base=base)
        except UsageError:
            continue
        if _is_valid(contract, endpoint, built.body) and not any(
            undocumented_in(contract, endpoint, model, built.body)
        ):
            return True
    return False


def _takes_files(form: FlagForm, flags: Mapping[str, Any]) -> bool:
    """Whether the files that are given can travel to a model by this form."""
    local = (flag for flag in flags if flag in MEDIA_KINDS and any(not _is_url(one) for one in _each(flags[flag])))
    return all("encode" in form.flags.get(flag, {}) for flag in local)


def _without_files(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {
        flag: tuple(one if _is_url(one) else _STAND_IN for one in _each(value)) if flag in MEDIA_KINDS else value
        for flag, value in flags.items()
    }


def _each(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _is_url(value: Any) -> bool:
    return "://" in str(value)[:12]


def _said(wish: Wish, variant: Variant) -> Wish:
    return wish._replace(flags=variant.flags, sets=(*variant.sets, *wish.sets))


def undocumented_in(
    contract: Contract, endpoint: Endpoint, model: str, body: Mapping[str, Body], fields: Collection[str] = LIMITED
) -> Iterator[str]:
    """What of a valid body (of its ``fields``) no document could check, in sentences."""
    return undocumented(body, model, lambda other: not _is_valid(contract, endpoint, other), fields)


def _is_valid(contract: Contract, endpoint: Endpoint, body: Mapping[str, Body]) -> bool:
    """Whether the contract has nothing against a body, not by inference either."""
    return not _objects(contract.validate(endpoint, for_validation(body)))


def _objects(problems: Iterable[Any]) -> bool:
    return any(one.severity == "error" or one.inferred for one in problems)


def _check_shape(size: str, sizes: tuple[str, ...]) -> None:
    """Refuse a shape said as a size, unless the model names it so: some models take any text, and are paid for it.

    Raises:
        UsageError: ``bad_value``.
    """
    shape = as_shape(size)
    if shape and size not in sizes:
        raise UsageError(
            "bad_value",
            f"--size {size} would be so few pixels; a shape goes by --aspect-ratio {shape}",
            details={"received": size, "allowed": ["1K", "2K", "4K", "WIDTHxHEIGHT in pixels, such as 1024x768"]},
            guidance=(f"--aspect-ratio {shape} in place of --size {size}",),
        )


def _other_shape(wish: Wish) -> UsageError | None:
    """The error where a size and a ratio say two things."""
    if not disagree(wish.flags):
        return None
    size, ratio = wish.flags["size"], wish.flags["aspect-ratio"]
    message = f"--size {size} is not {ratio}, which --aspect-ratio asks for: give one of them"
    return UsageError("bad_value", message, details={"received": [f"--size {size}", f"--aspect-ratio {ratio}"]})


def _no_such_size(wish: Wish, target: Target, forms: tuple[FlagForm, ...], sizes: tuple[str, ...]) -> UsageError | None:
    """The error where nothing but the size is in the way, and no form of the model says what it takes instead."""
    if any("size" in form.flags for form in forms):
        return None
    without = wish._replace(flags={flag: value for flag, value in wish.flags.items() if flag != "size"})
    try:
        build_body(without, forms, base={})
    except UsageError:
        return None
    size = wish.flags["size"]
    has = f"it takes {', '.join(sizes)}" if sizes else "it has no choice of size"
    models = accepting(wish, target)
    return UsageError(
        "bad_value",
        f"--size {size} is not possible for {target.model}; {has}",
        details={"received": str(size), "allowed": list(sizes)},
        guidance=(models_that_can(models),) if models else ("leave --size out",),
    )


def models_that_can(models: tuple[str, ...]) -> str:
    return f"models that can: {', '.join(models)} (--model)"


def _hinted(build: Callable[[Wish], Built], wish: Wish) -> UsageError:
    """The error of the flags as they are, with models that take them."""
    try:
        build(wish)
    except UsageError as error:
        return error
    raise AssertionError("it was refused a moment ago")
