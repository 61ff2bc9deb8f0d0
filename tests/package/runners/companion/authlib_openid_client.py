"""Logs a person in with the unmodified Flask client of `Authlib`; prints addresses to visit, then what happened as JSON.

The variable `REQUESTS_CA_BUNDLE` names the issuer's certificate. Standard input has the addresses to which the browser was sent back, one a line.
"""

import json
import sys
from urllib.parse import urlsplit

import requests
from authlib.integrations.flask_client import OAuth
from authlib.oidc import discovery, rpinitiated
from flask import Flask, session

issuer, client_id, client_secret, redirect_uri, logout_uri = sys.argv[1:]
document = f"{issuer}/.well-known/openid-configuration"

metadata = discovery.OpenIDProviderMetadata(requests.get(document, timeout=60).json())
metadata.validate(metadata_classes=[rpinitiated.OpenIDProviderMetadata])

app = Flask(__name__)
app.secret_key = "for this run alone"
client = OAuth(app).register(
    "companion",
    client_id=client_id,
    client_secret=client_secret,
    server_metadata_url=document,
    client_kwargs={"scope": "openid profile email offline_access", "code_challenge_method": "S256"},
)
seen = {"validated": metadata["issuer"]}


@app.get("/begin")
def begin():
    return client.authorize_redirect(redirect_uri)


@app.get("/login")
def login():
    # Validates `state`, the signature of the ID token, its claims and its `nonce`.
    token = client.authorize_access_token()
    session["id_token"] = token["id_token"]
    person = client.userinfo(token=token)
    renewed = client.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    again = client.parse_id_token(renewed, nonce=None)
    seen.update(
        {
            "amr": token["userinfo"]["amr"],
            "same": [person["sub"] == token["userinfo"]["sub"], again["sub"] == person["sub"]],
            "email": [person["email"], person["email_verified"]],
            "name": [person["name"], person["preferred_username"]],
            "auth_time": again["auth_time"] == token["userinfo"]["auth_time"],
        }
    )
    return ""


@app.get("/end")
def end():
    return client.logout_redirect(logout_uri, id_token_hint=session["id_token"])


@app.get("/bye")
def bye():
    seen["returned"] = client.validate_logout_response()["post_logout_redirect_uri"]
    return ""


app.testing = True
browser = app.test_client()


def follow(path):
    """Prints where the application sends the browser, and goes on with the address at which that ends."""
    print(browser.get(path, base_url=redirect_uri).headers["Location"], flush=True)
    back = urlsplit(sys.stdin.readline().strip())
    browser.get(f"{back.path}?{back.query}", base_url=redirect_uri)


follow("/begin")
follow("/end")
print(json.dumps(seen))
