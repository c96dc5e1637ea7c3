/** Lists that leave out what SCIM does not manage, where the settings say so. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { readFilters } from '../../src/scim/filter/bind.ts'
import { groupType, type ResourceType, userType } from '../../src/scim/schema/resource-type.ts'
import { readSort } from '../../src/scim/sort.ts'
import type { Caller } from '../../src/store/authority.ts'
import { listResources, type Selection } from '../../src/store/listing.ts'
import type { Place } from '../../src/store/page.ts'
import * as teams from '../../src/store/teams.ts'
import * as users from '../../src/store/users.ts'
import {
  addUnmanagedTeam,
  addUnmanagedUser,
  held,
  type Open,
  query,
  settings,
  type Tenant,
  tenancy,
} from './tenant.ts'

const hiding = { ...settings, hideNonProvisionedUsers: true }
const BOTH = [userType, groupType]

interface Asked {
  readonly filter?: string
  readonly sortBy?: string
  readonly cut?: Selection['cut']
  readonly withMembers?: boolean
}

const whole = { kind: 'index', startIndex: 1, count: 200 } as const

async function list(
  caller: Caller,
  types: readonly ResourceType[],
  { filter, sortBy, cut = whole, withMembers = true }: Asked = {},
) {
  const filters = filter === undefined ? undefined : readFilters(types, filter)
  const sort = sortBy === undefined ? undefined : readSort(types, sortBy, undefined)
  const members = withMembers && types.includes(groupType)
  const page = await listResources(caller, types, held({ filters, sort, cut }), members)
  const ids = page.resources.map((one) => (one.type === 'User' ? one.user.id : one.team.id))
  return { ids, total: page.total, next: page.next }
}

export function hidden(open: Open): void {
  const { tenant: makeTenant } = tenancy(open)

  /** Managed and unmanaged people and teams in turns, and what both settings list of a selection. */
  async function directory() {
    const tenant = await makeTenant()
    const known: { user: string[]; team: string[] } = { user: [], team: [] }
    for (const at of [0, 1, 2, 3]) {
      const attributes = { userName: `known${at}`, externalId: `e${at}`, title: 'x' }
      const user = await users.createUser(tenant.caller(), held(attributes))
      known.user.push(user.id)
      await addUnmanagedUser(tenant, `${user.id}-by-hand`, { userName: `made${at}`, title: 'x' })
      const team = { attributes: { displayName: `Known ${at}` }, members: [`${user.id}-by-hand`] }
      const created = await teams.createTeam(tenant.caller(), held(team), true)
      known.team.push(created.id)
      await addUnmanagedTeam(tenant, `${created.id}-by-hand`, `Made ${at}`, [user.id])
    }
    return { tenant, known, all: [...known.team, ...known.user] }
  }

  const hidingCaller = (tenant: Tenant) => tenant.caller({ fileSettings: hiding })

  describe('what SCIM does not manage', () => {
    test.each<[string, Asked]>([
      ['everything', {}],
      ['everything, in another order', { sortBy: 'id' }],
      ['what a filter selects that no index serves', { filter: 'meta.created pr' }],
      ['the same in another order', { filter: 'meta.created pr', sortBy: 'id' }],
      ['what an index leads to', { filter: 'id gt "a"' }],
    ])('is neither listed nor counted in %s', async (_, asked) => {
      const { tenant, known, all } = await directory()
      for (const withMembers of [true, false]) {
        const caller = () => hidingCaller(tenant)
        const found = (types: readonly ResourceType[]) =>
          list(caller(), types, { ...asked, withMembers })
        expect(await found([userType])).toMatchObject({ ids: known.user, total: 4 })
        expect(await found([groupType])).toMatchObject({ ids: known.team, total: 4 })
        expect(await found(BOTH)).toMatchObject({ ids: all, total: 8 })
        expect((await list(tenant.caller(), BOTH, { ...asked, withMembers })).total).toBe(16)
      }
    })

    test('takes no place of a page by index', async () => {
      const { tenant, known } = await directory()
      for (const [type, ids] of [
        [userType, known.user],
        [groupType, known.team],
      ] as const) {
        for (const filter of [undefined, 'id pr', 'id gt "a"']) {
          for (const startIndex of [1, 2, 3, 4, 5]) {
            const cut = { kind: 'index', startIndex, count: 2 } as const
            const asked = filter === undefined ? { cut } : { cut, filter }
            const page = await list(hidingCaller(tenant), [type], asked)
            const expected = ids.slice(startIndex - 1, startIndex + 1)
            expect(page).toMatchObject({ ids: expected, total: 4 })
          }
        }
      }
    })

    test('takes no place of a page by cursor, and the last page has no next', async () => {
      const { tenant, all } = await directory()
      for (const sortBy of [undefined, 'id']) {
        for (const count of [1, 2, 3, 8]) {
          const found: string[] = []
          let place: Place | undefined
          let pages = 0
          do {
            const cut = { kind: 'after', place, count } as const
            const asked = sortBy === undefined ? { cut } : { cut, sortBy }
            const page = await list(hidingCaller(tenant), BOTH, asked)
            expect(page.total).toBe(8)
            found.push(...page.ids)
            place = page.next
            pages += 1
          } while (place !== undefined)
          expect(found).toEqual(all)
          expect(pages).toBe(Math.ceil(8 / count))
        }
      }
    })

    test('is not found by what it alone has', async () => {
      const { tenant, known } = await directory()
      const id = `${known.user[0]}-by-hand`
      for (const filter of ['userName eq "made0"', `id eq "${id}"`, 'userName sw "made"']) {
        const found = await list(hidingCaller(tenant), [userType], { filter })
        expect(found).toEqual({ ids: [], total: 0, next: undefined })
        const before = await list(tenant.caller(), [userType], { filter })
        expect(before.ids).toContain(id)
      }
      const filter = 'displayName eq "made 0"'
      expect((await list(hidingCaller(tenant), [groupType], { filter })).total).toBe(0)
      expect((await list(tenant.caller(), [groupType], { filter })).total).toBe(1)
    })

    test('is read by its id, and stays a member and a group of others', async () => {
      const { tenant, known } = await directory()
      const [user = '', team = ''] = [known.user[0], known.team[0]]
      const person = await users.readUser(hidingCaller(tenant), `${user}-by-hand`)
      expect(person.attributes.userName).toBe('made0')
      const byHand = await teams.readTeam(hidingCaller(tenant), `${team}-by-hand`, true)
      expect(byHand.attributes.displayName).toBe('Made 0')
      const filter = `members.value eq "${user}-by-hand"`
      expect((await list(hidingCaller(tenant), [groupType], { filter })).ids).toEqual([team])
      const ofGroup = `groups.value eq "${team}-by-hand"`
      const inGroup = await list(hidingCaller(tenant), [userType], { filter: ofGroup })
      expect(inGroup.ids).toEqual([user])
    })

    test('is adopted by a POST and listed from then on', async () => {
      const { tenant, known } = await directory()
      const created = await users.createUser(
        hidingCaller(tenant),
        held({ userName: 'made0', externalId: 'new' }),
      )
      expect(created.id).toBe(`${known.user[0]}-by-hand`)
      const listed = await list(hidingCaller(tenant), [userType])
      expect(listed).toMatchObject({ total: 5, ids: expect.arrayContaining([created.id]) })
    })

    test.each([
      ['on in the namespace, off in the file', '{"hideNonProvisionedUsers":true}', settings, 4],
      ['off in the namespace, on in the file', '{"hideNonProvisionedUsers":false}', hiding, 8],
      ['on in the file, not set in the namespace', '{"enableUserSync":true}', hiding, 4],
      ['off in the file, not set in the namespace', '{"enableUserSync":true}', settings, 8],
    ])('is hidden by the setting of the namespace, else of the file: %s', async (...row) => {
      const [, stored, fileSettings, total] = row
      const { tenant } = await directory()
      const { namespace } = tenant
      await query(
        tenant,
        sql`update namespace set settings = ${stored} where name = ${namespace} returning name`,
      )
      for (const filter of [undefined, 'title eq "x"', 'id gt "a"']) {
        const asked = filter === undefined ? {} : { filter }
        const found = await list(tenant.caller({ fileSettings }), [userType], asked)
        expect(found).toMatchObject({ total, ids: { length: total } })
      }
    })
  })
}
