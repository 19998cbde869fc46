"""Runs a proxy in front of a server: `tls CERTIFICATE KEY PORT` terminates TLS, `connect` is an HTTP proxy.

Prints its port. The HTTP proxy also prints a line for each request to connect to a host.
"""

import asyncio
import ssl
import sys


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(copy(reader, other_writer), copy(other_reader, writer))


async def end_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await join(reader, writer, int(sys.argv[4]))


async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    method, target, _ = head.split(" ", 2)
    print(method, target, flush=True)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await join(reader, writer, int(target.rpartition(":")[2]))


async def main() -> None:
    context = None
    if sys.argv[1] == "tls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    serve = end_tls if sys.argv[1] == "tls" else connect
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
