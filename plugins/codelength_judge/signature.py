"""Signatures of verdicts: HMAC-SHA256 with a secret, or Ed25519 with a key pair."""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec

from codelength.api.errors import CodelengthError, Unavailable, UsageError

PEM = b"-----BEGIN"
SHORTEST = 16
"""Bytes of a secret, at least."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a verdict that somebody has signed."""

    algorithm: str
    """`hmac-sha256` or `ed25519`."""
    key: str
    """Which key: 16 hexadecimal digits."""
    value: str
    """In hexadecimal digits, over the JSON of the verdict: keys in order, no spaces, UTF-8."""


class WrongSignature(CodelengthError):
    """A verdict that was not signed with this key, or was changed since."""

    exit_code = 4


def sign(message: bytes, key_file: Path) -> Signature:
    """Sign a message.

    Args:
        key_file: A private Ed25519 key as PEM, or a file whose bytes are a secret.

    Raises:
        UsageError: It is neither.
        Unavailable: The library for Ed25519 is missing.
    """
    content = _read(key_file)
    if not content.startswith(PEM):
        value = hmac.digest(content, message, "sha256").hex()
        return Signature(algorithm="hmac-sha256", key=_name_of_secret(content), value=value)
    private = _load(content, key_file, private=True)
    return Signature(
        algorithm="ed25519", key=_name_of(private.public_key()), value=private.sign(message).hex()
    )


def check(message: bytes, signature: Signature, key_file: Path) -> None:
    """Check a signature.

    Args:
        key_file: The secret, or the public key as PEM; the private key does, too.

    Raises:
        WrongSignature: It is not that of this message and this key.
        UsageError, Unavailable: As `sign` does.
    """
    content = _read(key_file)
    if content.startswith(PEM):
        public = _load(content, key_file, private=False)
        known, fits = _name_of(public), _is_signed(public, signature.value, message)
    else:
        known = _name_of_secret(content)
        expected = hmac.digest(content, message, "sha256").hex()
        fits = hmac.compare_digest(expected, signature.value)
    if known != signature.key:
        raise WrongSignature(f"the verdict was signed with key {signature.key}, this is {known}")
    if not fits:
        raise WrongSignature("the verdict is not what was signed: it was changed since")


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}") from error
    if len(content) < SHORTEST:
        raise UsageError(
            f"the key {path} has {len(content)} bytes; a secret has {SHORTEST} or more"
        )
    return content


def _name_of_secret(secret: bytes) -> str:
    return hmac.digest(secret, b"codelength judge", "sha256").hex()[:16]


def _name_of(public: Any) -> str:  # noqa: ANN401 - a class of a library that may be missing
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def _load(content: bytes, path: Path, private: bool) -> Any:  # noqa: ANN401
    """Read an Ed25519 key; the public one, unless `private`."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (
            Ed25519PrivateKey,
            Ed25519PublicKey,
        )
    except ImportError as error:
        raise Unavailable(
            f"{path} is a key for Ed25519: python -m pip install 'codelength[judge]'"
        ) from error
    try:
        if b"PRIVATE" in content:
            key: Any = serialization.load_pem_private_key(content, None)
            found = key if private or not isinstance(key, Ed25519PrivateKey) else key.public_key()
        else:
            found = serialization.load_pem_public_key(content)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is no key that can be read: {error}") from error
    if not isinstance(found, Ed25519PrivateKey if private else Ed25519PublicKey):
        wanted = "a private Ed25519 key" if private else "an Ed25519 key"
        raise UsageError(f"{path} is not {wanted}")
    return found


def _is_signed(public: Any, value: str, message: bytes) -> bool:  # noqa: ANN401
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(bytes.fromhex(value), message)
    except (InvalidSignature, ValueError):
        return False
    return True
