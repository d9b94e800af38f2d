"""Friendly flags → the body of one model's request, by the contract's ``x-flags``. Data decides, not code.

The language, as it stands on a create operation. ``x-flags`` is a list of forms::

    {"name": "image-to-video", "models": ["m"], "kind": "video", "set": {…}, "needs": ["first-frame"],
     "flags": {FLAG: RULE}}

``models`` and ``kind`` bound a form (``models`` is applied by the contract). ``set`` are constants of the body.
The first form is taken whose ``needs`` are all given, whose ``flags`` cover all that is given, and whose counts
fit; so forms may share flags and differ in how many pictures they take. A rule (every part optional but ``to``,
which may be empty where ``map`` gives objects)::

    to        dotted place in the body; ``place[]`` appends to a list there. Without ``[]`` two flags cannot share it
    value     JSON template; the string "$" in it is the value: {"type": "text", "text": "$"}
    many      the flag may be repeated: a list at ``to``, or one append each; ``min``, ``max``: how many
    as        string, integer, number or boolean
    map       value → what to send; an object is merged into the body
    by        {"field": F, "default": W}: ``map`` holds a map for each word that F may have; F may be ``to`` itself,
              whose word is then replaced (a tier and a ratio make one size)
    times     {"field": F, "default": N}: multiplied by that field's value (from --set, else N) first
    nearest   list of legal values: the closest is taken and told; far outside the range is an error
    set       constants of the body that go with this flag; two flags whose constants differ exclude one another
    warn      a sentence that is told when the flag is used
    encode    data-uri, base64, multipart: how a local file travels; without it local files are refused, with
              ``local`` as the reason
    types     media types; ``max_bytes`` of the file itself; ``side`` [least, most] pixels; ``aspect`` [least, most]
              width over height; ``seconds`` [least, most]; ``fit``: pictures may be scaled down with --fit

Media values that are URLs (http, https, asset) go through; data URIs only where ``encode`` is data-uri.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..contract import FlagForm
from ..core import Body, Encoding, Json, UsageError
from ..media import files_of
from .flag_names import MEDIA_KINDS
from .flag_values import convert
from .sets import apply_sets, place

TakeFile = Callable[[str, str, Mapping[str, Any]], "tuple[Body, str]"]
"""Flag, its value and its rule → what stands for the file in the body, and a note."""


class Wish(NamedTuple):
    """What a person asks for: flag name → value (media: a string or a tuple), ``--set`` pairs, ``--fit``."""

    prompt: str | None = None
    flags: Mapping[str, object] = {}
    sets: tuple[tuple[str, Json], ...] = ()
    fit: bool = False

    def given(self) -> dict[str, Any]:
        """All that is given, the prompt among them."""
        return {**({} if self.prompt is None else {"prompt": self.prompt}), **self.flags}


class Built(NamedTuple):
    """A body, the form it was built by, what was adjusted in sentences, and whether it must go as multipart."""

    body: Mapping[str, Body]
    form: FlagForm
    notes: tuple[str, ...] = ()
    multipart: bool = False


def build_body(
    wish: Wish,
    forms: Sequence[FlagForm],
    *,
    base: Mapping[str, Json],
    known_url: Callable[[str], str | None] = lambda sha256: None,
    hint: Callable[[frozenset[str]], Sequence[str]] = lambda flags: (),
    folder: Path | None = None,
) -> Built:
    """Build one request body.

    ``base`` stands first in the body ({"model": …}). ``known_url``: sha256 of a file → where the provider has it
    already. ``hint``: flags → models that take them. ``folder``: where scaled pictures go (else a private one, gone
    with the process).

    Raises:
        UsageError: ``missing_prompt``, ``flag_not_supported``, ``bad_value``, ``bad_set``, and media.load's.
    """
    _check_prompt(wish)
    given = wish.given()
    form = choose_form(given, forms, hint)
    take_file = partial(_take_file, fit=wish.fit, known_url=known_url, folder=folder)
    body: dict[str, Any] = {}
    for constants in (base, form.set):
        _merge(body, constants)
    notes: list[str] = []
    for flag in (name for name in form.flags if name in given):
        notes += _fill(body, flag, given[flag], form, (wish, take_file))
    _check_exclusive(form, given)
    whole = apply_sets(body, wish.sets)
    multipart = any(leaf.encoding is Encoding.MULTIPART for leaf in files_of(whole))
    return Built(whole, form, tuple(notes), multipart)


def choose_form(
    given: Mapping[str, Any], forms: Sequence[FlagForm], hint: Callable[[frozenset[str]], Sequence[str]]
) -> FlagForm:
    """The first form that takes what is given.

    Raises:
        UsageError: none does; the message names what the model takes, and models that take what was asked for.
    """
    covering = [form for form in forms if set(form.needs) <= set(given) <= set(form.flags)]
    for form in covering:
        if not any(_count_problem(flag, given[flag], form.flags[flag]) for flag in given):
            return form
    for form in covering:
        problems = [_count_problem(flag, given[flag], form.flags[flag]) for flag in given]
        raise UsageError("bad_value", next(problem for problem in problems if problem), guidance=_others(given, hint))
    raise _not_supported(given, forms, hint)


def _not_supported(
    given: Mapping[str, Any], forms: Sequence[FlagForm], hint: Callable[[frozenset[str]], Sequence[str]]
) -> UsageError:
    taken = list(dict.fromkeys(flag for form in forms for flag in form.flags))
    refused = [flag for flag in given if flag not in taken]
    covering = [form for form in forms if set(given) <= set(form.flags)]
    if refused:
        message = f"{_flags(refused)} cannot be honoured by this model; it takes {_flags(taken) or 'no flags'}"
    elif covering:
        missing = [flag for flag in covering[0].needs if flag not in given]
        message = f"{_flags(given)} needs {_flags(missing)} as well for this model"
    else:
        media = [{flag for flag in form.flags if flag in MEDIA_KINDS} for form in forms]
        ways = "; or ".join(dict.fromkeys(_flags(sorted(flags)) for flags in media if flags))
        message = f"{_flags(given)} cannot be combined for this model; of files it takes {ways or 'none'}"
    details = {"received": [f"--{flag}" for flag in given], "allowed": [f"--{flag}" for flag in taken]}
    return UsageError("flag_not_supported", message, guidance=_others(given, hint), details=details)


def _others(given: Mapping[str, Any], hint: Callable[[frozenset[str]], Sequence[str]]) -> tuple[str, ...]:
    models = hint(frozenset(given))
    found = (f"models that can: {', '.join(models)} (--model)",) if models else ()
    return (*found, "a field that the model has and no flag names goes by --set FIELD=VALUE")


_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Controls, zero-width marks and blanks. A lone surrogate is text that a console could not decode."""


def check_prompt(text: object) -> None:
    """Refuse words that say nothing: blanks, or characters that nobody can see.

    Raises:
        UsageError: ``missing_prompt``.
    """
    if isinstance(text, str) and all(unicodedata.category(ch) in _UNSEEN for ch in text):
        raise UsageError(
            "missing_prompt",
            "the prompt is empty",
            guidance=('say what you want: --prompt "a red cat"',),
            details={"received": text[:80]},
        )


def _check_prompt(wish: Wish) -> None:
    said = [wish.prompt, *(value for key, value in wish.sets if key == "prompt")]
    for text in said:
        check_prompt(text)
    if wish.prompt is None and not wish.sets and not any(flag in MEDIA_KINDS for flag in wish.flags):
        raise UsageError(
            "missing_prompt",
            "nothing says what to make",
            guidance=('give --prompt "…", or the whole request with --payload or --payload-file',),
        )


def _count_problem(flag: str, value: Any, rule: Mapping[str, Any]) -> str:
    """Why so many values of a flag do not fit its rule; empty when they do."""
    count = len(value) if isinstance(value, (tuple, list)) else 1
    least, most = rule.get("min", 1), rule.get("max", None if rule.get("many") else 1)
    if count < least:
        return f"--{flag} is needed at least {least} times here, and came {count} times"
    if most is not None and count > most:
        return f"--{flag} can be given {'once' if most == 1 else f'{most} times at most'} here, and came {count} times"
    return ""


def _check_exclusive(form: FlagForm, given: Mapping[str, Any]) -> None:
    """Two flags may not write one place, nor ask for different constants there."""
    owners: dict[str, tuple[str, Any]] = {}
    for flag in (name for name in form.flags if name in given):
        rule = form.flags[flag]
        places = [(key, value) for key, value in _as_dict(rule.get("set")).items()]
        to = str(rule.get("to", ""))
        shared = to.endswith("[]") or _as_dict(rule.get("by")).get("field") == to
        places += [(to, object())] if to and not shared else []
        for key, value in places:
            other, held = owners.setdefault(key, (flag, value))
            if other != flag and held != value:
                raise UsageError(
                    "flag_not_supported",
                    f"--{other} and --{flag} both decide the field {key} of this model; give one of them",
                )


def _fill(body: dict[str, Any], flag: str, value: Any, form: FlagForm, how: tuple[Wish, TakeFile]) -> Iterator[str]:
    """Put one flag's value into the body; yields the notes."""
    wish, take_file = how
    rule: Mapping[str, Any] = form.flags[flag]
    sets = dict(wish.sets)
    values: list[Body] = []
    for one in value if isinstance(value, (tuple, list)) else (value,):
        if flag in MEDIA_KINDS:
            found, note = take_file(flag, str(one), rule)
        else:
            found, note = convert(flag, one, rule, lambda name: sets.get(name, body.get(name)))
        values.append(found)
        yield from (note,) if note else ()
    _merge(body, _as_dict(rule.get("set")))
    yield from (str(rule["warn"]),) if "warn" in rule else ()
    if "map" in rule and isinstance(values[0], dict):
        _merge(body, values[0])
        return
    filled = [_template(rule["value"], one) if "value" in rule else one for one in values]
    _store(body, str(rule["to"]), filled, many=bool(rule.get("many")))


def _take_file(
    flag: str,
    value: str,
    rule: Mapping[str, Any],
    *,
    fit: bool,
    known_url: Callable[[str], str | None],
    folder: Path | None,
) -> tuple[Body, str]:
    """A media flag's value; most requests have none, so what reads files is loaded here."""
    from .media_flags import MediaOptions, media_value

    return media_value(flag, value, rule, MediaOptions(fit, known_url, folder))


def _store(body: dict[str, Any], to: str, values: list[Any], *, many: bool) -> None:
    if not to.endswith("[]"):
        place(body, to.split("."), values if many else values[0], to)
        return
    parts = to[:-2].split(".")
    here: Any = body
    for part in parts[:-1]:
        here = here.setdefault(part, {})
    here.setdefault(parts[-1], []).extend(values)


def _as_dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _template(template: Any, value: Body) -> Any:
    if template == "$":
        return value
    if isinstance(template, Mapping):
        return {key: _template(item, value) for key, item in template.items()}
    return [_template(item, value) for item in template] if isinstance(template, list) else template


def _merge(body: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            if not isinstance(body.get(key), dict):
                body[key] = {}
            _merge(body[key], value)
        else:
            body[key] = deepcopy(value)  # the contract's own lists stay as they are


def _flags(names: Any) -> str:
    return ", ".join(f"--{name}" for name in names)
