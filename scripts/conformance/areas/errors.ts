// RFC 7644 §3.12: statuses and the Error message; the last checks look at the answers of the run.
import { area, interop, must, overTheRun, should } from '../check.ts'
import { type Answer, query } from '../client.ts'
import type { Context } from '../context.ts'
import { expectAnswer, expectErrorOnly, expectMember, expectThat, unmet } from '../expect.ts'
import { read } from '../json.ts'
import { ERROR } from '../urns.ts'
import { expectScim } from './http.ts'

/** The keywords of RFC 7644 Table 9 and RFC 9865 §2.1. */
const SCIM_TYPES = [
  'invalidFilter',
  'tooMany',
  'uniqueness',
  'mutability',
  'invalidSyntax',
  'invalidPath',
  'noTarget',
  'invalidValue',
  'invalidVers',
  'sensitive',
  'invalidCursor',
  'expiredCursor',
  'invalidCount',
]

/** Expects a complete SCIM Error. */
function expectError(answer: Answer): void {
  expectScim(answer)
  expectMember(answer, 'schemas', [ERROR])
  expectMember(answer, 'status', String(answer.status))
}

/** What decides about these often stands before the service provider, and has members of its own. */
const OF_OTHERS: ReadonlySet<number> = new Set([401, 403, 429])

/** Ways to provoke each status. */
const PROVOKED: Readonly<Record<string, (t: Context) => Promise<Answer>>> = {
  '400': (t) => t.post('/Users', '{'),
  '401': (t) => t.withToken(undefined).get('/Users'),
  '404': (t) => t.get(`/Users/${crypto.randomUUID()}`),
  '405': (t) => t.put('/Users', {}),
  '409': async (t) => {
    const { userName = '' } = await t.user()
    return t.post('/Users', t.userBody({ userName }))
  },
}

const provoked = Object.entries(PROVOKED).map(([status, provoke]) =>
  must(
    `status-${status}-has-an-error-body`,
    'RFC 7644 §3.12',
    `An answer ${status} carries a SCIM Error as application/scim+json.`,
    async (t) => {
      const answer = await provoke(t)
      expectThat(answer, status, String(answer.status) === status, answer.status)
      expectError(answer)
    },
  ),
)

/** Other methods are often answered by what stands before the service provider. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The answers of the service provider so far. */
function answersOf(t: Context): Answer[] {
  return t.transcript.filter(({ request }) => METHODS.includes(request.method))
}

/** Those of them that report an error. */
function errorsOf(t: Context): Answer[] {
  return answersOf(t).filter(({ status }) => status >= 400)
}

export const errors = area('errors', 'Errors', [
  ...provoked,
  must(
    'unknown-path-has-an-error-body',
    'RFC 7644 §3.12',
    'Also an unknown path is answered with a SCIM Error.',
    async (t) => {
      const answer = await t.get('/Foo')
      expectAnswer(answer, '404')
      expectError(answer)
    },
  ),
  must(
    'status-403-has-an-error-body',
    'RFC 7644 §3.12',
    'An answer 403 carries a SCIM Error as application/scim+json.',
    async (t) => {
      const answer = await t.readOnly.post('/Users', t.userBody())
      expectAnswer(answer, '403')
      expectError(answer)
    },
    'read-only token',
  ),
  must(
    'status-412-has-an-error-body',
    'RFC 7644 §3.12',
    'An answer 412 carries a SCIM Error as application/scim+json.',
    async (t) => {
      const user = await t.user()
      const answer = await t.delete(`/Users/${user.id}`, { 'If-Match': 'W/"stale"' })
      expectAnswer(answer, '412')
      expectError(answer)
    },
    'etag',
  ),
  must(
    'duplicates-are-a-conflict',
    'RFC 7644 §3.3',
    'A user whose userName is taken is answered with 409 uniqueness.',
    async (t) => {
      const { userName = '' } = await t.user()
      expectAnswer(await t.post('/Users', t.userBody({ userName })), '409 uniqueness')
    },
  ),
  should(
    'too-many-results-are-paged-or-refused',
    'RFC 7644 §3.4.2.1',
    'A query of everything is answered page by page, or with 400 tooMany.',
    async (t) => {
      const answer = await t.get('/')
      expectAnswer(answer, '200', '400 tooMany')
      if (answer.status !== 200) return
      const total = read(answer.body, 'totalResults') ?? null
      expectThat(answer, 'a total', Number.isInteger(total), total)
    },
    'root query',
  ),
  should(
    'filter-on-password-reveals-nothing',
    'RFC 7644 §7.5.2',
    'A filter on password is refused: 403 sensitive (erratum 6893) or 400 invalidFilter.',
    async (t) => {
      const answer = await t.get(query('/Users', { filter: 'password eq "x"' }))
      expectAnswer(answer, '403 sensitive', '400 invalidFilter')
    },
    'filter',
  ),
  overTheRun(
    must(
      'every-error-is-a-scim-error',
      'RFC 7644 §3.12',
      'Every error of the run has a body with the schema of an Error.',
      (t) => {
        for (const answer of errorsOf(t)) expectMember(answer, 'schemas', [ERROR])
      },
    ),
  ),
  overTheRun(
    must(
      'every-error-status-is-a-text',
      'RFC 7644 §3.12',
      'status in every error of the run is the HTTP status as a text.',
      (t) => {
        for (const answer of errorsOf(t)) expectMember(answer, 'status', String(answer.status))
      },
    ),
  ),
  overTheRun(
    interop(
      'errors-have-no-other-members',
      'RFC 7644 §3.12',
      'An error of the run has schemas, status, scimType and detail only, save 401, 403 and 429.',
      (t) => {
        const own = errorsOf(t).filter(({ status }) => !OF_OTHERS.has(status))
        const some = own.some(({ body }) => read(body, 'status') !== undefined)
        if (!some) throw unmet(undefined, 'an Error with a status', 'none')
        for (const answer of own) expectErrorOnly(answer, answer.body)
      },
    ),
  ),
  overTheRun(
    must(
      'every-scim-type-is-known',
      'RFC 7644 §3.12',
      'scimType in every error of the run is absent or a keyword of the RFCs.',
      (t) => {
        const named = errorsOf(t).some(({ body }) => read(body, 'scimType') !== undefined)
        if (!named) throw unmet(undefined, 'a scimType in some error', 'none')
        for (const answer of errorsOf(t)) {
          const scimType = read(answer.body, 'scimType')
          const known = scimType === undefined || SCIM_TYPES.includes(String(scimType))
          expectThat(answer, 'a scimType of the RFCs', known, scimType ?? null)
        }
      },
    ),
  ),
  overTheRun(
    should(
      'every-error-has-a-detail',
      'RFC 7644 §3.12',
      'Every error of the run says in detail what is wrong.',
      (t) => {
        for (const answer of errorsOf(t)) {
          const detail = read(answer.body, 'detail')
          expectThat(answer, 'a detail', typeof detail === 'string' && detail.trim() !== '')
        }
      },
    ),
  ),
  overTheRun(
    must(
      'every-body-is-application-scim-json',
      'RFC 7644 §8.1',
      'Every answer of the run that has a body is application/scim+json.',
      (t) => {
        for (const answer of answersOf(t)) {
          // What a client asked for as application/json may come as such.
          if (answer.text !== '')
            expectScim(answer, ...(answer.status < 400 ? ['application/json'] : []))
        }
      },
    ),
  ),
  overTheRun(
    must(
      'no-error-of-the-server',
      'RFC 9110 §15.6',
      'No request of the run is answered with a status from 500 on, save 501.',
      (t) => {
        for (const answer of answersOf(t)) {
          const right = answer.status < 500 || answer.status === 501
          expectThat(answer, 'a status below 500, or 501', right, answer.status)
        }
      },
    ),
  ),
])
