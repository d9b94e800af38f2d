"""``inspect_openapi.py --models --live``: what a provider lists for the key that is set here."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from ..core import GenerateMediaError, NotCreated, ProviderRefused, UsageError, parse_json
from ..events import Signals, standard_printer
from ..http import TransportError
from ..job import RunOptions, Session
from ..providers import adapter_for, refused

ASK_SECONDS = 20.0


def list_live(provider_name: str, config: Path, base_url: str | None) -> tuple[str, ...]:
    """Model ids, in the provider's order.

    Raises:
        UsageError: the provider has no such list. AuthError: no key. ProviderRefused, NotCreated: it did not answer.
    """
    with ExitStack() as stack:
        session = Session.open(RunOptions(config=config, base_url=base_url), standard_printer(), Signals(), stack)
        provider = session.settings.provider(provider_name)
        adapter = adapter_for(provider.protocol)
        call = adapter.available_models()
        if call is None:
            raise _no_list(provider_name)
        url = session.base_url(provider)
        gateway = session.gateway(provider, url, session.need_keys(provider))
        try:
            answer = gateway.send(call, timeout_seconds=session.clock(url).real(ASK_SECONDS))
        except TransportError as error:
            raise _no_answer(provider_name, error.detail) from None
        failure = refused(answer, adapter, operation=call.operation, wall=time.time())
        if failure is not None:
            raise ProviderRefused(failure)
        return adapter.read_models(parse_json(answer.body))


def _no_list(provider_name: str) -> UsageError:
    return UsageError(
        "no_live_list",
        f"{provider_name} documents no list of models to ask for",
        guidance=("leave --live out: the bundled snapshot lists what is documented",),
    )


def _no_answer(provider_name: str, detail: str) -> GenerateMediaError:
    return NotCreated("no_answer", f"{provider_name} did not answer: {detail}", should_retry=True)
