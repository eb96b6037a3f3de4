"""A mail server small enough to see through: takes mails, or refuses them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_ANSWERS = {
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


class PostOffice:
    """What arrived; `refuses` is how many mails are turned away first."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.refuses = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "220 post office")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb in ("EHLO", "HELO"):
                await _say(writer, "250 post office")
            elif verb == "MAIL" and self.refuses:
                self.refuses -= 1
                await _say(writer, "451 come back later")
            elif verb == "DATA":
                await _say(writer, "354 go on")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                await _say(writer, "250 taken")
            else:
                await _say(writer, _ANSWERS.get(verb, "502 what?"))
            if verb == "QUIT":
                break
        writer.close()


async def _say(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(f"{line}\r\n".encode())
    await writer.drain()


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    office = PostOffice()
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    async with server:
        yield office
