"""A passkey in software: it makes a key for a host and proves it, as a browser would send it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

FLAG = AuthenticatorData.FLAG


class Passkey:
    """One key pair; `origin` is what the browser says that it is at."""

    def __init__(self, origin: str, *, verifies: bool = True) -> None:
        self.origin = origin
        self.flags = FLAG.UP | (FLAG.UV if verifies else FLAG(0))
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = sha256(origin.encode()).digest()
        self.rp_id = ""
        self.handle = ""

    def create(self, options: Mapping[str, Any]) -> str:
        """Answer a question to make a key."""
        asked = options["publicKey"]
        self.rp_id, self.handle = asked["rp"]["id"], asked["user"]["id"]
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        held = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public)
        data = AuthenticatorData.create(self._rp_hash(), self.flags | FLAG.AT, 0, held)
        made = AttestationObject.create("none", data, {})
        response = {
            "clientDataJSON": self._client_data("webauthn.create", asked["challenge"]),
            "attestationObject": websafe_encode(bytes(made)),
        }
        return self._sent(response)

    def get(self, options: Mapping[str, Any]) -> str:
        """Answer a question to prove the key."""
        client_data = self._client_data("webauthn.get", options["publicKey"]["challenge"])
        data = AuthenticatorData.create(self._rp_hash(), self.flags, 1)
        signed = bytes(data) + sha256(websafe_decode(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": websafe_encode(bytes(data)),
            "signature": websafe_encode(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": self.handle,
        }
        return self._sent(response)

    def _rp_hash(self) -> bytes:
        return sha256(self.rp_id.encode()).digest()

    def _client_data(self, kind: str, challenge: str) -> str:
        content = {"type": kind, "challenge": challenge, "origin": self.origin}
        return websafe_encode(json.dumps(content).encode())

    def _sent(self, response: Mapping[str, str]) -> str:
        name = websafe_encode(self.credential_id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "clientExtensionResults": {"credProps": {"rk": True}},
                "response": dict(response),
            }
        )
