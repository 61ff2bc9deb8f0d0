import fastify from 'fastify'
import { createGate } from 'jotgate'
import { guardHook } from 'jotgate/express'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

const app = fastify()
app.addHook('onRequest', guardHook(gate, { scopes: ['items:read'] }))
app.get('/items/:id', (request) => ({ hello: request.auth.payload.sub }))
await app.listen({ port: Number(process.env.PORT ?? 3000) })
