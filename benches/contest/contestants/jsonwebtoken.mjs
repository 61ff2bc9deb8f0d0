import { createPublicKey, createSecretKey } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { only } from './absent.mjs'

export const entrants = {
  jsonwebtoken: (task) => {
    only(['HS256', 'RS256', 'PS256', 'ES256', 'ES384'], task)
    const { algorithm, issuer, audience } = task
    const options = { algorithms: [algorithm], issuer, audience }
    if (task.keys > 1) {
      const keys = Object.fromEntries(Object.entries(task.pems).map(([kid, pem]) => [kid, createPublicKey(pem)]))
      const find = ({ kid }, done) => done(null, keys[kid])
      return (token) =>
        new Promise((settle, reject) =>
          jsonwebtoken.verify(token, find, options, (error, claims) => (error ? reject(error) : settle(claims))),
        )
    }
    const key = task.secret ? createSecretKey(task.secret) : createPublicKey(task.pem)
    return (token) => jsonwebtoken.verify(token, key, options)
  },
}
