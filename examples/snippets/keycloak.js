import { createGate } from 'jotgate'

const issuer = 'https://login.example/realms/main'
const rolesFrom = ['realm_access', 'roles'] // Keycloak nests the roles of a realm
const gate = createGate({ issuer, audience: 'https://api.example', algorithms: ['RS256'], rolesFrom })

export const check = (request) => gate.check(request, { roles: ['editor'] })
