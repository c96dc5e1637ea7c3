// RFC 7644 §3.1, §3.2, §3.8 and RFC 9110: methods, media types, encodings.
import { area, interop, must, should } from '../check.ts'
import { type Answer, type Headers, isNoAnswer } from '../client.ts'
import type { Context } from '../context.ts'
import { type Allowed, expectAnswer, expectMember, expectThat } from '../expect.ts'
import { read } from '../json.ts'

/** Expects the media type of SCIM, with or without parameters. */
export function expectScim(answer: Answer, ...others: readonly string[]): void {
  const type = answer.header('Content-Type') ?? '(absent)'
  const name = type.split(';')[0]?.trim().toLowerCase() ?? ''
  const allowed = ['application/scim+json', ...others]
  expectThat(answer, `Content-Type ${allowed.join(' or ')}`, allowed.includes(name), type)
}

/** GET /Users with this Accept is answered with SCIM. */
const accepts =
  (accept: string | undefined, ...others: readonly string[]) =>
  async (t: Context) => {
    const answer = await t.get('/Users?count=1', { Accept: accept })
    expectAnswer(answer, '200')
    expectScim(answer, ...others)
  }

/** POST /Users with these headers creates a user. */
const creates = (headers: Headers) => async (t: Context) => {
  expectAnswer(await t.post('/Users', t.userBody(), headers), '201')
}

/** POST /Users with this text is refused. */
const refuses = (text: string) => async (t: Context) => {
  expectAnswer(await t.post('/Users', text), '400 invalidSyntax')
}

const MALFORMED: Readonly<Record<string, string>> = {
  'unfinished-json': '{"a":',
  'an-empty-body': '',
  'an-array-as-body': '[]',
  'a-text-as-body': '"x"',
  'null-as-body': 'null',
  'a-number-as-body': '5',
  'text-after-json': '{} {}',
  'single-quotes': "{'userName':'x'}",
}

const malformed = Object.entries(MALFORMED).map(([name, text]) =>
  must(
    `${name}-${name.endsWith('s') ? 'are' : 'is'}-refused`,
    'RFC 7644 §3.12',
    `POST /Users with ${text === '' ? 'no content' : text} is answered with 400 invalidSyntax.`,
    refuses(text),
  ),
)

/** Methods that a path does not have. */
const WRONG_METHODS: readonly (readonly [method: string, path: string])[] = [
  ['PUT', '/Users'],
  ['PATCH', '/Users'],
  ['DELETE', '/Users'],
  ['PUT', '/Groups'],
  ['DELETE', '/Groups'],
]

const wrongMethods = WRONG_METHODS.map(([method, path]) =>
  must(
    `${method.toLowerCase()}-of-${path.slice(1).toLowerCase()}-is-not-allowed`,
    'RFC 9110 §15.5.6',
    `${method} ${path} is answered with 405 and an Allow header.`,
    async (t) => {
      const answer = await t.send(method, path, method === 'DELETE' ? undefined : t.userBody())
      expectAnswer(answer, '405')
      expectAllow(answer, ['GET', 'POST'])
    },
  ),
)

function expectAllow(answer: Answer, methods: readonly string[]): void {
  const allow = answer.header('Allow') ?? '(absent)'
  const names = allow.split(',').map((name) => name.trim())
  const right = methods.every((method) => names.includes(method))
  expectThat(answer, `Allow with ${methods.join(', ')}`, right, allow)
}

/** Sends what not every client library can send; the check has no verdict then. */
export async function attempt(
  t: Context,
  method: string,
  path: string,
  body?: string,
): Promise<Answer> {
  try {
    return await t.send(method, path, body)
  } catch (error) {
    if (isNoAnswer(error)) return t.skip(`${method} could not be sent: ${error.message}`)
    throw error
  }
}

export const http = area('http', 'HTTP', [
  must(
    'answers-are-application-scim-json',
    'RFC 7644 §3.1',
    'An answer with a body is application/scim+json.',
    accepts('application/scim+json'),
  ),
  must(
    'body-with-charset-is-accepted',
    'RFC 7644 §3.8',
    'application/scim+json; charset=utf-8 is accepted as Content-Type.',
    creates({ 'Content-Type': 'application/scim+json; charset=utf-8' }),
  ),
  must(
    'media-type-ignores-case',
    'RFC 9110 §8.3.1',
    'The media type of a body is matched without regard to case.',
    creates({ 'Content-Type': 'Application/SCIM+JSON' }),
  ),
  interop(
    'body-of-application-json-is-accepted',
    'RFC 7644 §8.1',
    'application/json is accepted as Content-Type.',
    creates({ 'Content-Type': 'application/json' }),
  ),
  should(
    'accept-application-json-is-answered',
    'RFC 7644 §3.8',
    'A client that asks for application/json gets an answer.',
    accepts('application/json', 'application/json'),
  ),
  must(
    'no-accept-means-scim',
    'RFC 7644 §3.8',
    'Without Accept the answer is application/scim+json.',
    accepts(undefined),
  ),
  must(
    'accept-anything-means-scim',
    'RFC 7644 §3.8',
    'Accept: */* is answered with application/scim+json.',
    accepts('*/*'),
  ),
  must(
    'accept-any-application-means-scim',
    'RFC 7644 §3.8',
    'Accept: application/* is answered with application/scim+json.',
    accepts('application/*'),
  ),
  must(
    'accept-with-quality-is-understood',
    'RFC 9110 §12.5.1',
    'SCIM as second choice in Accept is answered with application/scim+json.',
    accepts('text/html, application/scim+json;q=0.5'),
  ),
  should(
    'accept-of-nothing-offered-is-refused-or-ignored',
    'RFC 9110 §12.5.1',
    'Accept: text/html alone is answered with 406, or with SCIM all the same.',
    async (t) => {
      const answer = await t.get('/Users?count=1', { Accept: 'text/html' })
      expectAnswer(answer, '200', '406')
      expectScim(answer, 'application/json')
    },
  ),
  must(
    'invalid-utf-8-is-refused',
    'RFC 7644 §3.8',
    'A body that is not UTF-8 is answered with 400 invalidSyntax.',
    async (t) => {
      const text = JSON.stringify(t.userBody({ title: 'X' }))
      const bytes = new TextEncoder().encode(text)
      bytes[bytes.lastIndexOf('X'.charCodeAt(0))] = 0xff
      expectAnswer(await t.post('/Users', bytes), '400 invalidSyntax')
    },
  ),
  must('utf-8-is-read', 'RFC 7644 §3.8', 'A body in UTF-8 is read as such.', async (t) => {
    const body = JSON.stringify(t.userBody({ displayName: 'Łukasz Müller 𝒳' }))
    const answer = await t.post('/Users', new TextEncoder().encode(body))
    expectAnswer(answer, '201')
    expectMember(answer, 'displayName', 'Łukasz Müller 𝒳')
  }),
  ...malformed,
  interop(
    'member-named-twice-is-refused-or-settled',
    'RFC 7643 §2.1',
    'A body that names an attribute twice is refused, or one of the values is taken.',
    async (t) => {
      const text = JSON.stringify(t.userBody()).replace('{', '{"title":"a","TITLE":"b",')
      const answer = await t.post('/Users', text)
      expectAnswer(answer, '201', '400 invalidSyntax', '400 invalidValue')
    },
  ),
  must(
    'unknown-path-is-not-found',
    'RFC 7644 §3.2',
    'A path that is no endpoint is answered with 404.',
    async (t) => {
      expectAnswer(await t.get('/Foo'), '404')
      expectAnswer(await t.get(`/${crypto.randomUUID()}`), '404')
    },
  ),
  ...wrongMethods,
  must(
    'post-to-a-resource-is-not-allowed',
    'RFC 9110 §15.5.6',
    'POST /Users/{id} is answered with 405 and an Allow header.',
    async (t) => {
      const user = await t.user()
      const answer = await t.post(`/Users/${user.id}`, t.userBody())
      expectAnswer(answer, '405')
      expectAllow(answer, ['GET', 'PUT', 'DELETE'])
    },
  ),
  must(
    'get-of-bulk-is-not-allowed',
    'RFC 9110 §15.5.6',
    'GET /Bulk is answered with 405 and an Allow header.',
    async (t) => {
      const answer = await t.get('/Bulk')
      expectAnswer(answer, '405')
      expectAllow(answer, ['POST'])
    },
    'bulk',
  ),
  must(
    'get-of-search-is-not-allowed',
    'RFC 9110 §15.5.6',
    'GET /Users/.search is answered with 405, or 404 as an unknown id.',
    async (t) => expectAnswer(await t.get('/Users/.search'), '405', '404'),
    'search',
  ),
  should(
    'unknown-parameters-are-ignored',
    'RFC 7644 §3.4.2',
    'Unknown query parameters do no harm.',
    async (t) => expectAnswer(await t.get('/Users?foo=bar&count=1'), '200'),
  ),
  must(
    'put-never-creates',
    'RFC 7644 §3.5.1',
    'PUT of an unknown id is answered with 404 and creates nothing.',
    async (t) => {
      const path = `/Users/${crypto.randomUUID()}`
      expectAnswer(await t.put(path, t.userBody()), '404')
      expectAnswer(await t.get(path), '404')
    },
  ),
  interop(
    'location-header-comes-with-a-resource',
    'RFC 7644 §3.1',
    'Location, where an answer with one resource has it, is its meta.location.',
    async (t) => {
      const created = await t.post('/Users', t.userBody())
      const path = `/Users/${read(created.body, 'id')}`
      const replaced = await t.put(path, t.userBody())
      for (const answer of [created, await t.get(path), replaced]) {
        expectAnswer(answer, '2xx')
        const location = read(answer.body, 'meta', 'location') ?? null
        const header = answer.header('Location') ?? location
        expectThat(answer, `Location ${location}`, header === location, header)
      }
    },
  ),
  should(
    'get-with-a-body-is-handled',
    'RFC 9110 §9.3.1',
    'A body of a GET is ignored or refused.',
    async (t) => {
      expectAnswer(await attempt(t, 'GET', '/Users?count=1', '{}'), '200', '400')
    },
  ),
  must(
    'options-is-answered',
    'RFC 9110 §9.3.7',
    'OPTIONS is answered without an error of the server and without data.',
    async (t) => {
      const answer = await t.withToken(undefined).send('OPTIONS', '/Users')
      expectAnswer(answer, '200', '204', '401', '405')
      expectThat(answer, 'no resources', read(answer.body, 'Resources') === undefined)
    },
  ),
  should(
    'head-is-get-without-a-body',
    'RFC 9110 §9.3.2',
    'HEAD is answered as GET, without a body.',
    async (t) => {
      const user = await t.user()
      const answer = await t.send('HEAD', `/Users/${user.id}`)
      expectAnswer(answer, '200', '405', '501')
      expectThat(answer, 'no body', answer.text === '')
    },
  ),
  should(
    'unsupported-media-type-is-refused',
    'RFC 9110 §15.5.16',
    'A body of another media type is answered with 415.',
    async (t) => {
      const headers = { 'Content-Type': 'application/xml' }
      expectAnswer(await t.post('/Users', '<user/>', headers), '415', '400')
    },
  ),
  interop(
    'slash-at-the-end-of-the-base-does-no-harm',
    'RFC 7644 §1.3',
    'Where administrators end the base URL with a slash, clients ask for //Users.',
    async (t) => {
      const answer = await t.get('//Users?count=1')
      expectAnswer(answer, ...(['200', '404', '308', '301'] satisfies Allowed[]))
    },
  ),
  interop(
    'slash-at-the-end-of-a-path-does-no-harm',
    'RFC 3986 §6.2.3',
    '/Users/ is the same as /Users, or is not found.',
    async (t) => expectAnswer(await t.get('/Users/?count=1'), '200', '404', '308', '301'),
  ),
  interop(
    'missing-user-agent-does-no-harm',
    'RFC 9110 §10.1.5',
    'A client that sends neither User-Agent nor Accept is served.',
    async (t) => expectAnswer(await t.get('/Users?count=1', { Accept: undefined }), '200'),
  ),
  interop(
    'lower-case-header-names-are-read',
    'RFC 9110 §5.1',
    'Header names are matched without regard to case.',
    creates({ accept: undefined, 'content-type': 'application/json' }),
  ),
])
