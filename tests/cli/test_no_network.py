"""No network for this process: forbidden by a coding agent's sandbox, or none at all. Whole processes."""

from __future__ import annotations

import errno
import json
import socket
import ssl
from pathlib import Path

import pytest

from calls import call, forked, sidecars
from conftest import Ran
from generate_media.http.blocked import is_blocked
from tools import require_tool

NO_ROUTE = ("unshare", "--user", "--map-root-user", "--net")
"""What bubblewrap and containers without a network give: no interface at all, loopback down."""
STRACE = ("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null")
FORBIDDEN = (*STRACE, "-e", "trace=connect,bind", "-e", "inject=connect,bind:error=EPERM")
"""What a seccomp filter gives (here through ptrace): sockets can be made and lead nowhere."""
NO_SOCKETS = (*STRACE, "-e", "trace=socket", "-e", "inject=socket:error=EACCES")
WAYS = {"no route": NO_ROUTE, "connect and bind forbidden": FORBIDDEN, "sockets forbidden": NO_SOCKETS}
KEY = {"SKILLS_VIDEO_API_KEY": "a-test-key-of-nobody", "AGNES_API_KEY": "a-test-key-of-nobody"}


def without_network(way: str, script: str, *args: str, home: Path) -> Ran:
    before = WAYS[way]
    return call(script, *args, home=home, before=(require_tool(before[0]), *before[1:]), **KEY)


def assert_said(ran: Ran, code: int) -> None:
    """What is the matter and what helps; not to run the same thing again, which is what did not help."""
    assert (ran.code, ran.err) == (code, ""), ran.out
    assert ran.last["error"] == "network_blocked"
    assert not ran.last.get("should_retry")
    assert "network" in " ".join(ran.last["guidance"])
    assert "again" not in json.dumps(ran.last)
    assert not ran.events("retry")


@pytest.mark.parametrize(
    ("way", "provider"), [*((way, "skills.video") for way in WAYS), ("connect and bind forbidden", "agnes")]
)
def test_a_create_ends_at_once_and_says_why(tmp_path: Path, way: str, provider: str) -> None:
    ran = without_network(way, "create_and_wait", "--provider", provider, "--prompt", "a cat", home=tmp_path)
    assert_said(ran, 24)
    assert ran.last["may_have_been_created"] is False


@pytest.mark.parametrize(
    ("way", "code"), [("no route", 24), ("connect and bind forbidden", 2), ("sockets forbidden", 2)]
)
def test_the_sandbox_too_needs_loopback(tmp_path: Path, way: str, code: int) -> None:
    assert_said(without_network(way, "create_and_wait", "--sandbox", "--prompt", "a cat", home=tmp_path), code)


def test_the_sandbox_script(tmp_path: Path) -> None:
    assert_said(without_network("sockets forbidden", "sandbox", "--port", "0", home=tmp_path), 2)


def test_a_key_that_cannot_be_verified(tmp_path: Path) -> None:
    ran = without_network("no route", "ensure_api_key", "--verify", "--provider", "agnes", home=tmp_path)
    document = json.loads(ran.out)
    assert "network is blocked" in document["message"]
    assert (ran.code, document["ok"]) == (21, False), "a key that could not be checked is not called ready"
    assert "again" not in ran.out


def test_a_job_that_is_out_is_not_waited_for_in_vain(tmp_path: Path) -> None:
    """Nobody was ever reached, so no deadline is waited for; the id and the way to go on are told."""
    words = ("--sandbox", "--prompt", "a cat", "--model", "google/nano-banana-pro")
    made = forked("create_and_wait", *words, "--detach", home=tmp_path)
    identity = made.events("accepted")[0]["generation_id"]
    for script, args in (
        ("create_and_wait", words),
        ("wait_generation", ("--sandbox", "--generation-id", identity)),
        ("wait_generation", ("--sandbox", "--all")),
    ):
        ran = without_network("no route", script, *args, "--deadline", "200", home=tmp_path)
        assert_said(ran, 12)
        assert ran.last["generation_id"] == identity
        assert f"--generation-id={identity}" in ran.last["resume"]
    assert forked("wait_generation", "--sandbox", "--all", home=tmp_path).code == 0


def test_a_file_that_cannot_be_fetched_now(tmp_path: Path) -> None:
    words = ("--sandbox", "--prompt", "a cat", "--model", "google/nano-banana-pro")
    first = forked("create_and_wait", *words, home=tmp_path)
    Path(first.last["outputs"][0]["path"]).unlink()
    assert_said(without_network("no route", "create_and_wait", *words, home=tmp_path), 14)
    assert forked("create_and_wait", *words, home=tmp_path).code == 0
    assert len(sidecars(tmp_path / "generated")) == 1


@pytest.mark.parametrize(
    ("error", "blocked"),
    [
        (PermissionError(errno.EPERM, "no"), True),
        (PermissionError(errno.EACCES, "no"), True),
        (OSError(errno.EAFNOSUPPORT, "no"), True),
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), False),
        (TimeoutError(errno.ETIMEDOUT, "no"), False),
        (ssl.SSLError(1, "handshake failure"), False),
        (ValueError("no"), False),
    ],
    ids=str,
)
def test_only_a_refusal_of_the_system_is_a_blocked_network(error: Exception, blocked: bool) -> None:
    assert is_blocked(error) is blocked
    wrapped = ConnectionError("a library's own")
    wrapped.__cause__ = error
    assert is_blocked(wrapped) is blocked


def test_a_name_that_does_not_exist_is_no_blocked_network() -> None:
    """Wherever this test has a route to anywhere; else both are the same to everybody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no route")
    assert not is_blocked(socket.gaierror(socket.EAI_NONAME, "no such name"))
    assert not is_blocked(OSError(errno.ENETUNREACH, "no"))
