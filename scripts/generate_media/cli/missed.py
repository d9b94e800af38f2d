"""What inspect_openapi.py says of an endpoint or a model that nobody knows: what may be meant, of all providers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..config import Settings
from ..contract import Budget, models_said, open_contract
from ..core import GenerateMediaError, NotFound, without_none
from ..request import known_models
from .reworded import with_command


def best_miss(missed: Sequence[NotFound], args: argparse.Namespace, settings: Settings) -> GenerateMediaError:
    """The miss with suggestions of the kind asked for: endpoints for paths, models of all providers for names."""
    asked = args.endpoint.strip()
    is_path = asked.startswith(("/", "http")) or asked.split()[0].upper() in ("GET", "POST")
    code = "endpoint_not_found" if is_path else "model_not_found"
    said = [] if is_path or args.openapi else _said(asked, settings)
    if said:
        near = " or ".join(f"{one['model']} ({one['provider']})" for one in said[:3])
        message = f"no model or endpoint {asked!r} is known here; did you mean {near}?"
        error = NotFound(code, message, details={"received": asked, "suggestions": said})
        return with_command(error, "inspect_openapi.py", args.words, "--endpoint")
    helpful = [error for error in missed if error.details.get("suggestions")]
    ranked = [error for error in helpful if error.code == code] or helpful
    words = "endpoint" if is_path else "model or endpoint"
    nothing = NotFound(code, f"no {words} {asked!r} is known here", details={"received": asked, "suggestions": []})
    return (ranked or [nothing])[0]


def _said(asked: str, settings: Settings) -> list[dict[str, Any]]:
    budget = Budget(settings.document_nodes, settings.document_seconds)
    names = dict.fromkeys(provider.protocol for provider in settings.providers.values())
    opened = {name: open_contract(name, budget=budget) for name in names}
    found = models_said(asked, known_models(settings, lambda provider: opened[provider.protocol].models()))
    return [without_none({**one._asdict(), "kind": one.kind or None}) for one in found]
