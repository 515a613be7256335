"""The `.env` of an installation: written once, with random secrets of its own, for its owner's eyes only."""

import base64
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crm.environment import BACKUP_KEY_BYTES, BASE_DIR, from_file
from crm.setup.locks import FileLock, read_only


def ensure_env_file(folder: Path = BASE_DIR) -> bool:
    """Write `.env` from `.env.example` with fresh secrets, unless it is there or the process brings its own."""
    path = folder / ".env"
    if os.environ.get("SECRET_KEY"):
        return False
    if path.exists():
        _add_backup_key(path)
        return False
    values = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "JWT_PRIVATE_KEY": new_private_key(),
        "BACKUP_KEY": new_backup_key(),
    }
    lines = (folder / ".env.example").read_text().splitlines()
    filled = [f"{line}{values[line[:-1]]}" if line.endswith("=") and line[:-1] in values else line for line in lines]
    partial = folder / ".env.partial"
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(filled) + "\n")
        partial.replace(path)
    except OSError as error:
        raise read_only(folder, error) from None
    return True


def _add_backup_key(path: Path) -> None:
    """An `.env` of a version that made no backups gets a key for them; one that can't be written stays as it is."""
    if os.environ.get("BACKUP_KEY") or from_file(path).get("BACKUP_KEY", "").strip() or not os.access(path, os.W_OK):
        return
    with FileLock(path):
        if not from_file(path).get("BACKUP_KEY", "").strip():
            with path.open("a") as file:
                file.write(
                    f"\n# Backups are encrypted with it: keep a copy where the backups are not.\nBACKUP_KEY={new_backup_key()}\n"
                )


def new_backup_key() -> str:
    """32 random bytes as base64."""
    return base64.b64encode(secrets.token_bytes(BACKUP_KEY_BYTES)).decode()


def new_private_key() -> str:
    """An RSA key in PEM form on one line, its line ends written as \\n."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode().replace("\n", "\\n")


def unknown_names(known: tuple[str, ...], folder: Path = BASE_DIR) -> list[str]:
    """Names in `.env` that nobody reads: most likely slips of the pen."""
    return sorted(set(from_file(folder / ".env")) - set(known))
