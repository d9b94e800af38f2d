"""Tokens as agents pay for them (o200k_base), counted offline."""

from __future__ import annotations

import warnings


def count(text: str) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # bpe-openai opens its table in a deprecated way
        import bpe_openai

        return len(bpe_openai.get_encoding("o200k_base").encode(text))
