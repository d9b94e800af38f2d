"""A fast HTTP server for the benchmarks: jobs as skills.video streams them, files of any size, a stamp at each end.

The bundled sandbox simulates providers; this one only keeps time, so that the server is never what is measured.
A job's base path says how it behaves: ``/<framing>-<newline>-<wait ms>/api/v1`` with framing ``chunked`` or
``plain`` (ends with the connection), newline ``lf`` or ``crlf``. ``/all-<count>-<gap ms>/api/v1`` holds every
stream until ``count`` are open, then ends one each gap. ``GET /_stamps`` gives and forgets what was seen;
times are CLOCK_MONOTONIC seconds, which all processes of a machine share. ``GET /files/<MiB>.mp4`` is a file;
``/mib<N>`` before the base path makes the job's result N MiB.

    python3 bench/server.py [CERTIFICATE.pem]     prints its port; with a certificate it speaks TLS
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import struct
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

MIB = 1 << 20
FTYP = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"isom")
_BASE = re.compile(r"/(chunked|plain|all)-(\w+)-(\d+)/api/v1/generation/")


class Server:
    """What is known of the jobs since the last ``/_stamps``."""

    def __init__(self) -> None:
        self.first_bytes: list[float] = []
        self.gets: list[float] = []
        self.terminals: dict[str, float] = {}
        self.received = self.sent = self.requests = self.made = 0
        self.waiting: list[asyncio.Event] = []
        self.port = 0
        self.scheme = "http"

    def stamps(self) -> dict[str, Any]:
        """Everything since the last call."""
        seen = {
            "first_bytes": self.first_bytes,
            "gets": self.gets,
            "terminals": self.terminals,
            "received": self.received,
            "sent": self.sent,
            "requests": self.requests,
        }
        self.first_bytes, self.gets, self.terminals = [], [], {}
        self.received = self.sent = self.requests = 0
        return seen

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                continue
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = await reader.read(1)
        if not first:
            return False
        at = time.monotonic()
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, target = head.split(b" ", 2)[:2]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if target == b"/_stamps":
            return await self._json(writer, self.stamps(), counted=False)
        self.requests += 1
        self.received += len(head) + len(body)
        if method == b"POST":
            self.first_bytes.append(at)
            return await self._create(writer, target.decode())
        self.gets.append(at)
        found = re.match(rb"/files/(\d+)", target)
        return await self._file(writer, int(found[1])) if found else await self._json(writer, view("job", "COMPLETED"))

    async def _create(self, writer: asyncio.StreamWriter, target: str) -> bool:
        found = _BASE.search(target)
        if found is None or "/sse/" not in target:
            return await self._json(writer, view("job", "COMPLETED"))
        self.made += 1
        job = f"job_{os.getpid()}_{self.made:05d}"
        chunked = found[1] != "plain"
        newline = "\r\n" if found[2] == "crlf" else "\n"
        coding = "Transfer-Encoding: chunked\r\n" if chunked else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{coding}Connection: close\r\n\r\n"
        self._write(writer, head.encode())
        async for answer in self._events(job, found, target):
            data = f"data: {json.dumps(answer)}{newline}{newline}".encode()
            if answer["status"] == "COMPLETED":
                self.terminals[job] = time.monotonic()
            self._write(writer, b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        self._write(writer, b"0\r\n\r\n" if chunked else b"")
        await writer.drain()
        return False

    async def _events(self, job: str, how: re.Match[str], target: str) -> AsyncIterator[dict[str, Any]]:
        yield view(job, "IN_QUEUE")
        if how[1] == "all":
            await self._turn(int(how[2]), int(how[3]) / 1000)
        else:
            await asyncio.sleep(int(how[3]) / 1000)
        size = re.search(r"mib(\d+)", target)
        yield view(job, "COMPLETED", f"{self.scheme}://127.0.0.1:{self.port}/files/{size[1] if size else 1}.mp4")

    async def _turn(self, count: int, gap: float) -> None:
        """Wait until ``count`` streams are open, then for this one's turn."""
        turn = asyncio.Event()
        self.waiting.append(turn)
        if len(self.waiting) == count:
            waiting, self.waiting = self.waiting, []
            asyncio.get_running_loop().create_task(_release(waiting, gap))
        await turn.wait()

    async def _json(self, writer: asyncio.StreamWriter, value: Any, *, counted: bool = True) -> bool:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._write(writer, head.encode() + body, counted=counted)
        await writer.drain()
        return True

    async def _file(self, writer: asyncio.StreamWriter, mib: int) -> bool:
        """A well-formed beginning of an MP4 and then zeros, from the page cache by sendfile."""
        size = mib * MIB
        head = f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\n\r\n"
        self._write(writer, head.encode())
        begin = FTYP + struct.pack(">I4s", size - len(FTYP), b"mdat")
        self._write(writer, begin)
        await writer.drain()
        with tempfile.TemporaryFile() as file:
            file.truncate(size - len(begin))
            await asyncio.get_running_loop().sendfile(writer.transport, file)
        self.sent += size - len(begin)
        return True

    def _write(self, writer: asyncio.StreamWriter, data: bytes, *, counted: bool = True) -> None:
        self.sent += len(data) if counted else 0
        writer.write(data)


async def _release(waiting: list[asyncio.Event], gap: float) -> None:
    begin = time.monotonic() + 1.0
    for number, turn in enumerate(waiting):
        await asyncio.sleep(max(0.0, begin + number * gap - time.monotonic()))
        turn.set()


def view(job: str, status: str, url: str = "") -> dict[str, Any]:
    """A job as skills.video shows it; with the fields that the peers' clients look for besides."""
    row: dict[str, Any] = {"id": job, "status": status, "request_id": job, "usage": {"total": 1}}
    return row | ({"data": {"type": "video", "videos": [{"url": url}]}} if url else {})


def end_with_the_starter() -> None:
    """The starter holds the other end of stdin: a bench that is killed takes its servers with it."""
    sys.stdin.read()
    os._exit(0)


async def main() -> None:
    server = Server()
    context = None
    if len(sys.argv) > 1:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1])
        server.scheme = "https"
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context, backlog=2048, limit=8 * MIB)
    server.port = listening.sockets[0].getsockname()[1]
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    print(server.port, flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
