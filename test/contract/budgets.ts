/**
 * What the hot statements cost on D1, in a namespace of 20,000 users (design.md, section 3). The
 * binding is wrapped, so that what is measured is what the store really sends.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { readFilter } from '../../src/scim/filter/bind.ts'
import type { Attributes } from '../../src/scim/resource/resource.ts'
import { groupType, userType } from '../../src/scim/schema/resource-type.ts'
import { readEvents } from '../../src/store/audit.ts'
import { listConflicts, recordRefusals } from '../../src/store/conflicts.ts'
import { d1 } from '../../src/store/d1.ts'
import { listResources, type Selection } from '../../src/store/listing.ts'
import { readLogin } from '../../src/store/login.ts'
import type { Place } from '../../src/store/page.ts'
import { previewMigration } from '../../src/store/preview.ts'
import { type RollbackRequest, rollBack } from '../../src/store/rollback.ts'
import { readHealth, readStatus } from '../../src/store/status.ts'
import { saveMappings } from '../../src/store/team-sync.ts'
import { changeTeam, createTeam, deleteTeam, readTeam } from '../../src/store/teams.ts'
import { changeUser, createUser, deleteUser, readUser } from '../../src/store/users.ts'
import { id, type Run, recorded, rowsRead, seed } from './seeded.ts'
import {
  addMembers,
  claimOf,
  held,
  listing,
  listTeams,
  listUsers,
  makeTenant,
  removeMembers,
  rename,
  set,
  settings,
  type Tenant,
} from './tenant.ts'

const USERS = 20_000
const MEMBERS = 10_000
const TEAMS = 1000
/** The number of a user who is in no team. */
const LONER = 15_000

const newcomer: Attributes = {
  userName: 'new@example.com',
  externalId: 'new',
  emails: [{ type: 'work', value: 'new@example.com' }],
}

const TABLES =
  'namespace|token|service_account|user|user_email|team|membership|event|retained|adoption|team_mapping|conflict|refusal_count|activity|ignored_name|denied_login|namespace_change|sealing_key'
const ALIASES = new RegExp(`\\b(?:from|join|update|into)\\s+(${TABLES})\\b(?:\\s+(\\w+))?`, 'gi')

/** The steps of a plan that read a table whole, or all that a namespace holds of it. */
async function wideSteps(binding: D1Database, { sql: text, parameters }: Run): Promise<string[]> {
  const names = new Set<string>()
  for (const [, table = '', alias = ''] of text.matchAll(ALIASES)) names.add(table).add(alias)
  const plan = await binding
    .prepare(`explain query plan ${text}`)
    .bind(...parameters)
    .all<{ readonly detail: string }>()
  const details = plan.results.map(({ detail }) => detail)
  const derived = new Set(
    details.flatMap((detail) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(detail)?.[1] ?? []),
  )
  return details.filter((detail) => {
    const [, scanned] = /^SCAN (\w+)/.exec(detail) ?? []
    if (scanned !== undefined) {
      return names.has(scanned) && !derived.has(scanned) && !detail.includes('VIRTUAL TABLE')
    }
    // `max(e.seq)` is the last entry of the index and no more.
    return /\((?:namespace=\?)\)/.test(detail) && !/^SEARCH e USING COVERING INDEX/.test(detail)
  })
}

/** Matches a number that is not above the limit, and shows the limit where it is. */
const atMost = (limit: number): unknown =>
  expect.toSatisfy((value: number) => value <= limit, `at most ${limit}`)

export function budgets(binding: D1Database): void {
  describe('the budgets on D1', () => {
    const { binding: observed, batches } = recorded(binding)
    let tenant: Tenant
    beforeAll(async () => {
      tenant = await makeTenant(d1(observed))
      await seed(binding, tenant, { users: USERS, teams: TEAMS, sizes: [MEMBERS, 1, 1] })
    })

    /** Runs a request and gives the batches that it sent, none of which may read widely. */
    async function sent(request: () => Promise<unknown>, wide: readonly string[] = []) {
      batches.length = 0
      await request()
      const runs = batches.splice(0)
      const steps = await Promise.all(runs.flat().map((run) => wideSteps(binding, run)))
      expect(new Set(steps.flat())).toEqual(new Set(wide))
      return runs
    }

    const users = (filter: string) =>
      listUsers(tenant.caller(), listing(readFilter(userType, filter)))
    const teams = (filter: string, withMembers = false) =>
      listTeams(tenant.caller(), listing(readFilter(groupType, filter)), withMembers)

    const userLookups = (at: number) => [
      `id eq "${id(at)}"`,
      `userName eq "USER${id(at).slice(1)}@example.com"`,
      `externalId eq "external-${id(at).slice(1)}"`,
      `emails.value eq "user${id(at).slice(1)}@example.com"`,
      `emails eq "user${id(at).slice(1)}@example.com"`,
      `emails[type eq "work"].value eq "User${id(at).slice(1)}@example.com"`,
      `emails[type eq "work" and value eq "User${id(at).slice(1)}@example.com"]`,
      `active eq true and userName eq "user${id(at).slice(1)}@example.com"`,
    ]

    test.each(userLookups(LONER))('ten rows at most are read for %s', async (filter) => {
      const [read] = await sent(async () => expect((await users(filter)).total).toBe(1))
      expect(rowsRead(read)).toBeLessThanOrEqual(10)
    })

    test.each(userLookups(0))('three more rows are read for each team of %s', async (filter) => {
      const [read] = await sent(async () => expect((await users(filter)).total).toBe(1))
      expect(rowsRead(read)).toBeLessThanOrEqual(10 + 3 * 3)
    })

    test('ten rows at most are read for a user by its id, two teams included', async () => {
      for (const at of [LONER, 2, 1]) {
        const [read] = await sent(() => readUser(tenant.caller(), id(at)))
        expect(rowsRead(read)).toBeLessThanOrEqual(10)
      }
    })

    test.each([
      'id eq "g000005"',
      'displayName eq "TEAM 5"',
      'externalId eq "team-5"',
      `members.value eq "${id(2)}"`,
      `members eq "${id(2)}"`,
      `members[value eq "${id(2)}"]`,
      `id eq "g000000" and members eq "${id(0)}"`,
      `members eq "${id(0)}" and id eq "g000000"`,
    ])('ten rows at most are read for the group with %s', async (filter) => {
      const [read] = await sent(async () => expect((await teams(filter)).total).toBe(1))
      expect(rowsRead(read)).toBeLessThanOrEqual(10)
    })

    test('ten rows at most are read for a small group with its members', async () => {
      const [byName] = await sent(() => teams('displayName eq "team 1"', true))
      expect(rowsRead(byName)).toBeLessThanOrEqual(10)
      const [byId] = await sent(() => readTeam(tenant.caller(), 'g000001', true))
      expect(rowsRead(byId)).toBeLessThanOrEqual(10)
    })

    test('nobody else is read where no resource matches', async () => {
      const none = [
        () => users('emails[type eq "work"].value eq "nobody"'),
        () => users('userName eq "nobody" or emails.value eq "nobody"'),
        () => teams('displayName eq "nobody"', true),
        () => teams('members.value eq "nobody"'),
      ]
      for (const request of none) {
        const [read] = await sent(request)
        expect(rowsRead(read)).toBeLessThanOrEqual(10)
      }
    })

    test.each([
      `userName eq "user000007@example.com" or emails.value eq "user000007@example.com"`,
      `userName eq "user000007@example.com" or externalId eq "external-000007"`,
      `(userName eq "user000007@example.com" or id eq "nobody") and active eq true`,
      `active eq true and (userName eq "user000007@example.com" or emails eq "x")`,
    ])('alternatives of indexed attributes are looked up: %s', async (filter) => {
      const [read] = await sent(async () => expect((await users(filter)).total).toBe(1))
      expect(rowsRead(read)).toBeLessThanOrEqual(20)
    })

    test.each(['id', 'userName', 'externalId', 'emails.value'])(
      'a chain of alternatives of %s is looked up one by one',
      async (attribute) => {
        const value = (at: number) =>
          attribute === 'id'
            ? id(at)
            : attribute === 'externalId'
              ? `external-${id(at).slice(1)}`
              : `user${id(at).slice(1)}@example.com`
        const chain = Array.from(
          { length: 150 },
          (_, n) => `${attribute} eq "${value(n * 100 + 5)}"`,
        )
        const filter = chain.join(' or ')
        const [read] = await sent(async () => expect((await users(filter)).total).toBe(150))
        expect(rowsRead(read)).toBeLessThanOrEqual(160 * 12)
      },
    )

    test('a page costs what it shows', async () => {
      const ofUsers = ['SEARCH u USING INDEX sqlite_autoindex_user_1 (namespace=?)']
      const ofTeams = ['SEARCH t USING INDEX sqlite_autoindex_team_1 (namespace=?)']
      for (const count of [0, 1, 10, 100, 200]) {
        const [first] = await sent(
          () => listUsers(tenant.caller(), listing(undefined, 11, count)),
          ofUsers,
        )
        expect(rowsRead(first)).toBeLessThanOrEqual(20 + 4 * count)
        const [groups] = await sent(
          () => listTeams(tenant.caller(), listing(undefined, 11, count), false),
          ofTeams,
        )
        expect(rowsRead(groups)).toBeLessThanOrEqual(30 + 2 * count)
        const [withMembers] = await sent(
          () => listTeams(tenant.caller(), listing(undefined, 11, count), true),
          ofTeams,
        )
        expect(rowsRead(withMembers)).toBeLessThanOrEqual(60 + 14 * count)
      }
    })

    test('a page behind a place costs what it shows, however deep it is', async () => {
      const cut = (place: Place | undefined): Selection => ({
        filters: undefined,
        sort: undefined,
        cut: { kind: 'after', place, count: 100 },
      })
      const deep = [undefined, { key: null, id: id(10) }, { key: null, id: id(19_000) }]
      for (const place of deep) {
        const [read] = await sent(
          () => listResources(tenant.caller(), [userType], held(cut(place)), false),
          [
            place === undefined ? 'SEARCH u USING INDEX sqlite_autoindex_user_1 (namespace=?)' : [],
          ].flat(),
        )
        expect(rowsRead(read)).toBeLessThanOrEqual(20 + 4 * 101)
      }
      for (const place of [
        { key: null, id: 'g000010' },
        { key: null, id: 'g000800' },
      ]) {
        for (const withMembers of [false, true]) {
          const [read] = await sent(() =>
            listResources(tenant.caller(), [groupType], held(cut(place)), withMembers),
          )
          expect(rowsRead(read)).toBeLessThanOrEqual(60 + 14 * 101)
        }
      }
    })

    test('hiding what SCIM does not manage costs a row, and no index', async () => {
      const fileSettings = { ...settings, hideNonProvisionedUsers: true }
      const hiding = () => tenant.caller({ fileSettings })
      for (const filter of userLookups(LONER)) {
        const request = listing(readFilter(userType, filter))
        const [read] = await sent(async () =>
          expect((await listUsers(hiding(), request)).total).toBe(1),
        )
        expect(rowsRead(read)).toBeLessThanOrEqual(11)
      }
      const byName = listing(readFilter(groupType, 'displayName eq "team 5"'))
      const [group] = await sent(() => listTeams(hiding(), byName, false))
      expect(rowsRead(group)).toBeLessThanOrEqual(11)
      const [first] = await sent(
        () => listUsers(hiding(), listing(undefined, 11, 100)),
        ['SEARCH u USING INDEX sqlite_autoindex_user_1 (namespace=?)'],
      )
      expect(rowsRead(first)).toBeLessThanOrEqual(20 + 4 * 100)
      const cut = { kind: 'after', place: { key: null, id: id(19_000) }, count: 100 } as const
      const [deep] = await sent(() =>
        listResources(
          hiding(),
          [userType],
          held({ filters: undefined, sort: undefined, cut }),
          false,
        ),
      )
      expect(rowsRead(deep)).toBeLessThanOrEqual(20 + 4 * 101)
    })

    test('a stranger makes nobody be read', async () => {
      const claim = claimOf(tenant.namespace, 'unknown')
      const caller = () => tenant.caller({ claim })
      const filter = readFilter(userType, 'emails.value eq "user000001@example.com"')
      const inGroup = readFilter(groupType, 'members eq "u000001"')
      const requests = [
        () => readUser(caller(), id(0)),
        () => listUsers(caller(), listing()),
        () => listUsers(caller(), listing(filter)),
        () => readTeam(caller(), 'g000000', true),
        () => listTeams(caller(), listing(), true),
        () => listTeams(caller(), listing(inGroup), true),
        () => createUser(caller(), held(newcomer)),
        () => changeUser(caller(), id(0), set({ title: 'x' }), {}),
        () => deleteUser(caller(), id(0), {}),
        () => createTeam(caller(), held({ attributes: { displayName: 'x' }, members: [] }), true),
        () => changeTeam(caller(), 'g000000', addMembers('x'), {}, true),
        () => deleteTeam(caller(), 'g000000', {}),
      ]
      for (const request of requests) {
        batches.length = 0
        await expect(request()).rejects.toMatchObject({ reason: { kind: 'invalid-token' } })
        expect(batches).toHaveLength(1)
        // A statement that sorts counts a row of its own, and a window another one.
        const unsorted = batches[0]?.filter((run) => !run.sql.includes('order by'))
        expect(rowsRead(unsorted)).toBe(0)
        expect(rowsRead(batches[0])).toBeLessThanOrEqual(8)
      }
    })

    test('a user is created, changed and deleted at a cost that no directory raises', async () => {
      const created = await sent(() => createUser(tenant.caller(), held(newcomer)))
      expect(created.map(rowsRead)).toEqual([atMost(10), atMost(25)])
      const changed = await sent(() => changeUser(tenant.caller(), id(1), set({ title: 'x' }), {}))
      expect(changed.map(rowsRead)).toEqual([atMost(10), atMost(25)])
      const version = (await readUser(tenant.caller(), id(1))).version
      const guarded = await sent(() =>
        changeUser(tenant.caller(), id(1), set({ title: 'y' }), { ifMatch: version }),
      )
      expect(guarded.map(rowsRead)).toEqual([atMost(10), atMost(25)])
      const deleted = await sent(() => deleteUser(tenant.caller(), id(3), {}))
      expect(deleted.map(rowsRead)).toEqual([atMost(10), atMost(30)])
    })

    test('members change at the cost of the change, whatever the size of the team', async () => {
      for (const team of ['g000000', 'g000001']) {
        for (const k of [1, 10, 100]) {
          const ids = Array.from({ length: k }, (_, n) => id(USERS - 1 - n))
          for (const change of [addMembers(...ids), removeMembers(...ids)]) {
            const trips = await sent(() => changeTeam(tenant.caller(), team, change, {}, false))
            expect(trips.map(rowsRead)).toEqual([atMost(10), atMost(30 + 10 * k)])
          }
        }
      }
    })

    test('a group is created, renamed and deleted at a cost that no directory raises', async () => {
      const team = { attributes: { displayName: 'New' }, members: [id(1)] }
      const created = await sent(() => createTeam(tenant.caller(), held(team), true))
      expect(created.map(rowsRead)).toEqual([atMost(10), atMost(40)])
      await saveMappings(tenant.caller(), held([{ groupId: 'mapped', team: 'g000009' }]))
      const mapped = { attributes: { displayName: 'Other', externalId: 'mapped' }, members: [] }
      const byMapping = await sent(() => createTeam(tenant.caller(), held(mapped), true))
      expect(byMapping.map(rowsRead)).toEqual([atMost(10), atMost(40)])
      const renamed = await sent(() =>
        changeTeam(tenant.caller(), 'g000000', rename({ displayName: 'x' }), {}, false),
      )
      expect(renamed.map(rowsRead)).toEqual([atMost(10), atMost(30)])
      const deleted = await sent(() => deleteTeam(tenant.caller(), 'g000002', {}))
      expect(deleted.map(rowsRead)).toEqual([atMost(10), atMost(30)])
    })

    test('status and health read samples and counters, no events and nothing of the directory', async () => {
      const ofAccounts = [
        'SEARCH a USING INDEX sqlite_autoindex_service_account_1 (namespace=?)',
        'SEARCH k USING INDEX token_account (namespace=?)',
        'SEARCH a USING INDEX service_account_name (namespace=?)',
      ]
      const [status] = await sent(
        () => readStatus(tenant.caller(), 0),
        // An index of inherited members alone, which is read up to a limit.
        [...ofAccounts, 'SEARCH m USING COVERING INDEX membership_inherited (namespace=?)'],
      )
      expect(rowsRead(status)).toBeLessThanOrEqual(50)
      const [health] = await sent(
        () => readHealth(tenant.caller()),
        [...ofAccounts, 'SEARCH u USING INDEX sqlite_autoindex_user_1 (namespace=?)'],
      )
      // A sample of a hundred users, and once more as they are counted.
      expect(rowsRead(health)).toBeLessThanOrEqual(250)
    })

    test('a refusal is recorded and listed at the cost of the conflicts that are kept', async () => {
      const record = (count: number) => {
        const { now, requestId } = tenant.caller()
        const refused = Array.from({ length: count }, (_, n) => ({
          id: `c-${requestId}-${n}`,
          subject: `${requestId}-${n}`,
          reason: 'scim.uniqueness',
          status: 409,
          detail: 'It is taken.',
          request: '{}',
        }))
        const holder = { hash: tenant.tokenHash, namespace: tenant.namespace }
        return recordRefusals(d1(observed), holder, refused, now)
      }
      await record(1000)
      const [recorded] = await sent(() => record(1))
      // They are counted, and the end of the account's share is sought.
      expect(rowsRead(recorded)).toBeLessThanOrEqual(3100)
      // They all have the same time, and so are sorted by id.
      const page = { limit: 10 }
      const [listed] = await sent(() => listConflicts(tenant.caller(), held(page)))
      expect(rowsRead(listed)).toBeLessThanOrEqual(2100)
      const subject = { limit: 10, subject: 'nobody' }
      const [sought] = await sent(() => listConflicts(tenant.caller(), held(subject)))
      expect(rowsRead(sought)).toBeLessThanOrEqual(10)
    })

    test('events are found by a name at the cost of a page, whatever the number of events', async () => {
      const page = { order: 'desc', limit: 10 } as const
      const [plain] = await sent(() => readEvents(tenant.caller(), held(page)))
      expect(rowsRead(plain)).toBeLessThanOrEqual(60)
      const user = id(LONER)
      await binding
        .prepare(
          `with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
          insert into event select ?1, 1000000 + i, i, '{"operator":true}', 'user.update', ?2, '{}',
            'many-' || i, 0 from n`,
        )
        .bind(tenant.namespace, user)
        .run()
      for (const subject of [user, `USER${user.slice(1)}@example.com`, 'gone000007@example.com']) {
        const asked = { ...page, subject }
        const [read] = await sent(() => readEvents(tenant.caller(), held(asked)))
        expect(rowsRead(read)).toBeLessThanOrEqual(120)
      }
      await binding
        .prepare(`delete from event where namespace = ?1 and request_id like 'many-%'`)
        .bind(tenant.namespace)
        .run()
    })

    test('a login is judged at a cost that no directory raises', async () => {
      const identity = (name: string, externalId: string) => ({
        ...{ userName: `${name}@example.com`, email: `${name}@example.com`, externalId },
      })
      for (const [name, externalId] of [
        ['user000007', 'external-000007'],
        ['gone000007', 'gone-000007'],
        ['user000007', 'gone-000007'],
        ['nobody', 'nobody'],
      ] as const) {
        const [read] = await sent(() =>
          readLogin(tenant.caller(), held(identity(name, externalId))),
        )
        expect(rowsRead(read)).toBeLessThanOrEqual(30)
      }
    })

    test('a migration is previewed and undone at a cost that no directory raises', async () => {
      const users = Array.from({ length: 100 }, (_, at) => ({
        userName: `user${id(at * 7).slice(1)}@example.com`,
        externalId: `gone-${id(at).slice(1)}`,
        emails: [{ value: `new${at}@example.com` }],
      }))
      const groups = users.map(({ externalId }, at) => ({ displayName: `Team ${at}`, externalId }))
      const [preview] = await sent(() => previewMigration(tenant.caller(), held({ users, groups })))
      expect(rowsRead(preview)).toBeLessThanOrEqual(20 + 15 * 200)
      await binding
        .prepare(
          `update user set managed = 0 where namespace = ?1 and id in ('u000011', 'u000012')`,
        )
        .bind(tenant.namespace)
        .run()
      await binding
        .prepare(`update team set managed = 0 where namespace = ?1 and id = 'g000011'`)
        .bind(tenant.namespace)
        .run()
      for (const at of [11, 12]) {
        await changeUser(tenant.caller(), id(at), set({ title: 'x' }), {})
      }
      await changeTeam(tenant.caller(), 'g000011', rename({ displayName: 'x 11' }), {}, false)
      const request = (target: RollbackRequest['target']) => () =>
        rollBack(tenant.caller(), held({ target, force: false, dryRun: false }))
      const one = await sent(request({ type: 'user', name: id(11) }))
      expect(one.map(rowsRead)).toEqual([atMost(30), atMost(20), atMost(30)])
      const all = await sent(request({ after: '' }))
      expect(all.map(rowsRead)).toEqual([atMost(40), atMost(30), atMost(50), atMost(30)])
    })
  })
}
