/** The core in a worker of a page whose policy forbids WebAssembly. */
import { ready } from 'jotgate'

ready().then(
  () => postMessage({}),
  ({ code, message }) => postMessage({ code, message }),
)
