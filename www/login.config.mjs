/** What `login.html` logs in with. Change it for your issuer, and allow that issuer in the page's `connect-src`. */
export default {
  issuer: 'https://issuer.example',
  clientId: 'jotgate-page',
  scopes: ['openid', 'profile', 'items:read'],
  resource: 'https://api.example',
}
