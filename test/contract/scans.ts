/** Lists that would look through more than they may are refused, and nothing is looked through. */
import { describe, expect, test } from 'vitest'
import { readFilters } from '../../src/scim/filter/bind.ts'
import { groupType, type ResourceType, userType } from '../../src/scim/schema/resource-type.ts'
import { readSort } from '../../src/scim/sort.ts'
import { listResources } from '../../src/store/listing.ts'
import { createTeam } from '../../src/store/teams.ts'
import { createUser } from '../../src/store/users.ts'
import { held, type Open, refusalOf, type Tenant, tenancy } from './tenant.ts'

/** A namespace of four users and three teams with two members each. */
async function populate(tenant: Tenant): Promise<void> {
  const ids: string[] = []
  for (const name of ['ada', 'bob', 'cyd', 'dan']) {
    const emails = [{ type: 'work', value: `${name}@example.com` }]
    const user = { userName: name, externalId: `x-${name}`, title: name, emails }
    ids.push((await createUser(tenant.caller(), held(user))).id)
  }
  for (const displayName of ['crew', 'team', 'unit']) {
    const team = { attributes: { displayName }, members: ids.slice(0, 2) }
    await createTeam(tenant.caller(), held(team), false)
  }
}

const TYPES: Readonly<Record<'users' | 'groups' | 'both', readonly ResourceType[]>> = {
  users: [userType],
  groups: [groupType],
  both: [userType, groupType],
}

/** A filter of so many comparisons, which everybody satisfies. */
const many = (count: number) =>
  Array.from({ length: count }, (_, at) => `title ne "${at}"`).join(' and ')

export function scans(open: Open): void {
  const { tenant: makeTenant } = tenancy(open)

  /** How many a list finds where it may look through so many, or `by` what it is refused. */
  async function listed(
    tenant: Tenant,
    maxScanned: number | undefined,
    which: keyof typeof TYPES,
    { filter, sortBy }: { readonly filter?: string; readonly sortBy?: string },
  ) {
    const types = TYPES[which]
    const selection = held({
      filters: filter === undefined ? undefined : readFilters(types, filter),
      sort: readSort(types, sortBy, undefined),
      cut: { kind: 'index' as const, startIndex: 1, count: 100 },
    })
    const caller = tenant.caller({ maxScanned })
    const list = listResources(caller, types, selection, types.includes(groupType))
    const outcome = await refusalOf(list)
    if (typeof outcome === 'object' && outcome !== null && 'resolved' in outcome) {
      return (await list).total
    }
    const refused = { kind: 'scan-too-large', by: expect.any(String), limit: maxScanned }
    expect(outcome).toEqual(refused)
    return (outcome as { readonly by: string }).by
  }

  describe('looks through all users or groups', () => {
    test.each([
      ['users', { filter: 'title co "a"' }, 4, 2],
      ['users', { filter: 'userName co "a"' }, 4, 2],
      ['users', { filter: 'userName ew "a"' }, 4, 1],
      ['users', { filter: 'userName pr' }, 4, 4],
      ['users', { filter: 'emails.value sw "ada"' }, 4, 1],
      ['users', { filter: 'not (userName eq "ada")' }, 4, 3],
      ['users', { filter: 'userName eq "ada" or title eq "bob"' }, 4, 2],
      ['users', { filter: 'active eq true' }, 4, 4],
      ['users', { sortBy: 'title' }, 4, 4],
      ['users', { filter: 'title co "a"', sortBy: 'title' }, 4, 2],
      ['groups', { filter: 'displayName co "e"' }, 3, 2],
      ['groups', { sortBy: 'displayName' }, 3, 3],
      ['both', { filter: 'displayName co "e"' }, 4, 2],
      // With the members that are looked at: two of three teams each.
      ['groups', { filter: 'members.display co "ada"' }, 9, 3],
      ['users', { filter: 'groups.display co "crew"' }, 10, 2],
      // Comparisons with attributes of several values each look for themselves.
      ['users', { filter: 'title co "a" or displayName co "x"' }, 4, 2],
      ['users', { filter: 'emails.value co "a@" or emails.value co "b@"' }, 8, 2],
      ['users', { filter: 'emails[type eq "work" and value co "a@"] and title pr' }, 4, 1],
      ['users', { filter: 'not (groups.display co "crew" or groups.display co "team")' }, 20, 2],
      ['groups', { filter: 'members.display co "ada" and members.display co "b"' }, 18, 3],
      // In brackets each comparison asks for what it compares of every member.
      ['groups', { filter: 'members[display co "a" and display ew "a"]' }, 15, 3],
      ['groups', { sortBy: 'members.display' }, 9, 3],
      ['users', { filter: 'title pr', sortBy: 'groups.display' }, 10, 4],
      // Many comparisons take as long as several passes.
      ['users', { filter: many(15) }, 4, 4],
      ['users', { filter: many(16) }, 8, 4],
      ['users', { filter: `emails[${many(16).replaceAll('title', 'value')}]` }, 12, 4],
      // Each part of a complex attribute is asked for.
      ['users', { filter: 'name pr or title co "a" or not (name pr)' }, 8, 4],
    ] as const)('%s by %j need %i', async (which, list, needed, found) => {
      const tenant = await makeTenant()
      await populate(tenant)
      const by = 'filter' in list ? 'filter' : 'order'
      expect(await listed(tenant, undefined, which, list)).toBe(found)
      expect(await listed(tenant, needed, which, list)).toBe(found)
      expect(await listed(tenant, needed - 1, which, list)).toBe(by)
    })
  })

  test.each([
    ['users', {}, 4],
    ['users', { filter: 'id eq "nobody"' }, 0],
    ['users', { filter: 'userName eq "ADA"' }, 1],
    ['users', { filter: 'externalId eq "x-ada" and title co "a"' }, 1],
    ['users', { filter: 'emails.value eq "ada@example.com"' }, 1],
    ['users', { filter: 'emails[type eq "work" and value eq "ada@example.com"]' }, 1],
    ['users', { filter: 'userName eq "ada" or emails.value eq "bob@example.com"' }, 2],
    ['users', { filter: 'userName eq "ada"', sortBy: 'title' }, 1],
    ['groups', { filter: 'displayName eq "crew"' }, 1],
    ['groups', { filter: 'externalId eq "x"' }, 0],
    ['groups', { filter: 'members.value eq "nobody"' }, 0],
  ] as const)('what an index finds is never refused: %s by %j', async (which, list, found) => {
    const tenant = await makeTenant()
    await populate(tenant)
    expect(await listed(tenant, 1, which, list)).toBe(found)
  })

  test('a range of an index may be as long as the limit', async () => {
    const tenant = await makeTenant()
    await populate(tenant)
    expect(await listed(tenant, 1, 'users', { filter: 'userName sw "ad"' })).toBe(1)
    expect(await listed(tenant, 2, 'users', { filter: 'userName ge "cyd"' })).toBe(2)
    expect(await listed(tenant, 1, 'users', { filter: 'userName ge "cyd"' })).toBe('filter')
    expect(await listed(tenant, 1, 'groups', { filter: 'displayName sw "cr"' })).toBe(1)
    const narrowed = { filter: 'externalId ge "x-cyd" and title co "d"' }
    expect(await listed(tenant, 2, 'users', narrowed)).toBe(2)
    expect(await listed(tenant, 1, 'users', narrowed)).toBe('filter')
    // Both ends of a range count, and that of ids, in which all are, gives way.
    const closed = 'userName ge "b" and userName lt "c"'
    expect(await listed(tenant, 1, 'users', { filter: closed })).toBe(1)
    expect(await listed(tenant, 1, 'users', { filter: `id gt "a" and ${closed}` })).toBe(1)
    expect(await listed(tenant, 1, 'users', { filter: 'id gt "a"' })).toBe('filter')
    const twice = 'userName ge "cyd" and (emails.value co "c" or emails.value co "d")'
    expect(await listed(tenant, 4, 'users', { filter: twice })).toBe(2)
    expect(await listed(tenant, 3, 'users', { filter: twice })).toBe('filter')
  })
  test('with a range, the members or groups of what is in it count', async () => {
    const tenant = await makeTenant()
    await populate(tenant)
    const twice = 'displayName ge "team" and members.display co "a" and members.display co "b"'
    expect(await listed(tenant, 12, 'groups', { filter: twice })).toBe(2)
    expect(await listed(tenant, 11, 'groups', { filter: twice })).toBe('filter')
    const once = 'userName le "ada" and groups.display co "crew"'
    expect(await listed(tenant, 4, 'users', { filter: once })).toBe(1)
    expect(await listed(tenant, 3, 'users', { filter: once })).toBe('filter')
  })
}
