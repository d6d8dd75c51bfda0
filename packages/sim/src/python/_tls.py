"""The module `tls` of an ESP32, over the host's TLS; certificates are held against the board's own clock."""

from _board import host, check
from socket import _Layer
from binascii import hexlify, unhexlify
import json

PROTOCOL_TLS_CLIENT = 0
PROTOCOL_TLS_SERVER = 1
PROTOCOL_DTLS_CLIENT = 2
PROTOCOL_DTLS_SERVER = 3
CERT_NONE = 0
CERT_OPTIONAL = 1
CERT_REQUIRED = 2
MBEDTLS_VERSION = "Mbed TLS 3.6.4"

_EPOCH_2000_S = 946684800
_HANDSHAKE_FAILED = -0x7780
_AGAIN = -11


def _hex(data):
    if isinstance(data, str):
        data = data.encode()
    return hexlify(data).decode() if data else ""


class SSLContext:
    def __init__(self, protocol):
        if protocol not in (PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER):
            raise ValueError
        self._server = protocol == PROTOCOL_TLS_SERVER
        self.verify_mode = CERT_NONE if self._server else CERT_REQUIRED
        self._trusted = ""
        self._certificate = ""
        self._key = ""

    def load_cert_chain(self, certfile, keyfile):
        self._certificate = _hex(certfile)
        self._key = _hex(keyfile)

    def load_verify_locations(self, cadata):
        self._trusted = _hex(cadata)

    def get_ciphers(self):
        return ["TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384"]

    def set_ciphers(self, ciphers):
        pass

    def wrap_socket(
        self,
        sock,
        server_side=False,
        do_handshake_on_connect=True,
        server_hostname=None,
        client_id=None,
    ):
        if not server_side and self.verify_mode == CERT_REQUIRED and server_hostname is None:
            raise ValueError("CERT_REQUIRED requires server_hostname")
        if not hasattr(sock, "_number"):
            raise OSError(95)
        options = {
            "server": bool(server_side),
            "verify": self.verify_mode != CERT_NONE,
            "nowMs": (host.rtc_seconds() + _EPOCH_2000_S) * 1000,
            "trusted": self._trusted,
            "certificate": self._certificate,
            "key": self._key,
        }
        if server_hostname is not None:
            options["hostname"] = server_hostname
        wait = sock._timeout if do_handshake_on_connect else 0
        return SSLSocket(sock, _outcome(host.socket_secure(sock._number, json.dumps(options), wait)))


def _outcome(result):
    """What the handshake ended with; None when it goes on."""
    if not isinstance(result, str):
        return None if result == _AGAIN else check(result)
    outcome = json.loads(result)
    if outcome["secured"]:
        return outcome
    if outcome["kind"] == "handshake":
        raise OSError(_HANDSHAKE_FAILED, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE")
    raise ValueError(outcome["text"])


class SSLSocket(_Layer):
    def __init__(self, sock, outcome):
        super().__init__(sock)
        self._outcome = outcome or {}

    def read(self, size=-1):
        return self._sock.read(size)

    def readinto(self, buffer, size=-1):
        return self._sock.readinto(buffer, size)

    def readline(self, size=-1):
        return self._sock.readline(size)

    def write(self, data, size=-1):
        return self._sock.write(data, size)

    def setblocking(self, flag):
        self._sock.setblocking(flag)

    def getpeercert(self, binary_form=False):
        if not binary_form:
            raise NotImplementedError
        peer = self._outcome.get("peer")
        return unhexlify(peer) if peer else None

    def cipher(self):
        return (self._outcome.get("cipher"), self._outcome.get("version"))

    def ioctl(self, request, argument):
        return self._sock.ioctl(request, argument)

    def close(self):
        self._sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()
