"""Tokens as agents pay for them (o200k_base), counted offline."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any


def count(text: str) -> int:
    return len(_encoding().encode(text))


@cache
def _encoding() -> Any:
    """Its tables take a second to build."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # bpe-openai opens its table in a deprecated way
        import bpe_openai

        return bpe_openai.get_encoding("o200k_base")
