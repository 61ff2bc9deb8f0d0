"""Logs a person in with the unmodified `Authlib` package; prints the address to visit, then what happened as JSON.

The variable `REQUESTS_CA_BUNDLE` names the issuer's certificate. Standard input has the address to which the browser was sent back, in one line.
"""

import json
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

issuer, client_id, client_secret, redirect_uri = sys.argv[1:]

document = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=60).json()
metadata = AuthorizationServerMetadata(document)
metadata.validate()

session = OAuth2Session(
    client_id,
    client_secret or None,
    scope="read offline_access",
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic" if client_secret else "none",
    revocation_endpoint_auth_method="client_secret_basic" if client_secret else "none",
)
verifier = generate_token(48)
url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
print(url, flush=True)

back = sys.stdin.readline().strip()
tokens = session.fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)
renewed = session.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
revoked = session.revoke_token(
    metadata["revocation_endpoint"], token=renewed["refresh_token"], token_type_hint="refresh_token"
)
try:
    session.refresh_token(metadata["token_endpoint"], refresh_token=renewed["refresh_token"])
    after = "renewed"
except OAuthError as error:
    after = error.error
print(
    json.dumps(
        {
            "validated": metadata["issuer"],
            "type": tokens["token_type"],
            "scope": tokens["scope"],
            "access": [tokens["access_token"], renewed["access_token"]],
            "rotated": renewed["refresh_token"] != tokens["refresh_token"],
            "revoked": revoked.status_code,
            "after": after,
        }
    )
)
