/** Every vector in a worker, by the core and by the host's own cryptography. */
import * as jotgate from 'jotgate'
import { everyVector } from '@tests/runners/vectors/every_vector.mjs'
import cases from './cases.json'

export default { fetch: async () => Response.json(await everyVector(jotgate, cases, ['own', 'subtle'])) }
