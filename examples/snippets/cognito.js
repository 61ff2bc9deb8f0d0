import { createGate } from 'jotgate'

const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI'
// Access tokens of Cognito have no `aud`. They name the app client in `client_id`.
const authorize = (claims) => claims.token_use === 'access' && claims.client_id === 'my-app-client'
export const gate = createGate({ issuer, audience: false, algorithms: ['RS256'], authorize })
