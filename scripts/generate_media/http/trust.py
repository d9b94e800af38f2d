"""Which certificates are believed: one TLS context for a client and all who share it.

The standard library alone, since a handshake may begin before urllib3 is imported.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..core import UsageError

SYSTEM_STORE = Path("/etc/ssl/certs")
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
ALPN = ["http/1.1"]


class TrustStore:
    """The one TLS context of a client, and which authorities it trusts.

    The user's own (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR) where set, and then alone.
    Else the system's hashed folder, of which OpenSSL opens only what it needs, and certifi's bundle (60 to 100 ms)
    only when an issuer is not found there; or certifi's from the start.
    """

    def __init__(
        self, environ: Mapping[str, str], system_store: Path = SYSTEM_STORE, bundle: Path | None = None
    ) -> None:
        self.context = _verifying_context(environ)
        self._bundle = bundle
        self._may_widen = False
        self._lock = threading.Lock()
        chosen = next(((name, environ[name]) for name in BUNDLE_VARIABLES if environ.get(name)), None)
        if chosen is not None:
            self._load_chosen(*chosen)
        elif _is_hashed(system_store):
            self.context.load_verify_locations(capath=str(system_store))
            self._may_widen = True
        else:
            self._load_bundle()

    def widen(self) -> bool:
        """Trust certifi's authorities as well; False where that is done, or the user chose the store."""
        with self._lock:
            if self._may_widen:
                self._load_bundle()
                self._may_widen = False
                return True
            return False

    def _load_bundle(self) -> None:
        import certifi

        self.context.load_verify_locations(cafile=str(self._bundle or certifi.where()))

    def _load_chosen(self, name: str, path: str) -> None:
        place = {"capath": path} if os.path.isdir(path) else {"cafile": path}
        try:
            self.context.load_verify_locations(**place)
        except OSError as error:
            raise UsageError("ca_bundle_unusable", f"{name} names {path}: {error.strerror or 'not readable'}") from None


def _is_hashed(folder: Path) -> bool:
    with suppress(OSError), os.scandir(folder) as entries:
        return any(entry.name.endswith(".0") for entry in entries)
    return False


def _verifying_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """As ``urllib3.util.ssl_.create_urllib3_context`` makes one; certificate and host name are always checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_TICKET
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(ALPN)
    if environ.get("SSLKEYLOGFILE"):
        context.keylog_filename = os.path.expandvars(environ["SSLKEYLOGFILE"])
    return context
