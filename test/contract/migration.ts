/** Adoptions undone: on every database, and with more members than one value holds. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { type RollbackRequest, rollBack } from '../../src/store/rollback.ts'
import { createTeam } from '../../src/store/teams.ts'
import { createUser } from '../../src/store/users.ts'
import { addCrowd, CROWD, crowdId, fill, ids } from './crowds.ts'
import {
  addUnmanagedTeam,
  addUnmanagedUser,
  changeTeam,
  changeUser,
  eventsOf,
  held,
  membersOf,
  type Open,
  query,
  rename,
  replaceMembers,
  set,
  snapshot,
  type Tenant,
  teamRow,
  tenancy,
  userRow,
} from './tenant.ts'

export function migration(open: Open): void {
  const { tenant: makeTenant } = tenancy(open)

  const back = (tenant: Tenant, request: Partial<RollbackRequest> = {}) =>
    rollBack(
      tenant.caller(),
      held({ target: { after: '' }, force: false, dryRun: false, ...request }),
    )

  const adoptTeam = (tenant: Tenant, displayName: string) =>
    createTeam(tenant.caller(), held({ attributes: { displayName }, members: [] }), false)

  test('an account and a team are put back as they were', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', {
      userName: 'Ada',
      title: 'T',
      emails: [{ value: 'Ada@example.com' }, { value: 'ada@home.example' }],
    })
    await addUnmanagedTeam(tenant, 'team-hand', 'Crew', ['user-hand'])
    const before = [await userRow(tenant, 'user-hand'), await teamRow(tenant, 'team-hand')]
    await createUser(tenant.caller(), held({ userName: 'ADA', externalId: 'x', emails: [] }))
    await adoptTeam(tenant, 'CREW')
    const { rolledBack, refused, next } = await back(tenant)
    expect(refused).toEqual([])
    expect(next).toBeUndefined()
    expect(rolledBack.map(({ id }) => id)).toEqual(['team-hand', 'user-hand'])
    const moved = { revision: 3, lastModified: expect.any(Number) }
    expect(await userRow(tenant, 'user-hand')).toEqual({ ...before[0], ...moved })
    expect(await teamRow(tenant, 'team-hand')).toEqual({ ...before[1], ...moved })
    expect((await snapshot(tenant)).adoption).toEqual([])
    expect((await snapshot(tenant)).membership).toMatchObject([{ inherited: 0 }])
  })

  test('what changed after the adoption is left alone, unless it is forced', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', { userName: 'ada' })
    await addUnmanagedTeam(tenant, 'team-hand', 'crew')
    await createUser(tenant.caller(), held({ userName: 'ada', externalId: 'x' }))
    await adoptTeam(tenant, 'crew')
    await changeUser(tenant.caller(), 'user-hand', set({ title: 'New' }), undefined)
    await changeTeam(tenant.caller(), 'team-hand', rename({ displayName: 'new' }), undefined, false)
    const before = await snapshot(tenant)
    const { rolledBack, refused } = await back(tenant)
    expect(rolledBack).toEqual([])
    expect(refused.map(({ why }) => why)).toEqual([
      { reason: 'changed', attributes: ['displayName'], members: false },
      { reason: 'changed', attributes: ['title'], members: false },
    ])
    expect(await snapshot(tenant)).toEqual(before)
    expect((await back(tenant, { force: true })).rolledBack).toHaveLength(2)
    expect(await teamRow(tenant, 'team-hand')).toMatchObject({ managed: 0 })
  })

  test('more than 50,000 members come back in parts', async () => {
    const tenant = await makeTenant()
    await addCrowd(tenant, CROWD)
    await addUnmanagedTeam(tenant, 'team-hand', 'crew')
    await fill(tenant, 'team-hand', 0, CROWD - 1)
    await adoptTeam(tenant, 'crew')
    const kept = replaceMembers(crowdId(3), crowdId(CROWD - 1))
    await changeTeam(tenant.caller(), 'team-hand', kept, undefined, false)
    const target = { type: 'team', name: 'CREW' } as const
    const expected = { members: { added: CROWD - 2, removed: 1, skipped: 0 } }
    const dry = await back(tenant, { target, force: true, dryRun: true })
    expect(dry.rolledBack).toMatchObject([expected])
    const { rolledBack } = await back(tenant, { target, force: true })
    expect(rolledBack).toEqual(dry.rolledBack)
    expect(await membersOf(tenant, 'team-hand')).toEqual(ids(0, CROWD - 1))
    expect(await teamRow(tenant, 'team-hand')).toMatchObject({ members: CROWD - 1, managed: 0 })
    const events = (await eventsOf(tenant)).filter(({ action }) => action === 'team.rollback')
    const lengths = events.map(({ part, changes }) => [
      part,
      ...[changes.added, changes.removed].map((list) => (Array.isArray(list) ? list.length : -1)),
    ])
    expect(lengths).toEqual([
      [0, 49_999, 0],
      [1, 0, 1],
      [2, 9_999, 0],
    ])
    const [left] = await query(
      tenant,
      sql`select count(*) as n from adoption where namespace = ${tenant.namespace}`,
    )
    expect(left).toEqual({ n: 0 })
  })
}
