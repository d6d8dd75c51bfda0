"""The module `socket` of an ESP32, on the board's network."""

from _board import host, check, addressof
import io

AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IP_ADD_MEMBERSHIP = 3
IP_DROP_MEMBERSHIP = 4
SOL_SOCKET = 4095
SO_REUSEADDR = 4
SO_BROADCAST = 32
SO_BINDTODEVICE = 4107
TCP_NODELAY = 1

_EAGAIN = -11
# What the name look-up raises for a port that cannot be.
_SERVICE = -201
_FOREVER = -1
_POLL = 3
_CLOSE = 4
_CHUNK = 256


def _bytes(data):
    return data.encode() if isinstance(data, str) else data


def _resolve(name):
    found = host.socket_resolve(name or "0.0.0.0")
    if isinstance(found, str):
        return found
    if found == -4:
        check(found)
    raise OSError(found)


def _port(port):
    """A port as lwIP takes it."""
    port = int(port)
    if not 0 <= port <= 65535:
        raise OSError(_SERVICE)
    return port


def _split(peer):
    if peer is None:
        return ("0.0.0.0", 0)
    at = peer.rfind(":")
    return (peer[:at], int(peer[at + 1 :]))


def getaddrinfo(name, port, af=0, type=0, proto=0, flags=0):
    address = _resolve(name)
    return [(AF_INET, type or SOCK_STREAM, 0, name, (address, _port(port)))]


class socket(io.IOBase):
    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, number=0):
        self._datagram = type == SOCK_DGRAM
        self._timeout = _FOREVER
        self._number = number or check(host.socket_new(self._datagram))
        self._guard = host.socket_guard(self._number)

    def bind(self, address):
        check(host.socket_bind(self._number, _port(address[1])))

    def listen(self, backlog=2):
        check(host.socket_listen(self._number, backlog))

    def accept(self):
        number = check(host.socket_accept(self._number, self._timeout))
        return socket(number=number), _split(host.socket_peer(number))

    def connect(self, address):
        name = address[0]
        check(host.socket_connect(self._number, _resolve(name), _port(address[1]), self._timeout))

    def send(self, data):
        data = _bytes(data)
        return (
            check(host.socket_send(self._number, addressof(data), len(data), self._timeout))
            if len(data)
            else 0
        )

    def sendall(self, data):
        view = memoryview(_bytes(data))
        while len(view):
            view = view[self.send(view) :]

    def sendto(self, data, address):
        data = _bytes(data)
        target = _resolve(address[0])
        return check(
            host.socket_sendto(
                self._number, addressof(data) if len(data) else 0, len(data), target, _port(address[1])
            )
        )

    def write(self, data, size=-1):
        """All of it, or what goes without waiting; None when nothing does."""
        view = memoryview(_bytes(data))
        if size >= 0:
            view = view[:size]
        if self._timeout == 0:
            sent = (
                host.socket_send(self._number, addressof(view), len(view), 0) if len(view) else 0
            )
            return None if sent == _EAGAIN else check(sent)
        size = len(view)
        while len(view):
            view = view[self.send(view) :]
        return size

    def _receive(self, view):
        return (
            host.socket_receive(self._number, addressof(view), len(view), self._timeout)
            if len(view)
            else 0
        )

    def recv(self, size):
        data = bytearray(size)
        count = check(self._receive(data))
        return bytes(memoryview(data)[:count])

    def recv_into(self, buffer, size=0):
        view = memoryview(buffer)
        return check(self._receive(view[:size] if size else view))

    def recvfrom(self, size):
        data = self.recv(size)
        return data, _split(host.socket_peer(self._number))

    def readinto(self, buffer, size=-1):
        """Fills the buffer as far as there is data; waits only for the first byte that is due."""
        view = memoryview(buffer)
        if size >= 0:
            view = view[:size]
        if self._timeout == 0:
            count = self._receive(view)
            return None if count == _EAGAIN else check(count)
        got = 0
        while got < len(view):
            count = check(self._receive(view[got:]))
            if count == 0:
                break
            got += count
        return got

    def read(self, size=-1):
        """`size` bytes, or all until the peer ends."""
        data = bytearray()
        part = bytearray(_CHUNK if size < 0 else min(size, _CHUNK))
        while size < 0 or len(data) < size:
            view = memoryview(part) if size < 0 else memoryview(part)[: size - len(data)]
            count = self._receive(view)
            if count == _EAGAIN:
                return bytes(data) if data else None
            if check(count) == 0:
                break
            data.extend(view[:count])
        return bytes(data)

    def readline(self, size=-1):
        line = bytearray()
        byte = bytearray(1)
        while size < 0 or len(line) < size:
            count = self._receive(byte)
            if count == _EAGAIN:
                return bytes(line) if line else None
            if check(count) == 0:
                break
            line.extend(byte)
            if byte[0] == 10:
                break
        return bytes(line)

    def ioctl(self, request, argument):
        if request == _POLL:
            return host.socket_flags(self._number) & (argument | 0x38)
        if request == _CLOSE:
            self.close()
        return 0

    def close(self):
        if self._number:
            host.socket_close(self._number)
            self._number = 0
            self._guard = None

    def setblocking(self, flag):
        self._timeout = _FOREVER if flag else 0

    def settimeout(self, seconds):
        self._timeout = _FOREVER if seconds is None else int(seconds * 1000)

    def setsockopt(self, level, option, value):
        pass

    def makefile(self, *args):
        return self

    def fileno(self):
        return self._number or -1

    def getsockname(self):
        found = host.wlan_addresses()
        if found.startswith("0.0.0.0,"):
            found = host.lan_addresses()
        return (found.split(",")[0], check(host.socket_port(self._number)))

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()


class _Layer(io.IOBase):
    """What lies over a socket and is waited for as it is."""

    def __init__(self, sock):
        self._sock = sock

    @property
    def _number(self):
        return self._sock._number
