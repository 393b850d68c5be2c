"""TLS to a server whose certificate an authority has signed, or the user has accepted."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, platformTrust
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.client import places
from chat.disk.files import put_in_place


def known_hosts_path() -> Path:
    """Return the path of the file with the certificates that the user trusts."""
    return places.config() / "known_hosts"


class Untrusted(Exception):
    """The server may not be the one that it claims to be. The message is a sentence for the user."""


class Unknown(Untrusted):
    """No authority that the system trusts has signed the certificate, and the user has not accepted it."""

    def __init__(self, place: str, fingerprint: str) -> None:
        super().__init__(
            "No authority that this computer trusts has signed its certificate, "
            f"whose SHA-256 fingerprint is {fingerprint}. "
            f"To see and keep it, connect once from a terminal: chat tls://{place}"
        )
        self.place = place
        self.fingerprint = fingerprint
        self.question = (
            f"No authority that this computer trusts has signed the certificate of {place}.\n"
            f"Its SHA-256 fingerprint is\n{fingerprint}\n"
            "Whoever runs the server sees it too: compare the two."
        )
        """What the user must know before deciding whether to trust the certificate."""


class Changed(Untrusted):
    """The user has accepted another certificate of this server before."""


class KnownHosts:
    """A file with a line for each server whose certificate the user trusts: ``host:port fingerprint``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fingerprint(self, place: str) -> str | None:
        """Return the fingerprint that is kept for the server at *place*."""
        kept = None
        for line in self._read().splitlines():
            match line.split():
                case [known, fingerprint] if known == place:
                    kept = fingerprint
        return kept

    def keep(self, place: str, fingerprint: str) -> None:
        """Trust this certificate of the server at *place* from now on; raises :class:`OSError`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = self._read()
        if content and not content.endswith("\n"):
            content += "\n"
        path = self.path.resolve()
        part = path.with_name(f"{path.name}.part")
        part.write_text(f"{content}{place} {fingerprint}\n", encoding="utf-8")
        put_in_place(part, path)

    def _read(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


@implementer(IOpenSSLClientConnectionCreator)
class Trust:
    """Decides during the handshake whether the server is the one at *host* and *port*.

    It is if an authority that the system trusts has signed its certificate for *host*, or if the certificate is the
    one that is kept in *known*.
    """

    def __init__(self, host: str, port: int, known: KnownHosts) -> None:
        self._name = None if _is_address(host) else host.encode("idna")
        self._identity = IPAddress_ID(host) if self._name is None else DNS_ID(self._name.decode())
        self._known = known
        self._place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._context: SSL.Context = CertificateOptions(trustRoot=platformTrust()).getContext()

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Begin a connection."""
        connection = SSL.Connection(self._context, None)
        if self._name is not None:
            connection.set_tlsext_host_name(self._name)
        vouched = True

        def verify(connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, accepted: int) -> bool:
            """Collect OpenSSL's verdicts on the chain, and decide at the server's own certificate, which comes last."""
            nonlocal vouched
            vouched = vouched and bool(accepted)
            if depth > 0:
                return True
            try:
                self._check(certificate, vouched)
            except Exception:
                protocol.failVerification(Failure())
                return False
            return True

        connection.set_verify(SSL.VERIFY_PEER, verify)
        return connection

    def _check(self, certificate: crypto.X509, vouched: bool) -> None:
        if vouched and self._is_of_the_host(certificate):
            return
        fingerprint = certificate.digest("sha256").decode()
        kept = self._known.fingerprint(self._place)
        if kept is None:
            raise Unknown(self._place, fingerprint)
        if kept != fingerprint:
            raise Changed(
                f"Its certificate has changed: it was {kept}, and now is {fingerprint}. Somebody may be listening in. "
                f"If you know why it changed, take the line {self._place} out of {self._known.path}."
            )

    def _is_of_the_host(self, certificate: crypto.X509) -> bool:
        try:
            verify_service_identity(extract_patterns(certificate), [self._identity], [])
        except (VerificationError, CertificateError):
            return False
        return True


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
