"""What the server shows to prove who it is: a certificate and its key, given or made."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from chat.disk.files import make_directory, put_in_place
from chat.disk.private import close_to_others, create_in_data

NEVER = datetime(9999, 12, 31, 23, 59, 59)
"""The end of a certificate that has none (RFC 5280, section 4.1.2.5)."""

log = Logger()


class BadCertificate(Exception):
    """A certificate can't be used; the message is a sentence for whoever runs the server."""


@implementer(IOpenSSLServerConnectionCreator)
class Certificate:
    """A certificate with its chain and its key, from PEM files, which may be one.

    :meth:`load` reads them, and again when they have been renewed; connections that were there go on as before.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain = chain
        self._key = key
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.fingerprint = ""
        """SHA-256 of the certificate, as ``openssl x509 -fingerprint -sha256`` writes it."""
        self.expires = NEVER.replace(tzinfo=UTC)

    def load(self) -> None:
        """Read the files; raises :class:`BadCertificate`, and then what was read before stays in use."""
        certificates = _certificates(self._chain)
        key = _key(self._key)
        if key.public_key() != certificates[0].public_key():
            raise BadCertificate(f"{self._key} is not the key of {self._chain}. Check --tls-cert and --tls-key.")
        first, *others = (crypto.X509.from_cryptography(certificate) for certificate in certificates)
        options = CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(key),
            certificate=first,
            extraCertChain=others,
            raiseMinimumTo=TLSVersion.TLSv1_2,
        )
        try:
            self._context = options.getContext()
        except SSL.Error as error:
            raise BadCertificate(f"{self._chain} can't be used: {error}. Check --tls-cert.") from error
        self.fingerprint = first.digest("sha256").decode()
        self.expires = certificates[0].not_valid_after_utc

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Begin a connection with what was read last."""
        return SSL.Connection(self._context, None)


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadCertificate(f"{path} can't be read: {error.strerror}. Check {option}.") from error


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, "--tls-cert"))
    except ValueError as error:
        raise BadCertificate(f"{path} holds no certificate in PEM form. Check --tls-cert.") from error


def _key(path: Path) -> crypto._PrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(path, "--tls-key"), None)
    except TypeError as error:
        raise BadCertificate(f"{path} is locked by a password. Store the key without one.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadCertificate(f"{path} holds no private key in PEM form. Check --tls-key.") from error
    return key  # type: ignore[return-value]


def make_where_missing(path: Path) -> None:
    """Make a key, and a certificate signed by itself, in the file *path* unless there is one.

    Raises :class:`BadCertificate`.
    """
    try:
        if not path.exists():
            make_directory(path.parent)
            _write(path, _self_signed())
        elif close_to_others(path):
            log.warn("others could use {path}, which has the key of the chat; now only its owner can", path=path)
    except OSError as error:
        raise BadCertificate(f"{path} can't be written: {error.strerror}. Choose another place with --data.") from error


def _write(path: Path, content: bytes) -> None:
    """Write a file for nobody else to read, whole or not at all."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(create_in_data(new), "wb") as file:
        file.write(content)
    put_in_place(new, path)


def _self_signed() -> bytes:
    """A key, and a certificate for this host that never expires: clients remember it as it is."""
    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64] or "localhost")])
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in {host, "localhost"} if name and name.isascii()]
    names += [x509.IPAddress(ip_address(address)) for address in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1))
        .not_valid_after(NEVER)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
