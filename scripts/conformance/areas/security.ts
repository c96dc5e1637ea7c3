// RFC 7644 §7 and what attackers try.
import { area, must, safe } from '../check.ts'
import { query } from '../client.ts'
import type { Context } from '../context.ts'
import { expectAnswer, expectMember, expectSame, expectThat } from '../expect.ts'
import { isObject, read } from '../json.ts'
import { attempt, expectScim } from './http.ts'

/** Values that would mean something to a database. */
const INJECTIONS: Readonly<Record<string, string>> = {
  'a-quote-and-or': `x' OR '1'='1`,
  'a-second-statement': 'x\\"; DROP TABLE users;--',
  'a-wildcard': '%',
  'a-comment': 'x/*',
  'a-null-byte': 'x\\u0000',
}

const injections = Object.entries(INJECTIONS).map(([name, value]) =>
  safe(
    `filter-with-${name}-is-a-value`,
    'RFC 7644 §7.5',
    'A value in a filter is nothing but a value: it finds nobody, or is refused.',
    async (t) => {
      const user = await t.user()
      const answer = await t.get(query('/Users', { filter: `userName eq "${value}"` }))
      expectAnswer(answer, '200', '400 invalidFilter', '400 invalidValue')
      const total = read(answer.body, 'totalResults') ?? 0
      expectThat(answer, 'nobody found', answer.status === 400 || total === 0, total)
      await t.read(`/Users/${user.id}`)
    },
  ),
)

const DEPTH = 20_000

/** JSON and filters that recursion does not survive. */
const DEEP: Readonly<Record<string, (t: Context) => Promise<void>>> = {
  'json-arrays': async (t) => {
    const nested = '['.repeat(DEPTH) + ']'.repeat(DEPTH)
    const text = JSON.stringify(t.userBody({ emails: 0 })).replace(
      '"emails":0',
      `"emails":${nested}`,
    )
    expectAnswer(await t.post('/Users', text), '400', '413')
  },
  'json-objects': async (t) => {
    const nested = `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`
    const text = JSON.stringify(t.userBody({ name: 0 })).replace('"name":0', `"name":${nested}`)
    expectAnswer(await t.post('/Users', text), '400', '413')
  },
  'filter-parentheses': async (t) => {
    const filter = `${'('.repeat(2000)}userName pr${')'.repeat(2000)}`
    expectAnswer(
      await t.get(query('/Users', { filter, count: 1 })),
      '400',
      '414',
      '413',
      '431',
      '200',
    )
  },
  'filter-alternatives': async (t) => {
    const terms = Array.from({ length: 18 }, (_, n) => `(userName eq "a${n}" or title eq "b${n}")`)
    const answer = await t.get(query('/Users', { filter: terms.join(' and '), count: 1 }))
    expectAnswer(answer, '200', '400')
  },
}

const deep = Object.entries(DEEP).map(([name, body]) =>
  safe(
    `nested-${name}-do-no-harm`,
    'RFC 8259 §9',
    'Deep nesting is refused, or handled like any other.',
    body,
  ),
)

/** What a server may keep beside a resource, and no client may set. */
const INTERNAL = {
  tenantId: 'other',
  _id: 'x',
  rowid: 1,
  passwordHash: 'x',
  deleted: true,
  version: 'W/"x"',
  createdBy: 'x',
  __proto__x: 1,
}

export const security = area('security', 'Security', [
  safe(
    'token-counts-in-its-header-only',
    'RFC 6750 §5.3',
    'A token in a cookie, in the query or in another header is no credential.',
    async (t) => {
      // Any value will do: what must not happen is that it is looked at there.
      const anonymous = t.withToken(undefined)
      const token = 'some-token'
      for (const [path, headers] of [
        [`/Users?access_token=${token}`, {}],
        ['/Users', { Cookie: `access_token=${token}; token=${token}` }],
        ['/Users', { 'X-Api-Key': token }],
      ] as const) {
        const answer = await anonymous.get(path, headers)
        expectAnswer(answer, '401')
        const challenge = answer.header('WWW-Authenticate') ?? ''
        const unseen = !/invalid_token/.test(challenge)
        expectThat(answer, 'the token not looked at', unseen, challenge)
      }
    },
  ),
  safe(
    'answers-are-not-stored-by-caches',
    'RFC 9111 §5.2.2',
    'Answers with data have Cache-Control no-store, or private and no-cache.',
    async (t) => {
      const answer = await t.read('/Users?count=1')
      const cache = answer.header('Cache-Control') ?? '(absent)'
      const right = /no-store/.test(cache) || (/private/.test(cache) && /no-cache/.test(cache))
      expectThat(answer, 'Cache-Control: no-store', right, cache)
    },
  ),
  safe(
    'answers-are-not-sniffed',
    'RFC 7644 §7.1',
    'X-Content-Type-Options is nosniff.',
    async (t) => {
      const answer = await t.read('/Users?count=1')
      const sniff = answer.header('X-Content-Type-Options') ?? '(absent)'
      expectThat(answer, 'X-Content-Type-Options: nosniff', sniff === 'nosniff', sniff)
    },
  ),
  safe(
    'https-is-required-from-then-on',
    'RFC 6797 §7.1',
    'Over https there is a Strict-Transport-Security header.',
    async (t) => {
      if (!t.base.startsWith('https:')) return t.skip('The base URL is not https.')
      const answer = await t.read('/Users?count=1')
      const header = answer.header('Strict-Transport-Security') ?? '(absent)'
      expectThat(answer, 'Strict-Transport-Security', /max-age=\d/.test(header), header)
    },
  ),
  safe(
    'trace-is-not-allowed',
    'RFC 9110 §9.3.8',
    'TRACE is answered with 405 or 501 and echoes nothing.',
    async (t) => {
      const answer = await attempt(t, 'TRACE', '/Users')
      expectAnswer(answer, '405', '501', '400')
    },
  ),
  safe(
    'unknown-methods-are-not-allowed',
    'RFC 9110 §9.1',
    'An unknown method is answered with 405 or 501.',
    async (t) => expectAnswer(await attempt(t, 'BREW', '/Users'), '405', '501', '400'),
  ),
  ...injections,
  ...deep,
  safe(
    'large-bodies-are-refused',
    'RFC 9110 §15.5.14',
    'A body of 20 MiB is answered with 413.',
    async (t) => {
      expectAnswer(await t.post('/Users', ' '.repeat(20 * 1024 * 1024)), '413')
    },
  ),
  safe(
    'null-characters-are-refused-or-kept',
    'RFC 8259 §7',
    'A NUL in a text is refused or kept; nothing is cut off at it.',
    async (t) => {
      const displayName = 'a\u0000b'
      const answer = await t.post('/Users', t.userBody({ displayName }))
      expectAnswer(answer, '201', '400 invalidValue', '400 invalidSyntax')
      if (answer.status === 201) expectMember(answer, 'displayName', displayName)
    },
  ),
  safe(
    'null-characters-in-names-are-refused-or-kept',
    'RFC 8265 §3.3',
    'A NUL in a userName is refused or kept; nothing is cut off at it.',
    async (t) => {
      const userName = `${t.unique('nul')}\u0000b`
      const answer = await t.post('/Users', t.userBody({ userName }))
      expectAnswer(answer, '201', '400 invalidValue', '400 invalidSyntax')
      if (answer.status === 201) expectMember(answer, 'userName', userName)
    },
  ),
  safe(
    'lone-surrogates-do-no-harm',
    'RFC 8259 §8.2',
    'Half a character is refused, or replaced.',
    async (t) => {
      const text = JSON.stringify(t.userBody({ displayName: '0' })).replace(
        '"displayName":"0"',
        '"displayName":"\\ud800"',
      )
      expectAnswer(await t.post('/Users', text), '201', '400 invalidValue', '400 invalidSyntax')
    },
  ),
  safe(
    'look-alikes-are-different-names',
    'RFC 8265 §6.1',
    'A Cyrillic letter is not the Latin one that looks like it.',
    async (t) => {
      const word = t.unique('dmin')
      const latin = await t.user({ userName: `a${word}` })
      const answer = await t.post('/Users', t.userBody({ userName: `\u0430${word}` }))
      expectAnswer(answer, '201', '400 invalidValue')
      const found = await t.find('/Users', `userName eq "a${word}"`)
      expectSame(found.answer, 'found', found.ids, [latin.id])
    },
  ),
  safe(
    'invisible-characters-do-not-merge-names',
    'RFC 8265 §3.3',
    'A userName with an invisible character is refused, or one of its own, kept as it is.',
    async (t) => {
      for (const character of ['\u200b', '\u202e']) {
        const userName = `in${character}${t.unique('visible')}`
        const answer = await t.post('/Users', t.userBody({ userName }))
        expectAnswer(answer, '201', '400 invalidValue', '409 uniqueness')
        if (answer.status === 201) expectMember(answer, 'userName', userName)
      }
    },
  ),
  safe(
    'simple-cross-site-requests-are-refused',
    'RFC 7644 §7.1',
    'JSON sent as text/plain, which any web page may send, creates nothing.',
    async (t) => {
      const headers = { 'Content-Type': 'text/plain', Origin: 'https://attacker.example' }
      expectAnswer(await t.post('/Users', t.userBody(), headers), '415', '400')
    },
  ),
  safe(
    'line-breaks-do-not-reach-headers',
    'RFC 9110 §5.5',
    'Line breaks in names and ids split no header.',
    async (t) => {
      const userName = `${t.unique('split')}\r\nX-Injected: yes`
      const created = await t.post('/Users', t.userBody({ userName }))
      expectAnswer(created, '201', '400')
      const unknown = await t.get('/Users/x%0d%0aX-Injected:%20yes')
      expectAnswer(unknown, '404', '400')
      for (const answer of [created, unknown]) {
        expectThat(answer, 'no header X-Injected', answer.header('X-Injected') === undefined)
      }
    },
  ),
  safe(
    'internal-members-cannot-be-set',
    'RFC 7644 §7.2',
    'Members that servers keep for themselves are ignored or refused.',
    async (t) => {
      const answer = await t.post('/Users', t.userBody(INTERNAL))
      expectAnswer(answer, '201', '400 invalidValue', '400 invalidSyntax')
      if (!isObject(answer.body) || answer.status !== 201) return
      const { body } = answer
      const shown = Object.keys(INTERNAL).filter((name) => Object.hasOwn(body, name))
      expectSame(answer, 'members of the request in the answer', shown, [])
      await t.read(`/Users/${body.id}`)
    },
  ),
  safe(
    'prototypes-cannot-be-reached',
    'RFC 7644 §3.5.2',
    'Paths such as __proto__ or constructor are no attributes.',
    async (t) => {
      const { id } = await t.user()
      for (const path of ['__proto__.polluted', 'constructor.prototype.polluted', '__proto__']) {
        const answer = await t.patch(`/Users/${id}`, [{ op: 'add', path, value: 'x' }])
        expectAnswer(answer, '200', '204', '400')
      }
      const after = await t.read(`/Users/${id}`)
      expectThat(after, 'nothing of it', !after.text.includes('polluted'))
    },
    'patch',
  ),
  safe(
    'conflicts-reveal-nothing-of-others',
    'RFC 7644 §7.2',
    'A conflict does not tell the id or other attributes of the user in the way.',
    async (t) => {
      const title = t.unique('Secret')
      const other = await t.user({ title })
      const answer = await t.post('/Users', t.userBody({ userName: other.userName ?? '' }))
      expectAnswer(answer, '409')
      const silent = !answer.text.includes(other.id) && !answer.text.includes(title)
      expectThat(answer, 'no id and no title of the other', silent)
    },
  ),
  safe(
    'markup-stays-text',
    'RFC 7644 §7.1',
    'Markup in a value is returned as JSON, never as a page.',
    async (t) => {
      const displayName = '<script>alert(1)</script>'
      const created = await t.post('/Users', t.userBody({ displayName }))
      expectAnswer(created, '201')
      expectScim(created)
      expectMember(created, 'displayName', displayName)
      const unknown = await t.get('/%3Cscript%3Ealert(1)%3C/script%3E')
      expectAnswer(unknown, '404', '400')
      expectScim(unknown)
    },
  ),
  safe(
    'ids-do-not-escape-their-path',
    'RFC 3986 §6.2.2.3',
    'Dots and slashes in an id lead nowhere else.',
    async (t) => {
      for (const id of ['..%2fServiceProviderConfig', '%2e%2e', '%00', 'a%2fb']) {
        expectAnswer(await t.get(`/Users/${id}`), '404', '400', '200')
      }
    },
  ),
  must(
    'bad-percent-encoding-does-no-harm',
    'RFC 3986 §2.1',
    'A path or query that is not percent-encoded properly is no error of the server.',
    async (t) => {
      expectAnswer(await t.get('/Users/%E0%A4%A'), '404', '400')
      expectAnswer(await t.get('/Users?filter=%E0%A4%A'), '400')
    },
  ),
])
