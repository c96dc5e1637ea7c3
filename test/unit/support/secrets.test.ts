import { describe, expect, test } from 'vitest'
import { makeToken } from '../../../src/tenancy/token.ts'
import {
  inspect,
  learnPasswords,
  OPERATOR_TOKEN,
  secretsOf,
  sentPasswords,
  takeLeaks,
} from '../../support/secrets.ts'

const token = makeToken((length) => crypto.getRandomValues(new Uint8Array(length)))

/** What is reported of a text. */
function reported(text: string, more: readonly string[] = []): string {
  inspect('The log', text, more)
  return takeLeaks().join()
}

test('a text without secrets is not reported', () => {
  expect(reported('{"detail":"Send “Authorization: Bearer glsa_…”."}')).toBe('')
  expect(reported('')).toBe('')
})

test.each([
  ['a token', `{"error":"no ${token}"}`],
  ['a token', `Bearer ${token}`],
  ['the secret of the operator', `Authorization: ${OPERATOR_TOKEN}`],
])('%s is reported', (what, text) => {
  expect(reported(text)).toContain(`The log holds ${what}`)
})

test('a password is reported once it was sent, however it was sent', () => {
  expect(reported('got hunter2hunter2')).toBe('')
  learnPasswords('{"userName":"a","password" : "hunter2hunter2"}')
  learnPasswords('{"op":"add","path":"password","value":"tr0ub4dor"}')
  learnPasswords('{"value":"c0rrecthorse","op":"add","path":"Password"}')
  learnPasswords('{"password":"x","displayName":"password"}')
  expect(sentPasswords()).toEqual(['hunter2hunter2', 'tr0ub4dor', 'c0rrecthorse'])
  for (const password of sentPasswords()) {
    expect(reported(`{"resource":"{\\"note\\":\\"${password}\\"}"}`)).toContain(password)
  }
})

describe('of a request', () => {
  const request = new Request('https://x/Users?filter=userName%20eq%20%22eve@x.org%22&count=1', {
    headers: { Authorization: 'Basic dXNlcjpwYXNz' },
  })
  const { inErrors, inLogs } = secretsOf(request)

  test('the credential is reported everywhere', () => {
    expect(reported('dXNlcjpwYXNz', inErrors)).toContain('dXNlcjpwYXNz')
    expect(reported('dXNlcjpwYXNz', inLogs)).toContain('dXNlcjpwYXNz')
  })

  test('the query is reported in the log: as it stands, in JSON, and in a URL', () => {
    expect(reported('{"route":"/Users"}', inLogs)).toBe('')
    expect(reported('/Users?filter=userName eq "eve@x.org"', inLogs)).not.toBe('')
    expect(reported(JSON.stringify({ route: request.url }), inLogs)).not.toBe('')
    expect(reported('?filter=userName+eq+%22eve%40x.org%22', inLogs)).not.toBe('')
    const line = JSON.stringify({ route: '/Users?filter=userName eq "eve@x.org"' })
    expect(reported(line, inLogs)).not.toBe('')
  })

  test('the address in a query is reported in errors, and the form of the query is not', () => {
    expect(reported('userName eq …', inErrors)).toBe('')
    expect(reported('userName eq "eve@x.org"', inErrors)).toContain('eve@x.org')
  })
})
