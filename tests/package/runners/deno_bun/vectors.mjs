/** Every vector where nothing but the language is sure: Deno, Bun. The words behind the program are the ways to verify. */
import * as jotgate from 'jotgate'
import { everyVector } from 'TESTS/runners/vectors/every_vector.mjs'
import { report } from 'TESTS/runners/report.mjs'
import cases from './cases.json' with { type: 'json' }

const ways = process.argv.slice(2)
process.exit(report(await everyVector(jotgate, cases, ways, { disguised: ways.includes('subtle') })))
