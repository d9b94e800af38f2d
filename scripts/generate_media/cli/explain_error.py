"""handle_runtime_error.py: an answer from elsewhere through the one classifier, as a document."""

from __future__ import annotations

import argparse
import os
import shlex
import time
from typing import Any

from ..config import ProviderSettings, hide_keys_of, load_settings
from ..core import CONFIG_FILE, Answer, ExitCode, Failure, UsageError, clean_text, read_user_file
from ..http import check_base_url
from ..providers import PROTOCOLS, ErrorRule, adapter_for, classify

BODY_CAP = 1 << 20
"""So much of an error's body is looked at."""
MAX_BODY_BYTES = 64 << 20


def error_report(args: argparse.Namespace) -> tuple[dict[str, Any], ExitCode]:
    """The document and its exit code.

    Raises:
        UsageError: an unreadable body file, a status that is none, an unknown provider, a host that the key must not
            go to.
    """
    if not 100 <= args.status <= 599:
        raise UsageError("usage", f"--status {args.status} is no HTTP status (100 to 599)")
    settings = load_settings(args.config or CONFIG_FILE)
    hide_keys_of(settings, os.environ)
    provider = settings.provider(args.provider or settings.default_provider or next(iter(settings.providers)))
    check_base_url(_base_url(provider, args), provider.allowed_hosts)
    answer = Answer(args.status, {}, _body(args))
    rules = adapter_for(provider.protocol).errors if args.provider else _any_providers(provider.protocol)
    told = adapter_for(provider.protocol).refusal(answer)
    failure = classify(answer, rules, operation=args.operation, wall=time.time(), told=told)
    return _document(failure, provider, args), failure.exit_code


def _any_providers(first: str) -> tuple[ErrorRule, ...]:
    """Nobody said whose answer it is: codes and texts of every table, then the default provider's statuses."""
    order = (first, *(name for name in PROTOCOLS if name != first))
    rules = [rule for name in order for rule in adapter_for(name).errors]
    worded = [rule for rule in rules if rule.code or rule.text]
    return (*worded, *(rule for rule in adapter_for(first).errors if rule not in worded))


def _document(failure: Failure, provider: ProviderSettings, args: argparse.Namespace) -> dict[str, Any]:
    return {
        "category": failure.category.value,
        "status": failure.http_status,
        "code": failure.code or None,
        "message": clean_text(failure.message),
        "should_retry": failure.should_retry,
        "may_have_been_created": failure.may_have_been_created,
        "retry_after_seconds": failure.retry_after_seconds,
        "guidance": list(failure.guidance),
        "credits_check_command": _credits_command(provider, args),
        "recharge": provider.recharge,
    }


def _credits_command(provider: ProviderSettings, args: argparse.Namespace) -> str | None:
    """A curl line that shows the balance, the key by its variable; None where the provider has no such call."""
    path = args.credits_endpoint or provider.credits_path
    if not path:
        return None
    url = _base_url(provider, args).rstrip("/") + "/" + path.lstrip("/")
    return f'curl -s -H "Authorization: Bearer ${provider.key_env}" {shlex.quote(url)}'


def _base_url(provider: ProviderSettings, args: argparse.Namespace) -> str:
    return str(args.base_url or provider.base_url)


def _body(args: argparse.Namespace) -> str:
    if args.body_file is None:
        return str(args.body)
    return read_user_file(args.body_file, MAX_BODY_BYTES)[:BODY_CAP].decode("utf-8-sig", "replace")
