"""A way to a server that takes its time: every byte arrives ONE_WAY_SECONDS after it was sent, in either direction."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ONE_WAY_SECONDS = 0.05


@contextmanager
def relay(to: int) -> Iterator[int]:
    """The port on loopback that leads to the port ``to``; connecting to it takes no time of its own."""
    loop = asyncio.new_event_loop()
    serving = loop.run_until_complete(
        asyncio.start_server(lambda reader, writer: _both_ways(reader, writer, to), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield serving.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: int) -> None:
    onward = await asyncio.open_connection("127.0.0.1", to)
    with suppress(asyncio.CancelledError):
        await asyncio.gather(_late(reader, onward[1]), _late(onward[0], writer))


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(1 << 16):
            loop.call_later(ONE_WAY_SECONDS, writer.write, data)
    except OSError:
        pass
    loop.call_later(ONE_WAY_SECONDS, writer.close)
