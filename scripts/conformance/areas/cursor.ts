// RFC 9865: paging by cursor.
import { area, may, must, should } from '../check.ts'
import { type Answer, idsOf, query, resourcesOf } from '../client.ts'
import type { Context } from '../context.ts'
import { expectAnswer, expectEqual, expectMember, expectSame, expectThat } from '../expect.ts'
import { read } from '../json.ts'
import { SEARCH_REQUEST } from '../urns.ts'
import { five } from './paging.ts'

/** Walks from cursor to cursor, and gives the pages. */
async function walk(
  t: Context,
  parameters: Readonly<Record<string, string | number>>,
): Promise<Answer[]> {
  const pages: Answer[] = []
  for (let cursor = ''; ; ) {
    const answer = await t.read(query('/Users', { ...parameters, cursor }))
    pages.push(answer)
    const next = read(answer.body, 'nextCursor')
    if (next === undefined) return pages
    expectThat(answer, 'a text in nextCursor', typeof next === 'string' && next !== '', next)
    expectThat(answer, 'an end after a few pages', pages.length < 20, next)
    cursor = next
  }
}

async function walkFive(t: Context, more: Readonly<Record<string, string | number>> = {}) {
  const { filter, ids } = await five(t)
  return { pages: await walk(t, { filter, count: 2, ...more }), ids }
}

function last(pages: readonly Answer[]): Answer {
  const page = pages.at(-1)
  if (page === undefined) throw new Error('a walk has at least one page')
  return page
}

/** A cursor in which one character is another. */
function spoiled(cursor: string): string {
  const middle = Math.floor(cursor.length / 2)
  const other = cursor[middle] === 'A' ? 'B' : 'A'
  return cursor.slice(0, middle) + other + cursor.slice(middle + 1)
}

export const cursor = area('cursor', 'Paging by cursor', [
  should(
    'configuration-describes-pagination',
    'RFC 9865 §4',
    'pagination of /ServiceProviderConfig says which methods there are, with their limits.',
    (t) => {
      const answer = t.transcript.find(({ request }) =>
        request.url.endsWith('/ServiceProviderConfig'),
      )
      if (answer === undefined) throw new Error('the configuration was not read')
      const pagination = read(t.serviceProviderConfig, 'pagination')
      for (const name of ['cursor', 'index']) {
        const value = read(pagination, name)
        expectThat(
          answer,
          `a boolean pagination.${name}`,
          typeof value === 'boolean',
          value ?? null,
        )
      }
      const method = read(pagination, 'defaultPaginationMethod') ?? 'index'
      expectThat(answer, 'cursor or index', method === 'cursor' || method === 'index', method)
      for (const name of ['defaultPageSize', 'maxPageSize', 'cursorTimeout']) {
        const value = read(pagination, name) ?? 1
        const right = Number.isInteger(value) && Number(value) > 0
        expectThat(answer, `a positive integer pagination.${name}`, right, value)
      }
    },
    'cursor',
  ),
  must(
    'empty-cursor-gives-the-first-page',
    'RFC 9865 §2',
    'cursor without a value, with or without =, gives the first page and a nextCursor.',
    async (t) => {
      const { filter } = await five(t)
      const parameters = query('/Users', { filter, count: 2 })
      for (const path of [`${parameters}&cursor`, `${parameters}&cursor=`]) {
        const answer = await t.read(path)
        expectEqual(answer, 'the resources on the page', resourcesOf(answer).length, 2)
        const next = read(answer.body, 'nextCursor')
        expectThat(answer, 'a nextCursor', typeof next === 'string', next ?? null)
      }
    },
    'cursor',
  ),
  must(
    'first-page-has-no-previous-cursor',
    'RFC 9865 §2',
    'The first page has no previousCursor.',
    async (t) => {
      const { pages } = await walkFive(t)
      const [first] = pages
      const previous = read(first?.body, 'previousCursor')
      expectThat(
        first ?? last(pages),
        'no previousCursor',
        previous === undefined,
        previous ?? null,
      )
    },
    'cursor',
  ),
  must(
    'last-page-has-no-next-cursor',
    'RFC 9865 §2',
    'Every page but the last has a nextCursor: five resources by two are three pages.',
    async (t) => {
      const { pages } = await walkFive(t)
      const sizes = pages.map((page) => resourcesOf(page).length)
      expectEqual(last(pages), 'the sizes of the pages', sizes, [2, 2, 1])
    },
    'cursor',
  ),
  must(
    'full-last-page-has-no-next-cursor',
    'RFC 9865 §2',
    'Also a last page that is full has no nextCursor, or leads to an empty one.',
    async (t) => {
      const { filter } = await five(t)
      const pages = await walk(t, { filter, count: 5 })
      const sizes = pages.map((page) => resourcesOf(page).length).filter((size) => size > 0)
      expectEqual(last(pages), 'the sizes of the pages', sizes, [5])
    },
    'cursor',
  ),
  must(
    'walk-gives-each-resource-once',
    'RFC 9865 §2',
    'The pages hold each match once.',
    async (t) => {
      const { pages, ids } = await walkFive(t)
      expectSame(last(pages), 'the ids on all pages', pages.flatMap(idsOf), ids)
    },
    'cursor',
  ),
  must(
    'unknown-cursor-is-invalid',
    'RFC 9865 §2.1',
    'A cursor that the server did not give is answered with 400 invalidCursor.',
    async (t) => {
      expectAnswer(await t.get('/Users?cursor=abc&count=2'), '400 invalidCursor')
    },
    'cursor',
  ),
  must(
    'altered-cursor-is-invalid',
    'RFC 9865 §2.1',
    'A cursor with one changed character is answered with 400 invalidCursor.',
    async (t) => {
      const { filter } = await five(t)
      const first = await t.read(query('/Users', { filter, count: 2, cursor: '' }))
      const next = String(read(first.body, 'nextCursor'))
      const answer = await t.get(query('/Users', { filter, count: 2, cursor: spoiled(next) }))
      expectAnswer(answer, '400 invalidCursor')
    },
    'cursor',
  ),
  should(
    'cursor-of-another-query-is-invalid',
    'RFC 9865 §2.1',
    'A cursor used with another filter is answered with 400, or goes on with its own query.',
    async (t) => {
      const { filter, ids } = await five(t)
      const first = await t.read(query('/Users', { filter, count: 2, cursor: '' }))
      const next = String(read(first.body, 'nextCursor'))
      const other = { filter: 'userName pr', count: 2, cursor: next }
      const answer = await t.get(query('/Users', other))
      expectAnswer(answer, '200', '400 invalidCursor', '400 invalidValue')
      const strangers = idsOf(answer).filter((id) => !ids.includes(id))
      expectSame(answer, 'resources of another query', strangers, [])
    },
    'cursor',
  ),
  must(
    'count-zero-with-cursor-asks-for-the-total',
    'RFC 9865 §2',
    'count=0 with a cursor gives no resources; so does a negative count.',
    async (t) => {
      const { filter } = await five(t)
      for (const count of [0, -1]) {
        const answer = await t.get(query('/Users', { filter, count, cursor: '' }))
        expectAnswer(answer, '200')
        expectThat(answer, 'no resources', resourcesOf(answer).length === 0)
      }
    },
    'cursor',
  ),
  must(
    'page-by-cursor-holds-no-more-than-count',
    'RFC 9865 §2',
    'A page has at most count resources.',
    async (t) => {
      const { pages } = await walkFive(t)
      for (const page of pages) {
        expectThat(page, 'at most 2 resources', resourcesOf(page).length <= 2)
      }
    },
    'cursor',
  ),
  must(
    'count-beyond-the-limit-with-cursor-is-capped-or-refused',
    'RFC 9865 §2.1',
    'A count above maxPageSize is capped, or answered with 400 invalidCount.',
    async (t) => {
      const { filter } = await five(t)
      const answer = await t.get(query('/Users', { filter, count: 100_000, cursor: '' }))
      expectAnswer(answer, '200', '400 invalidCount')
    },
    'cursor',
  ),
  must(
    'search-pages-by-cursor',
    'RFC 9865 §3',
    'POST /.search takes and gives cursors, and finds the same as GET.',
    async (t) => {
      const { filter, ids } = await five(t)
      const found: string[] = []
      for (let cursor = '', pages = 0; ; pages++) {
        const body = { schemas: [SEARCH_REQUEST], filter, count: 2, cursor }
        const answer = await t.post('/Users/.search', body)
        expectAnswer(answer, '200')
        expectThat(answer, 'an end after a few pages', pages < 20)
        found.push(...idsOf(answer))
        const next = read(answer.body, 'nextCursor')
        if (typeof next === 'string') cursor = next
        else {
          expectSame(answer, 'the ids on all pages', found, ids)
          return
        }
      }
    },
    'cursor',
    'search',
  ),
  must(
    'index-stays-the-default',
    'RFC 9865 §2.4',
    'Without startIndex and cursor, the default method decides: by index there is no nextCursor.',
    async (t) => {
      const { filter } = await five(t)
      const answer = await t.read(query('/Users', { filter, count: 2 }))
      const method = read(t.serviceProviderConfig, 'pagination', 'defaultPaginationMethod')
      if (method === 'cursor') return t.skip('The server says that cursors are its default.')
      expectThat(answer, 'no nextCursor', read(answer.body, 'nextCursor') === undefined)
      expectMember(answer, 'startIndex', 1)
    },
    'cursor',
  ),
  should(
    'walk-by-cursor-is-sorted',
    'RFC 9865 §2.2',
    'With sortBy, the pages by cursor are in its order.',
    async (t) => {
      const { pages, ids } = await walkFive(t, { sortBy: 'userName' })
      expectEqual(last(pages), 'the order', pages.flatMap(idsOf), [...ids])
    },
    'cursor',
    'sort',
  ),
  should(
    'walk-by-cursor-descends',
    'RFC 9865 §2.2',
    'With sortOrder=descending, the pages by cursor are in that order.',
    async (t) => {
      const parameters = { sortBy: 'userName', sortOrder: 'descending' }
      const { pages, ids } = await walkFive(t, parameters)
      expectEqual(last(pages), 'the order', pages.flatMap(idsOf), [...ids].reverse())
    },
    'cursor',
    'sort',
  ),
  should(
    'pages-by-cursor-tell-the-total',
    'RFC 9865 §2',
    'totalResults, where it is given, is the same and right on every page.',
    async (t) => {
      const { pages } = await walkFive(t)
      for (const page of pages) {
        const total = read(page.body, 'totalResults') ?? 5
        expectEqual(page, 'totalResults', total, 5)
      }
    },
    'cursor',
  ),
  should(
    'deleted-resources-do-not-shift-pages',
    'RFC 9865 §1',
    'What is deleted from a page already read does not make a later page skip a resource.',
    async (t) => {
      const title = t.unique('Shift')
      const filter = `title eq "${title}"`
      for (let number = 0; number < 5; number++) await t.user({ title })
      const first = await t.read(query('/Users', { filter, count: 2, cursor: '' }))
      const [gone = ''] = idsOf(first)
      expectAnswer(await t.delete(`/Users/${gone}`), '2xx')
      const next = String(read(first.body, 'nextCursor'))
      const second = await t.read(query('/Users', { filter, count: 10, cursor: next }))
      expectEqual(second, 'the resources after the first page', resourcesOf(second).length, 3)
    },
    'cursor',
  ),
  may(
    'previous-cursor-gives-the-page-before',
    'RFC 9865 §2',
    'previousCursor, where it is given, leads to the page before.',
    async (t) => {
      const { filter } = await five(t)
      const { pages } = await walkFive(t)
      const [first, second] = pages
      const previous = read(second?.body, 'previousCursor')
      if (typeof previous !== 'string') return t.skip('The server gives no previousCursor.')
      const answer = await t.read(query('/Users', { filter, count: 2, cursor: previous }))
      expectEqual(answer, 'the ids', idsOf(answer), first === undefined ? [] : idsOf(first))
    },
    'cursor',
  ),
  must(
    'groups-are-paged-by-cursor',
    'RFC 9865 §2',
    'Groups are paged by cursor too.',
    async (t) => {
      const names = [t.unique('Cursor'), t.unique('Cursor'), t.unique('Cursor')]
      const ids: string[] = []
      for (const displayName of names) ids.push((await t.group([], { displayName })).id)
      const filter = names.map((name) => `displayName eq "${name}"`).join(' or ')
      const first = await t.read(query('/Groups', { filter, count: 2, cursor: '' }))
      const next = String(read(first.body, 'nextCursor'))
      const second = await t.read(query('/Groups', { filter, count: 2, cursor: next }))
      expectSame(second, 'the ids on both pages', [...idsOf(first), ...idsOf(second)], ids)
    },
    'cursor',
  ),
  should(
    'unsupported-cursor-is-ignored-or-refused',
    'RFC 9865 §4',
    'Where cursors are not supported, the parameter is ignored or answered with 400 or 501.',
    async (t) => {
      const answer = await t.get('/Users?cursor=&count=1')
      expectAnswer(answer, '200', '400', '501')
      expectThat(answer, 'no nextCursor', read(answer.body, 'nextCursor') === undefined)
    },
    'no cursor',
  ),
])
