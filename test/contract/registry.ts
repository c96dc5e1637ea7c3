/** Namespaces, tokens, who is let in, and that namespaces do not see each other. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { readFilter } from '../../src/scim/filter/bind.ts'
import { groupType, userType } from '../../src/scim/schema/resource-type.ts'
import type { Caller } from '../../src/store/authority.ts'
import type { Database } from '../../src/store/database.ts'
import { classify } from '../../src/store/failure.ts'
import {
  createNamespace,
  deleteNamespace,
  deletionOrder,
  listNamespaces,
} from '../../src/store/registry.ts'
import {
  changeServiceAccount,
  createServiceAccount,
  createToken,
  deleteServiceAccount,
  listServiceAccounts,
  listTokens,
  revokeToken,
} from '../../src/store/service-accounts.ts'
import { createTeam, readTeam } from '../../src/store/teams.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import { parseNamespace } from '../../src/tenancy/namespace.ts'
import {
  addMembers,
  addToken,
  addUnmanagedTeam,
  addUnmanagedUser,
  changeTeam,
  changeUser,
  claimOf,
  deleteTeam,
  deleteUser,
  freshName,
  held,
  listing,
  listTeams,
  listUsers,
  type Open,
  query,
  refusalOf,
  replaceMembers,
  revoke,
  START,
  set,
  settings,
  snapshot,
  type Tenant,
  tenancy,
} from './tenant.ts'

export function registry(open: Open): void {
  const { database, tenant: makeTenant } = tenancy(open)

  test('a namespace is made once', async () => {
    const name = freshName()
    const own = { enableUserSync: false }
    const made = await createNamespace(database(), name, own, settings, START, null)
    const info = {
      name,
      settings: { ...settings, enableUserSync: false },
      users: 0,
      teams: 0,
      createdAt: START,
    }
    expect(made).toEqual(info)
    expect(
      await createNamespace(database(), name, undefined, settings, START, null),
    ).toBeUndefined()
    expect(await listNamespaces(database(), settings)).toContainEqual(info)
    expect(await deleteNamespace(database(), name, () => START, 'r')).toBe(true)
    expect(await deleteNamespace(database(), name, () => START, 'r')).toBe(false)
  })

  test('whose a namespace is that appears while an answer is lost is told by its row', async () => {
    const cases = [
      // What the request itself asked for, but for the time or the settings.
      { made: { own: undefined, at: START }, isOurs: true },
      { made: { own: undefined, at: START + 1 }, isOurs: false },
      { made: { own: { enableUserSync: true }, at: START }, isOurs: false },
    ]
    for (const { made, isOurs } of cases) {
      const name = freshName()
      let lost = false
      const losing: Database = {
        async batch(mode, statements) {
          if (mode === 'read' || lost) return database().batch(mode, statements)
          lost = true
          await createNamespace(database(), name, made.own, settings, made.at, null)
          throw classify(new Error('Network connection lost.'))
        },
      }
      const created = await createNamespace(losing, name, undefined, settings, START, null)
      expect(created?.createdAt).toBe(isOurs ? START : undefined)
    }
  })

  test('a namespace that is created anew at the end of its deletion stays', async () => {
    const name = freshName()
    await createNamespace(database(), name, undefined, settings, START, null)
    let writes = 0
    const renewing: Database = {
      async batch(mode, statements) {
        if (mode === 'write') writes += 1
        // The tokens, each table, and then the namespace.
        if (writes === deletionOrder.length + 2) {
          await database().batch('write', [sql`delete from namespace where name = ${name}`])
          await createNamespace(database(), name, undefined, settings, START + 1, null)
        }
        return database().batch(mode, statements)
      },
    }
    expect(await deleteNamespace(renewing, name, () => START, 'r')).toBe(true)
    expect(
      await createNamespace(database(), name, undefined, settings, START, null),
    ).toBeUndefined()
  })

  test('a deletion leaves another namespace of the name alone, wherever it stands then', async () => {
    // The tokens, each table, and then the namespace.
    for (let at = 1; at <= deletionOrder.length + 2; at += 1) {
      const tenant = await makeTenant()
      const { namespace } = tenant
      let writes = 0
      let renewed: Record<string, unknown> | undefined
      const interrupted: Database = {
        async batch(mode, statements) {
          if (mode === 'write') writes += 1
          if (writes === at && renewed === undefined) {
            renewed = {}
            expect(await deleteNamespace(database(), namespace, () => START, 'r')).toBe(true)
            // In the same millisecond, and with something in every kind of table.
            await createNamespace(database(), namespace, undefined, settings, START, null)
            await addToken(database(), namespace, `${namespace} anew`, ['admin'])
            const anew = tenant.caller({ claim: claimOf(namespace, `${namespace} anew`) })
            await addUnmanagedUser(tenant, 'u1', { userName: 'ada', emails: [{ value: 'a@x' }] })
            await addUnmanagedTeam(tenant, 'g1', 'Crew', ['u1'])
            expect((await readTeam(anew, 'g1', true)).members).toHaveLength(1)
            renewed = await snapshot(tenant)
          }
          return database().batch(mode, statements)
        },
      }
      await deleteNamespace(interrupted, namespace, () => START, 'r')
      expect(renewed, String(at)).toBeDefined()
      expect(await snapshot(tenant), String(at)).toEqual(renewed)
    }
  })

  test('service accounts and tokens live and end as the operator says', async () => {
    const tenant = await makeTenant()
    const namespace = parseNamespace(tenant.namespace)
    const claim = { namespace, bearer: { kind: 'operator' } } as const
    const operator = () => tenant.caller({ claim })
    const form = { name: 'entra', role: 'None', permissions: 1, disabled: 0 } as const
    const account = await createServiceAccount(operator(), 'account-2', held(form))
    expect(account).toMatchObject({ id: 'account-2', ...form, tokens: 0 })
    const hash = `hash of ${tenant.namespace} two`
    const wanted = held({ id: 'token-2', hash, name: 'first', lifetime: 60_000 })
    const { made } = await createToken(operator(), 'account-2', wanted)
    expect(made).toMatchObject({ id: 'token-2', name: 'first', revokedAt: null })
    expect(made.expiresAt).toBe(made.createdAt + 60_000)
    const reader = { claim: { namespace, bearer: { kind: 'token', hash } } as const }
    const read = () => refusalOf(readUser(tenant.caller(reader), 'nobody'))
    expect(await read()).toMatchObject({ kind: 'not-found' })

    await changeServiceAccount(operator(), 'account-2', held({ disabled: 1 }))
    expect(await read()).toEqual({ kind: 'disabled-account' })
    await changeServiceAccount(operator(), 'account-2', held({ disabled: 0, permissions: 16 }))
    expect(await read()).toEqual({ kind: 'missing-permission', permission: 'org.users:read' })
    await changeServiceAccount(operator(), 'account-2', held({ permissions: 1 }))
    expect(await read()).toMatchObject({ kind: 'not-found' })

    const second = held({ id: 'token-3', hash: `${hash} again` })
    const overlap = held({ token: 'token-2', overlap: 10_000 })
    const rotated = await createToken(operator(), 'account-2', second, overlap)
    expect(rotated.made).toMatchObject({ id: 'token-3', name: 'first', expiresAt: null })
    expect(rotated.replaced?.expiresAt).toBe(rotated.made.createdAt + 10_000)
    await revokeToken(operator(), 'account-2', 'token-2')
    expect(await read()).toEqual({ kind: 'revoked-token' })
    expect((await listTokens(operator(), 'account-2')).map(({ id }) => id)).toEqual([
      'token-2',
      'token-3',
    ])
    expect((await listServiceAccounts(operator())).map(({ id, tokens }) => [id, tokens])).toEqual([
      ['account-1', 1],
      ['account-2', 1],
    ])
    await deleteServiceAccount(operator(), 'account-2')
    expect(await read()).toEqual({ kind: 'invalid-token' })
    expect(
      (
        await query(
          tenant,
          sql`select action from event
      where namespace = ${tenant.namespace} order by seq`,
        )
      ).map(({ action }) => action),
    ).toEqual([
      'serviceaccount.create',
      'token.create',
      'serviceaccount.update',
      'serviceaccount.update',
      'serviceaccount.update',
      'token.rotate',
      'token.revoke',
      'serviceaccount.delete',
    ])
    const nowhere = { namespace: parseNamespace(freshName()), bearer: claim.bearer }
    expect(await refusalOf(listServiceAccounts(tenant.caller({ claim: nowhere })))).toMatchObject({
      kind: 'unknown-namespace',
    })
  })

  /** Every request, by one caller. */
  const requests = (caller: () => Caller, user: string, team: string) => [
    () => readUser(caller(), user),
    () => listUsers(caller(), listing()),
    () => createUser(caller(), held({ userName: 'new', externalId: 'new' })),
    () => changeUser(caller(), user, set({ title: 'x' }), undefined),
    () => deleteUser(caller(), user, undefined),
    () => readTeam(caller(), team, true),
    () => listTeams(caller(), listing(), true),
    () => createTeam(caller(), held({ attributes: { displayName: 'new' }, members: [] }), true),
    () => changeTeam(caller(), team, addMembers(user), undefined, true),
    () => deleteTeam(caller(), team, undefined),
  ]

  async function inhabited(tenant: Tenant) {
    const user = await createUser(tenant.caller(), held({ userName: 'ada', externalId: 'x' }))
    const body = held({ attributes: { displayName: 'team' }, members: [user.id] })
    const team = await createTeam(tenant.caller(), body, true)
    return { user, team }
  }

  test('nobody is let in without a good token of the namespace and the permission', async () => {
    const tenant = await makeTenant()
    const neighbour = await makeTenant()
    const { user, team } = await inhabited(tenant)
    const { namespace, tokenHash } = tenant
    const hash = (name: string) => `${name} of ${namespace}`
    await addToken(database(), namespace, hash('expired'), ['admin'], START + 2000)
    await addToken(database(), namespace, hash('none'), ['none'])
    await addToken(database(), namespace, hash('revoked'), ['admin'])
    await revoke(database(), hash('revoked'))
    const before = [await snapshot(tenant), await snapshot(neighbour)]
    const here = namespace
    const cases = [
      [claimOf(here, 'unknown'), { kind: 'invalid-token' }],
      [claimOf(here, hash('expired')), { kind: 'expired-token' }],
      [claimOf(here, hash('revoked')), { kind: 'revoked-token' }],
      [claimOf(here, hash('none')), { kind: 'missing-permission' }],
      [claimOf(here, neighbour.tokenHash), { kind: 'invalid-namespace' }],
      [claimOf('stack-1', tokenHash), { kind: 'invalid-namespace' }],
      [claimOf('org-77', tokenHash), { kind: 'invalid-namespace' }],
    ] as const
    for (const [claim, reason] of cases) {
      for (const request of requests(() => tenant.caller({ claim }), user.id, team.id)) {
        expect(await refusalOf(request())).toMatchObject(reason)
      }
    }
    expect([await snapshot(tenant), await snapshot(neighbour)]).toEqual(before)
  })

  test('each request needs a permission of its own', async () => {
    const tenant = await makeTenant()
    const { user, team } = await inhabited(tenant)
    const needed = [
      'org.users:read',
      'org.users:read',
      'org.users:add',
      'org.users:write',
      'org.users:remove',
      'teams:read',
      'teams:read',
      'teams:create',
      'teams:write',
      'teams:delete',
    ]
    const all = [...new Set(needed)]
    for (const [at, permission] of needed.entries()) {
      const tokenHash = `all but ${at} of ${tenant.namespace}`
      await addToken(
        database(),
        tenant.namespace,
        tokenHash,
        all.filter((name) => name !== permission),
      )
      const claim = claimOf(tenant.namespace, tokenHash)
      const request = requests(() => tenant.caller({ claim }), user.id, team.id)[at]
      expect(await refusalOf(Promise.resolve(request?.()))).toEqual({
        kind: 'missing-permission',
        permission,
      })
    }
  })

  test('the use of a token is noted at once, then every five minutes', async () => {
    const tenant = await makeTenant()
    const { user } = await inhabited(tenant)
    const used = async (now: number) => {
      const tasks: Promise<unknown>[] = []
      const later = (task: () => Promise<unknown>) => void tasks.push(task())
      await readUser(tenant.caller({ now, later }), user.id)
      await Promise.all(tasks)
      const [row] = await query(
        tenant,
        sql`select last_used_at as at from token where hash = ${tenant.tokenHash}`,
      )
      return [tasks.length, row?.at]
    }
    expect(await used(START)).toEqual([1, START])
    expect(await used(START + 299_999)).toEqual([0, START])
    expect(await used(START + 300_000)).toEqual([1, START + 300_000])
    expect(await used(START + 100)).toEqual([0, START + 300_000])
  })

  test('two namespaces with the same ids and names do not see each other', async () => {
    const [left, right] = [await makeTenant(), await makeTenant()]
    const mine = await inhabited(left)
    const theirs = await inhabited(right)
    expect(theirs.user.id).toBe(mine.user.id)
    expect(theirs.team.id).toBe(mine.team.id)
    const second = await createUser(
      right.caller(),
      held({ userName: 'only there', externalId: 'only there' }),
    )
    const away = await createTeam(
      right.caller(),
      held({ attributes: { displayName: 'only there' }, members: [second.id] }),
      false,
    )
    const untouched = await snapshot(right)
    const { user, team } = mine
    // What exists only there is not found here, by whatever name.
    for (const request of [
      () => readUser(left.caller(), second.id),
      () => changeUser(left.caller(), second.id, set({ title: 'x' }), undefined),
      () => deleteUser(left.caller(), second.id, undefined),
      () => readTeam(left.caller(), away.id, true),
      () => changeTeam(left.caller(), away.id, addMembers(user.id), undefined, false),
      () => deleteTeam(left.caller(), away.id, undefined),
    ]) {
      expect(await refusalOf(request())).toMatchObject({ kind: 'not-found' })
    }
    const found = async (filter: string) =>
      (await listUsers(left.caller(), listing(readFilter(userType, filter)))).total
    const foundTeams = async (filter: string) =>
      (await listTeams(left.caller(), listing(readFilter(groupType, filter)), true)).total
    expect(await found(`id eq "${second.id}"`)).toBe(0)
    expect(await found('userName eq "only there"')).toBe(0)
    expect(await found('externalId eq "only there" or userName sw "only"')).toBe(0)
    expect(await found(`groups.value eq "${away.id}"`)).toBe(0)
    expect(await found(`groups[display eq "only there"]`)).toBe(0)
    expect(await foundTeams('displayName eq "only there"')).toBe(0)
    expect(await foundTeams(`members.value eq "${second.id}"`)).toBe(0)
    expect((await listUsers(left.caller(), listing())).users.map(({ id }) => id)).toEqual([user.id])

    // The same ids, names and externalIds are free, and every write stays here.
    await changeTeam(left.caller(), team.id, replaceMembers(second.id), undefined, false)
    await changeTeam(left.caller(), team.id, addMembers(user.id), undefined, false)
    await changeUser(left.caller(), user.id, set({ userName: 'only there' }), undefined)
    await deleteUser(left.caller(), user.id, undefined)
    const again = await createUser(left.caller(), held({ userName: 'ada', externalId: 'x' }))
    expect(again.id).toBe(user.id)
    await deleteTeam(left.caller(), team.id, undefined)
    expect(await snapshot(right)).toEqual(untouched)
  })
}
