import { createServer } from 'node:http'
import { createGate } from 'jotgate'
import { guardHandler } from 'jotgate/express'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

const hello = (request, response, auth) => response.end(JSON.stringify({ hello: auth.payload.sub }))
createServer(guardHandler(gate, hello, { scopes: ['items:read'] })).listen(process.env.PORT ?? 3000)
