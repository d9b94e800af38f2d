"""``inspect_openapi.py --renew``: a fresh document over the bundle, kept in the user's folder, and back again."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ..config import Settings, is_loopback
from ..contract import (
    Budget,
    Fresh,
    fresh_document,
    is_in_force,
    kept_files,
    navigation_in,
    open_contract,
    read_bytes,
    what_changes,
)
from ..core import ExitCode, StorageError, UsageError, clean_text, contracts_dir
from ..events import command
from ..files import write_whole

MOST_BYTES = 128 << 20
FETCH_SECONDS = 60.0


def run_renew(args: argparse.Namespace, settings: Settings, budget: Budget) -> tuple[ExitCode, dict[str, Any]]:
    """Check a document, show what changes, keep it; with ``--drop`` return to the bundle.

    Raises:
        UsageError: it is broken, or nobody's; then nothing has changed. StorageError: it cannot be kept.
    """
    if args.drop:
        return ExitCode.OK, _drop(settings.provider(args.provider).protocol if args.provider else "")
    if not args.renew:
        raise UsageError("usage", "--renew takes a FILE or URL, or --drop to return to the bundled contract")
    pages = navigation_in(_read(args.docs), args.docs, budget) if args.docs else None
    protocol = settings.provider(args.provider).protocol if args.provider else ""
    name = args.renew.split("?")[0]
    fresh = fresh_document(
        _read(args.renew),
        name,
        protocol,
        today=args.today.isoformat(),
        complete=args.complete,
        pages=pages,
        budget=budget,
    )
    difference = what_changes(fresh, open_contract(fresh.protocol, budget=budget))
    kept, replaced = _keep(fresh)
    return ExitCode.OK, {
        "ok": True,
        "renewed": [provider.name for provider in settings.providers.values() if provider.protocol == fresh.protocol],
        "date": fresh.root["x-snapshot"]["date"],
        "models": len(fresh.models),
        "kept": str(kept),
        **({"replaced": [str(file) for file in replaced]} if replaced else {}),
        **({} if is_in_force(fresh) else {"older_than_the_bundle": "only what the bundle lacks is taken from it"}),
        **_about_server(fresh),
        "diff": difference,
        **_about_fingerprints(difference),
        "undo": command("inspect_openapi.py", ["--renew", "--drop"]),
    }


def _about_server(fresh: Fresh) -> dict[str, str]:
    server = clean_text(fresh.other_server, 200)
    said = f"the document names {server}; requests still go to config.json's base_url: change it there if the API moved"
    return {"server": said} if server else {}


def _about_fingerprints(difference: dict[str, Any]) -> dict[str, str]:
    if not (difference["moved"] or difference["changed"]):
        return {}
    said = (
        "the same command may now send another request for these; then it is a new job, and not the earlier one again"
    )
    return {"fingerprints": said}


def _read(place: str) -> bytes:
    """A file's bytes, or what a URL gives: https (loopback may be http), without any key. Raises UsageError."""
    if not place.startswith(("http://", "https://")):
        return read_bytes(place)
    if not place.startswith("https://") and not is_loopback(place):
        raise UsageError(
            "not_https", f"{place.split('?')[0][:200]} is no https address: anybody could change it on the way"
        )
    return _fetched(place)


def _fetched(url: str) -> bytes:
    from ..core import Clock, Deadline, OutputError
    from ..http import AnonymousGet, Transient, system_resolver

    shown = url.split("?")[0][:200]
    clock = Clock()
    get = AnonymousGet(
        allow_loopback=is_loopback(url), deadline=Deadline(clock, clock.now() + FETCH_SECONDS),
        resolver=system_resolver, trust=None,
    )  # fmt: skip
    try:
        with get.opened(url) as answer:
            if answer.status != 200:
                raise UsageError("not_fetched", f"{shown} answered HTTP {answer.status}")
            data = bytearray()
            while piece := answer.read(1 << 16):
                data += piece
                if len(data) > MOST_BYTES:
                    raise UsageError("not_fetched", f"{shown} is larger than {MOST_BYTES >> 20} MB")
            return bytes(data)
    except (Transient, OutputError) as error:
        why = error.failure.message if isinstance(error, Transient) else error.message
        raise UsageError("not_fetched", f"{shown} cannot be fetched: {why}") from None
    finally:
        get.close()


def _keep(fresh: Fresh) -> tuple[Path, list[Path]]:
    """The file that a document is kept in, and those that said nothing else, which go."""
    folder = contracts_dir(os.environ)
    if folder is None:
        raise StorageError("not_kept", "this user has no home folder; name a place with XDG_CONFIG_HOME")
    data = json.dumps(fresh.root, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    name = hashlib.sha256("\n".join(sorted(fresh.source.paths)).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    file = folder / f"{fresh.protocol}-{name}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        covered = [other for other in kept_files(fresh.protocol) if other != file and _covers(fresh, other)]
        write_whole(file, data, 0o600)
        for other in covered:
            other.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError("not_kept", f"{file} cannot be written: {error.strerror}") from None
    return file, covered


def _covers(fresh: Fresh, file: Path) -> bool:
    """Whether a kept document describes nothing that the fresh one does not."""
    from ..contract import Contract, make_source, read_document

    old = Contract([make_source(read_document(file), fresh.protocol)])
    return {endpoint.path for endpoint in old.endpoints} <= set(fresh.source.paths)


def _drop(protocol: str) -> dict[str, Any]:
    files = kept_files(protocol)
    for file in files:
        file.unlink(missing_ok=True)
    return {"ok": True, "dropped": [str(file) for file in files], "in_force": "the bundled contract"}
