/** Every vector in a page, by the core and, where it may be asked, by the browser's own cryptography. */
import * as jotgate from 'jotgate'
import { everyVector } from '@tests/runners/vectors/every_vector.mjs'
import cases from './cases.json'

// WebKit's is never asked.
const ways = /Chrome|Firefox/.test(navigator.userAgent) ? ['own', 'subtle'] : ['own']
const outcome = await everyVector(jotgate, cases, ways)
await fetch('/outcome', { method: 'POST', body: JSON.stringify({ ...outcome, agent: navigator.userAgent }) })
