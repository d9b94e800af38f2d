"""ensure_api_key.py: which providers are ready, as a document without any key in it."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import Any

from ..config import MY_KEY, ProviderSettings
from ..core import Category, Failure, UsageError, capped, clean_text, dotenvs, home_folder, parse_json
from ..events import Signals, standard_printer
from ..job import RunOptions, Session, answer_to
from ..journal import remember_balance
from ..providers import adapter_for

EARLIER_DEFAULT = "skills.video"
ASK_SECONDS = 20.0
ACCOUNTS_BYTES = 80_000
"""For what all the providers' accounts say of themselves."""


def key_report(args: argparse.Namespace) -> dict[str, Any]:
    """The document: top-level keys of the provider asked for (else skills.video), and a row for each."""
    options = RunOptions.of(vars(args))
    if not args.provider:
        options = options._replace(base_url=None)  # one host cannot be every provider's
    with ExitStack() as stack:
        session = Session.open(options, standard_printer(), Signals(), stack)
        names = [args.provider] if args.provider else list(session.settings.providers)
        asked = len(names) if args.verify else 0
        rows = {name: _row(session, session.settings.provider(name), asked) for name in names}
        lead = session.settings.provider(args.provider or _lead(session))
        own = rows[lead.name]
        return {
            "ok": any(row["ok"] for row in rows.values()),
            "env_var": lead.key_env,
            "message": own["message"],
            "dashboard_url": lead.dashboard_url,
            "how_to_get_key": own["how_to_get_key"],
            "set_env_examples": [f"export {lead.key_env}={MY_KEY}", f"{lead.key_env}={MY_KEY}  (in .env)"],
            "providers": rows,
        }


def _lead(session: Session) -> str:
    names = list(session.settings.providers)
    return EARLIER_DEFAULT if EARLIER_DEFAULT in names else names[0]


def _row(session: Session, provider: ProviderSettings, asked: int) -> dict[str, Any]:
    """What is known of one provider's key; ``asked`` is how many providers are asked to verify it, 0 for none."""
    found = session.keys(provider)
    row: dict[str, Any] = {
        "ok": bool(found.keys),
        "env_var": provider.key_env,
        "source": found.keys[0].source if found.keys else None,
        "fingerprint": found.keys[0].fingerprint if found.keys else None,
        "message": _message(provider, found.problems, bool(found.keys)),
        "how_to_get_key": [
            f"create a key at {provider.key_url}",
            f"set it as {provider.key_env}, or in {dotenvs(home_folder(session.environ))[0]}",
        ],
    }
    if len(found.keys) > 1:
        row["spare_keys"] = [key.fingerprint for key in found.keys[1:]]
    if found.warnings:
        row["warnings"] = list(found.warnings)
    if asked and found.keys:
        row |= _verify(session, provider, asked)
    return row


def _message(provider: ProviderSettings, problems: tuple[str, ...], ok: bool) -> str:
    if ok:
        return f"a key for {provider.name} is set"
    return problems[0] if problems else f"no key for {provider.name} was found"


def _verify(session: Session, provider: ProviderSettings, asked: int) -> dict[str, Any]:
    """One cheap authenticated GET: does the key work, and what does the account say of itself."""
    keys = session.keys(provider).keys
    try:
        base_url = session.base_url(provider)
    except UsageError as error:
        return {"ok": False, "verified": False, "message": error.message, "guidance": list(error.guidance)}
    adapter = adapter_for(provider.protocol)
    call = adapter.account()
    if call is None:
        words = f"the key is set; {provider.name} documents no call that would check it without making a job"
        return {"ok": False, "verified": False, "message": words}
    answer = answer_to(session.gateway(provider, base_url, keys), adapter, call, ASK_SECONDS)
    if not isinstance(answer, Failure):
        account = capped(parse_json(answer.body), ACCOUNTS_BYTES // asked)
        if provider.credits_path and not session.sandbox:
            remember_balance(session.folder, provider.name, account, session.clock(base_url).wall())
        if session.sandbox:
            words = "the sandbox takes any key: this proves nothing about yours; run it without --sandbox"
            return {"ok": False, "verified": False, "message": words, "account": account}
        return {"verified": True, "message": f"the key works at {base_url}", "account": account}
    if answer.http_status is None:
        return {
            "ok": False,
            "verified": False,
            "message": f"the key is set, but {base_url} did not answer: {answer.message}",
        }
    if answer.category in (Category.NOT_FOUND, Category.TRANSIENT):
        unsure = f"the key is set; {base_url} could not confirm it (HTTP {answer.http_status})"
        return {"ok": False, "verified": False, "message": unsure}
    source = keys[0].source
    return {
        "ok": False,
        "verified": False,
        "message": f"{base_url} refused the key from {source}: {clean_text(answer.message, 300)}",
        **({"recharge": provider.recharge} if answer.category is Category.CREDITS else {}),
    }
