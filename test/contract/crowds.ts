/** Large teams and namespaces: limits, chunks and pages. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { noMemberChange } from '../../src/scim/patch/members.ts'
import { type Database, render } from '../../src/store/database.ts'
import { changeTeamMembers, createHandTeam } from '../../src/store/hand-teams.ts'
import { deleteNamespace } from '../../src/store/registry.ts'
import { createTeam, readTeam, type StoredTeam } from '../../src/store/teams.ts'
import { createUser } from '../../src/store/users.ts'
import {
  addMembers,
  addUnmanagedTeam,
  beforeWriting,
  changeTeam,
  deleteTeam,
  eventsOf,
  held,
  listing,
  listTeams,
  membersOf,
  type Open,
  query,
  refusalOf,
  replaceMembers,
  START,
  snapshot,
  type Tenant,
  teamRow,
  tenancy,
} from './tenant.ts'

/** The same database, and how many bytes the longest parameter took so far. */
function measuring(database: Database) {
  let largest = 0
  const measured: Database = {
    batch: (mode, statements) => {
      for (const statement of statements) {
        for (const value of render(statement).parameters) {
          largest = Math.max(largest, typeof value === 'string' ? Buffer.byteLength(value) : 0)
        }
      }
      return database.batch(mode, statements)
    },
  }
  return { measured, largest: () => largest }
}

export const CROWD = 60_000
export const crowdId = (at: number) => `c${String(at).padStart(6, '0')}`

/** Puts users into the tables, with the ids c000000 and so on. */
export async function addCrowd(tenant: Tenant, count: number): Promise<void> {
  await tenant.database.batch('write', [
    sql`insert into user (namespace, id, revision, managed, active, user_name_key,
        sessions_valid_from, created_at, last_modified, resource, folded)
      with recursive c(n) as (select 0 union all select n + 1 from c where n < ${count - 1})
      select ${tenant.namespace}, printf('c%06d', n), 1, 1, 1, printf('crowd%d', n), 0, ${START},
        ${START}, json_object('userName', printf('crowd%d', n), 'active', json('true')),
        json_object('schemas', json_array('urn:ietf:params:scim:schemas:core:2.0:User'),
          'userName', printf('crowd%d', n), 'active', json('true'))
      from c`,
    sql`update namespace set users = users + ${count}, managed_users = managed_users + ${count} where name = ${tenant.namespace}`,
  ])
}

/** Makes users of the crowd members of a team, from one number up to another. */
export async function fill(tenant: Tenant, team: string, from: number, to: number): Promise<void> {
  await tenant.database.batch('write', [
    sql`insert into membership (namespace, team_id, user_id)
      select namespace, ${team}, id from user
      where namespace = ${tenant.namespace} and id >= ${crowdId(from)} and id < ${crowdId(to)}`,
    sql`update team set members = members + ${to - from}
      where namespace = ${tenant.namespace} and id = ${team}`,
  ])
}

export const ids = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => crowdId(from + at))

export function crowds(open: Open): void {
  const { tenant: makeTenant, bentTenant } = tenancy(open)

  const newTeam = (tenant: Tenant, displayName: string, members: readonly string[] = []) =>
    createTeam(tenant.caller(), held({ attributes: { displayName }, members }), false)

  async function count(tenant: Tenant, team: string): Promise<number> {
    const [row] = await query<{ readonly n: number }>(
      tenant,
      sql`select count(*) as n from membership
        where namespace = ${tenant.namespace} and team_id = ${team}`,
    )
    return row?.n ?? 0
  }

  /** The events of the last request, each list by its length. */
  async function lastEvents(tenant: Tenant) {
    const events = await eventsOf(tenant)
    const last = events.at(-1)?.requestId
    return events
      .filter(({ requestId }) => requestId === last)
      .map(({ action, part, changes }) => {
        const length = (list: unknown) => (Array.isArray(list) ? list.length : -1)
        const { added, removed, skipped } = changes
        return [action, part, length(added), length(removed), length(skipped)]
      })
  }

  test('lists of more than 50,000 ids are carried out in parts', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, CROWD)
    const { id } = await newTeam(tenant, 'team', ids(0, CROWD).concat('nobody'))
    expect(await lastEvents(tenant)).toEqual([
      ['team.create', 0, 50_000, 0, 0],
      ['team.create', 1, 10_000, 0, 1],
    ])
    expect(await count(tenant, id)).toBe(CROWD)
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 1, members: CROWD })

    // Everybody but one leaves, and somebody unknown is skipped.
    const kept = replaceMembers(crowdId(7), 'nobody')
    await changeTeam(tenant.caller(), id, kept, undefined, false)
    expect(await lastEvents(tenant)).toEqual([
      ['team.update', 0, 0, 0, 1],
      ['team.update', 1, 0, 50_000, 0],
      ['team.update', 2, 0, 9_999, 0],
    ])
    expect(await count(tenant, id)).toBe(1)
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 2, members: 1 })

    await changeTeam(tenant.caller(), id, replaceMembers(...ids(5, CROWD)), undefined, false)
    expect(await count(tenant, id)).toBe(CROWD - 5)
    await changeTeam(
      tenant.caller(),
      id,
      held({
        attributes: () => ({ displayName: 'crew' }),
        members: () => ({ ...noMemberChange, remove: new Set(ids(0, 50_001)) }),
        dependsOnMembers: false,
      }),
      undefined,
      false,
    )
    expect(await lastEvents(tenant)).toEqual([
      ['team.update', 0, 0, 49_995, 0],
      ['team.update', 1, 0, 1, 0],
    ])
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 4, members: CROWD - 50_001 })

    await fill(tenant, id, 0, 50_001)
    await deleteTeam(tenant.caller(), id, undefined)
    expect(await lastEvents(tenant)).toEqual([
      ['team.delete', 0, 0, 50_000, 0],
      ['team.delete', 1, 0, 10_000, 0],
    ])
    expect(await count(tenant, id)).toBe(0)
  })

  test('the members of a large team are kept in parts when it is adopted', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, CROWD)
    await addUnmanagedTeam(tenant, 'team-hand', 'crew')
    await fill(tenant, 'team-hand', 0, CROWD)
    await newTeam(tenant, 'crew')
    const images = await query(
      tenant,
      sql`select part, json_array_length(before, '$.members') as members from adoption
        where namespace = ${tenant.namespace} order by part`,
    )
    expect(images).toEqual([
      { part: 0, members: 50_000 },
      { part: 1, members: 10_000 },
    ])
    expect(await count(tenant, 'team-hand')).toBe(CROWD)
  })

  test('a page of groups ends early once it holds 100,000 members', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, CROWD)
    const sizes = [3, CROWD, 50_000, 1]
    for (const [at, size] of sizes.entries()) {
      const { id } = await newTeam(tenant, `team ${at}`)
      await fill(tenant, id, 0, size)
    }
    const shown = async (startIndex: number, withMembers: boolean) => {
      const request = listing(undefined, startIndex)
      const { teams, total } = await listTeams(tenant.caller(), request, withMembers)
      return { total, members: teams.map(({ members }) => members?.length) }
    }
    expect(await shown(1, true)).toEqual({ total: 4, members: [3, CROWD, 50_000] })
    expect(await shown(4, true)).toEqual({ total: 4, members: [1] })
    expect((await shown(1, false)).members).toHaveLength(4)
    expect((await readTeam(tenant.caller(), 'team-0002', true)).members).toHaveLength(CROWD)
  })

  test('a team has 100,000 members at most', async () => {
    const tenant = await bentTenant()
    await addCrowd(tenant, 3)
    const { id } = await newTeam(tenant, 'team')
    await query(tenant, sql`update team set members = 99998 where namespace = ${tenant.namespace}`)
    const before = await snapshot(tenant)
    const add = (...members: string[]) =>
      changeTeam(tenant.caller(), id, addMembers(...members), undefined, false)
    expect(await refusalOf(add(...ids(0, 3)))).toEqual({ kind: 'team-full' })
    expect(await snapshot(tenant)).toEqual(before)
    await add(...ids(0, 2))
    expect(await teamRow(tenant, id)).toMatchObject({ members: 100_000 })
    await add(...ids(0, 2))
    expect(await refusalOf(add(crowdId(2)))).toEqual({ kind: 'team-full' })
  })

  test('a namespace has 1,000,000 users at most', async () => {
    const tenant = await bentTenant()
    await query(tenant, sql`update namespace set users = 999999 where name = ${tenant.namespace}`)
    const post = (name: string) =>
      createUser(tenant.caller(), held({ userName: name, externalId: name }))
    await post('a')
    const before = await snapshot(tenant)
    expect(await refusalOf(post('b'))).toEqual({ kind: 'namespace-full' })
    expect(await snapshot(tenant)).toEqual(before)
  })

  test('a namespace is deleted in chunks, and goes on where it was interrupted', async () => {
    const tenant = await bentTenant()
    const neighbour = await makeTenant()
    await newTeam(neighbour, 'team')
    await addCrowd(tenant, 25_000)
    const { id } = await newTeam(tenant, 'team')
    await fill(tenant, id, 0, 25_000)
    const untouched = await snapshot(neighbour)
    const total = async () => {
      const tables = [
        'namespace',
        'token',
        'user',
        'team',
        'membership',
        'event',
        'service_account',
      ]
      const counts = await tenant.database.batch(
        'read',
        tables.map((table) => {
          const column = sql.raw(table === 'namespace' ? 'name' : 'namespace')
          return sql<{ readonly n: number }>`
            select count(*) as n from ${sql.raw(table)} where ${column} = ${tenant.namespace}`
        }),
      )
      return counts.reduce((sum, rows) => sum + (rows[0]?.n ?? 0), 0)
    }
    let interruptions = 0
    const sizes = [await total()]
    for (;;) {
      // Each attempt gets a little further than the database lets it.
      let left = 4
      const failing = {
        batch: ((mode, statements) => {
          left -= 1
          if (left < 0) throw new Error('interrupted')
          return tenant.database.batch(mode, statements)
        }) as typeof tenant.database.batch,
      }
      try {
        expect(await deleteNamespace(failing, tenant.namespace, () => START, 'r')).toBe(true)
        break
      } catch (error) {
        expect(error).toMatchObject({ message: 'interrupted' })
        interruptions += 1
        sizes.push(await total())
      }
      if (interruptions > 20) {
        expect(await deleteNamespace(tenant.database, tenant.namespace, () => START, 'r')).toBe(
          true,
        )
        break
      }
    }
    expect(interruptions).toBeGreaterThan(1)
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
    expect(await total()).toBe(0)
    expect(await deleteNamespace(tenant.database, tenant.namespace, () => START, 'r')).toBe(false)
    expect(await snapshot(neighbour)).toEqual(untouched)
  })

  test('ids that name nobody may be many and long', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, 2)
    const { id } = await newTeam(tenant, 'team', ids(0, 2))
    const { measured, largest } = measuring(tenant.database)
    const nobody = Array.from({ length: 260_000 }, (_, at) => `nobody-${at}`)
    const long = Array.from({ length: 30_000 }, (_, at) => `${at}-${'😀'.repeat(60)}`)
    for (const skipped of [nobody, long]) {
      const what = held({
        attributes: ({ attributes }: StoredTeam) => attributes,
        members: () => ({
          replace: true,
          add: new Set([crowdId(1), ...skipped]),
          remove: new Set<string>(),
        }),
        dependsOnMembers: false,
      })
      const caller = tenant.caller({ database: measured })
      await changeTeam(caller, id, what, undefined, false)
      const recorded = (await lastEvents(tenant)).map(([, , , , count]) => Number(count))
      expect(recorded.reduce((sum, count) => sum + count, 0)).toBe(skipped.length)
    }
    expect(await membersOf(tenant, id)).toEqual([crowdId(1)])
    expect(largest()).toBeLessThan(2_000_000)
    const [row] = await query(
      tenant,
      sql`select max(length(cast(changes as blob))) as bytes from event
        where namespace = ${tenant.namespace}`,
    )
    expect(row?.bytes).toBeLessThan(2_000_000)
  })

  test('by hand, the first of many and long ids that nobody has is told', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, 2)
    const { team } = await createHandTeam(tenant.caller(), held('by hand'))
    const { measured, largest } = measuring(tenant.database)
    const long = Array.from({ length: 40_000 }, (_, at) => `${at}-${'x'.repeat(60)}`)
    const caller = tenant.caller({ database: measured })
    const replace = (users: readonly string[]) =>
      changeTeamMembers(caller, team.id, held({ kind: 'replace', users }))
    expect(await refusalOf(replace([crowdId(0), ...long, crowdId(1)]))).toEqual({
      kind: 'not-found',
      resourceType: 'User',
      id: long[0],
    })
    expect(await membersOf(tenant, team.id)).toEqual([])
    await replace([crowdId(0), crowdId(1)])
    expect(await membersOf(tenant, team.id)).toEqual([crowdId(0), crowdId(1)])
    expect(largest()).toBeLessThan(2_000_000)
  })

  test('a member that is added to a crowd is added once', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, 10)
    const { id } = await newTeam(tenant, 'team', ids(0, 5))
    const again = () => changeTeam(tenant.caller(), id, addMembers(crowdId(7)), undefined, false)
    const database = beforeWriting(tenant.database, again)
    await changeTeam(tenant.caller({ database }), id, addMembers(crowdId(7)), undefined, false)
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 2, members: 6 })
  })
}
