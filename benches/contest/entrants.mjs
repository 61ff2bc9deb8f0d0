/** Finds the entrants for a task and checks each. Returns for the others why they are missing. */
import { Absent } from './contestants/absent.mjs'
import { PACKAGES, WITH_REPEATED_TOKENS } from './contestants/index.mjs'
import { Pool, taskOf } from './task.mjs'

/** The tokens that each entrant must accept and refuse, so that all apply the same policy. */
async function check(verify, { good, bad }) {
  for (const token of good.slice(0, 3)) {
    const expected = JSON.parse(new TextDecoder().decode(base64url(token.split('.')[1])))
    const claims = await verify(token)
    if (claims?.sub !== expected.sub || claims?.jti !== expected.jti) throw new Absent('it returns other claims')
  }
  for (const [name, token] of Object.entries(bad)) {
    let accepted = true
    try {
      await verify(token)
    } catch {
      accepted = false
    }
    if (accepted) throw new Absent(`it accepts a token that ${name}`)
  }
}

function base64url(text) {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
}

/** `{ present: [{ id, verify, pool }], absent: { id: reason } }`. A package that does not load is absent under its name. */
export async function enter(fixtures, situation) {
  const task = taskOf(fixtures, situation)
  const { one, set } = fixtures.algorithms[situation.algorithm]
  const present = []
  const absent = {}
  for (const [name, load] of Object.entries(PACKAGES)) {
    let entrants
    try {
      ;({ entrants } = await load())
    } catch (thrown) {
      absent[name] = `it does not load: ${messageOf(thrown)}`
      continue
    }
    for (const [id, make] of Object.entries(entrants)) {
      if (situation.tokens === 'repeated' && !WITH_REPEATED_TOKENS.includes(id)) continue
      try {
        const verify = await make(task)
        await check(verify, situation.keys > 1 ? set : one)
        present.push({ id, verify, pool: new Pool(fixtures, situation) })
      } catch (thrown) {
        absent[id] = messageOf(thrown)
      }
    }
  }
  return { present, absent }
}

function messageOf(thrown) {
  const text = thrown instanceof Absent ? thrown.message : `${thrown?.name ?? 'Error'}: ${thrown?.message ?? thrown}`
  return text.split('\n')[0].slice(0, 200)
}
