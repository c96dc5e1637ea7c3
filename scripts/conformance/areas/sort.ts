// RFC 7644 §3.4.2.3: sorting.
import { area, must, should } from '../check.ts'
import { query, resourcesOf } from '../client.ts'
import type { Context, Resource } from '../context.ts'
import { expectAnswer, expectEqual } from '../expect.ts'
import { ENTERPRISE_USER, USER } from '../urns.ts'

interface Sorted {
  readonly filter: string
  /** In the order of their names. */
  readonly users: readonly Resource[]
}

/** Five users who are created in no order; the last has no value for most attributes. */
function unsorted(t: Context): Promise<Sorted> {
  return t.once('users to sort', async () => {
    const nickName = t.unique('Sort')
    const make = (letter: string, familyName: string | undefined) =>
      t.user({
        schemas: [USER, ENTERPRISE_USER],
        nickName,
        userName: `${letter}-${nickName}`,
        ...(familyName === undefined
          ? {}
          : {
              name: { familyName },
              emails: [
                { value: `z${t.email()}`, type: 'home' },
                { value: `${familyName}${t.email()}`, type: 'work', primary: true },
              ],
              [ENTERPRISE_USER]: { employeeNumber: `n${familyName}` },
            }),
      })
    const c = await make('c', 'cc')
    const e = await make('e', undefined)
    const a = await make('A', 'aa')
    const d = await make('D', 'Dd')
    const b = await make('b', 'Bb')
    return { filter: `nickName eq "${nickName}"`, users: [a, b, c, d, e] }
  })
}

/** The order that a query gives is that of these letters. */
const ordered =
  (parameters: Readonly<Record<string, string>>, letters: string) => async (t: Context) => {
    const { filter, users } = await unsorted(t)
    const answer = await t.read(query('/Users', { filter, ...parameters }))
    const found = resourcesOf(answer).map(({ id }) => {
      const place = users.findIndex((user) => user.id === id)
      return 'abcde'[place] ?? '?'
    })
    expectEqual(answer, 'the order', found.join(''), letters)
  }

const BY = 'RFC 7644 §3.4.2.3'

export const sort = area('sort', 'Sorting', [
  must(
    'sorting-is-ascending-by-default',
    BY,
    'sortBy alone sorts ascending.',
    ordered({ sortBy: 'userName' }, 'abcde'),
    'sort',
  ),
  must(
    'sorting-ascends',
    BY,
    'sortOrder=ascending sorts ascending.',
    ordered({ sortBy: 'userName', sortOrder: 'ascending' }, 'abcde'),
    'sort',
  ),
  must(
    'sorting-descends',
    BY,
    'sortOrder=descending is the reverse.',
    ordered({ sortBy: 'userName', sortOrder: 'descending' }, 'edcba'),
    'sort',
  ),
  must(
    'sorting-names-ignore-case',
    'RFC 7643 §2.1',
    'sortBy is matched without regard to case.',
    ordered({ sortBy: 'USERNAME' }, 'abcde'),
    'sort',
  ),
  must(
    'sorting-by-a-sub-attribute',
    BY,
    'sortBy=name.familyName sorts by it; who has none comes last.',
    ordered({ sortBy: 'name.familyName' }, 'abcde'),
    'sort',
  ),
  must(
    'absent-values-come-first-in-descending-order',
    BY,
    'Resources without the value come first if descending.',
    ordered({ sortBy: 'name.familyName', sortOrder: 'descending' }, 'edcba'),
    'sort',
  ),
  must(
    'sorting-by-an-extension-attribute',
    'RFC 7644 §3.10',
    'sortBy may name an attribute by its URN.',
    ordered({ sortBy: `${ENTERPRISE_USER}:employeeNumber` }, 'abcde'),
    'sort',
  ),
  must(
    'sorting-by-creation',
    BY,
    'sortBy=meta.created sorts by time.',
    ordered({ sortBy: 'meta.created' }, 'ceadb'),
    'sort',
  ),
  must(
    'sorting-by-a-multi-valued-attribute',
    BY,
    'A multi-valued attribute is sorted by its primary value, else by the first.',
    ordered({ sortBy: 'emails.value' }, 'abcde'),
    'sort',
  ),
  should(
    'sort-order-ignores-case-or-is-refused',
    BY,
    'sortOrder=Descending is understood or answered with 400.',
    async (t) => {
      const { filter } = await unsorted(t)
      const parameters = { filter, sortBy: 'userName', sortOrder: 'Descending' }
      const answer = await t.get(query('/Users', parameters))
      expectAnswer(answer, '200', '400 invalidValue')
      if (answer.status === 200) await ordered(parameters, 'edcba')(t)
    },
    'sort',
  ),
  should(
    'unknown-sort-attribute-is-refused-or-ignored',
    BY,
    'sortBy with an attribute that does not exist or is complex is answered with 400 or ignored.',
    async (t) => {
      for (const sortBy of ['bogus', 'name']) {
        const answer = await t.get(query('/Users', { sortBy, count: 1 }))
        expectAnswer(answer, '200', '400 invalidValue', '400 invalidPath')
      }
    },
    'sort',
  ),
  should(
    'unknown-sort-order-is-refused-or-ignored',
    BY,
    'A sortOrder that does not exist is answered with 400 or ignored.',
    async (t) => {
      const answer = await t.get(query('/Users', { sortBy: 'userName', sortOrder: 'up', count: 1 }))
      expectAnswer(answer, '200', '400 invalidValue')
    },
    'sort',
  ),
  must(
    'groups-are-sorted',
    BY,
    'Groups are sorted too.',
    async (t) => {
      const externalId = t.unique('sort')
      const groups: Resource[] = []
      for (const letter of ['b', 'C', 'a']) {
        const displayName = `${letter}-${t.unique('sorted')}`
        groups.push(await t.group([], { displayName, externalId: `${externalId}-${letter}` }))
      }
      const [b, c, a] = groups.map(({ id }) => id)
      const filter = [a, b, c].map((id) => `id eq "${id}"`).join(' or ')
      const answer = await t.read(query('/Groups', { filter, sortBy: 'displayName' }))
      const found = resourcesOf(answer).map(({ id }) => String(id))
      expectEqual(answer, 'the order', found, [a ?? '', b ?? '', c ?? ''])
    },
    'sort',
  ),
  should(
    'unsupported-sorting-is-ignored-or-refused',
    BY,
    'Where sorting is not supported, sortBy is ignored, or answered with 501 or 400.',
    async (t) => {
      const answer = await t.get(query('/Users', { sortBy: 'userName', count: 1 }))
      expectAnswer(answer, '200', '400', '501')
    },
    'no sort',
  ),
])
