// RFC 7644 §2 and RFC 6750: who is let in.
import { area, must, safe } from '../check.ts'
import { query } from '../client.ts'
import { expectAnswer, expectThat } from '../expect.ts'
import { PATCH_OP, SEARCH_REQUEST } from '../urns.ts'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'

/** One request for each kind of access. */
const REQUESTS: readonly (readonly [name: string, method: string, path: string])[] = [
  ['list-of-users', 'GET', '/Users'],
  ['list-of-groups', 'GET', '/Groups'],
  ['read-of-a-user', 'GET', `/Users/${UNKNOWN}`],
  ['read-of-a-group', 'GET', `/Groups/${UNKNOWN}`],
  ['creation-of-a-user', 'POST', '/Users'],
  ['creation-of-a-group', 'POST', '/Groups'],
  ['replacement-of-a-user', 'PUT', `/Users/${UNKNOWN}`],
  ['replacement-of-a-group', 'PUT', `/Groups/${UNKNOWN}`],
  ['change-of-a-user', 'PATCH', `/Users/${UNKNOWN}`],
  ['change-of-a-group', 'PATCH', `/Groups/${UNKNOWN}`],
  ['removal-of-a-user', 'DELETE', `/Users/${UNKNOWN}`],
  ['removal-of-a-group', 'DELETE', `/Groups/${UNKNOWN}`],
]

const BODIES: Readonly<Record<string, object>> = {
  POST: {},
  PUT: {},
  PATCH: { schemas: [PATCH_OP], Operations: [] },
}

const anonymous = REQUESTS.map(([name, method, path]) =>
  must(
    `${name}-needs-a-credential`,
    'RFC 7644 §2',
    `${method} ${path.replace(UNKNOWN, '{id}')} without a credential is answered with 401.`,
    async (t) => {
      const body = BODIES[method] === undefined ? undefined : JSON.stringify(BODIES[method])
      expectAnswer(await t.withToken(undefined).send(method, path, body), '401')
    },
  ),
)

export const authentication = area('authentication', 'Authentication', [
  ...anonymous,
  must(
    'missing-credential-is-challenged',
    'RFC 9110 §15.5.2',
    'A 401 names the scheme in WWW-Authenticate.',
    async (t) => {
      const answer = await t.withToken(undefined).get('/Users')
      expectAnswer(answer, '401')
      const challenge = answer.header('WWW-Authenticate') ?? '(absent)'
      expectThat(answer, 'WWW-Authenticate', /^(Bearer|Basic|Digest)\b/i.test(challenge), challenge)
    },
  ),
  must(
    'unknown-token-is-invalid',
    'RFC 6750 §3.1',
    'An unknown token is answered with 401 and error="invalid_token".',
    async (t) => {
      const answer = await t.withToken('nope').get('/Users')
      expectAnswer(answer, '401')
      const challenge = answer.header('WWW-Authenticate') ?? '(absent)'
      const right = /error="?invalid_token"?/.test(challenge)
      expectThat(answer, 'error="invalid_token" in WWW-Authenticate', right, challenge)
    },
  ),
  must(
    'challenge-without-credential-has-no-error-code',
    'RFC 6750 §3.1',
    'Where no credential was sent, the challenge names no error.',
    async (t) => {
      const answer = await t.withToken(undefined).get('/Users')
      expectAnswer(answer, '401')
      const challenge = answer.header('WWW-Authenticate') ?? ''
      expectThat(answer, 'no error code in the challenge', !/error=/.test(challenge), challenge)
    },
  ),
  must(
    'another-scheme-is-refused',
    'RFC 7644 §2',
    'A credential of a scheme that is not supported is answered with 401.',
    async (t) => {
      const answer = await t.withToken(undefined).get('/Users', { Authorization: 'Basic YTpi' })
      expectAnswer(answer, '401')
    },
  ),
  safe(
    'malformed-credentials-are-refused',
    'RFC 6750 §2.1',
    'An Authorization header that is no credential is answered with 401, or 400.',
    async (t) => {
      for (const Authorization of ['Bearer', 'Bearer  ', 'Bearer a b', 'bearer', 'x']) {
        const answer = await t.withToken(undefined).get('/Users', { Authorization })
        expectAnswer(answer, '401', '400')
      }
    },
  ),
  must(
    'scheme-ignores-case',
    'RFC 9110 §11.1',
    'The name of the scheme is matched without regard to case; another case of Bearer is no other scheme.',
    async (t) => {
      const answer = await t.withToken(undefined).get('/Users', { Authorization: 'bEARER nope' })
      expectAnswer(answer, '401')
      const challenge = answer.header('WWW-Authenticate') ?? '(absent)'
      const right = /invalid_token/.test(challenge)
      expectThat(answer, 'the token refused, not the scheme', right, challenge)
    },
  ),
  safe(
    'refusal-comes-before-the-body',
    'RFC 7644 §2',
    'Without a credential a malformed body is answered with 401, not with 400.',
    async (t) => expectAnswer(await t.withToken(undefined).post('/Users', '{'), '401'),
  ),
  safe(
    'refusal-comes-before-the-query',
    'RFC 7644 §2',
    'Without a credential a malformed filter is answered with 401, not with 400.',
    async (t) => {
      expectAnswer(await t.withToken(undefined).get('/Users?filter=%28%28'), '401')
    },
  ),
  must(
    'expired-token-is-refused',
    'RFC 7644 §7.4',
    'An expired token is answered with 401.',
    async (t) => expectAnswer(await t.expired.get('/Users'), '401'),
    'expired token',
  ),
  must(
    'revoked-token-is-refused',
    'RFC 7644 §7.4',
    'A revoked token is answered with 401.',
    async (t) => expectAnswer(await t.revoked.get('/Users'), '401'),
    'revoked token',
  ),
  ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) =>
    must(
      `read-only-token-may-not-${method.toLowerCase()}`,
      'RFC 6750 §3.1',
      `${method} with a token that may only read is answered with 403, and changes nothing.`,
      async (t) => {
        const user = await t.user({ title: 'Before' })
        const path = method === 'POST' ? '/Users' : `/Users/${user.id}`
        const body =
          method === 'PATCH'
            ? {
                schemas: [PATCH_OP],
                Operations: [{ op: 'replace', path: 'title', value: 'After' }],
              }
            : t.userBody({ title: 'After' })
        const answer = await t.readOnly.send(method, path, method === 'DELETE' ? undefined : body)
        expectAnswer(answer, '403')
        const after = await t.read(`/Users/${user.id}`)
        expectThat(after, 'the user unchanged', !after.text.includes('After'))
      },
      'read-only token',
    ),
  ),
  must(
    'read-only-token-may-read',
    'RFC 6750 §3.1',
    'GET with a token that may only read is answered with 200.',
    async (t) => {
      expectAnswer(await t.readOnly.get(query('/Users', { count: 1 })), '200')
    },
    'read-only token',
  ),
  must(
    'read-only-token-may-search',
    'RFC 7644 §3.4.3',
    'POST /.search only reads, so a token that may only read may use it.',
    async (t) => {
      const body = { schemas: [SEARCH_REQUEST], count: 1 }
      expectAnswer(await t.readOnly.post('/Users/.search', body), '200')
    },
    'read-only token',
    'search',
  ),
  must(
    'read-only-token-may-not-write-in-bulk',
    'RFC 7644 §3.7',
    'A bulk operation needs the permission that the single request needs.',
    async (t) => {
      const userName = t.unique('bulk')
      const operation = {
        method: 'POST',
        path: '/Users',
        bulkId: 'a',
        data: t.userBody({ userName }),
      }
      const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest']
      const answer = await t.readOnly.post('/Bulk', { schemas, Operations: [operation] })
      expectAnswer(answer, '200', '403')
      const { ids } = await t.find('/Users', `userName eq "${userName}"`)
      expectThat(answer, 'no user created', ids.length === 0)
    },
    'read-only token',
    'bulk',
  ),
])
