"""The connection that is begun early: one only, no byte before its time, nothing left of it when it is given up."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from client_help import CANARY, GET, POST, assert_clean, client_for, forget_the_machine, keeps_alive
from conftest import Desk
from faults.doors import CERTIFICATES, write_authority
from generate_media.config.keys import SecretKey
from generate_media.http import early as early_module
from generate_media.http.client import Client, Site, TransportError
from generate_media.http.early import EarlyConnection, open_early
from generate_media.http.trust import TrustStore
from wire import Peer, Wire, answer

ACCEPTED = answer(b'{"id": "gen_1", "status": "IN_QUEUE"}', "Content-Type: application/json")
MODEL = ("--model", "google/nano-banana-pro", "--provider", "skills.video")
GOOD = CERTIFICATES["good"]


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests' authority and no other; no proxy."""
    forget_the_machine(monkeypatch, tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(write_authority(tmp_path)))


def helpers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "early-connection"]


def client_on(early: EarlyConnection) -> Client:
    return Client(Site(early.base_url, (), True, SecretKey(CANARY, "a test")), early=early)


def opened(url: str) -> EarlyConnection:
    early = open_early(url, ())
    assert early is not None
    return early


# -- whole commands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_it_is_begun_before_there_is_a_journal_and_the_post_goes_out_on_it(desk: Desk, secure: bool) -> None:
    seen: list[bool] = []
    begun = threading.Event()

    def handle(peer: Peer) -> None:
        seen.append((desk.state / "journal.sqlite3").exists())
        begun.set()
        while peer.request():
            peer.send(ACCEPTED)

    config = desk.write_config()
    with Wire(handle, GOOD if secure else None) as wire:
        ran = desk.call(
            "create_and_wait", *MODEL, "--prompt", "a cat", "--detach", "--base-url", wire.url, "--config", str(config)
        )
    assert ran.code == 0, ran.out
    assert (wire.connections, len(wire.received)) == (1, 1)
    assert helpers() == []
    assert seen == [False] or secure  # TLS is met after the handshake, which the rest of the start overtakes at times


@pytest.mark.parametrize(("args", "code"), [
    (("--payload", '{"prompt": 5}'), 22),
    (("--prompt", "  "), 2),
    (("--prompt", "a cat", "--image", "/no/such/file.png"), 2),
])  # fmt: skip
@pytest.mark.parametrize("answers", [True, False], ids=["open", "still shaking hands"])
def test_a_request_that_is_not_sent_gives_it_up_at_once(
    desk: Desk, args: tuple[str, ...], code: int, answers: bool
) -> None:
    ended = threading.Event()
    heard: list[bytes] = []

    def handle(peer: Peer) -> None:
        if answers:
            heard.append(peer.request())
        else:
            peer.until_gone()
        ended.set()

    config = desk.write_config()
    with Wire(handle) as wire:
        url = wire.url if answers else wire.url.replace("http:", "https:")
        ran = desk.call("create_and_wait", *MODEL, *args, "--base-url", url, "--config", str(config))
        assert helpers() == []
        assert (ran.code, ran.last["event"]) == (code, "error"), ran.out
        assert ended.wait(10)
        assert (wire.connections, heard) == (1, [b""] if answers else [])
    assert not (desk.state / "journal.sqlite3").exists()


@pytest.mark.parametrize("args", [("--dry-run",), ("--provider", "nobody"), ("--count", "0")])
def test_what_sends_nothing_connects_to_nobody(desk: Desk, args: tuple[str, ...]) -> None:
    config = desk.write_config()
    with Wire(keeps_alive) as wire:
        desk.call("create_and_wait", *MODEL, "--prompt", "a", *args, "--base-url", wire.url, "--config", str(config))
        assert wire.connections == 0


# -- walls ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("https://elsewhere.test", {}),
        ("http://api.test", {}),
        ("https://user@api.test", {}),
        ("https://api.test", {"HTTPS_PROXY": "http://127.0.0.1:9"}),
        ("https://api.test", {"all_proxy": "socks5h://127.0.0.1:9", "NO_PROXY": "api.test"}),
        ("https://api.test", {"SSL_CERT_FILE": "/no/such/file", "REQUESTS_CA_BUNDLE": ""}),
    ],
)
def test_walls(monkeypatch: pytest.MonkeyPatch, url: str, environ: dict[str, str]) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert open_early(url, ("api.test",)) is None
    assert helpers() == []


def test_a_proxy_is_nothing_to_this_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Wire(keeps_alive) as wire:
        early = opened(wire.url)
        early.close()
        assert helpers() == []


# -- one connection, by a client --------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [None, GOOD], ids=["http", "https"])
def test_only_the_first_create_goes_out_on_it(tls: object) -> None:
    with Wire(keeps_alive, tls) as wire:  # type: ignore[arg-type]
        client = client_on(opened(wire.url))
        client.send(GET, timeout_seconds=5)
        assert not any(request.startswith(b"POST") for request in wire.received)
        for _ in range(2):
            assert client.send(POST, timeout_seconds=5, before_bytes=lambda: None).status == 200
        assert (wire.connections, len(wire.received)) == (3, 3)
        client.close()


def test_one_that_nobody_takes_is_closed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_module, "STALE_SECONDS", 0.05)
    gone = threading.Event()

    def handle(peer: Peer) -> None:
        while peer.request():
            peer.send(answer(b"{}"))
        gone.set()

    with Wire(handle) as wire:
        early = opened(wire.url)
        assert gone.wait(10)
        client = client_on(early)
        assert client.send(POST, timeout_seconds=5, before_bytes=lambda: None).status == 200
        assert (wire.connections, len(wire.received)) == (2, 1)
        client.close()


def test_an_issuer_that_is_in_the_other_store_is_asked_for_again(tmp_path: Path) -> None:
    hashed = tmp_path / "hashed"
    hashed.mkdir()
    (hashed / "00000000.0").write_text("")
    with Wire(keeps_alive, GOOD) as wire:
        trust = TrustStore({}, hashed, write_authority(tmp_path))
        client = client_on(EarlyConnection(wire.url, trust))
        assert client.send(POST, timeout_seconds=5, before_bytes=lambda: None).status == 200
        assert (wire.connections, len(wire.received)) == (2, 1)
        client.close()


def test_one_that_cannot_be_opened_is_told_of_as_any_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    sent: list[int] = []
    details = set()
    for client in (client_on(opened(url)), client_for(url)):
        with pytest.raises(TransportError) as caught:
            client.send(POST, timeout_seconds=5, before_bytes=lambda: sent.append(1))
        assert_clean(caught.value)
        details.add((caught.value.detail, caught.value.reached))
        client.close()
    assert details == {("connection refused", False)}
    assert not sent


def test_a_handshake_that_never_ends_is_waited_for_no_longer_than_any_other() -> None:
    with Wire(Peer.until_gone) as wire:
        client = client_on(opened(wire.url.replace("http:", "https:")))
        with pytest.raises(TransportError) as caught:
            client.send(POST, timeout_seconds=0.3, before_bytes=lambda: None)
        assert caught.value.reached is False
        client.close()
    assert helpers() == []
