"""The encryption of an archive: whatever is changed, cut off or moved does not open."""

from io import BytesIO

import pytest

from crm.backups import envelope
from crm.backups.envelope import CHUNK, Opener, Sealer, key_id
from crm.backups.faults import BackupFault

KEY = bytes(range(32))


def _sealed(plain: bytes, key: bytes = KEY) -> bytes:
    target = BytesIO()
    sealer = Sealer(target, key, "2026-01-15T02:30:00+00:00")
    for start in range(0, len(plain), 700_001):
        sealer.write(plain[start : start + 700_001])
    sealer.finish()
    return target.getvalue()


def _opened(sealed: bytes, key: bytes = KEY) -> bytes:
    opener = Opener(BytesIO(sealed), key)
    return b"".join(iter(lambda: opener.read(65_536), b""))


def _chunks(sealed: bytes) -> tuple[bytes, list[bytes]]:
    """Everything up to the first chunk, and the chunks with their lengths."""
    start = len(envelope.MAGIC)
    place = start + 4 + int.from_bytes(sealed[start : start + 4], "big")
    head, chunks = sealed[:place], []
    while place < len(sealed):
        end = place + 4 + int.from_bytes(sealed[place : place + 4], "big")
        chunks.append(sealed[place:end])
        place = end
    return head, chunks


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_is_sealed_is_opened(size: int) -> None:
    plain = bytes(index % 251 for index in range(1000)) * (size // 1000 + 1)
    assert _opened(_sealed(plain[:size])) == plain[:size]


def test_nothing_of_the_plain_text_is_in_it_and_no_two_are_alike() -> None:
    plain = b"Jordan Smith" * 1000
    assert b"Jordan" not in _sealed(plain)
    assert _sealed(plain) != _sealed(plain)


def test_another_key_is_named_by_its_fingerprint() -> None:
    other = bytes(32)
    with pytest.raises(BackupFault, match=key_id(KEY)) as caught:
        _opened(_sealed(b"x"), other)
    assert KEY.hex() not in str(caught.value)


def test_every_flipped_byte_is_found() -> None:
    sealed = _sealed(b"some text that matters")
    for place in range(len(sealed)):
        damaged = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(BackupFault):
            _opened(damaged)


def test_every_cut_is_found() -> None:
    sealed = _sealed(b"some text that matters")
    for length in range(len(sealed)):
        with pytest.raises(BackupFault):
            _opened(sealed[:length])


def test_chunks_that_are_missing_moved_or_of_another_archive_are_found() -> None:
    head, chunks = _chunks(_sealed(bytes(3 * CHUNK)))
    _other, others = _chunks(_sealed(bytes(3 * CHUNK)))
    assert len(chunks) == 3
    assert _opened(head + b"".join(chunks)) == bytes(3 * CHUNK)
    for wrong in (
        [chunks[1], chunks[0], chunks[2]],
        [chunks[0], chunks[2]],
        chunks[:2],
        [chunks[0], others[1], chunks[2]],
        [*chunks, chunks[2]],
        [],
    ):
        with pytest.raises(BackupFault):
            _opened(head + b"".join(wrong))


def test_another_file_is_refused() -> None:
    with pytest.raises(BackupFault, match="no backup"):
        _opened(b"PGDMP and so on")
