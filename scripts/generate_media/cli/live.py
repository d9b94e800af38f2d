"""``--models --live``: what the provider itself lists for the key that is set here."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from ..core import Category, Failure, NotCreated, ProviderRefused, UsageError, parse_json

ASK_SECONDS = 20.0


def live_models(args: argparse.Namespace) -> tuple[str, ...]:
    """The ids that a provider lists for the key that is set here, in its order; imports what asks only now.

    Raises:
        UsageError: no provider was named, or it has no such list. AuthError: no key. ProviderRefused, NotCreated.
    """
    from ..events import Signals, standard_printer
    from ..job import RunOptions, Session, answer_to
    from ..providers import adapter_for

    if not args.provider:
        raise UsageError("usage", "--live needs --provider NAME: it asks that provider, with your key")
    with ExitStack() as stack:
        session = Session.open(RunOptions.of(vars(args)), standard_printer(), Signals(), stack)
        provider = session.settings.provider(args.provider)
        adapter = adapter_for(provider.protocol)
        call = adapter.available_models()
        if call is None:
            raise UsageError(
                "no_live_list",
                f"{provider.name} documents no list of models to ask for",
                guidance=("leave --live out: the bundled snapshot lists what is documented",),
            )
        url = session.base_url(provider)
        gateway = session.gateway(provider, url, session.need_keys(provider))
        answer = answer_to(gateway, adapter, call, session.clock(url).real(ASK_SECONDS))
    if not isinstance(answer, Failure):
        return adapter.read_models(parse_json(answer.body))
    if answer.http_status is None:
        raise NotCreated("no_answer", f"{provider.name} did not answer: {answer.message}", should_retry=True)
    credit = {"recharge": provider.recharge} if answer.category is Category.CREDITS else {}
    raise ProviderRefused(answer, details=credit)
