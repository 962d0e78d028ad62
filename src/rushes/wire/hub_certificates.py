"""The certificates of a hub: a small authority of its own, which signs for the server and for each role."""

from __future__ import annotations

import datetime
import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from rushes.errors import ConfigError, MissingExtra

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:
    raise MissingExtra(
        "a hub's certificates need cryptography, which is not installed: pip install 'rushes[hub]'",
        extra="hub",
        name="cryptography",
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime as Moment

__all__ = ["Authority", "Pair", "hosts_of", "valid_until"]

_LIFE = datetime.timedelta(days=3650)
_SKEW = datetime.timedelta(days=1)  # clocks of other machines may be behind


class Pair(NamedTuple):
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Signs certificates that are good for ten years from ``now``."""

    def __init__(self, pair: Pair) -> None:
        try:
            self._certificate = x509.load_pem_x509_certificate(pair.certificate)
            key = serialization.load_pem_private_key(pair.key, password=None)
        except (ValueError, TypeError) as error:
            raise ConfigError("the authority's certificate or key is broken", option="keys") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError("the authority's key is not of the kind that rushes makes", option="keys")
        self._key = key

    @staticmethod
    def make(name: str, now: Moment) -> Pair:
        """A new authority; ``name`` is shown to whoever looks at a certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(name)
        built = (
            _begun(subject, subject, key, now)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
        )
        return Pair(_pem(built.sign(key, hashes.SHA256())), _private_pem(key))

    def server(self, hosts: Sequence[str], now: Moment) -> Pair:
        """For a server that is reached by these names and addresses. It may also connect to its like, as the
        nodes of a cluster do. ConfigError for a host that is neither a name nor an address.
        """
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return self._leaf("rushes hub", purposes, now, names)

    def client(self, role: str, now: Moment) -> Pair:
        """For those who connect in this role."""
        return self._leaf(f"rushes {role}", [ExtendedKeyUsageOID.CLIENT_AUTH], now, None)

    def _leaf(
        self,
        name: str,
        purposes: Iterable[x509.ObjectIdentifier],
        now: Moment,
        hosts: x509.SubjectAlternativeName | None,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = (
            _begun(_subject(name), self._certificate.subject, key, now)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(signer, critical=False)
        )
        if hosts is not None:
            built = built.add_extension(hosts, critical=False)
        return Pair(_pem(built.sign(self._key, hashes.SHA256())), _private_pem(key))


def hosts_of(certificate: bytes) -> frozenset[str]:
    """The names and addresses that a server's certificate is good for. ConfigError when it is no certificate."""
    try:
        extension = _loaded(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return frozenset()
    names = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return frozenset([*(name.lower() for name in names), *map(str, addresses)])


def valid_until(certificate: bytes) -> Moment:
    """When it ends, with its time zone. ConfigError when it is no certificate."""
    return _loaded(certificate).not_valid_after_utc


def _loaded(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise ConfigError("the hub's certificate is broken: make it anew", option="keys") from error


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: Moment
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        # Strict readers refuse a certificate without the identifiers of its own key and of its signer's.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise ConfigError(
            f"{host!r} is neither a name nor an address of a machine", option="hosts"
        ) from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
