import { createGate } from 'jotgate'

const issuer = 'https://login.example/realms/main'
// Keycloak nests the roles of a realm.
const authorize = (claims) => claims.realm_access?.roles?.includes('editor') === true
export const gate = createGate({ issuer, audience: 'https://api.example', algorithms: ['RS256'], authorize })
