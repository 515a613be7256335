"""The encryption of an archive: AES-256-GCM in chunks, so that any size passes through little memory.

    CDBACKUP1 | length of the header (4 bytes) | header (JSON: key id, salt, when) | chunk | chunk | …
    chunk = length of the ciphertext (4 bytes) | ciphertext with its tag

Each archive has a key of its own, derived from BACKUP_KEY and the salt. A chunk's nonce holds its number and whether it is the
last, and the header is authenticated with each: a chunk that is changed, moved, missing or of another archive does not open.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from io import RawIOBase
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm.backups.faults import BackupFault

MAGIC = b"CDBACKUP1"
CHUNK = 1024 * 1024
TAG = 16
LONGEST_HEADER = 10_000


def key_id(key: bytes) -> str:
    """By which a key is recognized without being told."""
    return hashlib.sha256(b"backup key\0" + key).hexdigest()[:16]


def _archive_key(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"customer desk backup").derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class Sealer(RawIOBase):
    """A file to write plain bytes to; `finish` closes the last chunk, without which nothing can be opened as whole."""

    def __init__(self, target: BinaryIO, key: bytes, created_at: str) -> None:
        salt = secrets.token_bytes(32)
        header = {"key": key_id(key), "salt": base64.b64encode(salt).decode(), "created_at": created_at}
        self._header = json.dumps(header).encode()
        self._cipher = _archive_key(key, salt)
        self._target, self._pending, self._number = target, bytearray(), 0
        self.digest = hashlib.sha256()
        self._put(MAGIC + len(self._header).to_bytes(4, "big") + self._header)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pending += data
        while len(self._pending) > CHUNK:
            self._put_chunk(self._pending[:CHUNK], last=False)
            del self._pending[:CHUNK]
        return len(data)

    def finish(self) -> None:
        self._put_chunk(self._pending, last=True)

    def _put_chunk(self, plain: bytearray, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), bytes(plain), self._header)
        self._number += 1
        self._put(len(sealed).to_bytes(4, "big") + sealed)

    def _put(self, data: bytes) -> None:
        self.digest.update(data)
        self._target.write(data)


class Opener(RawIOBase):
    """A file to read the plain bytes from; raises BackupFault at the first chunk that is not what was written."""

    def __init__(self, source: BinaryIO, key: bytes) -> None:
        self._source = source
        self.digest = hashlib.sha256()
        if self._get(len(MAGIC)) != MAGIC:
            raise BackupFault("The file is no backup of Customer desk.")
        length = int.from_bytes(self._get(4), "big")
        self._header = self._get(min(length, LONGEST_HEADER))
        try:
            header = json.loads(self._header)
            made_with, salt = header["key"], base64.b64decode(header["salt"])
            self.created_at = str(header["created_at"])
        except (ValueError, KeyError, TypeError):
            raise BackupFault("The backup is damaged at its beginning.") from None
        if made_with != key_id(key):
            raise BackupFault(
                f"The backup was made with another key: it needs the BACKUP_KEY whose fingerprint is {made_with}, "
                f"this installation's is {key_id(key)}."
            )
        self._cipher = _archive_key(key, salt)
        self._chunks = self._open()
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _open(self) -> Iterator[bytes]:
        number = 0
        size = self._get(4)
        if not size:
            raise BackupFault("The backup is cut off at its beginning.")
        while size:
            length = int.from_bytes(size, "big")
            sealed = self._get(min(length, CHUNK + TAG))
            size = self._source.read(4)
            self.digest.update(size)
            try:
                if len(sealed) != length:
                    raise InvalidTag
                plain = self._cipher.decrypt(_nonce(number, last=not size), sealed, self._header)
            except InvalidTag:
                raise BackupFault(f"The backup is damaged or cut off at megabyte {number + 1}.") from None
            number += 1
            if plain:
                yield plain

    def _get(self, count: int) -> bytes:
        data = self._source.read(count)
        self.digest.update(data)
        return data
