/** The first script of the page: small, so that the page can be read and typed into at once. The rest follows after the first paint. */
import { ALGORITHMS, CASES } from './samples.js'
import { verdictCards } from './report_view.js'
import { byId, h, show } from './dom.js'

// The single file reaches no network: what needs one is not shown.
if (document.documentElement.dataset['single'] !== undefined) {
  for (const element of document.querySelectorAll('[data-site]')) element.remove()
}

const list = byId('sample')
list.append(
  h('optgroup', { label: 'Cases' }, Object.keys(CASES).map((name) => h('option', { value: name }, name))),
  h('optgroup', { label: 'Algorithms' }, ALGORITHMS.map((name) => h('option', { value: name }, name))),
)
show(byId('verdicts'), verdictCards(undefined))

/** Loads the inspector; a failure is shown, never swallowed. */
async function load(): Promise<void> {
  try {
    const { start } = await import('./inspector.js')
    await start()
    document.documentElement.dataset['ready'] = ''
  } catch (error) {
    const element = byId('banner')
    element.className = 'banner fails'
    show(element, h('h2', { id: 'verdict' }, 'The inspector could not start'), h('p', {}, `${(error as Error).message}. Reload the page; an older browser may lack WebAssembly.`))
  }
}

// Twice: the first callback runs before the first paint.
requestAnimationFrame(() => requestAnimationFrame(() => void load()))

// The service worker makes the page work without a network. The single file has none.
if (location.protocol !== 'file:' && 'serviceWorker' in navigator) {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } } }).trustedTypes
  const policy = types?.createPolicy('jotgate', {
    createScriptURL: (url: string) => {
      if (url !== 'sw.js') throw new TypeError('only the service worker is a script of this page')
      return url
    },
  })
  addEventListener('load', () => void navigator.serviceWorker.register(policy?.createScriptURL('sw.js') ?? 'sw.js'))
}
