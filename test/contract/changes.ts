/** Changing users: versions, events, and what a change leaves as it is. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Attributes } from '../../src/scim/resource/resource.ts'
import { ENTERPRISE_USER } from '../../src/scim/schema/enterprise-user.ts'
import { createTeam } from '../../src/store/teams.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import {
  addMembers,
  beforeWriting,
  changesOf,
  changeTeam,
  changeUser,
  deleteTeam,
  deleteUser,
  eventsOf,
  held,
  type Open,
  query,
  refusalOf,
  removeMembers,
  rename,
  replaceWith,
  START,
  set,
  snapshot,
  type Tenant,
  tenancy,
  userRow,
} from './tenant.ts'

export function changes(open: Open): void {
  const { tenant: makeTenant, bentTenant } = tenancy(open)
  const base: Attributes = { userName: 'ada', externalId: 'x', active: true }
  const post = (tenant: Tenant, attributes: Attributes = base) =>
    createUser(tenant.caller(), held(attributes))
  const newTeam = (tenant: Tenant, displayName: string, members: readonly string[] = []) =>
    createTeam(tenant.caller(), held({ attributes: { displayName }, members }), false)

  test('a change raises the revision and says what was before', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant, { ...base, title: 'Countess', nickName: 'A' })
    const user = await changeUser(
      tenant.caller(),
      id,
      replaceWith({ ...base, title: 'Lady', emails: [{ value: 'Ada@example.com' }] }),
      undefined,
    )
    expect(user).toMatchObject({
      revision: 2,
      createdAt: START + 1000,
      lastModified: START + 2000,
      attributes: { ...base, title: 'Lady' },
    })
    expect(user.attributes).not.toHaveProperty('nickName')
    expect((await changesOf(tenant, id)).at(-1)).toEqual({
      action: 'user.update',
      changes: {
        before: { title: 'Countess', nickName: 'A' },
        after: { title: 'Lady', emails: [{ value: 'Ada@example.com' }] },
      },
    })
    expect(await userRow(tenant, id)).toMatchObject({
      revision: 2,
      emailKey: 'ada@example.com',
      emails: ['ada@example.com'],
    })
    const without = await changeUser(tenant.caller(), id, replaceWith(base), undefined)
    expect(without.revision).toBe(3)
    expect(await userRow(tenant, id)).toMatchObject({ emailKey: null, emails: [] })
  })

  test('a change that changes nothing leaves no trace', async () => {
    const tenant = await makeTenant()
    const user = await post(tenant, { ...base, name: { givenName: 'Ada', familyName: 'L' } })
    const before = await snapshot(tenant)
    const same = { name: { familyName: 'L', givenName: 'Ada' }, ...base }
    expect(await changeUser(tenant.caller(), user.id, replaceWith(same), undefined)).toEqual(user)
    expect(await changeUser(tenant.caller(), user.id, replaceWith(same), user.version)).toEqual(
      user,
    )
    expect(await snapshot(tenant)).toEqual(before)
  })

  test('what does not say who may sign in leaves it as it is', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant, { ...base, active: false })
    const { active: _unsaid, ...rest } = base
    const user = await changeUser(tenant.caller(), id, replaceWith(rest), undefined)
    expect(user.attributes.active).toBe(false)
  })

  test('an empty externalId is none', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const user = await changeUser(tenant.caller(), id, set({ externalId: '' }), undefined)
    expect(user.attributes).not.toHaveProperty('externalId')
    expect((await userRow(tenant, id))?.externalId).toBeNull()
    await post(tenant, { userName: 'other', externalId: 'x' })
  })

  test('deactivation ends the sessions until then, and later changes do not', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const change = async (attributes: Attributes) =>
      (await changeUser(tenant.caller(), id, set(attributes), undefined)).sessionsValidFrom
    expect(await change({ title: 'a' })).toBe(START + 1000)
    expect(await change({ active: false })).toBe(START + 3000)
    expect(await change({ title: 'b' })).toBe(START + 3000)
    expect(await change({ active: true })).toBe(START + 3000)
    expect(await change({ active: false })).toBe(START + 6000)
    expect((await userRow(tenant, id))?.sessionsValidFrom).toBe(START + 6000)
  })

  test('the version of a user changes with its groups, its revision does not', async () => {
    const tenant = await makeTenant()
    const { id, version } = await post(tenant)
    const team = await newTeam(tenant, 'A')
    const versions = [version]
    const note = async () => {
      const user = await readUser(tenant.caller(), id)
      expect(user).toMatchObject({ revision: 1, lastModified: START + 1000 })
      versions.push(user.version)
    }
    await changeTeam(tenant.caller(), team.id, addMembers(id), undefined, false)
    await note()
    await changeTeam(tenant.caller(), team.id, rename({ displayName: 'B' }), undefined, false)
    await note()
    const second = await newTeam(tenant, 'C', [id])
    await note()
    expect(new Set(versions).size).toBe(4)
    await changeTeam(tenant.caller(), team.id, removeMembers(id), undefined, false)
    await deleteTeam(tenant.caller(), second.id, undefined)
    await note()
    expect(versions.at(-1)).toBe(version)
  })

  test('groups are in the order of their ids', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    for (const name of ['z', 'y', 'x']) await newTeam(tenant, name, [id])
    expect((await readUser(tenant.caller(), id)).groups).toEqual([
      { id: 'team-0002', name: 'z' },
      { id: 'team-0003', name: 'y' },
      { id: 'team-0004', name: 'x' },
    ])
  })

  test('a write that expects another version is refused', async () => {
    const tenant = await makeTenant()
    const { id, version } = await post(tenant)
    await newTeam(tenant, 'A', [id])
    const before = await snapshot(tenant)
    const stale = { kind: 'failed-condition', header: 'If-Match' }
    const put = () => changeUser(tenant.caller(), id, set({ title: 'x' }), version)
    expect(await refusalOf(put())).toEqual(stale)
    expect(await refusalOf(deleteUser(tenant.caller(), id, version))).toEqual(stale)
    expect(await refusalOf(deleteUser(tenant.caller(), id, 'nonsense'))).toEqual(stale)
    expect(await snapshot(tenant)).toEqual(before)
    const now = (await readUser(tenant.caller(), id)).version
    const changed = await changeUser(tenant.caller(), id, set({ title: 'x' }), `"a", ${now}`)
    expect(changed.revision).toBe(2)
    await deleteUser(tenant.caller(), id, changed.version)
  })

  test('a group that is joined between reading and writing makes the version stale', async () => {
    const tenant = await makeTenant()
    const { id, version } = await post(tenant)
    const team = await newTeam(tenant, 'A')
    const join = () => changeTeam(tenant.caller(), team.id, addMembers(id), undefined, false)
    const database = beforeWriting(tenant.database, join)
    const put = changeUser(tenant.caller({ database }), id, set({ title: 'x' }), version)
    expect(await refusalOf(put)).toEqual({ kind: 'failed-condition', header: 'If-Match' })
    expect(await userRow(tenant, id)).toMatchObject({ revision: 1 })
  })

  test('without an expected version a change is made again on what is there by then', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant)
    const other = () => changeUser(tenant.caller(), id, set({ nickName: 'A' }), undefined)
    const database = beforeWriting(tenant.database, other)
    const user = await changeUser(tenant.caller({ database }), id, set({ title: 'x' }), undefined)
    expect(user).toMatchObject({ revision: 3, attributes: { nickName: 'A', title: 'x' } })
  })

  test('events go on counting where older ones were removed', async () => {
    const tenant = await bentTenant()
    const { id } = await post(tenant)
    await query(tenant, sql`delete from event where namespace = ${tenant.namespace}`)
    await changeUser(tenant.caller(), id, set({ title: 'x' }), undefined)
    await query(tenant, sql`update event set at = 0 where namespace = ${tenant.namespace}`)
    await changeUser(tenant.caller(), id, set({ title: 'y' }), undefined)
    expect((await eventsOf(tenant)).map(({ seq }) => seq)).toEqual([2, 3])
  })

  test('the manager shows by the displayName that it has now', async () => {
    const tenant = await makeTenant()
    const boss = await post(tenant, { userName: 'boss', externalId: 'boss', displayName: 'Boss' })
    const extension = (value: string) => ({ [ENTERPRISE_USER]: { manager: { value } } })
    const { id, version } = await post(tenant, { ...base, ...extension(boss.id) })
    expect((await readUser(tenant.caller(), id)).managerName).toBe('Boss')
    await changeUser(tenant.caller(), boss.id, set({ displayName: 'Chief' }), undefined)
    expect(await readUser(tenant.caller(), id)).toMatchObject({ managerName: 'Chief', version })
    const dangling = set(extension('nobody'))
    expect(await changeUser(tenant.caller(), id, dangling, undefined)).toMatchObject({
      managerName: undefined,
      revision: 2,
    })
  })
}
