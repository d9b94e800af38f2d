"""The last net under a user's documents: they may hold anything anywhere, and every rule has its exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..core import UsageError
from .budget import TooLarge


@contextmanager
def strangers(documents: object) -> Iterator[None]:
    """Turn whatever a user's documents made us stumble over into an error of ours; without any, it is our mistake.

    Raises:
        UsageError ``malformed_document``, TooLarge.
    """
    try:
        yield
    except RecursionError as error:
        if not documents:
            raise
        raise TooLarge("", "it is nested too deep") from error
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError) as error:
        if not documents:
            raise
        raise UsageError(
            "malformed_document",
            f"a document is not shaped like OpenAPI or docs.json ({type(error).__name__} while reading it)",
            guidance=("check the file with a validator; the bundled snapshot is used when --openapi is left out",),
        ) from error
