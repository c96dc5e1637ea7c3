// RFC 7644 §3.14 and RFC 9110 §13: versions and conditional requests.
import { area, must, overTheRun, should } from '../check.ts'
import type { Answer } from '../client.ts'
import type { Context } from '../context.ts'
import {
  entityTag,
  expectAnswer,
  expectEqual,
  expectMember,
  expectThat,
  isEntityTag,
  unmet,
} from '../expect.ts'
import { read } from '../json.ts'

/** Expects the ETag of an answer to be the version in its body. */
function expectVersion(answer: Answer): void {
  expectAnswer(answer, '2xx')
  expectMember(answer, 'meta.version', entityTag(answer))
}

/** GET of a fresh user: its path and its version. */
async function versioned(t: Context): Promise<{ path: string; version: string }> {
  const { id } = await t.user({ displayName: 'V', title: 'old' })
  const answer = await t.read(`/Users/${id}`)
  return { path: `/Users/${id}`, version: String(read(answer.body, 'meta', 'version')) }
}

const CHANGE = [{ op: 'replace', path: 'title', value: 'new' }]

export const etag = area(
  'etag',
  'Versions and conditional requests',
  [
    should(
      'creation-has-an-etag',
      'RFC 7644 §3.14',
      'The answer to POST has an ETag, equal to meta.version.',
      async (t) => {
        expectVersion(await t.post('/Users', t.userBody()))
        expectVersion(await t.post('/Groups', t.groupBody()))
      },
    ),
    should(
      'reading-has-an-etag',
      'RFC 7644 §3.14',
      'The answer to GET of one resource has an ETag, equal to meta.version.',
      async (t) => {
        expectVersion(await t.get(`/Users/${(await t.user()).id}`))
        expectVersion(await t.get(`/Groups/${(await t.group()).id}`))
      },
    ),
    should(
      'replacement-has-an-etag',
      'RFC 7644 §3.14',
      'The answer to PUT has an ETag, equal to meta.version.',
      async (t) => {
        expectVersion(await t.put(`/Users/${(await t.user()).id}`, t.userBody()))
        expectVersion(await t.put(`/Groups/${(await t.group()).id}`, t.groupBody()))
      },
    ),
    should(
      'change-has-an-etag',
      'RFC 7644 §3.14',
      'The answer to PATCH, with or without a body, has the ETag that GET has then.',
      async (t) => {
        const { path } = await versioned(t)
        const answer = await t.patch(path, CHANGE)
        expectAnswer(answer, '2xx')
        expectEqual(answer, 'ETag', entityTag(answer), entityTag(await t.read(path)))
      },
      'patch',
    ),
    overTheRun(
      must(
        'etags-are-entity-tags',
        'RFC 9110 §8.8.3',
        'Every ETag and meta.version of the run is an entity tag in quotes, weak ones with W/.',
        (t) => {
          const tagged = t.transcript.filter((answer) => answer.header('ETag') !== undefined)
          if (tagged.length === 0) throw unmet(undefined, 'an ETag in some answer', 'none')
          for (const answer of t.transcript) {
            const tag = answer.header('ETag')
            expectThat(answer, 'an entity tag', tag === undefined || isEntityTag(tag), tag ?? null)
            if (answer.status >= 300) continue
            const version = read(answer.body, 'meta', 'version')
            const right = version === undefined || isEntityTag(version)
            expectThat(answer, 'an entity tag in meta.version', right, version ?? null)
          }
        },
      ),
    ),
    must(
      'if-none-match-of-the-current-version-is-304',
      'RFC 7644 §3.14',
      'GET with If-None-Match of the current version is answered with 304 and no body.',
      async (t) => {
        const { path, version } = await versioned(t)
        const answer = await t.get(path, { 'If-None-Match': version })
        expectAnswer(answer, '304')
        expectThat(answer, 'no body', answer.text === '')
      },
    ),
    must(
      'answer-304-has-the-etag',
      'RFC 9110 §15.4.5',
      'An answer 304 carries the ETag.',
      async (t) => {
        const { path, version } = await versioned(t)
        const answer = await t.get(path, { 'If-None-Match': version })
        expectEqual(answer, 'ETag', entityTag(answer), version)
      },
    ),
    must(
      'if-none-match-of-another-version-is-200',
      'RFC 7644 §3.14',
      'GET with If-None-Match of another version is answered with the resource.',
      async (t) => {
        const { path } = await versioned(t)
        const answer = await t.get(path, { 'If-None-Match': 'W/"old"' })
        expectAnswer(answer, '200')
        expectMember(answer, 'title', 'old')
      },
    ),
    must(
      'if-none-match-of-anything-is-304',
      'RFC 9110 §13.1.2',
      'GET with If-None-Match: * of a resource that exists is answered with 304.',
      async (t) => {
        const { path } = await versioned(t)
        expectAnswer(await t.get(path, { 'If-None-Match': '*' }), '304')
      },
    ),
    must(
      'if-none-match-may-list-versions',
      'RFC 9110 §13.1.2',
      'If-None-Match may list several versions.',
      async (t) => {
        const { path, version } = await versioned(t)
        expectAnswer(await t.get(path, { 'If-None-Match': `"a", ${version}, W/"b"` }), '304')
      },
    ),
    must(
      'stale-if-match-stops-a-change',
      'RFC 7644 §3.14',
      'PATCH with a stale If-Match is answered with 412 and changes nothing.',
      async (t) => {
        const { path } = await versioned(t)
        expectAnswer(await t.patch(path, CHANGE, { 'If-Match': 'W/"stale"' }), '412')
        expectMember(await t.read(path), 'title', 'old')
      },
      'patch',
    ),
    must(
      'current-if-match-lets-a-change-pass',
      'RFC 7644 §3.14',
      'PATCH with the current version succeeds.',
      async (t) => {
        const { path, version } = await versioned(t)
        expectAnswer(await t.patch(path, CHANGE, { 'If-Match': version }), '2xx')
        expectMember(await t.read(path), 'title', 'new')
      },
      'patch',
    ),
    must(
      'if-match-of-anything-lets-a-change-pass',
      'RFC 9110 §13.1.1',
      'PATCH with If-Match: * of a resource that exists succeeds.',
      async (t) => {
        const { path } = await versioned(t)
        expectAnswer(await t.patch(path, CHANGE, { 'If-Match': '*' }), '2xx')
      },
      'patch',
    ),
    must(
      'stale-if-match-stops-a-change-of-a-group',
      'RFC 7644 §3.14',
      'PATCH of a group with a stale If-Match is answered with 412 and changes nothing.',
      async (t) => {
        const group = await t.group()
        const path = `/Groups/${group.id}`
        const operations = [{ op: 'replace', path: 'displayName', value: t.unique('new') }]
        expectAnswer(await t.patch(path, operations, { 'If-Match': 'W/"stale"' }), '412')
        expectMember(await t.read(path), 'displayName', group.displayName ?? null)
      },
      'patch',
    ),
    must(
      'old-version-is-stale-after-a-change',
      'RFC 7644 §3.14',
      'The version before a change is stale after it.',
      async (t) => {
        const { path, version } = await versioned(t)
        expectAnswer(await t.patch(path, CHANGE), '2xx')
        const again = [{ op: 'replace', path: 'title', value: 'again' }]
        expectAnswer(await t.patch(path, again, { 'If-Match': version }), '412')
        expectAnswer(await t.get(path, { 'If-None-Match': version }), '200')
      },
      'patch',
    ),
    must(
      'change-without-effect-keeps-the-version',
      'RFC 7644 §3.5.2.1',
      'PATCH that adds what is there already changes neither version nor lastModified.',
      async (t) => {
        const user = await t.user()
        const group = await t.group([user])
        const path = `/Groups/${group.id}`
        const before = await t.read(path)
        const after = await t.change(path, [
          { op: 'add', path: 'members', value: [{ value: user.id }] },
        ])
        expectEqual(after, 'ETag', entityTag(after), entityTag(before))
        expectEqual(after, 'meta', read(after.body, 'meta'), read(before.body, 'meta'))
      },
      'patch',
    ),
    must(
      'if-none-match-works-with-attributes',
      'RFC 7644 §3.14',
      'The version is that of the resource, whatever part of it is asked for.',
      async (t) => {
        const { path, version } = await versioned(t)
        const answer = await t.get(`${path}?attributes=displayName`, { 'If-None-Match': version })
        expectAnswer(answer, '304')
      },
    ),
    should(
      'malformed-if-match-does-not-match',
      'RFC 9110 §13.1.1',
      'An If-Match that is no entity tag is refused, never taken for a match.',
      async (t) => {
        const { path } = await versioned(t)
        expectAnswer(await t.patch(path, CHANGE, { 'If-Match': 'garbage' }), '412', '400')
        expectMember(await t.read(path), 'title', 'old')
      },
      'patch',
    ),
    must(
      'membership-changes-the-version-of-a-group',
      'RFC 7644 §3.14',
      'A group with another member has another version.',
      async (t) => {
        const user = await t.user()
        const group = await t.group()
        const path = `/Groups/${group.id}`
        const before = entityTag(await t.read(path))
        const operation = { op: 'add', path: 'members', value: [{ value: user.id }] }
        const after = await t.change(path, [operation])
        expectThat(after, `another ETag than ${before}`, entityTag(after) !== before, before)
      },
      'patch',
    ),
  ],
  ['etag'],
)
