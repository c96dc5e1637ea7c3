// RFC 7644 §3.4.3: querying with POST /.search.
import { area, interop, must, should } from '../check.ts'
import { type Answer, idsOf, query, resourcesOf } from '../client.ts'
import type { Context } from '../context.ts'
import {
  expectAnswer,
  expectEqual,
  expectMember,
  expectMembers,
  expectSame,
  expectThat,
} from '../expect.ts'
import { type JsonObject, read } from '../json.ts'
import { ENTERPRISE_USER, LIST_RESPONSE, SEARCH_REQUEST } from '../urns.ts'
import { five } from './paging.ts'

const SEARCH = 'RFC 7644 §3.4.3'

/** POST to a /.search, which has to be answered with 200. */
async function found(t: Context, path: string, parameters: JsonObject): Promise<Answer> {
  const answer = await t.post(path, { schemas: [SEARCH_REQUEST], ...parameters })
  expectAnswer(answer, '200')
  return answer
}

/** Filters of every kind, which have to find the same by GET and by POST. */
const SAME: Readonly<Record<string, string>> = {
  'an-equal-text': 'title eq "Tour Guide"',
  'a-part-of-a-text': 'name.familyName co "O\'Malley"',
  presence: 'emails pr',
  'a-negation': 'not (title pr)',
  alternatives: 'userType eq "Intern" or title pr',
  'a-boolean': 'active eq false',
  'an-element': 'emails[type eq "work" and value co "@example.com"]',
  escapes: 'displayName eq "back\\\\slash \\"quoted\\" (a and b) or [c]"',
  'a-schema': `schemas eq "${ENTERPRISE_USER}"`,
  'an-order': 'userName gt "a"',
}

const same = Object.entries(SAME).map(([name, filter]) =>
  must(
    `search-for-${name}-finds-the-same-as-get`,
    SEARCH,
    `POST /Users/.search with ${filter} finds the same as GET.`,
    async (t) => {
      await t.people()
      const wanted = await t.read(query('/Users', { filter, count: 50 }))
      const answer = await found(t, '/Users/.search', { filter, count: 50 })
      expectEqual(
        answer,
        'totalResults',
        read(answer.body, 'totalResults'),
        read(wanted.body, 'totalResults'),
      )
      expectSame(answer, 'found', idsOf(answer), idsOf(wanted))
    },
    'search',
  ),
)

export const search = area('search', 'Searching with POST', [
  must(
    'search-answers-with-a-list',
    SEARCH,
    'POST /Users/.search is answered with 200 and a ListResponse.',
    async (t) =>
      expectMember(await found(t, '/Users/.search', { count: 1 }), 'schemas', [LIST_RESPONSE]),
    'search',
  ),
  must(
    'search-takes-filter-paging-and-attributes',
    SEARCH,
    'filter, startIndex, count and attributes work together.',
    async (t) => {
      const { filter } = await five(t)
      const parameters = { filter, startIndex: 2, count: 2, attributes: ['userName'] }
      const answer = await found(t, '/Users/.search', parameters)
      expectMember(answer, 'totalResults', 5)
      expectMember(answer, 'startIndex', 2)
      expectEqual(answer, 'the resources on the page', resourcesOf(answer).length, 2)
      for (const one of resourcesOf(answer)) {
        expectMembers(answer, 'a resource', one, ['id', 'schemas', 'userName'])
      }
    },
    'search',
  ),
  must(
    'search-sorts',
    SEARCH,
    'sortBy and sortOrder work in a search.',
    async (t) => {
      const { filter, ids } = await five(t)
      const parameters = {
        filter,
        sortBy: 'userName',
        sortOrder: 'descending',
        startIndex: 2,
        count: 2,
      }
      const answer = await found(t, '/Users/.search', parameters)
      expectEqual(answer, 'the ids', idsOf(answer), [...ids].reverse().slice(1, 3))
    },
    'search',
    'sort',
  ),
  must(
    'search-at-the-root-finds-all-types',
    SEARCH,
    'POST /.search finds users and groups.',
    async (t) => {
      const displayName = t.unique('Both')
      const [user, group] = [await t.user({ displayName }), await t.group([], { displayName })]
      const answer = await found(t, '/.search', { filter: `displayName eq "${displayName}"` })
      expectSame(answer, 'found', idsOf(answer), [user.id, group.id])
      const types = resourcesOf(answer).map((one) => String(read(one, 'meta', 'resourceType')))
      expectSame(answer, 'the types found', types, ['User', 'Group'])
    },
    'search',
  ),
  must(
    'search-of-groups-finds-groups',
    SEARCH,
    'POST /Groups/.search finds groups only.',
    async (t) => {
      const displayName = t.unique('Only')
      await t.user({ displayName })
      const group = await t.group([], { displayName })
      const answer = await found(t, '/Groups/.search', {
        filter: `displayName eq "${displayName}"`,
      })
      expectSame(answer, 'found', idsOf(answer), [group.id])
    },
    'search',
  ),
  ...same,
  interop(
    'search-with-attributes-as-a-text-is-understood-or-refused',
    SEARCH,
    'attributes as a text with commas is understood or answered with 400.',
    async (t) => {
      const { filter } = await five(t)
      const answer = await t.post('/Users/.search', {
        schemas: [SEARCH_REQUEST],
        filter,
        attributes: 'userName,id',
      })
      expectAnswer(answer, '200', '400 invalidSyntax', '400 invalidValue')
    },
    'search',
  ),
  must(
    'search-start-index-zero-is-one',
    SEARCH,
    'startIndex 0 means 1.',
    async (t) => {
      const { filter } = await five(t)
      const answer = await found(t, '/Users/.search', { filter, startIndex: 0, count: 2 })
      expectMember(answer, 'startIndex', 1)
    },
    'search',
  ),
  must(
    'search-count-zero-asks-for-the-total',
    SEARCH,
    'count 0 gives totalResults and no resources; so does a negative count.',
    async (t) => {
      const { filter } = await five(t)
      for (const count of [0, -1]) {
        const answer = await found(t, '/Users/.search', { filter, count })
        expectMember(answer, 'totalResults', 5)
        expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
      }
    },
    'search',
  ),
  must(
    'search-with-an-invalid-filter-is-refused',
    SEARCH,
    'An invalid filter in a search is answered with 400 invalidFilter.',
    async (t) => {
      const body = { schemas: [SEARCH_REQUEST], filter: 'userName eq' }
      expectAnswer(await t.post('/Users/.search', body), '400 invalidFilter')
    },
    'search',
  ),
  must(
    'search-needs-its-schema',
    SEARCH,
    'A search whose schemas name another message is answered with 400.',
    async (t) => {
      const answer = await t.post('/Users/.search', { schemas: [LIST_RESPONSE], count: 1 })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
    'search',
  ),
  must(
    'search-of-something-else-than-an-object-is-refused',
    SEARCH,
    'A search that is no JSON object is answered with 400.',
    async (t) => expectAnswer(await t.post('/Users/.search', '[]'), '400 invalidSyntax'),
    'search',
  ),
  should(
    'search-for-a-password-reveals-nothing',
    'RFC 7644 §7.5.2',
    'A search that filters by password is refused or finds nobody.',
    async (t) => {
      await t.user({ password: 'Pa55-word!x' })
      const body = { schemas: [SEARCH_REQUEST], filter: 'password eq "Pa55-word!x"' }
      const answer = await t.post('/Users/.search', body)
      expectAnswer(answer, '200', '400 invalidFilter', '403 sensitive')
      expectThat(answer, 'nobody found', resourcesOf(answer).length === 0)
    },
    'search',
  ),
  should(
    'unsupported-search-is-not-implemented',
    'RFC 7644 §3.12',
    'Where /.search is not supported, it is answered with 501.',
    async (t) => {
      for (const path of ['/.search', '/Users/.search', '/Groups/.search']) {
        expectAnswer(await t.post(path, { schemas: [SEARCH_REQUEST] }), '501')
      }
    },
    'no search',
  ),
])
