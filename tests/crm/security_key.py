"""A security key in software: answers registrations and assertions as devices do, and does what thieves would like."""

import json
import re
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

HOST = "testserver"
ADD, ALONE = "/account/security/passkeys/add", "/account/sign-in/passkey"
FLAG = AuthenticatorData.FLAG


class SecurityKey:
    """Holds one credential; `verifies` says whether it asks for a PIN or fingerprint and says so."""

    def __init__(self, *, verifies: bool) -> None:
        self.flags = FLAG.UP | (FLAG.UV if verifies else FLAG(0))
        self.id = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def registration(self, challenge: str) -> str:
        credential = AttestedCredentialData.create(
            bytes(16), self.id, ES256.from_cryptography_key(self._key.public_key())
        )
        data = AuthenticatorData.create(sha256(HOST.encode()), self.flags | FLAG.AT, 0, credential)
        attestation = AttestationObject.create("none", data, {})
        client = CollectedClientData.create("webauthn.create", challenge, f"https://{HOST}")
        return self._told({"clientDataJSON": client, "attestationObject": attestation})

    def assertion(self, challenge: str, user_handle: bytes = b"") -> str:
        data = AuthenticatorData.create(sha256(HOST.encode()), self.flags, 0)
        client = CollectedClientData.create("webauthn.get", challenge, f"https://{HOST}")
        signature = self._key.sign(bytes(data) + sha256(client), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": user_handle}
        return self._told(parts)

    def _told(self, response: dict[str, bytes]) -> str:
        number = websafe_encode(self.id)
        parts = {name: websafe_encode(value) for name, value in response.items()}
        return json.dumps(
            {"id": number, "rawId": number, "type": "public-key", "response": parts, "clientExtensionResults": {}}
        )


def add_key(browser: Client, key: SecurityKey, **more: str) -> Any:
    """Register the key for who is signed in; `passwordless="on"` for signing in with it alone."""
    page = browser.get(ADD, secure=True)
    return browser.post(ADD, {"name": "Key", "credential": key.registration(asked(page)), **more}, secure=True)


def asked(page: Any) -> str:
    """The challenge that a page, or the answer of the sign-in, holds."""
    found = re.search(r'"challenge": ?"([\w-]+)"', page.content.decode())
    assert found, page.status_code
    return found[1]
