"""The module `ssl` of an ESP32: files and CPython's names over `tls`."""

import _tls
from _tls import *


def _content(data):
    """What a file of that name holds; bytes are the content itself."""
    if isinstance(data, str) and "-----BEGIN" not in data:
        with open(data, "rb") as file:
            return file.read()
    return data


class SSLContext(_tls.SSLContext):
    def load_cert_chain(self, certfile, keyfile):
        super().load_cert_chain(_content(certfile), _content(keyfile))

    def load_verify_locations(self, cafile=None, cadata=None):
        super().load_verify_locations(_content(cafile) if cafile else cadata)


def wrap_socket(
    sock,
    server_side=False,
    key=None,
    cert=None,
    cert_reqs=CERT_NONE,
    cadata=None,
    server_hostname=None,
    do_handshake=True,
):
    """As before there were contexts: certificates are not looked at unless that is asked for."""
    context = SSLContext(PROTOCOL_TLS_SERVER if server_side else PROTOCOL_TLS_CLIENT)
    if cert or key:
        context.load_cert_chain(cert, key)
    if cadata:
        context.load_verify_locations(cadata=cadata)
    context.verify_mode = cert_reqs
    return context.wrap_socket(
        sock,
        server_side=server_side,
        do_handshake_on_connect=do_handshake,
        server_hostname=server_hostname,
    )
