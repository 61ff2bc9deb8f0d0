import { expect, test } from 'vitest'
import { verdict } from './verdict.js'

test('a good token passes, a changed one does not', async () => {
  expect(await verdict()).toBe('joe passes, the other is ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
})
