"""The answers of the scripts that print one document: keys, an error's meaning, a page, the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...events import command
from .changes import changed, dropped, renewed
from .contracts import able, as_json, endpoints, fields, models, validated
from .jobs import failed, number
from .known import Known
from .look import Line, Look, path_words
from .tables import Entry, without_heading

if TYPE_CHECKING:
    from ...config import ProviderSettings

Document = Mapping[str, Any]
Drawing = Callable[[Document, Look, Known], Iterator[Line]]


def document_lines(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """A document by the fields that only its kind has; one without words of its own as JSON."""
    for needs, draw in _KINDS:
        if needs <= document.keys():
            return draw(document, look, known)
    return as_json(document)


def _keys(document: Document, look: Look, known: Known) -> Iterator[Line]:
    rows: Mapping[str, Document] = document["providers"]
    entries = [
        Entry((name,), _key_mark(row), (_key_words(row, look, _provider(name, known)),)) for name, row in rows.items()
    ]
    yield from without_heading(entries, look)
    for text in dict.fromkeys(text for row in rows.values() for text in row.get("warnings") or ()):
        yield Line(str(text), "warn")
    for name, row in rows.items():
        yield from _balance(name, row.get("account"), look, known)
    yield from _set_up(document.get("setup") or {}, look)
    if not document["ok"] and not known.asked.sandbox:
        keep = command("ensure_api_key.py", ["--setup", "--provider", "NAME", "--key", "-"])
        yield Line(look.word("keep_key", command=f"{keep} < FILE"), "do")


def _provider(name: str, known: Known) -> ProviderSettings | None:
    return known.settings.providers.get(name) if known.settings else None


def _balance(name: str, account: Any, look: Look, known: Known) -> Iterator[Line]:
    """What an account says of its credits; of providers whose answer says something else, nothing."""
    provider = _provider(name, known)
    if provider is None or not provider.credits_path or not isinstance(account, Mapping):
        return
    facts = [f"{key} {number(value)}" for key, value in account.items() if isinstance(value, (int, float))]
    if facts:
        yield Line(look.word("because", what=f"{name} ({look.word('credits')})", why=", ".join(facts)))


def _set_up(done: Document, look: Look) -> Iterator[Line]:
    """What --setup put where."""
    venv = done.get("venv")
    if venv:
        good = bool(venv["ok"])
        yield Line(look.word("packages", path=venv["path"]) if good else str(venv["message"]), "ok" if good else "warn")
    if done.get("env_file"):
        yield Line(look.word("key_kept", env=done["env_var"], path=done["env_file"]), "ok")
    if done.get("warning"):
        yield Line(str(done["warning"]), "warn")


def _key_mark(row: Document) -> str:
    return "ok" if row.get("ok") else "bad" if row.get("source") else ""


def _key_words(row: Document, look: Look, provider: ProviderSettings | None) -> str:
    if row.get("ok"):
        source = look.word("key_ready", source=look.advice(str(row.get("source"))))
        return f"{source}  {look.word('key_works')}" if row.get("verified") else source
    if row.get("source") or provider is None or not provider.key_url:
        return look.advice(str(row.get("message") or ""))
    told = look.word("no_key", env=row.get("env_var"), url=provider.key_url)
    known = str(row.get("message") or "")
    return told if known.startswith("no key for") else f"{known}  {told}"


def _meaning(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """What handle_runtime_error.py says of an answer."""
    yield from failed({**document, "error": document.get("code")}, look)
    if document.get("credits_check_command") and document["category"] == "insufficient_credits":
        yield Line(look.word("balance", command=document["credits_check_command"]), "do")


def _page(document: Document, look: Look, known: Known) -> Iterator[Line]:
    yield Line(look.word("page", path=path_words(document["path"])), "ok")
    yield from (Line(look.advice(str(text)), "warn") for text in document.get("warnings") or ())


def _ready(row: Document, look: Look, known: Known) -> Iterator[Line]:
    yield Line(look.word("ready"), "ok")
    for name, url in row["providers"].items():
        yield Line(f"{name:<12} {url}")


def _faults(document: Document, look: Look, known: Known) -> Iterator[Line]:
    entries = [Entry((name,), "", (str(fault["text"]),)) for name, fault in document["faults"].items()]
    yield from without_heading(entries, look)
    yield from as_json(document.get("transport"))


_KINDS: tuple[tuple[frozenset[str], Drawing], ...] = (
    (frozenset({"providers", "set_env_examples"}), _keys),
    (frozenset({"providers", "port"}), _ready),
    (frozenset({"category", "may_have_been_created", "status"}), _meaning),
    (frozenset({"can", "providers"}), able),
    (frozenset({"default_endpoints", "poll_endpoint"}), endpoints),
    (frozenset({"breaking", "changed"}), changed),
    (frozenset({"renewed", "diff"}), renewed),
    (frozenset({"dropped", "in_force"}), dropped),
    (frozenset({"models"}), models),
    (frozenset({"endpoint", "fields"}), lambda document, look, known: fields(document, look)),
    (frozenset({"ok", "endpoint", "problems"}), lambda document, look, known: validated(document, look)),
    (frozenset({"ok", "path", "url"}), _page),
    (
        frozenset({"ok", "url", "port"}),
        lambda row, look, known: iter([Line(look.word("serving", url=row["url"]), "ok")]),
    ),
    (frozenset({"faults"}), _faults),
)
"""The fields that tell a kind of document, and what draws it; the first that fits."""
