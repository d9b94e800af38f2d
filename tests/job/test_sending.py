"""When ``sending`` is written, and what a time-out keeps: "unknown" must mean that bytes may have gone out.

The first half holds the order: imports, name, TCP, TLS, then the journal, then the first byte. The second half holds
that an answer which has arrived is read, though the create's time be up.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from calls import started
from client_help import GET, POST, assert_clean, client_for, forget_the_machine, keeps_alive
from conftest import Desk
from faults.doors import CERTIFICATES, write_authority
from generate_media.core.errors import StorageError
from generate_media.core.paths import BUNDLE
from generate_media.http import connections
from generate_media.http.client import TransportError
from wire import Peer, Wire, answer

MODEL = ("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat", "--provider", "skills.video")
STREAM = ("--model", "google/nano-banana-pro", "--prompt", "a cat", "--provider", "skills.video")
ACCEPTED = answer(b'{"id": "gen_1", "status": "IN_QUEUE"}', "Content-Type: application/json")


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests' authority and no other; no proxy."""
    forget_the_machine(monkeypatch, tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(write_authority(tmp_path)))


def journal_of(desk: Desk) -> list[tuple[str, float | None]]:
    """State and time of sending of each row."""
    with closing(sqlite3.connect(f"file:{desk.state / 'journal.sqlite3'}?mode=ro", uri=True)) as db:
        return list(db.execute("SELECT state, sending_at FROM job ORDER BY row_id"))


def wait_for_claim(desk: Desk) -> None:
    """Until the journal has a row; it may not even be there yet."""
    while True:
        with suppress(sqlite3.OperationalError):
            if journal_of(desk):
                return
        time.sleep(0.01)


def script(desk: Desk, url: str, *args: str) -> list[str]:
    base = ["--base-url", url, "--config", str(desk.home / "config.json")]
    return [sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), *args, *base]


# -- the order of things ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusted")
def test_sending_is_written_when_the_handshake_is_over(desk: Desk) -> None:
    seen: list[object] = []

    def handle(peer: Peer) -> None:
        peer.sock.recv(1, socket.MSG_PEEK)  # the handshake has begun, perhaps before there is a journal
        wait_for_claim(desk)
        time.sleep(0.2)
        seen.append(journal_of(desk))
        with CERTIFICATES["good"].wrap_socket(peer.sock, server_side=True) as secured:
            Peer(secured, 0).request()
            seen.append(journal_of(desk)[0][0])
            secured.sendall(ACCEPTED)

    desk.write_config()
    with Wire(handle) as wire:
        url = wire.url.replace("http:", "https:")
        ran = desk.call("create_and_wait", *script(desk, url, *MODEL, "--detach")[2:])
    assert ran.code == 0, ran.out
    assert seen == [[("intent", None)], "sending"]


@pytest.mark.usefixtures("trusted")
def test_killed_before_the_first_byte_nothing_is_unknown(desk: Desk) -> None:
    """Everything up to the handshake may end in a kill, and the next run makes the job."""
    begun = threading.Event()
    requests: list[bytes] = []

    def handle(peer: Peer) -> None:
        peer.sock.recv(1, socket.MSG_PEEK)
        if peer.number == 0:
            begun.set()
            peer.until_gone()
            return
        with CERTIFICATES["good"].wrap_socket(peer.sock, server_side=True) as secured:
            requests.append(Peer(secured, 0).request())
            secured.sendall(ACCEPTED)

    desk.write_config()
    with Wire(handle) as wire:
        command = script(desk, wire.url.replace("http:", "https:"), *MODEL, "--detach")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            assert begun.wait(30)
            process.kill()
        ran = desk.call("create_and_wait", *command[2:])
    assert (ran.code, desk.rows(), len(requests)) == (0, [("accepted", "gen_1")], 1), ran.out


def test_without_a_connection_nothing_was_ever_sending(desk: Desk) -> None:
    with Wire(keeps_alive) as gone:
        url = gone.url
    desk.write_config()
    ran = desk.call("create_and_wait", *script(desk, url, *MODEL, "--deadline", "5")[2:])
    assert (ran.code, journal_of(desk)) == (24, [("rejected", None)]), ran.out


WATCHED = """
import sqlite3, sys
sys.path[:0] = [{scripts!r}]
imported, sent = [], []

def state():
    try:
        with sqlite3.connect("file:{journal}?mode=ro", uri=True) as db:
            return [row[0] for row in db.execute("SELECT state FROM job")]
    except sqlite3.Error:
        return []

def watch(event, args):
    if event == "import" and not sent and state() == ["sending"]:
        imported.append(args[0])
    if event == "http.client.send" and not sent:
        sent.append(state())

sys.addaudithook(watch)
import create_and_wait
code = create_and_wait.main(sys.argv[1:])
print([code, imported, sent], file=sys.stderr)
"""


@pytest.mark.parametrize("mode", [STREAM, MODEL], ids=["stream", "plain"])
def test_nothing_is_imported_between_sending_and_the_first_byte(desk: Desk, mode: tuple[str, ...]) -> None:
    """Told by the interpreter's own audit events (PEP 578), in a process of its own."""
    desk.write_config()
    program = WATCHED.format(scripts=str(BUNDLE / "scripts"), journal=desk.state / "journal.sqlite3")
    args = script(desk, desk.sandbox.base_urls["skills.video"], *mode, "--no-download")[2:]
    ran = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=True)
    assert ran.stderr.splitlines()[-1] == "[0, [], [['sending']]]", ran.stderr


# -- a connection that is still open ----------------------------------------------------------------------------


def complains(peer: Peer) -> None:
    """As load balancers do on a connection that stays idle."""
    peer.send(answer(b"", status="408 Request Timeout"))
    peer.until_gone()


@pytest.mark.parametrize("ending", [lambda peer: None, complains, Peer.reset], ids=["closed", "408", "reset"])
def test_a_connection_that_died_before_the_first_byte_is_opened_anew(ending: Callable[[Peer], None]) -> None:
    announced = threading.Event()

    def before_bytes() -> None:
        assert not announced.is_set(), "once only"
        announced.set()
        time.sleep(0.3)  # what the server does meanwhile has arrived by then

    def handle(peer: Peer) -> None:
        if peer.number:
            keeps_alive(peer)
        elif announced.wait(5):
            ending(peer)

    with Wire(handle) as wire:
        client = client_for(wire.url)
        got = client.send(POST, timeout_seconds=5, before_bytes=before_bytes)
        assert (got.status, wire.connections, len(wire.received)) == (200, 2, 1)
        client.close()


def test_a_connection_that_grew_old_before_the_first_byte_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALE_SECONDS", 0.25)
    with Wire(keeps_alive) as wire:
        client = client_for(wire.url)
        client.send(POST, timeout_seconds=5, before_bytes=lambda: time.sleep(0.3))
        assert (wire.connections, len(wire.received)) == (2, 1)
        client.close()


@pytest.mark.usefixtures("trusted")
def test_the_session_tickets_of_tls_are_no_words(desk: Desk) -> None:
    with Wire(keeps_alive, CERTIFICATES["good"]) as wire:
        client = client_for(wire.url)
        for _ in range(3):
            client.send(POST, timeout_seconds=5, before_bytes=lambda: time.sleep(0.1))
        assert (wire.connections, len(wire.received)) == (3, 3)
        client.close()


def test_a_connection_that_is_always_too_old_has_reached_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALE_SECONDS", -1.0)
    with Wire(keeps_alive) as wire:
        client = client_for(wire.url)
        with pytest.raises(TransportError) as caught:
            client.send(POST, timeout_seconds=5, before_bytes=lambda: None)
        assert_clean(caught.value)
        assert (caught.value.reached, wire.received) == (False, [])
        client.close()


def test_a_journal_that_cannot_be_written_keeps_the_bytes_back() -> None:
    def before_bytes() -> None:
        raise StorageError("journal_write_failed", "the disk is full")

    with Wire(keeps_alive) as wire:
        client = client_for(wire.url)
        with pytest.raises(StorageError, match="the disk is full"):
            client.send(POST, timeout_seconds=5, before_bytes=before_bytes)
        assert wire.received == []
        assert client.send(GET, timeout_seconds=5).status == 200
        client.close()


def test_a_time_out_before_the_first_byte_has_reached_nobody() -> None:
    with Wire(keeps_alive) as wire:
        client = client_for(wire.url)
        with pytest.raises(TransportError) as caught:
            client.send(POST, timeout_seconds=0.2, before_bytes=lambda: time.sleep(0.5))
        assert (caught.value.reached, wire.received) == (False, [])
        client.close()


# -- an answer that has arrived ---------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
DONE = {"id": "gen_1", "status": "COMPLETED", "data": {"images": [{"url": "http://127.0.0.1:9/a.png"}]}}
UNFRAMED = b'HTTP/1.0 200 OK\r\n\r\n{"id": "gen_1", "status": "IN_QUEUE"}'
EVENT = b"data: " + json.dumps(DONE).encode() + b"\n\n"
# arguments, what the server says before the client is stopped, and while it is
STOPPED: dict[str, tuple[tuple[str, ...], bytes, bytes]] = {
    "a plain answer": ((*MODEL, "--detach"), b"", ACCEPTED),
    "an answer to the end": ((*MODEL, "--detach"), b"", UNFRAMED),
    "the rest of a plain answer": ((*MODEL, "--detach"), ACCEPTED[:40], ACCEPTED[40:]),
    "a stream": ((*STREAM, "--no-download"), b"", HEAD + EVENT),
    "the first event of a stream": ((*STREAM, "--no-download"), HEAD + b": hold on\n\n", EVENT),
    "the rest of an event": ((*STREAM, "--no-download"), HEAD + EVENT[:20], EVENT[20:]),
}


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP here")
@pytest.mark.parametrize("name", STOPPED)
def test_stopped_for_longer_than_the_time_out_it_finds_its_answer(desk: Desk, name: str) -> None:
    args, at_once, meanwhile = STOPPED[name]
    heard, stopped = threading.Event(), threading.Event()

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(at_once)
        heard.set()
        assert stopped.wait(20)
        peer.send(meanwhile)
        peer.until_gone()

    desk.write_config(**{"skills.video": {"create_timeout_seconds": 20}})  # a second
    with Wire(handle) as wire:
        run = started("create_and_wait", *script(desk, wire.url, *args)[2:])
        assert heard.wait(30)
        time.sleep(0.2)
        os.kill(run.pid, signal.SIGSTOP)
        stopped.set()
        time.sleep(1.1)
        os.kill(run.pid, signal.SIGCONT)
        ended = run.wait()
    assert ended.code == 0, ended
    assert [identity for _, identity in desk.rows()] == ["gen_1"]
    assert len(wire.received) == 1


# a body of no told length on a connection that stays open → whether it counts when the time is up
UNTOLD = {'{"id": "gen_1"}': True, '{"id": "gen_1"': False, '{"id": "gen_1"} and': False, "": False, "busy": False}


@pytest.mark.parametrize("body", UNTOLD)
def test_a_body_without_an_end_counts_when_it_is_a_whole_object(body: str) -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\n" + body.encode())
        peer.until_gone()

    with Wire(handle) as wire, closing(client_for(wire.url)) as client:
        if UNTOLD[body]:
            assert client.send(POST, timeout_seconds=0.5).body == body
            return
        with pytest.raises(TransportError) as caught:
            client.send(POST, timeout_seconds=0.5)
        assert (caught.value.reached, caught.value.detail) == (True, "timed out")
