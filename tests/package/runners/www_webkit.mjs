/** WebKitGTK by its own WebDriver, with the same few calls as the other drivers. */
import { spawn } from 'node:child_process'
import { debian } from './setup.mjs'
import { recordingProxy } from './www_proxy.mjs'

const LIMIT = 60_000

/** Starts the driver; each profile is a session of its own. */
export async function webkit() {
  debian('xvfb', '/usr/bin/Xvfb')
  const binary = debian('webkit2gtk-driver', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser')
  const driver = debian('webkit2gtk-driver', '/usr/bin/WebKitWebDriver')
  const screen = spawn('/usr/bin/Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const display = await new Promise((settle, reject) => {
    screen.once('error', reject)
    screen.stdio[3].once('data', (data) => settle(String(data).trim()))
  })
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const env = { ...process.env, DISPLAY: `:${display}`, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1', NO_AT_BRIDGE: '1' }
  const child = spawn(driver, [`--port=${port}`], { stdio: 'ignore', env })
  const call = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    const { value } = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`)
    return value
  }
  for (let turn = 0; ; turn++) {
    try {
      await call('GET', '/status')
      break
    } catch (error) {
      if (turn > 100) throw error
      await new Promise((settle) => setTimeout(settle, 100))
    }
  }
  const open = async (more) => {
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: ['--automation'] }, ...more } }
    const { sessionId, capabilities: got } = await call('POST', '/session', { capabilities })
    return { path: `/session/${sessionId}`, version: got.browserVersion }
  }
  const first = await open()
  await call('DELETE', first.path)
  return {
    version: first.version,
    close: async () => {
      child.kill()
      screen.kill()
    },
    /**
     * `requests` of the profile has the URL of each request that its pages make. With `ignoreHTTPSErrors` any certificate is good enough,
     * and requests are not recorded.
     */
    async newProfile({ ignoreHTTPSErrors = false } = {}) {
      const proxy = ignoreHTTPSErrors ? undefined : await recordingProxy()
      const { path } = await open(
        proxy ? { proxy: { proxyType: 'manual', httpProxy: proxy.address, sslProxy: proxy.address } } : { acceptInsecureCerts: true },
      )
      await call('POST', `${path}/timeouts`, { script: LIMIT, pageLoad: LIMIT })
      const evaluate = async (work, argument) => {
        const script = `const done = arguments[arguments.length - 1]; Promise.resolve((${work})(arguments[0])).then((value) => done({ value }), (error) => done({ error: String(error) }))`
        const { value, error } = await call('POST', `${path}/execute/async`, { script, args: [argument ?? null] })
        if (error !== undefined) throw new Error(error)
        return value
      }
      const newTab = async () => ({
        evaluate,
        goto: (url) => call('POST', `${path}/url`, { url }),
        /** Does in the page what makes it navigate: after the evaluation, which a navigation would destroy. */
        async leave(work, argument) {
          await evaluate(`() => void setTimeout(() => (${work})(${JSON.stringify(argument)}))`)
        },
        async until(holds, argument) {
          const since = Date.now()
          while (!(await evaluate(holds, argument).catch(() => false))) {
            if (Date.now() - since > LIMIT) throw new Error(`\`${holds}\` did not become true`)
            await new Promise((settle) => setTimeout(settle, 50))
          }
        },
      })
      return { newTab, requests: proxy?.requests, close: () => call('DELETE', path).finally(() => proxy?.close()) }
    },
  }
}
