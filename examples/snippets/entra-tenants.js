import { createGate } from 'jotgate'

const issuer = {
  template: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  tenants: ['11111111-2222-3333-4444-555555555555'],
}
const jwksUri = 'https://login.microsoftonline.com/common/discovery/v2.0/keys'
export const gate = createGate({ issuer, audience: 'https://api.example', algorithms: ['RS256'], jwksUri })
