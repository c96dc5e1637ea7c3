/**
 * What does not grow: the same requests read and write the same rows in a namespace of 1,000 users
 * and in one of 100,000, counted by D1.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { readFilter, readFilters } from '../../src/scim/filter/bind.ts'
import { groupType, type ResourceType, userType } from '../../src/scim/schema/resource-type.ts'
import { readAs } from '../../src/store/authority.ts'
import { d1 } from '../../src/store/d1.ts'
import { hourOf } from '../../src/store/hours.ts'
import { listResources } from '../../src/store/listing.ts'
import type { Place } from '../../src/store/page.ts'
import { readHealth, readStatus } from '../../src/store/status.ts'
import { changeTeam, createTeam, deleteTeam, readTeam } from '../../src/store/teams.ts'
import { changeUser, createUser, deleteUser, readUser } from '../../src/store/users.ts'
import { id, recorded, rowsRead, rowsWritten, seed, teamId } from './seeded.ts'
import {
  addMembers,
  held,
  listing,
  listTeams,
  listUsers,
  makeTenant,
  removeMembers,
  rename,
  replaceWith,
  START,
  set,
  type Tenant,
} from './tenant.ts'

/** A team that has the same ten members in both namespaces. */
const SMALL = teamId(0)
/** The larger teams of the larger namespace. */
const TEN_THOUSAND = teamId(1)
const EVERYBODY = teamId(2)
/** Who is in 500 more teams there. */
const BUSY = id(499)
/** A user of no team. */
const somebody = (at: number) => id(500 + at)

type Request = (tenant: Tenant) => Promise<unknown>

const user = (name: string) => ({
  userName: name,
  externalId: name,
  emails: [{ type: 'work', value: `${name}@new.example` }],
})

const users = (filter: string) => (tenant: Tenant) =>
  listUsers(tenant.caller(), listing(readFilter(userType, filter)))

const teams = (filter: string) => (tenant: Tenant) =>
  listTeams(tenant.caller(), listing(readFilter(groupType, filter)), false)

const pageAfter =
  (type: ResourceType, place: Place | undefined, filter?: string) => (tenant: Tenant) =>
    listResources(
      tenant.caller(),
      [type],
      held({
        filters: filter === undefined ? undefined : readFilters([type], filter),
        sort: undefined,
        cut: { kind: 'after' as const, place, count: 100 },
      }),
      false,
    )

const requests: readonly [name: string, request: Request][] = [
  ['a check of the token', (tenant) => readAs(tenant.caller(), [], () => [])],
  ['a user by id', (tenant) => readUser(tenant.caller(), somebody(1))],
  ['users with an id', users(`id eq "${somebody(1)}"`)],
  ['users with a userName', users('userName eq "USER000501@example.com"')],
  ['users with an externalId', users('externalId eq "external-000501"')],
  ['users with an e-mail', users('emails.value eq "user000501@example.com"')],
  ['users with a prefix', users('userName sw "USER00050"')],
  ['users within a range', users('userName ge "user000500" and userName lt "user000505"')],
  ['users nobody is', users('userName eq "nobody" or emails.value eq "nobody"')],
  ['the first page of users', (tenant) => listUsers(tenant.caller(), listing(undefined, 1, 100))],
  ['a page of users by cursor', pageAfter(userType, { key: null, id: id(700) })],
  ...[
    'userName sw "USER00050"',
    'userName lt "user000010"',
    'userName lt "user000010" and externalId pr and title co "x"',
    'userName lt "user000010" and id gt "u"',
    'id gt "u" and userName lt "user000010" and userName sw "user00"',
    'userName eq "user000501@example.com" and userName sw "user"',
    'externalId eq "external-000501" and userName ge "a"',
    'emails.value eq "user000501@example.com" and userName sw "user"',
    'emails[type eq "work" and value eq "user000501@example.com"] and id gt "u"',
    `groups.value eq "${SMALL}" and userName sw "user" and id gt "u"`,
  ].flatMap((filter): [string, Request][] => [
    [`users, by index, with ${filter}`, users(filter)],
    [`users, by cursor, with ${filter}`, pageAfter(userType, { key: null, id: id(1) }, filter)],
  ]),
  ...[
    'displayName lt "team 10"',
    'externalId eq "team-5" and displayName sw "t"',
    `members.value eq "${id(3)}" and displayName sw "t" and id ge "g"`,
  ].flatMap((filter): [string, Request][] => [
    [`groups, by index, with ${filter}`, teams(filter)],
    [`groups, by cursor, with ${filter}`, pageAfter(groupType, { key: null, id: 'g' }, filter)],
  ]),
  ['POST of a user', (tenant) => createUser(tenant.caller(), held(user('new')))],
  [
    'PUT of a user',
    (tenant) => changeUser(tenant.caller(), somebody(2), replaceWith(user('put')), {}),
  ],
  [
    'PATCH of a user',
    (tenant) => changeUser(tenant.caller(), somebody(3), set({ title: 'x' }), {}),
  ],
  ['DELETE of a user', (tenant) => deleteUser(tenant.caller(), somebody(6), {})],
  ['a group by id, without its members', (tenant) => readTeam(tenant.caller(), SMALL, false)],
  ['a group by id, with its ten members', (tenant) => readTeam(tenant.caller(), SMALL, true)],
  ['groups with a displayName', teams('displayName eq "TEAM 5"')],
  ['groups with a prefix', teams('displayName sw "TEAM 5"')],
  ['groups with an externalId', teams('externalId eq "team-5"')],
  ['groups with a member', teams(`members.value eq "${id(3)}" and displayName eq "team 0"`)],
  [
    'the first page of groups',
    (tenant) => listTeams(tenant.caller(), listing(undefined, 1, 100), false),
  ],
  ['a page of groups by cursor', pageAfter(groupType, { key: null, id: teamId(700) })],
  [
    'POST of a group',
    (tenant) =>
      createTeam(
        tenant.caller(),
        held({ attributes: { displayName: 'New' }, members: [somebody(4)] }),
        false,
      ),
  ],
  [
    'PATCH of a name',
    (tenant) => changeTeam(tenant.caller(), teamId(9), rename({ displayName: 'x' }), {}, false),
  ],
  ['DELETE of a group', (tenant) => deleteTeam(tenant.caller(), teamId(10), {})],
]

export function growth(binding: D1Database): void {
  describe('the cost on D1', () => {
    const { binding: observed, batches } = recorded(binding)
    let thousand: Tenant
    let hundredThousand: Tenant
    beforeAll(async () => {
      thousand = await makeTenant(d1(observed))
      await seed(binding, thousand, { users: 1000, teams: 1000, sizes: [10] })
      hundredThousand = await makeTenant(d1(observed))
      await seed(binding, hundredThousand, { users: 100_000, teams: 1000, sizes: [10] })
      // From the other end, so that whom the requests are about is in the same teams in both.
      await fill(TEN_THOUSAND, id(90_000), id(99_999))
    }, 240_000)

    /** Makes all users of a range members of a team of the larger namespace. */
    async function fill(team: string, first: string, last: string): Promise<void> {
      const { namespace } = hundredThousand
      await binding.batch([
        binding
          .prepare(`insert into membership (namespace, team_id, user_id)
            select namespace, ?2, id from user where namespace = ?1 and id between ?3 and ?4`)
          .bind(namespace, team, first, last),
        binding
          .prepare(`update team set members = (select count(*) from membership m
            where m.namespace = ?1 and m.team_id = ?2) where namespace = ?1 and id = ?2`)
          .bind(namespace, team),
      ])
    }

    /** The rows read and written in each trip of a request. */
    async function costOf(tenant: Tenant, request: Request) {
      batches.length = 0
      await request(tenant)
      return batches.splice(0).map((runs) => ({ read: rowsRead(runs), written: rowsWritten(runs) }))
    }

    test.each(requests)('is the same for 1,000 and 100,000 users: %s', async (_, request) => {
      const small = await costOf(thousand, request)
      expect(small.length).toBeLessThanOrEqual(2)
      // Far below the thousand that there are of users and of groups.
      for (const { read } of small) expect(read).toBeLessThanOrEqual(500)
      expect(await costOf(hundredThousand, request)).toEqual(small)
    })

    test.each([
      ['added to', addMembers(somebody(5))],
      ['removed from', removeMembers(somebody(5))],
    ])('is the same for a member who is %s a team of 10 or of 10,000', async (_, change) => {
      const patch = (team: string) => (tenant: Tenant) =>
        changeTeam(tenant.caller(), team, change, {}, false)
      const small = await costOf(thousand, patch(SMALL))
      expect(small).toHaveLength(2)
      expect(await costOf(hundredThousand, patch(SMALL))).toEqual(small)
      expect(await costOf(hundredThousand, patch(TEN_THOUSAND))).toEqual(small)
    })

    test('of status and health is the same after thousands of changes', async () => {
      const cost = async (now: number) => [
        await costOf(thousand, () => readStatus(thousand.caller({ now }), 0)),
        await costOf(thousand, () => readHealth(thousand.caller({ now }))),
      ]
      const retitle = (title: string) => (tenant: Tenant) =>
        changeUser(tenant.caller(), somebody(7), set({ title }), {})
      await retitle('first')(thousand)
      const before = await cost(START)
      // A sample of a hundred users, and little else.
      for (const [trip] of before) expect(trip?.read).toBeLessThanOrEqual(160)
      await binding
        .prepare(`insert into event
          with recursive c(n) as (select 1 union all select n + 1 from c where n < 5000)
          select ?1, 1000000 + n, ?2, '{}', 'user.update', 'u000007', '{}', 'more-' || n, 0 from c`)
        .bind(thousand.namespace, START)
        .run()
      await retitle('second')(thousand)
      await retitle('third')(thousand)
      expect(await cost(START)).toEqual(before)
      const counts = await binding
        .prepare(`select count(*) as hours from activity where namespace = ?1 and kind = 'change'`)
        .bind(thousand.namespace)
        .all()
      expect(counts.results).toEqual([{ hours: 1 }])
    })

    test('of status grows with the hours of a day in which there were changes, up to 25', async () => {
      const cost = () =>
        costOf(hundredThousand, () => readStatus(hundredThousand.caller({ now: START }), 0))
      await changeUser(hundredThousand.caller(), somebody(7), set({ title: 'x' }), {})
      const [before] = await cost()
      await binding
        .prepare(`insert into activity
          with recursive c(n) as (select 1 union all select n + 1 from c where n < 700)
          select ?1, 'change', 'account-1', ?2 - n, 1, 0 from c`)
        .bind(hundredThousand.namespace, hourOf(START))
        .run()
      const [after] = await cost()
      expect(after).toEqual({ read: (before?.read ?? 0) + 25, written: 0 })
    })

    test('of a page by index is one entry of the index for each user before it', async () => {
      const page = (startIndex: number): Request => {
        return (tenant) => listUsers(tenant.caller(), listing(undefined, startIndex, 100))
      }
      const [first] = await costOf(hundredThousand, page(1001))
      const [deep] = await costOf(hundredThousand, page(90_001))
      const [other] = await costOf(thousand, page(801))
      expect(first?.read).toBe(1000 + 103)
      expect(other?.read).toBe(800 + 103)
      // Three more rows for each of these users, who are in a team.
      expect(deep?.read).toBe(90_000 + 103 + 3 * 100)
    })

    describe('with somebody in 500 teams, and everybody in one', () => {
      beforeAll(async () => {
        const { namespace } = hundredThousand
        await binding.batch([
          binding
            .prepare(`insert into membership (namespace, team_id, user_id)
              select namespace, id, ?2 from team where namespace = ?1 and id between ?3 and ?4`)
            .bind(namespace, BUSY, teamId(400), teamId(899)),
          binding
            .prepare(`update team set members = 1
              where namespace = ?1 and id between ?2 and ?3`)
            .bind(namespace, teamId(400), teamId(899)),
        ])
        await fill(EVERYBODY, id(0), id(99_999))
      }, 240_000)

      test('a user of 500 teams is read with two rows for each', async () => {
        const [cost] = await costOf(hundredThousand, (tenant) => readUser(tenant.caller(), BUSY))
        expect(cost?.read).toBe(5 + 2 * 501)
        const { groups } = await readUser(hundredThousand.caller(), BUSY)
        expect(groups).toHaveLength(501)
      })

      test('the members of a team cost nothing where nobody asks for them', async () => {
        const byId = (team: string) => (tenant: Tenant) => readTeam(tenant.caller(), team, false)
        const small = await costOf(thousand, byId(SMALL))
        expect(await costOf(hundredThousand, byId(EVERYBODY))).toEqual(small)
        const listed = (tenant: Tenant) =>
          listTeams(tenant.caller(), listing(undefined, 1, 100), false)
        expect(await costOf(hundredThousand, listed)).toEqual(await costOf(thousand, listed))
      })

      test('all members of a team are read in one statement', async () => {
        batches.length = 0
        const team = await readTeam(hundredThousand.caller(), EVERYBODY, true)
        // One of the 100,000 was deleted above.
        expect(team.members).toHaveLength(99_999)
        const [statements = []] = batches
        expect(batches).toHaveLength(1)
        // The credential, the team, and its members with their names.
        expect(statements).toHaveLength(3)
        expect(statements[2]?.rowsRead).toBeLessThanOrEqual(2 * 100_000 + 1)
      })

      test('a member leaves and enters a team of 100,000 at the cost of one', async () => {
        const leave = (team: string) => (tenant: Tenant) =>
          changeTeam(tenant.caller(), team, removeMembers(id(2)), {}, false)
        const small = await costOf(thousand, leave(SMALL))
        expect(await costOf(hundredThousand, leave(EVERYBODY))).toEqual(small)
        const enter = (team: string) => (tenant: Tenant) =>
          changeTeam(tenant.caller(), team, addMembers(id(2)), {}, false)
        const entered = await costOf(thousand, enter(SMALL))
        expect(await costOf(hundredThousand, enter(EVERYBODY))).toEqual(entered)
      })

      test('somebody in 500 teams is deleted with them', async () => {
        const [, written] = await costOf(hundredThousand, (tenant) =>
          deleteUser(tenant.caller(), BUSY, {}),
        )
        expect(written?.written).toBeLessThanOrEqual(30 + 3 * 501)
      })
    })
  })
}
