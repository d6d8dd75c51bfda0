"""Streams and servers of `asyncio`."""

import select
import socket
from _asyncio_core import CancelledError, create_task, sleep_ms, until_ready


class Stream:
    def __init__(self, s, e={}):
        self.s = s
        self.e = e
        self.out_buf = b""

    def get_extra_info(self, name):
        return self.e[name]

    def close(self):
        pass

    async def wait_closed(self):
        self.s.close()

    async def read(self, n=-1):
        got = b""
        while True:
            await until_ready(self.s, select.POLLIN)
            part = self.s.read(n)
            if part is not None:
                got += part
                if n >= 0 or not part:
                    return got

    async def readinto(self, buffer):
        await until_ready(self.s, select.POLLIN)
        return self.s.readinto(buffer)

    async def readexactly(self, n):
        got = b""
        while n:
            await until_ready(self.s, select.POLLIN)
            part = self.s.read(n)
            if part is not None:
                if not part:
                    raise EOFError
                got += part
                n -= len(part)
        return got

    async def readline(self):
        line = b""
        while True:
            await until_ready(self.s, select.POLLIN)
            part = self.s.readline()
            if part is not None:
                line += part
                if not part or line[-1] == 10:
                    return line

    def write(self, data):
        if not self.out_buf:
            sent = self.s.write(data) or 0
            if sent == len(data):
                return
            data = data[sent:]
        self.out_buf += data

    async def drain(self):
        if not self.out_buf:
            return await sleep_ms(0)
        data = memoryview(self.out_buf)
        while len(data):
            await until_ready(self.s, select.POLLOUT)
            data = data[self.s.write(data) or 0 :]
        self.out_buf = b""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()
        await self.wait_closed()


StreamReader = Stream
StreamWriter = Stream


async def open_connection(host, port, ssl=None, server_hostname=None):
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0][-1]
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if error.errno != 119:
            raise
    await until_ready(sock, select.POLLOUT)
    if ssl is not None:
        if ssl is True:
            import ssl as tls

            ssl = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            ssl.verify_mode = tls.CERT_NONE
        sock.setblocking(True)
        sock = ssl.wrap_socket(sock, server_hostname=server_hostname)
        sock.setblocking(False)
    stream = Stream(sock)
    return stream, stream


class Server:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()
        await self.wait_closed()

    def close(self):
        self.task.cancel()

    async def wait_closed(self):
        try:
            await self.task
        except CancelledError:
            pass

    async def _serve(self, listener, serve, ssl):
        try:
            while True:
                await until_ready(listener, select.POLLIN)
                try:
                    client, address = listener.accept()
                except OSError:
                    continue
                if ssl is not None:
                    client = ssl.wrap_socket(client, server_side=True)
                client.setblocking(False)
                stream = Stream(client, {"peername": address})
                create_task(serve(stream, stream))
        finally:
            listener.close()


async def start_server(cb, host, port, backlog=5, ssl=None):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo(host, port)[0][-1])
    listener.listen(backlog)
    listener.setblocking(False)
    server = Server()
    server.task = create_task(server._serve(listener, cb, ssl))
    return server
