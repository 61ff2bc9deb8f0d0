/** Reports errors that keep a page from running, so that the runner does not wait for it. */
const tell = (problem) =>
  fetch('/outcome', {
    method: 'POST',
    body: JSON.stringify({
      passed: 0,
      failures: [{ name: 'the page', problem: String(problem) }],
      agent: navigator.userAgent,
    }),
  })
addEventListener(
  'error',
  (event) => tell(event.error?.stack ?? event.message ?? `no answer: ${event.target?.src}`),
  true,
)
addEventListener('unhandledrejection', ({ reason }) => tell(reason?.stack ?? reason))
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  // A page may test that something is blocked.
  if (globalThis.expectedViolation?.test(blockedURI) !== true) tell(`${violatedDirective} ${blockedURI}`)
})
