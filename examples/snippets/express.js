import express from 'express'
import { createGate } from 'jotgate'
import { guard } from 'jotgate/express'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

const app = express()
app.use('/items', guard(gate, { scopes: ['items:read'] }))
app.get('/items/:id', (request, response) => response.json({ hello: request.auth.payload.sub }))
app.listen(process.env.PORT ?? 3000)
