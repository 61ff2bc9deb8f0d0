import { Hono } from 'hono'
import { createGate } from 'jotgate'
import { guard } from 'jotgate/hono'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

const app = new Hono()
app.use('/items/*', guard(gate, { scopes: ['items:read'] }))
app.get('/items/:id', (c) => c.json({ hello: c.get('jwtPayload').sub }))
export default app
