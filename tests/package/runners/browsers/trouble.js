/** What keeps a page from running at all is told, so that nobody waits for it. */
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
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  tell(`${violatedDirective} ${blockedURI}`),
)
