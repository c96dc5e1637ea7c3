// RFC 7644 §3.7 with the errata 5050 and 7916: bulk operations.
import { area, type Check, interop, must, should } from '../check.ts'
import type { Answer } from '../client.ts'
import type { Context } from '../context.ts'
import {
  expectAnswer,
  expectEqual,
  expectErrorOnly,
  expectMember,
  expectSame,
  expectThat,
  isEntityTag,
  unmet,
} from '../expect.ts'
import { isObject, type Json, type JsonObject, objects, read } from '../json.ts'
import { BULK_REQUEST, BULK_RESPONSE, ERROR, PATCH_OP } from '../urns.ts'
import { expectScim } from './http.ts'

const BULK = 'RFC 7644 §3.7'
const RESULTS = 'RFC 7644 §3.7.3'

function send(t: Context, operations: readonly JsonObject[], more: JsonObject = {}) {
  return t.post('/Bulk', { schemas: [BULK_REQUEST], ...more, Operations: [...operations] })
}

/** The results of operations, as many as are expected. */
async function results(
  t: Context,
  operations: readonly JsonObject[],
  more: JsonObject = {},
  count = operations.length,
): Promise<{ answer: Answer; results: JsonObject[] }> {
  const answer = await send(t, operations, more)
  expectAnswer(answer, '200')
  const found = objects(read(answer.body, 'Operations'))
  expectEqual(answer, 'the number of results', found.length, count)
  return { answer, results: found }
}

function creation(t: Context, bulkId: string, more: JsonObject = {}): JsonObject {
  return { method: 'POST', path: '/Users', bulkId, data: t.userBody(more) }
}

function change(id: string, path: string, value: Json, more: JsonObject = {}): JsonObject {
  const data = { schemas: [PATCH_OP], Operations: [{ op: 'replace', path, value }] }
  return { method: 'PATCH', path: `/Users/${id}`, data, ...more }
}

/** A status, however the server writes it: other checks look at its form. */
function statusOf(result: JsonObject | undefined): string {
  const status = result?.status
  return String(isObject(status) ? status.code : status)
}

function expectStatus(answer: Answer, result: JsonObject | undefined, ...allowed: string[]): void {
  const status = statusOf(result)
  expectThat(answer, `an operation with status ${allowed.join(' or ')}`, allowed.includes(status), {
    ...result,
  })
}

/** The id at the end of the location of a result. */
function idIn(answer: Answer, result: JsonObject | undefined): string {
  const location = result?.location
  const id = typeof location === 'string' ? location.split('/').at(-1) : undefined
  if (!id) throw unmet(answer.request, 'a location in the result', JSON.stringify(result ?? null))
  return id
}

/** Operations that no service provider can carry out, between two that it can. */
const INVALID: Readonly<Record<string, (id: string) => JsonObject>> = {
  'get-as-method': (id) => ({ method: 'GET', path: `/Users/${id}` }),
  'an-unknown-method': (id) => ({ method: 'FOO', path: `/Users/${id}` }),
  'no-path': () => ({ method: 'POST', bulkId: 'x', data: {} }),
  'an-unknown-path': () => ({ method: 'POST', path: '/Nope', bulkId: 'x', data: {} }),
  'a-creation-at-a-resource': (id) => ({
    method: 'POST',
    path: `/Users/${id}`,
    bulkId: 'x',
    data: {},
  }),
  'a-replacement-of-a-collection': () => ({ method: 'PUT', path: '/Users', data: {} }),
  'no-data': (id) => ({ method: 'PUT', path: `/Users/${id}` }),
}

const invalid = Object.entries(INVALID).map(([name, operation]) =>
  must(
    `bulk-operation-with-${name}-fails-alone`,
    BULK,
    'An operation that cannot be carried out fails; the others are carried out, or the request is refused.',
    async (t) => {
      const user = await t.user()
      const operations = [
        change(user.id, 'title', 'first'),
        operation(user.id),
        change(user.id, 'nickName', 'last'),
      ]
      const answer = await send(t, operations)
      expectAnswer(answer, '200', '400 invalidSyntax', '400 invalidValue')
      if (answer.status !== 200) return
      const [, failed, last] = objects(read(answer.body, 'Operations'))
      expectStatus(answer, failed, '400', '404', '405', '501')
      expectStatus(answer, last, '200', '204')
      expectMember(await t.read(`/Users/${user.id}`), 'nickName', 'last')
    },
    'bulk',
  ),
)

const checks: Check[] = [
  must(
    'bulk-answers-with-a-bulk-response',
    BULK,
    'POST /Bulk is answered with 200 and a BulkResponse.',
    async (t) => {
      const { answer } = await results(t, [creation(t, 'a')])
      expectMember(answer, 'schemas', [BULK_RESPONSE])
      expectScim(answer)
    },
  ),
  must(
    'bulk-creation-has-method-id-and-location',
    RESULTS,
    'The result of a creation has method, bulkId and location.',
    async (t) => {
      const { answer, results: found } = await results(t, [creation(t, 'qwerty')])
      expectEqual(answer, 'method', found[0]?.method, 'POST')
      expectEqual(answer, 'bulkId', found[0]?.bulkId, 'qwerty')
      await t.read(`/Users/${idIn(answer, found[0])}`)
    },
  ),
  must(
    'bulk-status-is-a-text',
    RESULTS,
    'status of a result is a text, not a number or an object (erratum 7916).',
    async (t) => {
      const operations = [creation(t, 'a'), change(crypto.randomUUID(), 'title', 'x')]
      const { answer, results: found } = await results(t, operations)
      expectEqual(answer, 'status of the first', found[0]?.status, '201')
      expectEqual(answer, 'status of the second', found[1]?.status, '404')
    },
  ),
  must(
    'bulk-results-have-versions',
    RESULTS,
    'Where ETags are supported, a result has the version of its resource.',
    async (t) => {
      const { answer, results: found } = await results(t, [creation(t, 'a')])
      const version = found[0]?.version
      expectThat(answer, 'an entity tag', isEntityTag(version), version ?? null)
      const user = await t.read(`/Users/${idIn(answer, found[0])}`)
      expectMember(user, 'meta.version', version)
    },
    'etag',
  ),
  must(
    'bulk-knows-all-methods',
    BULK,
    'POST, PUT, PATCH and DELETE work in one job.',
    async (t) => {
      const [put, patched, gone] = [await t.user(), await t.user(), await t.user()]
      const { answer, results: found } = await results(t, [
        creation(t, 'a'),
        { method: 'PUT', path: `/Users/${put.id}`, data: t.userBody({ title: 'put' }) },
        change(patched.id, 'title', 'patched'),
        { method: 'DELETE', path: `/Users/${gone.id}` },
      ])
      expectStatus(answer, found[0], '201')
      expectStatus(answer, found[1], '200')
      expectStatus(answer, found[2], '200', '204')
      expectStatus(answer, found[3], '204')
      expectMember(await t.read(`/Users/${put.id}`), 'title', 'put')
      expectMember(await t.read(`/Users/${patched.id}`), 'title', 'patched')
      expectAnswer(await t.get(`/Users/${gone.id}`), '404')
    },
  ),
  must(
    'bulk-works-on-groups',
    BULK,
    'Groups are created, changed and deleted in bulk.',
    async (t) => {
      const group = await t.group()
      const displayName = t.unique('renamed')
      const data = {
        schemas: [PATCH_OP],
        Operations: [{ op: 'replace', path: 'displayName', value: displayName }],
      }
      const { answer, results: found } = await results(t, [
        { method: 'POST', path: '/Groups', bulkId: 'g', data: t.groupBody() },
        { method: 'PATCH', path: `/Groups/${group.id}`, data },
      ])
      expectStatus(answer, found[0], '201')
      expectMember(await t.read(`/Groups/${group.id}`), 'displayName', displayName)
    },
  ),
  must(
    'bulk-change-is-a-patch-message',
    RESULTS,
    'data of a PATCH is a whole PatchOp message; a bare array is refused (erratum 5050).',
    async (t) => {
      const user = await t.user()
      const { answer, results: found } = await results(t, [
        change(user.id, 'title', 'new'),
        {
          method: 'PATCH',
          path: `/Users/${user.id}`,
          data: [{ op: 'replace', path: 'title', value: 'bare' }],
        },
      ])
      expectStatus(answer, found[0], '200', '204')
      expectStatus(answer, found[1], '400')
      expectMember(await t.read(`/Users/${user.id}`), 'title', 'new')
    },
  ),
  must(
    'bulk-id-stands-for-a-new-member',
    'RFC 7644 §3.7.2',
    'bulkId:… in members of a creation is replaced with the new id.',
    async (t) => {
      const members = [{ value: 'bulkId:qwerty' }]
      const { answer, results: found } = await results(t, [
        creation(t, 'qwerty'),
        { method: 'POST', path: '/Groups', bulkId: 'group', data: t.groupBody({ members }) },
      ])
      const group = await t.read(`/Groups/${idIn(answer, found[1])}`)
      const ids = objects(read(group.body, 'members')).map(({ value }) => String(value))
      expectSame(group, 'members', ids, [idIn(answer, found[0])])
    },
  ),
  must(
    'bulk-id-is-known-before-its-creation',
    'RFC 7644 §3.7.2',
    'A reference to a creation further down in the job is resolved, or answered with 409 or 400.',
    async (t) => {
      const members = [{ value: 'bulkId:later' }]
      const { answer, results: found } = await results(t, [
        { method: 'POST', path: '/Groups', bulkId: 'group', data: t.groupBody({ members }) },
        creation(t, 'later'),
      ])
      expectStatus(answer, found[0], '201', '409', '400')
      if (statusOf(found[0]) !== '201') return
      const group = await t.read(`/Groups/${idIn(answer, found[0])}`)
      const ids = objects(read(group.body, 'members')).map(({ value }) => String(value))
      expectSame(group, 'members', ids, [idIn(answer, found[1])])
    },
  ),
  must(
    'bulk-id-works-in-a-change',
    'RFC 7644 §3.7.2',
    'bulkId:… in the value of a PATCH is replaced with the new id.',
    async (t) => {
      const group = await t.group()
      const data = {
        schemas: [PATCH_OP],
        Operations: [{ op: 'add', path: 'members', value: [{ value: 'bulkId:u1' }] }],
      }
      const { answer, results: found } = await results(t, [
        creation(t, 'u1'),
        { method: 'PATCH', path: `/Groups/${group.id}`, data },
      ])
      const after = await t.read(`/Groups/${group.id}`)
      const ids = objects(read(after.body, 'members')).map(({ value }) => String(value))
      expectSame(after, 'members', ids, [idIn(answer, found[0])])
    },
  ),
  interop(
    'bulk-id-works-in-a-path-or-is-refused',
    'RFC 7644 §3.7.2',
    'bulkId:… in the path of a later operation is resolved, or that operation fails.',
    async (t) => {
      const { answer, results: found } = await results(t, [
        creation(t, 'u1'),
        change('bulkId:u1', 'title', 'new'),
      ])
      expectStatus(answer, found[1], '200', '204', '400', '404')
      if (statusOf(found[1]).startsWith('4')) return
      expectMember(await t.read(`/Users/${idIn(answer, found[0])}`), 'title', 'new')
    },
  ),
  must(
    'unknown-bulk-id-is-an-error',
    'RFC 7644 §3.7.2',
    'A reference to a bulkId that no operation has makes the operation fail, or is left out.',
    async (t) => {
      const data = t.groupBody({ members: [{ value: 'bulkId:nobody' }] })
      const operation = { method: 'POST', path: '/Groups', bulkId: 'g', data }
      const { answer, results: found } = await results(t, [operation])
      expectStatus(answer, found[0], '400', '404', '409', '201')
      if (statusOf(found[0]) !== '201') return
      const group = await t.read(`/Groups/${idIn(answer, found[0])}`)
      expectThat(group, 'no member', objects(read(group.body, 'members')).length === 0)
    },
  ),
  must(
    'bulk-creation-without-a-bulk-id-gets-none',
    BULK,
    'A creation without bulkId fails, or has a result without one.',
    async (t) => {
      const operation = { method: 'POST', path: '/Users', data: t.userBody() }
      const answer = await send(t, [operation])
      expectAnswer(answer, '200', '400 invalidSyntax', '400 invalidValue')
      if (answer.status !== 200) return
      const [result] = objects(read(answer.body, 'Operations'))
      expectStatus(answer, result, '201', '400')
      expectThat(answer, 'no bulkId', result?.bulkId === undefined)
    },
  ),
  must(
    'bulk-id-is-unique',
    BULK,
    'A bulkId that two creations share makes the second fail, or the whole request.',
    async (t) => {
      const answer = await send(t, [creation(t, 'x'), creation(t, 'x')])
      expectAnswer(answer, '200', '400 invalidSyntax', '400 invalidValue')
      if (answer.status !== 200) return
      const [, second] = objects(read(answer.body, 'Operations'))
      expectStatus(answer, second, '400', '409')
    },
  ),
  must(
    'bulk-goes-on-after-errors',
    BULK,
    'Without failOnErrors all operations are carried out, whatever fails.',
    async (t) => {
      const { userName = '' } = await t.user()
      const { answer, results: found } = await results(t, [
        creation(t, 'a', { userName }),
        creation(t, 'b'),
        creation(t, 'c'),
      ])
      expectSame(answer, 'the statuses', found.map(statusOf), ['409', '201', '201'])
    },
  ),
  must(
    'bulk-of-failures-is-answered-with-200',
    RESULTS,
    'Also a job of which all operations fail is answered with 200.',
    async (t) => {
      const { userName = '' } = await t.user()
      const operations = [creation(t, 'a', { userName }), creation(t, 'b', { userName })]
      const { answer, results: found } = await results(t, operations)
      expectSame(answer, 'the statuses', found.map(statusOf), ['409', '409'])
    },
  ),
  must(
    'bulk-stops-after-so-many-errors',
    BULK,
    'With failOnErrors the job ends at that number of errors; the rest is not carried out.',
    async (t) => {
      const { userName = '' } = await t.user()
      const wanted = t.unique('after')
      const operations = [
        creation(t, 'a'),
        creation(t, 'b', { userName }),
        creation(t, 'c', { userName: wanted }),
      ]
      const { answer, results: found } = await results(t, operations, { failOnErrors: 1 }, 2)
      expectSame(answer, 'the statuses', found.map(statusOf), ['201', '409'])
      const { ids } = await t.find('/Users', `userName eq "${wanted}"`)
      expectThat(answer, 'the third user not created', ids.length === 0)
    },
  ),
  must(
    'failed-bulk-operation-has-an-error-response',
    RESULTS,
    'The result of a failed operation has the SCIM Error as response, with the same status.',
    async (t) => {
      const { userName = '' } = await t.user()
      const { answer, results: found } = await results(t, [creation(t, 'a', { userName })])
      const response = read(found[0], 'response')
      expectEqual(answer, 'response.schemas', read(response, 'schemas'), [ERROR])
      expectEqual(answer, 'response.status', read(response, 'status'), '409')
      expectEqual(answer, 'response.scimType', read(response, 'scimType'), 'uniqueness')
    },
  ),
  interop(
    'failed-bulk-operation-has-nothing-but-an-error',
    RESULTS,
    'The response of a failed operation has schemas, status, scimType and detail only.',
    async (t) => {
      const unknown = { method: 'DELETE', path: `/Users/${crypto.randomUUID()}` }
      const { answer, results: found } = await results(t, [unknown])
      expectErrorOnly(answer, found[0]?.response)
    },
  ),
  must(
    'failed-bulk-creation-has-no-location',
    RESULTS,
    'A failed creation has no location.',
    async (t) => {
      const { userName = '' } = await t.user()
      const { answer, results: found } = await results(t, [creation(t, 'a', { userName })])
      expectThat(answer, 'no location', found[0]?.location === undefined, found[0] ?? null)
    },
  ),
  must(
    'failed-bulk-change-has-its-location',
    RESULTS,
    'Any other failed operation has the location of its resource.',
    async (t) => {
      const id = crypto.randomUUID()
      const { answer, results: found } = await results(t, [change(id, 'title', 'x')])
      expectEqual(answer, 'the id in location', idIn(answer, found[0]), id)
    },
  ),
  must(
    'bulk-honours-versions',
    BULK,
    'version of an operation is its If-Match: stale ones fail with 412.',
    async (t) => {
      const user = await t.user()
      const version = read(user, 'meta', 'version') ?? null
      const { answer, results: found } = await results(t, [
        change(user.id, 'title', 'stale', { version: 'W/"stale"' }),
        change(user.id, 'title', 'current', { version }),
      ])
      expectStatus(answer, found[0], '412')
      expectStatus(answer, found[1], '200', '204')
      expectMember(await t.read(`/Users/${user.id}`), 'title', 'current')
    },
    'etag',
  ),
  must(
    'too-many-bulk-operations-are-refused',
    'RFC 7644 §3.7.4',
    'More than maxOperations is answered with 413 naming the limit, and nothing is carried out.',
    async (t) => {
      const most = Number(read(t.serviceProviderConfig, 'bulk', 'maxOperations'))
      if (most > 5000) return t.skip(`maxOperations is ${most}, too many to try.`)
      const userName = t.unique('many')
      const operation = creation(t, 'a', { userName })
      const operations = Array.from({ length: most + 1 }, (_, index) =>
        index === 0 ? operation : { method: 'DELETE', path: `/Users/none-${index}` },
      )
      const answer = await send(t, operations)
      expectAnswer(answer, '413')
      const detail = String(read(answer.body, 'detail')).replace(/(\d)[.,'\s](?=\d{3})/g, '$1')
      expectThat(answer, `a detail that names ${most}`, detail.includes(String(most)), detail)
      const { ids } = await t.find('/Users', `userName eq "${userName}"`)
      expectThat(answer, 'no user created', ids.length === 0)
    },
  ),
  must(
    'too-large-a-bulk-request-is-refused',
    'RFC 7644 §3.7.4',
    'A body above maxPayloadSize is answered with 413 naming the limit.',
    async (t) => {
      const most = Number(read(t.serviceProviderConfig, 'bulk', 'maxPayloadSize'))
      if (most > 20_000_000) return t.skip(`maxPayloadSize is ${most}, too much to try.`)
      const answer = await send(t, [creation(t, 'a', { displayName: 'x'.repeat(most) })])
      expectAnswer(answer, '413')
      const detail = String(read(answer.body, 'detail')).replace(/(\d)[.,'\s](?=\d{3})/g, '$1')
      const mebibytes = `${most / 1024 / 1024} MiB`
      const named = detail.includes(String(most)) || detail.includes(mebibytes)
      expectThat(answer, `a detail that names ${most}`, named, detail)
    },
  ),
  ...invalid,
  must(
    'bulk-results-are-in-order',
    BULK,
    'Results can be told apart: methods, bulkIds and locations match the operations, in their order.',
    async (t) => {
      const [a, b] = [await t.user(), await t.user()]
      const { answer, results: found } = await results(t, [
        creation(t, 'first'),
        change(a.id, 'title', 'x'),
        creation(t, 'second'),
        { method: 'DELETE', path: `/Users/${b.id}` },
        change(a.id, 'title', 'y'),
      ])
      const methods = found.map(({ method }) => method ?? null)
      expectEqual(answer, 'the methods', methods, ['POST', 'PATCH', 'POST', 'DELETE', 'PATCH'])
      expectEqual(answer, 'bulkId of the third', found[2]?.bulkId, 'second')
      expectEqual(answer, 'the id in the fourth location', idIn(answer, found[3]), b.id)
    },
  ),
  must(
    'bulk-without-operations-is-refused',
    BULK,
    'A job without Operations is answered with 400.',
    async (t) => {
      const answer = await t.post('/Bulk', { schemas: [BULK_REQUEST] })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
  ),
  must(
    'bulk-operations-are-an-array',
    BULK,
    'Operations as an object is answered with 400.',
    async (t) => {
      const answer = await t.post('/Bulk', { schemas: [BULK_REQUEST], Operations: {} })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
  ),
  must(
    'fail-on-errors-is-an-integer',
    BULK,
    'failOnErrors as a word is answered with 400.',
    async (t) => {
      const answer = await send(t, [creation(t, 'a')], { failOnErrors: 'x' })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
  ),
  must(
    'bulk-of-another-schema-is-refused',
    BULK,
    'A job whose schemas name another message is answered with 400.',
    async (t) => {
      const Operations = [creation(t, 'a')]
      const answer = await t.post('/Bulk', { schemas: [BULK_RESPONSE], Operations })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
  ),
  must(
    'many-bulk-operations-have-many-results',
    RESULTS,
    'A job of as many as 50 operations has a result for each.',
    async (t) => {
      const most = Number(read(t.serviceProviderConfig, 'bulk', 'maxOperations'))
      const count = Math.min(50, most)
      const operations = Array.from({ length: count }, (_, index) => creation(t, `b${index}`))
      const { answer, results: found } = await results(t, operations)
      const created = found.filter((result) => statusOf(result) === '201')
      expectEqual(answer, 'the number of users created', created.length, count)
    },
  ),
]

export const bulk = area('bulk', 'Bulk operations', [
  ...checks.map((check) => ({ ...check, needs: [...check.needs, 'bulk' as const] })),
  should(
    'unsupported-bulk-is-not-implemented',
    'RFC 7644 §3.12',
    'Where bulk is not supported, POST /Bulk is answered with 501.',
    async (t) => {
      const body = { schemas: [BULK_REQUEST], Operations: [] }
      expectAnswer(await t.post('/Bulk', body), '501')
    },
    'no bulk',
  ),
])
