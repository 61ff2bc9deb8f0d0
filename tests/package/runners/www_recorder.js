/** Records what a page must not cause, for engines whose drivers do not report it: `trouble` is read at the end of a test. */
const trouble = (window.trouble = [])
const { error } = console
console.error = (...parts) => {
  trouble.push(parts.join(' '))
  error.apply(console, parts)
}
// In the capture phase: files that do not load do not bubble.
addEventListener('error', (event) => trouble.push(event.message ?? `not loaded: ${event.target.src ?? event.target.href}`), true)
addEventListener('unhandledrejection', ({ reason }) => trouble.push(String(reason)))
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => trouble.push(`the policy: ${violatedDirective} ${blockedURI}`))
