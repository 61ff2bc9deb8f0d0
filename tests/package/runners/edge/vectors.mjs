/** Every vector in Vercel's runtime, by the core and by the host's own cryptography. */
import * as jotgate from 'jotgate'
import { everyVector } from '@tests/runners/vectors/every_vector.mjs'
import cases from './cases.json'

addEventListener('fetch', (event) => {
  event.respondWith(everyVector(jotgate, cases, ['own', 'subtle']).then((outcome) => Response.json(outcome)))
})
