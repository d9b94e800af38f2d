"""Our own short names of jobs: what stands in a file's name, and in a command where the provider's id cannot."""

from __future__ import annotations

import re

HANDLE = re.compile(r"job-[0-9a-f]{12}\Z")
_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}\Z")
_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,}(?![A-Za-z0-9])")
_MOST_WORDS = 4


def digest(provider: str, generation_id: str) -> str:
    """sha256 (hex) of what a job is known by, on every machine."""
    import hashlib  # OpenSSL: a journal that is only listed needs none

    return hashlib.sha256(f"{provider}\n{generation_id}".encode("utf-8", "surrogatepass")).hexdigest()


def handle(provider: str, generation_id: str) -> str:
    """The name by which the journal finds a job as well as by its id."""
    return f"job-{digest(provider, generation_id)[:12]}"


def in_a_command(provider: str, generation_id: str) -> str:
    """The id where it is a plain word; the handle for one that is long, no word for a shell, or reads like a sentence.

    An id is a server's text, and who reads a command may take the words in it for ours.
    """
    is_word = _ID.match(generation_id) and not HANDLE.match(generation_id)
    is_plain = is_word and len(_WORD.findall(generation_id)) <= _MOST_WORDS
    return generation_id if is_plain else handle(provider, generation_id)
