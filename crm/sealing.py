"""Sealing single values in their columns: AES-256-GCM with a key per business, bound to the row and field that hold them.

A sealed value is `version | key id (4) | nonce (12) | ciphertext and tag`; the row's business, kind, field and id are authenticated
with it, so that a value copied into another row or field can't be opened there. A blind key finds equal values without opening them.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = b"\x01"


class SealBroken(Exception):
    """A sealed value that no known key opens: the key is gone, or the value was moved or changed."""


def seal(text: str, record: Any, field: str) -> bytes | None:
    """`text` as the column of `record` keeps it; None for nothing."""
    if not text:
        return None
    master, nonce = _masters()[0], secrets.token_bytes(12)
    cipher = AESGCM(_key(master, record.business_id, "seal"))
    return _VERSION + _key_id(master) + nonce + cipher.encrypt(nonce, text.encode(), _place(record, field))


def unseal(sealed: bytes | memoryview | None, record: Any, field: str) -> str:
    """The text that was sealed for this field of this record. Raises SealBroken."""
    if sealed is None:
        return ""
    value = bytes(sealed)
    for master in _masters():
        if value[:5] == _VERSION + _key_id(master):
            cipher = AESGCM(_key(master, record.business_id, "seal"))
            try:
                return cipher.decrypt(value[5:17], value[17:], _place(record, field)).decode()
            except InvalidTag as error:
                raise SealBroken(field) from error
    raise SealBroken(field)


def blind_key(text: str, record: Any, field: str) -> bytes | None:
    """16 bytes that are the same for equal texts of this field in this business, and say nothing else; None for nothing."""
    if not text:
        return None
    key = _key(_masters()[0], record.business_id, f"find {field}")
    return hmac.new(key, text.strip().lower().encode(), hashlib.sha256).digest()[:16]


def _masters() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _key_id(master: str) -> bytes:
    return hashlib.sha256(b"key id" + master.encode()).digest()[:4]


@lru_cache(maxsize=256)
def _key(master: str, business_id: Any, purpose: str) -> bytes:
    info = f"{purpose} of {business_id}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master.encode())


def _place(record: Any, field: str) -> bytes:
    return f"{record.business_id}|{record._meta.label_lower}|{field}|{record.pk}".encode()
