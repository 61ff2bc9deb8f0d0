/**
 * Calls that are interrupted: by a full stack, by exhausted memory, by what the host answers, by a host that terminates the script
 * (`BY`). Later calls get the right verdict, or none. A worker thread for each way interrupts the first call of a new instance.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { runInThisContext } from 'node:vm'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { checks, report, thrownBy } from '../report.mjs'

const { decodeJwt, KeySet, Verifier } = await import('jotgate')

const { check, outcome } = checks()

const exp = Math.floor(Date.now() / 1000) + 600
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const secret = Buffer.alloc(32, 7)
const SIGN = {
  HS256: (signed) => createHmac('sha256', secret).update(signed).digest(),
  RS256: (signed, key) => sign('sha256', signed, key),
  PS256: (signed, key) => sign('sha256', signed, { key, padding: 6, saltLength: 32 }),
  ES256: (signed, key) => sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }),
  ES384: (signed, key) => sign('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }),
  ES512: (signed, key) => sign('sha512', signed, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (signed, key) => sign(null, signed, key),
}
const KEYS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519'],
}
function token(claims, alg = 'HS256', key = undefined, header = {}) {
  const signed = `${part({ alg, ...header })}.${part({ exp, ...claims })}`
  return `${signed}.${SIGN[alg](Buffer.from(signed), key).toString('base64url')}`
}

let made
/** Made at first use: a worker's first call must be the one that is interrupted. */
const hmac = () => (made ??= new Verifier({ keys: secret, algorithms: ['HS256'], maxTokenLength: 1 << 22 }))
// Each of its own header and its own claims: what is remembered of the one must not be taken for the other.
let turn = 0
function isWell() {
  turn++
  const name = `n${turn % 97}`
  const { payload, protectedHeader } = hmac().verifySync(token({ [name]: turn, sub: 'é' }, 'HS256', undefined, { kid: name }))
  return payload[name] === turn && payload.sub === 'é' && protectedHeader.kid === name
}
const wellAfter = (what) => {
  const thrown = thrownBy(() => check(`what comes after ${what} is judged as ever`, isWell(), 'it is not'))
  if (thrown !== undefined) check(`what comes after ${what} is judged`, false, thrown.stack)
}

const TERMINATED = /^the WebAssembly core was interrupted/
const isRefusedForGood = (thrown) => TERMINATED.test(thrown?.message) && thrown.code === 'ERR_CORE_INTERRUPTED'

const CASES = {
  stack() {
    /** Calls `work` wherever the stack is nearly full, deeper each time, until it is; what each attempt threw. */
    function attempts(work) {
      let deepest = 0
      let thrown = []
      function dive(depth, from) {
        deepest = depth
        if (depth >= from && depth % 3 === 0) thrown.push(thrownBy(work))
        dive(depth + 1, from)
      }
      // A frame gets smaller when the function has run often.
      for (let count = 0; count < 2; count++) {
        thrownBy(() => dive(0, Infinity))
        thrown = []
        const from = deepest - 1_200
        thrownBy(() => dive(0, from))
      }
      return thrown
    }

    const work = Object.entries(SIGN).flatMap(([alg]) => {
      const { privateKey, publicKey } = alg === 'HS256' ? {} : generateKeyPairSync(...KEYS[alg])
      const jwk = publicKey?.export({ format: 'jwk' })
      const good = token({ sub: 'ada' }, alg, privateKey)
      const verifier = (more) => new Verifier({ keys: alg === 'HS256' ? secret : { keys: [jwk] }, algorithms: [alg], ...more })
      const [own, host] = [verifier({ hostCrypto: false }), verifier()]
      for (let count = 0; count < 300; count++) [own, host].map((each) => each.verifySync(good))
      return [
        [`${alg}, verified`, () => own.verifySync(good)],
        [`${alg}, verified by the host`, () => host.verifySync(good)],
        [`${alg}, its keys read`, () => (jwk === undefined ? verifier() : new KeySet({ keys: [jwk] }))],
        [`${alg}, its policy read`, () => verifier()],
      ]
    })
    work.push(['a token decoded', () => decodeJwt(token({ sub: 'ada' }))])
    for (const [name, call] of work) {
      const thrown = attempts(call)
      const refused = thrown.filter((each) => each !== undefined)
      const foreign = refused.find((each) => !(each instanceof RangeError || each.code === 'ERR_OPTION'))
      check(`${name}, where the stack is full: nothing but the host's own error, or that of what it could not write as JSON`, foreign === undefined, `${foreign?.stack}`)
      check(`${name}, was tried where there was room and where there was none`, refused.length > 0 && refused.length < thrown.length, `${refused.length} of ${thrown.length} failed`)
      wellAfter(`${name}, where the stack is full`)
    }
  },

  memory() {
    // Longer than there is memory for, at each stage: the token's bytes, its payload, its claims, its answer.
    let lacking = 0
    for (let length = 200_000; length < 4_000_000; length += 100_000) {
      const thrown = thrownBy(() => hmac().verifySync(token({ list: new Array(length / 4).fill(1), text: 'x'.repeat(length / 8) })))
      if (thrown?.name === 'RuntimeError') lacking++
      wellAfter(`a token of ${length} bytes`)
    }
    check('some tokens are longer than there is memory for', lacking > 2, lacking)
  },

  answer() {
    // The runtime's cryptography, replaced by other code.
    const { getBuiltinModule } = process
    const crypto = getBuiltinModule('node:crypto')
    let { verify } = crypto
    process.getBuiltinModule = (name) =>
      name === 'node:crypto' ? { ...crypto, verify: (...given) => verify(...given) } : getBuiltinModule(name)
    const { privateKey, publicKey } = generateKeyPairSync(...KEYS.RS256)
    const keys = publicKey.export({ format: 'jwk' })
    const host = new Verifier({ keys, algorithms: ['RS256'] })
    const good = token({ sub: 'ada' }, 'RS256', privateKey)
    for (let count = 0; count < 10; count++) host.verifySync(good)
    const odd = {
      'a symbol': () => Symbol('yes'),
      'an object that throws nothing': () => ({ valueOf: () => { throw null } }),
      'an object that throws an error of the stack': () => ({ valueOf: () => { throw new RangeError('too deep') } }),
      'an object that verifies': () => ({ valueOf: () => Number(isWell()) }),
      'a bare throw': () => { throw null },
      'another verification': (...given) => isWell() && crypto.verify(...given),
      'what it found when memory had grown meanwhile': (...given) => {
        thrownBy(() => hmac().verifySync('x'.repeat(1 << 22)))
        return crypto.verify(...given)
      },
    }
    for (const [name, answer] of Object.entries(odd)) {
      verify = answer
      const thrown = thrownBy(() => check(`asked, the host gives ${name}: the verdict is right`, host.verifySync(good).payload.sub === 'ada', 'it is not'))
      check(`asked, the host gives ${name}: there is a verdict`, thrown === undefined, `${thrown?.stack}`)
      wellAfter(name)
    }
    // A script that is terminated while it verifies within an answer.
    globalThis.verify = isWell
    verify = (...given) => {
      thrownBy(() => runInThisContext('for (;;) verify()', { timeout: 50 }))
      return crypto.verify(...given)
    }
    for (let count = 0; count < 5; count++) {
      const thrown = thrownBy(() => host.verifySync(good))
      check('terminated within an answer, the core is as ever or says that it is not', thrown === undefined || isRefusedForGood(thrown), thrown?.stack)
    }
  },

  termination() {
    globalThis.verify = isWell
    const unlike = []
    let ended = 0
    for (let turn = 0; turn < 20 && ended === 0; turn++) {
      thrownBy(() => runInThisContext('for (;;) verify()', { timeout: 50 }))
      const thrown = thrownBy(() => check('what is judged after a termination is judged as ever', isWell(), 'it is not'))
      if (thrown !== undefined && isRefusedForGood(thrown)) ended++
      else if (thrown !== undefined) unlike.push(thrown)
    }
    check('after a termination the core is as ever or says that it is not', unlike.length === 0, unlike[0]?.stack)
    const again = thrownBy(isWell)
    check('and goes on saying so', ended === 0 ? again === undefined : isRefusedForGood(again), again?.stack)
  },
}

/** How the first call of an instance is interrupted, in a worker thread. */
const FIRST = {
  /** `data` is how far from the deepest frame the call begins. */
  stack(data) {
    let deepest = 0
    const measure = (depth) => measure(((deepest = depth), depth + 1))
    thrownBy(() => measure(0))
    const dive = (depth) => (depth > 0 ? dive(depth - 1) + 1 : Number(isWell()))
    return dive(Math.max(0, deepest - data))
  },
  memory: (data) => hmac().verifySync(token({ list: new Array(data / 4).fill(1), text: 'x'.repeat(data / 8) })),
  /** The first signature that the host is asked about; `data` is its answer. */
  answer(data) {
    const { getBuiltinModule } = process
    const crypto = getBuiltinModule('node:crypto')
    const answers = {
      throw: () => { throw new RangeError('too deep') },
      verify: (...given) => isWell() && crypto.verify(...given),
      false: () => false,
    }
    process.getBuiltinModule = (name) => (name === 'node:crypto' ? { ...crypto, verify: answers[data] } : getBuiltinModule(name))
    const { privateKey, publicKey } = generateKeyPairSync(...KEYS.RS256)
    const host = new Verifier({ keys: publicKey.export({ format: 'jwk' }), algorithms: ['RS256'] })
    for (let count = 0; count < 10; count++) host.verifySync(token({ sub: 'ada' }, 'RS256', privateKey))
  },
  /** `data` is the time in milliseconds after which the script is terminated. */
  termination(data) {
    globalThis.verify = isWell
    runInThisContext('for (;;) verify()', { timeout: data })
  },
}

/** What interrupts the first call, each in a worker of its own. */
const FIRST_DATA = {
  stack: [1, 40, 80, 120, 160, 200, 300, 400, 500, 600, 800, 1_000, 1_500, 2_000, 4_000],
  memory: [1_000_000, 2_000_000, 3_000_000],
  answer: ['throw', 'verify', 'false'],
  termination: [1, 2, 3, 5, 8, 13, 20],
}

/** Interrupts the first call, and sends the main thread what it threw and what later calls returned. */
function interruptFirst() {
  const described = (thrown) => thrown && { name: thrown.name, message: thrown.message, code: thrown.code, stack: thrown.stack }
  const first = thrownBy(() => FIRST[process.env.BY](workerData))
  const later = [1, 2, 3].map(() => {
    let right = false
    const thrown = thrownBy(() => (right = isWell()))
    return { right, thrown: described(thrown) }
  })
  parentPort.postMessage({ first: described(first), later })
}

async function checkFirst() {
  let interrupted = 0
  for (const data of FIRST_DATA[process.env.BY]) {
    const worker = new Worker(new URL(import.meta.url), { workerData: data })
    const { first, later } = await new Promise((settle, fail) => worker.once('message', settle).once('error', fail))
    await worker.terminate()
    if (first !== undefined) interrupted++
    const refused = later.filter(({ thrown }) => isRefusedForGood(thrown)).length
    const right = later.filter(({ right }) => right).length
    const problem = JSON.stringify({ first, later })
    check(`the first call, interrupted (${data}): later calls are right, or each is refused with a code`, right === later.length || refused === later.length, problem)
  }
  check('some first calls are interrupted', interrupted > 0, 'none was')
}

if (isMainThread) {
  CASES[process.env.BY]()
  await checkFirst()
  process.exitCode = report(outcome)
} else {
  interruptFirst()
}
