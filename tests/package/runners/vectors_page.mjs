/** Every vector in a page, by the core and by the browser's own cryptography. */
import * as jotgate from 'jotgate'
import { everyVector } from '@tests/runners/every_vector.mjs'
import cases from './cases.json'

const outcome = await everyVector(jotgate, cases, ['own', 'subtle'])
await fetch('/outcome', { method: 'POST', body: JSON.stringify({ ...outcome, agent: navigator.userAgent }) })
