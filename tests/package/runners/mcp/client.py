"""Calls the tools of an MCP server with the unmodified `mcp` package; prints the statuses seen and the results as JSON."""

import asyncio
import json
import sys

import httpx2
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

url, issuer, client_id, client_secret, scope = sys.argv[1:]
statuses = []


class Storage:
    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def seen(response):
    statuses.append([response.request.method, response.request.url.path, response.status_code])


async def main():
    provider = ClientCredentialsOAuthProvider(
        server_url=url, storage=Storage(), client_id=client_id, client_secret=client_secret, issuer=issuer, scope=scope or None
    )
    async with httpx2.AsyncClient(auth=provider, event_hooks={"response": [seen]}, follow_redirects=False) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            answers = [(await client.call_tool(name, {})).content[0].text for name in ["now", "who-am-i", "read-notes"]]
    print(json.dumps({"statuses": statuses, "tools": tools, "answers": answers}))


asyncio.run(main())
