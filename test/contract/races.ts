/** What happens at the same time, between the two trips of a write, and in the middle of one. */
import { sql } from 'drizzle-orm'
import { afterEach, expect, test, vi } from 'vitest'
import type { Attributes } from '../../src/scim/resource/resource.ts'
import { MAXIMUM_ATTEMPTS } from '../../src/store/authority.ts'
import type { Database } from '../../src/store/database.ts'
import { StoreFailure } from '../../src/store/failure.ts'
import { deleteNamespace } from '../../src/store/registry.ts'
import { createTeam } from '../../src/store/teams.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import {
  addMembers,
  addUnmanagedUser,
  beforeWriting,
  changesOf,
  changeTeam,
  changeUser,
  deleteTeam,
  deleteUser,
  eventsOf,
  held,
  membersOf,
  type Open,
  query,
  refusalOf,
  removeMembers,
  replaceMembers,
  revoke,
  set,
  snapshot,
  type Tenant,
  teamRow,
  tenancy,
} from './tenant.ts'

export function races(open: Open): void {
  const { tenant: makeTenant, bentTenant } = tenancy(open)
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const ada: Attributes = { userName: 'ada', externalId: 'x', emails: [{ value: 'a@example.com' }] }
  const post = (tenant: Tenant, attributes: Attributes = ada) =>
    createUser(tenant.caller(), held(attributes))
  const newTeam = (tenant: Tenant, members: readonly string[] = []) =>
    createTeam(tenant.caller(), held({ attributes: { displayName: 'team' }, members }), false)

  /** How many of the promises are kept, and why the others are not. */
  async function outcome(promises: readonly Promise<unknown>[]) {
    const settled = await Promise.allSettled(promises)
    const reasons = settled
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason.reason?.kind ?? reason)
    return { kept: settled.length - reasons.length, reasons: new Set(reasons) }
  }

  test('of twenty identical creations one wins', async () => {
    const tenant = await makeTenant()
    const tries = Array.from({ length: 20 }, () => post(tenant))
    expect(await outcome(tries)).toEqual({ kept: 1, reasons: new Set(['taken']) })
    expect((await snapshot(tenant)).user).toHaveLength(1)
    expect(await eventsOf(tenant)).toHaveLength(1)
  })

  test('of twenty identical adoptions one wins', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', { userName: 'ADA' })
    const tries = Array.from({ length: 20 }, () => post(tenant))
    expect(await outcome(tries)).toEqual({ kept: 1, reasons: new Set(['taken']) })
    expect((await snapshot(tenant)).adoption).toHaveLength(1)
  })

  test('of ten identical restorations, or deletions, one wins', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const deletions = Array.from({ length: 10 }, () => deleteUser(tenant.caller(), id, undefined))
    expect(await outcome(deletions)).toEqual({ kept: 1, reasons: new Set(['not-found']) })
    const creations = Array.from({ length: 10 }, () => post(tenant))
    expect(await outcome(creations)).toEqual({ kept: 1, reasons: new Set(['taken']) })
    expect((await changesOf(tenant, id)).map(({ action }) => action)).toEqual([
      'user.create',
      'user.delete',
      'user.restore',
    ])
  })

  test('of ten teams of one name one is created', async () => {
    const tenant = await makeTenant()
    const tries = Array.from({ length: 10 }, () => newTeam(tenant))
    expect(await outcome(tries)).toEqual({ kept: 1, reasons: new Set(['taken']) })
  })

  test('parallel changes of seven attributes all stay', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const names = ['title', 'nickName', 'displayName', 'locale', 'timezone', 'userType']
    const changes: Attributes[] = [...names.map((name) => ({ [name]: name })), { active: false }]
    await Promise.all(
      changes.map((change) => changeUser(tenant.caller(), id, set(change), undefined)),
    )
    const user = await readUser(tenant.caller(), id)
    expect(user.attributes).toMatchObject(Object.assign({}, ...changes))
    expect(user.revision).toBe(8)
    // The events tell the same story: each is made from what the one before left.
    const events = await changesOf(tenant, id)
    const told = Object.assign({}, ...events.map(({ changes: { after } }) => after))
    expect(told).toEqual(user.attributes)
  })

  test('forty parallel additions of one member each are all kept, and so are removals', async () => {
    const tenant = await makeTenant()
    const ids: string[] = []
    for (let at = 0; at < 40; at++) {
      ids.push((await post(tenant, { userName: `u${at}`, externalId: `e${at}` })).id)
    }
    const { id } = await newTeam(tenant)
    const change = (what: ReturnType<typeof addMembers>) =>
      changeTeam(tenant.caller(), id, what, undefined, false)
    await Promise.all(ids.map((member) => change(addMembers(member))))
    expect(await membersOf(tenant, id)).toEqual(ids)
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 41, members: 40 })
    const leaving = ids.slice(0, 20)
    await Promise.all([
      ...leaving.map((member) => change(removeMembers(member))),
      ...ids.slice(20).map((member) => change(addMembers(member))),
    ])
    expect(await membersOf(tenant, id)).toEqual(ids.slice(20))
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 61, members: 20 })
  })

  test('a member who is deleted while it is added is skipped or leaves again', async () => {
    const tenant = await makeTenant()
    const { id: member } = await post(tenant)
    const { id } = await newTeam(tenant)
    const database = beforeWriting(tenant.database, () =>
      deleteUser(tenant.caller(), member, undefined),
    )
    await changeTeam(tenant.caller({ database }), id, addMembers(member), undefined, false)
    expect(await membersOf(tenant, id)).toEqual([])
    expect((await changesOf(tenant, id)).at(-1)?.changes).toMatchObject({ skipped: [member] })
  })

  /** Every kind of write, prepared so that it would succeed. */
  const writes: readonly (readonly [
    name: string,
    prepare: (tenant: Tenant) => Promise<(database: Database) => Promise<unknown>>,
  ])[] = [
    [
      'the creation of a user',
      async (tenant) => (database) => createUser(tenant.caller({ database }), held(ada)),
    ],
    [
      'an adoption',
      async (tenant) => {
        await addUnmanagedUser(tenant, 'user-hand', { userName: 'ada' })
        return (database) => createUser(tenant.caller({ database }), held(ada))
      },
    ],
    [
      'a restoration',
      async (tenant) => {
        await deleteUser(tenant.caller(), (await post(tenant)).id, undefined)
        return (database) => createUser(tenant.caller({ database }), held(ada))
      },
    ],
    [
      'the change of a user',
      async (tenant) => {
        const { id } = await post(tenant)
        return (database) =>
          changeUser(tenant.caller({ database }), id, set({ title: 'x' }), undefined)
      },
    ],
    [
      'the deletion of a user',
      async (tenant) => {
        const { id } = await post(tenant)
        await newTeam(tenant, [id])
        return (database) => deleteUser(tenant.caller({ database }), id, undefined)
      },
    ],
    [
      'the creation of a team',
      async (tenant) => {
        const { id } = await post(tenant)
        const body = held({ attributes: { displayName: 'team' }, members: [id] })
        return (database) => createTeam(tenant.caller({ database }), body, false)
      },
    ],
    [
      'a change of members',
      async (tenant) => {
        const { id: member } = await post(tenant)
        const { id } = await newTeam(tenant)
        return (database) =>
          changeTeam(tenant.caller({ database }), id, replaceMembers(member), undefined, false)
      },
    ],
    [
      'the deletion of a team',
      async (tenant) => {
        const { id: member } = await post(tenant)
        const { id } = await newTeam(tenant, [member])
        return (database) => deleteTeam(tenant.caller({ database }), id, undefined)
      },
    ],
  ]

  test.each(writes)(
    '%s fails where its token was revoked after the reading',
    async (_, prepare) => {
      const tenant = await makeTenant()
      const write = await prepare(tenant)
      const { tokenHash, database } = tenant
      const meanwhile = () => revoke(database, tokenHash)
      const { token: _before, ...before } = await snapshot(tenant)
      const reason = await refusalOf(write(beforeWriting(database, meanwhile)))
      expect(reason).toEqual({ kind: 'revoked-token' })
      const { token: _after, ...after } = await snapshot(tenant)
      expect(after).toEqual(before)
    },
  )

  test.each(writes)('%s fails where its batch fails at the end', async (_, prepare) => {
    const tenant = await makeTenant()
    const write = await prepare(tenant)
    const before = await snapshot(tenant)
    const failing: Database = {
      batch: (mode, statements) => {
        const end = sql`update namespace set users = 1000001 where name = ${tenant.namespace}`
        const all = mode === 'write' ? [...statements, end] : statements
        return tenant.database.batch(mode, all) as never
      },
    }
    await expect(write(failing)).rejects.toBeDefined()
    expect(await snapshot(tenant)).toEqual(before)
    await write(tenant.database)
  })

  test('a token that expires or loses its permission meanwhile does not write', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const cases = [
      [sql`update token set expires_at = 1 where hash = ${tenant.tokenHash}`, 'expired-token'],
      [
        sql`update token set expires_at = null, permissions = 1 where hash = ${tenant.tokenHash}`,
        'missing-permission',
      ],
    ] as const
    for (const [statement, kind] of cases) {
      const database = beforeWriting(tenant.database, () => query(tenant, statement))
      const caller = tenant.caller({ database })
      const reason = await refusalOf(changeUser(caller, id, set({ title: 'x' }), undefined))
      expect(reason).toMatchObject({ kind })
      await query(
        tenant,
        sql`update token set expires_at = null, permissions = 1023 where hash = ${tenant.tokenHash}`,
      )
    }
    expect(await eventsOf(tenant)).toHaveLength(1)
  })

  test('settings that are switched meanwhile apply', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const team = await newTeam(tenant)
    const store = (settings: object | null) =>
      query(
        tenant,
        sql`update namespace set settings = ${settings && JSON.stringify(settings)}
          where name = ${tenant.namespace}`,
      )
    const switching = (settings: object) =>
      tenant.caller({ database: beforeWriting(tenant.database, () => store(settings)) })
    const off = (setting: string) => ({ kind: 'sync-disabled', setting })
    const users = { enableUserSync: false }
    expect(
      await refusalOf(changeUser(switching(users), id, set({ title: 'x' }), undefined)),
    ).toEqual(off('enableUserSync'))
    await store(null)
    const teams = { enableGroupSync: false }
    const join = changeTeam(switching(teams), team.id, addMembers(id), undefined, false)
    expect(await refusalOf(join)).toEqual(off('enableGroupSync'))
    await store({ requireExternalId: false })
    const nameless = createUser(switching({ requireExternalId: true }), held({ userName: 'b' }))
    expect(await refusalOf(nameless)).toEqual({ kind: 'missing-external-id' })
    // With sync off there is nothing but reading.
    await store({ ...users, ...teams })
    expect((await readUser(tenant.caller(), id)).revision).toBe(1)
    expect(await refusalOf(post(tenant))).toEqual(off('enableUserSync'))
    expect(await refusalOf(deleteUser(tenant.caller(), id, undefined))).toEqual(
      off('enableUserSync'),
    )
    expect(await refusalOf(deleteTeam(tenant.caller(), team.id, undefined))).toEqual(
      off('enableGroupSync'),
    )
  })

  test('nothing is written into a namespace that is deleted meanwhile', async () => {
    const tenant = await bentTenant()
    const { namespace } = tenant
    const database = beforeWriting(tenant.database, () =>
      deleteNamespace(tenant.database, namespace, () => Date.now(), 'r'),
    )
    const reason = await refusalOf(createUser(tenant.caller({ database }), held(ada)))
    expect(reason).toEqual({ kind: 'invalid-token' })
    expect(new Set(Object.values(await snapshot(tenant)).flat())).toEqual(new Set())
  })

  test('what others always get ahead of is given up after twenty attempts', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const tenant = await bentTenant()
    const { id } = await post(tenant)
    let tries = 0
    const database: Database = {
      async batch(mode, statements) {
        if (mode === 'write') {
          tries += 1
          await query(
            tenant,
            sql`update user set revision = revision + 1 where namespace = ${tenant.namespace}`,
          )
        }
        return tenant.database.batch(mode, statements)
      },
    }
    const reason = await refusalOf(
      changeUser(tenant.caller({ database }), id, set({ title: 'x' }), undefined),
    )
    expect(reason).toEqual({ kind: 'contention' })
    expect(tries).toBe(MAXIMUM_ATTEMPTS)
    expect(await changesOf(tenant, id)).toHaveLength(1)
  })

  test('failures are told apart, and a batch that fails leaves nothing', async () => {
    const tenant = await makeTenant()
    const { namespace } = tenant
    const { id } = await post(tenant)
    const mark = sql`update user set sessions_valid_from = 77 where namespace = ${namespace}`
    const account = (name: string) =>
      sql`insert into service_account (namespace, id, name, created_at)
        values (${namespace}, ${name}, 'okta', 0)`
    const membership = sql`insert into membership (namespace, team_id, user_id)
      values (${namespace}, 'nobody', ${id})`
    const cases = [
      [sql`insert into guard (ok) select 0`, 'stale', undefined],
      [sql`insert into guard (ok) select null`, 'stale', undefined],
      [account('second'), 'unique', 'service_account.namespace, service_account.name'],
      [
        sql`insert into event select * from event where namespace = ${namespace}`,
        'unique',
        undefined,
      ],
      [
        sql`insert into membership (namespace, team_id, user_id)
          select ${namespace}, 'x', 'y' from (select 1 union all select 2)`,
        'unique',
        'membership.namespace, membership.team_id, membership.user_id',
      ],
      [
        sql`update namespace set users = 1000001 where name = ${namespace}`,
        'check',
        'namespace_user_limit',
      ],
      [membership, 'foreign-key', undefined],
      [sql`delete from service_account where namespace = ${namespace}`, 'foreign-key', undefined],
      [sql`select nonsense from nowhere`, 'unavailable', undefined],
      [sql`insert into team (namespace) values (${namespace})`, 'unavailable', undefined],
    ] as const
    const before = await snapshot(tenant)
    for (const [statement, kind, constraint] of cases) {
      const failure = await tenant.database
        .batch('write', [mark, statement, mark])
        .then(() => undefined)
        .catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(StoreFailure)
      expect(failure).toMatchObject({ kind })
      if (constraint !== undefined) expect(failure).toMatchObject({ constraint })
      expect(await snapshot(tenant)).toEqual(before)
    }
    await tenant.database.batch('write', [sql`insert into guard (ok) select 1`, mark])
  })
}
