// RFC 7644 §3.4.2 and §3.4.2.4: the ListResponse and paging by index.
import { area, interop, must, should } from '../check.ts'
import { idsOf, query, resourcesOf } from '../client.ts'
import { type Context, CROWD } from '../context.ts'
import { expectAnswer, expectEqual, expectMember, expectSame, expectThat } from '../expect.ts'
import { read } from '../json.ts'
import { LIST_RESPONSE } from '../urns.ts'

interface Five {
  readonly filter: string
  readonly ids: readonly string[]
}

/** Five users with a filter of their own. */
export function five(t: Context): Promise<Five> {
  return t.once('five users', async () => {
    const title = t.unique('Five')
    const ids: string[] = []
    for (const letter of 'abcde') {
      const user = await t.user({ title, userName: `${letter}-${title}` })
      ids.push(user.id)
    }
    return { filter: `title eq "${title}"`, ids }
  })
}

async function page(t: Context, parameters: Readonly<Record<string, string | number>>) {
  const { filter, ids } = await five(t)
  return { answer: await t.read(query('/Users', { filter, ...parameters })), ids }
}

const LIST = 'RFC 7644 §3.4.2'
const PAGING = 'RFC 7644 §3.4.2.4'

export const paging = area('paging', 'Lists and pages', [
  must('lists-have-their-schema', LIST, 'A list is a ListResponse.', async (t) => {
    expectMember(await t.read('/Users?count=1'), 'schemas', [LIST_RESPONSE])
    expectMember(await t.read('/Groups?count=1'), 'schemas', [LIST_RESPONSE])
  }),
  must(
    'lists-count-with-integers',
    LIST,
    'totalResults, startIndex and itemsPerPage are integers.',
    async (t) => {
      const answer = await t.read('/Users?startIndex=1&count=1')
      for (const name of ['totalResults', 'startIndex', 'itemsPerPage']) {
        const value = read(answer.body, name)
        expectThat(answer, `an integer ${name}`, Number.isInteger(value), value ?? null)
      }
    },
  ),
  must(
    'list-without-match-is-empty',
    LIST,
    'A query without a match is answered with 200 and totalResults 0.',
    async (t) => {
      const filter = `userName eq "nobody-${t.run}"`
      const answer = await t.read(query('/Users', { filter }))
      expectMember(answer, 'totalResults', 0)
      expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
    },
  ),
  interop(
    'empty-list-has-resources',
    LIST,
    'Resources is there even if it is empty, as Okta and Entra ID want it.',
    async (t) => {
      const filter = `userName eq "nobody-${t.run}"`
      expectMember(await t.read(query('/Users', { filter })), 'Resources', [])
    },
  ),
  must('start-index-below-one-is-one', PAGING, 'A startIndex of 0 or less means 1.', async (t) => {
    const first = await page(t, { startIndex: 1, count: 2 })
    for (const startIndex of [0, -5]) {
      const { answer } = await page(t, { startIndex, count: 2 })
      expectMember(answer, 'startIndex', 1)
      expectEqual(answer, 'the ids', idsOf(answer), idsOf(first.answer))
    }
  }),
  must(
    'count-zero-asks-for-the-total',
    PAGING,
    'count=0 gives totalResults and no resources.',
    async (t) => {
      const { answer } = await page(t, { count: 0 })
      expectMember(answer, 'totalResults', 5)
      expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
    },
  ),
  must(
    'paging-numbers-of-many-digits-are-integers',
    PAGING,
    'startIndex and count of twenty digits are integers: below 1 and 0 they mean that, above less.',
    async (t) => {
      const digits = '9'.repeat(20)
      const first = await page(t, { startIndex: 1 })
      const below = await page(t, { startIndex: `-${digits}` })
      expectEqual(below.answer, 'the ids', idsOf(below.answer), idsOf(first.answer))
      const above = await page(t, { count: digits })
      expectEqual(above.answer, 'the ids', idsOf(above.answer), idsOf(first.answer))
      for (const parameters of [{ startIndex: digits }, { count: `-${digits}` }]) {
        const { answer } = await page(t, parameters)
        expectMember(answer, 'totalResults', 5)
        expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
      }
    },
  ),
  must('negative-count-is-zero', PAGING, 'A negative count means 0.', async (t) => {
    const { answer } = await page(t, { count: -1 })
    expectMember(answer, 'totalResults', 5)
    expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
  }),
  must(
    'page-holds-no-more-than-count',
    PAGING,
    'A page has at most count resources.',
    async (t) => {
      const { answer } = await page(t, { count: 2 })
      expectThat(answer, 'at most 2 resources', resourcesOf(answer).length <= 2)
    },
  ),
  must(
    'items-per-page-is-the-number-returned',
    PAGING,
    'itemsPerPage is the number of resources on the page.',
    async (t) => {
      for (const parameters of [{ count: 2 }, { startIndex: 5, count: 2 }, { startIndex: 1 }]) {
        const { answer } = await page(t, parameters)
        expectMember(answer, 'itemsPerPage', resourcesOf(answer).length)
      }
    },
  ),
  must(
    'start-index-counts-from-one',
    PAGING,
    'startIndex=3&count=2 gives the third and the fourth.',
    async (t) => {
      const whole = await page(t, {})
      const { answer } = await page(t, { startIndex: 3, count: 2 })
      expectEqual(answer, 'the ids', idsOf(answer), idsOf(whole.answer).slice(2, 4))
      expectMember(answer, 'startIndex', 3)
    },
  ),
  must(
    'start-index-beyond-the-end-gives-nothing',
    PAGING,
    'A page beyond the last is empty and still tells the total.',
    async (t) => {
      const { answer } = await page(t, { startIndex: 100, count: 2 })
      expectMember(answer, 'totalResults', 5)
      expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
    },
  ),
  must(
    'total-counts-all-matches',
    LIST,
    'totalResults counts what matches, not what is on the page.',
    async (t) => {
      const { answer } = await page(t, { count: 2 })
      expectMember(answer, 'totalResults', 5)
    },
  ),
  must(
    'pages-hold-each-resource-once',
    PAGING,
    'The pages of a query hold each match once.',
    async (t) => {
      const { ids } = await five(t)
      const found: string[] = []
      for (const startIndex of [1, 3, 5]) {
        const { answer } = await page(t, { startIndex, count: 2 })
        found.push(...idsOf(answer))
      }
      const { answer } = await page(t, {})
      expectSame(answer, 'the ids on all pages', found, ids)
    },
  ),
  must(
    'count-beyond-the-limit-is-capped',
    'RFC 7643 §5',
    'A page never has more than filter.maxResults resources.',
    async (t) => {
      const most = Number(read(t.serviceProviderConfig, 'filter', 'maxResults'))
      const { filter } = await t.crowd()
      const answer = await t.read(query('/Users', { filter, count: 100_000 }))
      expectMember(answer, 'totalResults', CROWD)
      const length = resourcesOf(answer).length
      expectThat(answer, `at most ${most} resources`, length <= most, length)
    },
    'filter',
  ),
  interop(
    'count-of-a-hundred-is-honoured',
    PAGING,
    'A page of 100 resources is possible.',
    async (t) => {
      const { filter } = await t.crowd()
      const answer = await t.read(query('/Users', { filter, count: 100 }))
      expectEqual(answer, 'the resources on the page', resourcesOf(answer).length, 100)
    },
    'filter',
  ),
  interop(
    'many-resources-are-paged-through',
    PAGING,
    'Going on at startIndex + itemsPerPage gives each of many resources once.',
    async (t) => {
      const { filter, ids } = await t.crowd()
      const found = await t.find('/Users', filter)
      expectSame(found.answer, 'the ids on all pages', found.ids, ids)
    },
    'filter',
  ),
  must(
    'resources-in-lists-are-complete',
    LIST,
    'A resource in a list has schemas, id and meta, and is the same as by itself.',
    async (t) => {
      const { answer } = await page(t, { count: 1 })
      const [first] = resourcesOf(answer)
      expectThat(answer, 'a resource', first !== undefined)
      const single = await t.read(`/Users/${first.id}`)
      expectEqual(answer, 'the resource', first, single.body)
    },
  ),
  must(
    'paging-combines-with-sorting',
    PAGING,
    'The pages of a sorted query are parts of the whole in its order.',
    async (t) => {
      const { ids } = await five(t)
      const found: string[] = []
      for (const startIndex of [1, 3, 5]) {
        const { answer } = await page(t, { startIndex, count: 2, sortBy: 'userName' })
        expectMember(answer, 'totalResults', 5)
        found.push(...idsOf(answer))
      }
      const { answer } = await page(t, { sortBy: 'userName' })
      expectEqual(answer, 'the ids on all pages', found, [...ids])
    },
    'sort',
  ),
  should(
    'paging-that-is-no-number-is-refused-or-ignored',
    PAGING,
    'A count or startIndex that is no integer is answered with 400 or ignored.',
    async (t) => {
      for (const path of ['/Users?count=x', '/Users?startIndex=x', '/Users?count=1.5']) {
        expectAnswer(await t.get(path), '200', '400 invalidValue', '400 invalidSyntax')
      }
    },
  ),
  interop(
    'repeated-paging-is-refused',
    PAGING,
    'count or startIndex twice is answered with 400: one of the two would be ignored.',
    async (t) => {
      for (const path of ['/Users?count=1&count=2', '/Users?startIndex=1&startIndex=2']) {
        expectAnswer(await t.get(path), '400')
      }
    },
  ),
  must('groups-are-paged', PAGING, 'Groups are paged like users.', async (t) => {
    const names = [t.unique('Paged'), t.unique('Paged'), t.unique('Paged')]
    const ids: string[] = []
    for (const displayName of names) ids.push((await t.group([], { displayName })).id)
    const filter = names.map((name) => `displayName eq "${name}"`).join(' or ')
    const found: string[] = []
    for (const startIndex of [1, 2, 3]) {
      const answer = await t.read(query('/Groups', { filter, startIndex, count: 1 }))
      expectMember(answer, 'totalResults', 3)
      found.push(...idsOf(answer))
    }
    const answer = await t.read(query('/Groups', { filter }))
    expectSame(answer, 'the ids on all pages', found, ids)
  }),
])
