/** The way back: adopted accounts and teams as they were before SCIM managed them. */
import { describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { handMade, handMadeTeam } from '../support/hand-made.ts'
import { operatorOf } from '../support/operator.ts'
import { ENTERPRISE_USER, groupBody, userBody } from '../support/payload.ts'
import { dump, eventsOf, query, userRow } from '../support/tables.ts'

const work = (value: string) => ({ emails: [{ value, type: 'work', primary: true }] })

/** Rolls back and gives what came of it. */
async function rollBack(client: Client, body: object) {
  const answer = await operatorOf(client).post('/migration/rollback', body)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

const ofNamespace = (table: string, namespace: string) =>
  query(`select * from ${table} where namespace = ?`, namespace)

async function counters(namespace: string) {
  const [row] = await query('select * from namespace where name = ?', namespace)
  return { managedUsers: row?.managed_users, managedTeams: row?.managed_teams }
}

/** A row without what every write moves. */
const settled = ({ revision: _, last_modified: __, ...row }: Record<string, unknown> = {}) => row

describe('an adopted account', () => {
  test('is put back with all its columns, e-mails and keys', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', {
      emails: [
        { value: 'Ada@Example.com', type: 'work' },
        { value: 'ada@home.example', type: 'home' },
      ],
      title: 'T',
      [ENTERPRISE_USER]: { department: 'D' },
    })
    const before = await userRow(client.namespace, account.id)
    const addresses = await ofNamespace('user_email', client.namespace)
    const adopted = await client.post(
      '/Users',
      userBody('ADA', { title: 'New', nickName: 'N', ...work('new@example.com') }),
    )
    expect(adopted.body.id).toBe(account.id)
    expect(await counters(client.namespace)).toEqual({ managedUsers: 1, managedTeams: 0 })
    const version = adopted.headers.get('ETag')
    const { body } = await operatorOf(client).post('/migration/rollback', { user: 'ada' })
    expect(body).toEqual({
      dryRun: false,
      rolledBack: [
        {
          ...{ id: account.id, type: 'user', name: 'ada' },
          attributes: ['emails', 'externalId', 'nickName', 'title', 'userName'],
        },
      ],
      refused: [],
    })
    const after = await userRow(client.namespace, account.id)
    expect(settled(after)).toEqual(settled(before))
    expect(after).toMatchObject({ managed: 0, revision: Number(before?.revision) + 2 })
    expect(Number(after?.last_modified)).toBeGreaterThanOrEqual(Number(before?.last_modified))
    expect(await ofNamespace('user_email', client.namespace)).toEqual(addresses)
    expect(await ofNamespace('adoption', client.namespace)).toEqual([])
    expect(await counters(client.namespace)).toEqual({ managedUsers: 0, managedTeams: 0 })
    const shown = await client.get(`/Users/${account.id}`)
    expect({ ...shown.body, meta: 0 }).toEqual({ ...account, meta: 0 })
    expect(shown.headers.get('ETag')).not.toBe(version)
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
      action: 'user.rollback',
      subject: account.id,
      changes: {
        before: { externalId: 'ext-ADA', title: 'New' },
        after: { title: 'T', userName: 'ada' },
      },
    })
  })

  test('keeps its groups, and is adopted anew by the next write', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada')
    const group = await createGroup(client, 'G', [account.id])
    await createUser(client, 'ada')
    await rollBack(client, { user: account.id })
    expect(await memberIds(client, group.id)).toEqual([account.id])
    await createUser(client, 'ada')
    expect(await ofNamespace('adoption', client.namespace)).toHaveLength(1)
    expect((await rollBack(client, { user: account.id })).rolledBack).toHaveLength(1)
  })

  test('that was deactivated since comes back active, but no earlier login does', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada')
    await createUser(client, 'ada')
    await client.patch(`/Users/${account.id}`, [{ op: 'replace', path: 'active', value: false }])
    const { sessions_valid_from: ended } = (await userRow(client.namespace, account.id)) ?? {}
    expect(Number(ended)).toBeGreaterThan(0)
    expect((await rollBack(client, { user: 'ada' })).refused).toMatchObject([
      { reason: 'changed', changes: ['active'] },
    ])
    await rollBack(client, { user: 'ada', force: true })
    expect(await userRow(client.namespace, account.id)).toMatchObject({
      ...{ active: 1, managed: 0, sessions_valid_from: ended },
    })
  })

  test('that was inactive before is inactive again, which ends its logins', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', { active: false })
    const before = await userRow(client.namespace, account.id)
    await createUser(client, 'ada')
    await rollBack(client, { user: 'ada' })
    const after = await userRow(client.namespace, account.id)
    expect(after?.active).toBe(0)
    expect(Number(after?.sessions_valid_from)).toBeGreaterThanOrEqual(
      Number(before?.sessions_valid_from),
    )
  })

  test('that changed after the adoption is left alone, and told what changed', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', { title: 'T', nickName: 'N' })
    await createUser(client, 'ada', { title: 'Adopted' })
    await client.patch(`/Users/${account.id}`, [
      { op: 'replace', path: 'nickName', value: 'Later' },
      { op: 'add', path: 'userType', value: 'x' },
    ])
    const before = await dump(client.namespace)
    const { rolledBack, refused } = await rollBack(client, { user: 'ada' })
    expect({ rolledBack, refused }).toEqual({
      rolledBack: [],
      refused: [
        {
          ...{ id: account.id, type: 'user', name: 'ada', reason: 'changed' },
          detail: expect.stringContaining('(nickName, userType)'),
          changes: ['nickName', 'userType'],
        },
      ],
    })
    expect(await dump(client.namespace)).toBe(before)
    await rollBack(client, { user: 'ada', force: true })
    expect((await client.get(`/Users/${account.id}`)).body).toMatchObject({
      title: 'T',
      nickName: 'N',
    })
  })

  test('is compared with its before-image where the event of the adoption is gone', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', { title: 'T' })
    await createUser(client, 'ada', { title: 'Adopted' })
    await client.patch(`/Users/${account.id}`, [{ op: 'replace', path: 'nickName', value: 'N' }])
    await query('delete from event where namespace = ?', client.namespace)
    expect((await rollBack(client, { user: 'ada' })).refused).toMatchObject([
      { reason: 'changed', changes: ['externalId', 'nickName', 'title'] },
    ])
  })

  test('whose adoption tells no revision counts as changed', async () => {
    const client = await tenant()
    await handMade(client, 'ada')
    await createUser(client, 'ada')
    await query('update adoption set revision = 0 where namespace = ?', client.namespace)
    expect((await rollBack(client, { user: 'ada' })).refused).toMatchObject([
      { reason: 'changed', changes: [] },
    ])
    expect((await rollBack(client, { user: 'ada', force: true })).rolledBack).toHaveLength(1)
  })

  test.each([
    ['userName', 'userName', { userName: 'Ada' }],
    ['e-mail', 'account e-mail', { userName: 'x', ...work('ADA@example.com') }],
  ])(
    'whose %s somebody else has meanwhile is left alone, even with force',
    async (_, name, more) => {
      const client = await tenant()
      const account = await handMade(client, 'ada', work('ada@example.com'))
      await client.put(`/Users/${account.id}`, userBody('moved', work('moved@example.com')))
      await client.post('/Users', { ...userBody('other'), ...more })
      const before = await dump(client.namespace)
      for (const force of [false, true]) {
        const { rolledBack, refused } = await rollBack(client, { user: account.id, force })
        expect(rolledBack).toEqual([])
        expect(refused).toMatchObject([{ id: account.id, reason: 'taken' }])
        expect(refused[0].detail).toContain(name)
      }
      expect(await dump(client.namespace)).toBe(before)
    },
  )

  test('that was deleted is left alone, retained or purged', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada')
    await createUser(client, 'ada')
    await client.delete(`/Users/${account.id}`)
    for (const body of [
      { user: account.id, force: true },
      { all: true, force: true },
    ]) {
      expect((await rollBack(client, body)).refused).toMatchObject([
        { id: account.id, name: 'ada', reason: 'deleted' },
      ])
    }
    await operatorOf(client).delete(`/retained/${account.id}`)
    const gone = await operatorOf(client).post('/migration/rollback', { user: account.id })
    expectAdminError(gone, 404)
  })

  test('takes its externalId back from the record of a deleted account', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada', { externalId: 'x' })
    await query('update user set managed = 0 where id = ?', user.id)
    await query('update namespace set managed_users = 0 where name = ?', client.namespace)
    await client.put(`/Users/${user.id}`, userBody('ada', { externalId: 'y' }))
    const other = await createUser(client, 'other', { externalId: 'x' })
    await client.delete(`/Users/${other.id}`)
    await rollBack(client, { user: 'ada' })
    expect(await userRow(client.namespace, user.id)).toMatchObject({ external_id: 'x' })
    expect(await ofNamespace('retained', client.namespace)).toMatchObject([{ external_id: null }])
  })

  test('is known by id before login', async () => {
    const client = await tenant()
    const ada = await handMade(client, 'ada')
    const bob = await handMade(client, ada.id)
    await createUser(client, 'ada')
    await createUser(client, ada.id)
    const { rolledBack } = await rollBack(client, { user: ada.id })
    expect(rolledBack).toMatchObject([{ id: ada.id }])
    expect(await userRow(client.namespace, bob.id)).toMatchObject({ managed: 1 })
  })
})

describe('an adopted team', () => {
  test('is put back with its name, externalId and members', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c', 'd'])
    const [a = '', b = '', c = '', d = ''] = ids
    const team = await handMadeTeam(client, 'Old', [a, b, c])
    const [before] = await ofNamespace('team', client.namespace)
    const members = await ofNamespace('membership', client.namespace)
    await operatorOf(client).put('/migration/team-sync', {
      mappings: [{ groupId: 'x', team: 'Old' }],
    })
    await client.post('/Groups', { ...groupBody('New', [d]), externalId: 'X' })
    await client.patch(`/Groups/${team.id}`, [
      { op: 'remove', path: `members[value eq "${a}"]` },
      { op: 'replace', path: 'displayName', value: 'Newer' },
    ])
    expect(await counters(client.namespace)).toMatchObject({ managedTeams: 1 })
    expect((await rollBack(client, { team: 'newer' })).refused).toEqual([
      {
        ...{ id: team.id, type: 'team', name: 'Old', reason: 'changed' },
        detail: expect.stringContaining('(displayName, members)'),
        changes: ['displayName', 'members'],
      },
    ])
    const { rolledBack } = await rollBack(client, { team: 'newer', force: true })
    expect(rolledBack).toEqual([
      {
        ...{ id: team.id, type: 'team', name: 'Old', attributes: ['displayName', 'externalId'] },
        members: { added: 1, removed: 1, skipped: 0 },
      },
    ])
    const [after] = await ofNamespace('team', client.namespace)
    expect(settled(after)).toEqual(settled(before))
    expect(Number(after?.revision)).toBeGreaterThan(Number(before?.revision) + 2)
    // Nobody is left who counts as brought along.
    expect(await ofNamespace('membership', client.namespace)).toEqual(members)
    expect(await ofNamespace('adoption', client.namespace)).toEqual([])
    expect(await counters(client.namespace)).toMatchObject({ managedTeams: 0 })
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({ action: 'team.rollback' })
    const events = (await eventsOf(client.namespace)).filter(
      ({ action }) => action === 'team.rollback',
    )
    expect(events.flatMap(({ changes }) => changes.added)).toEqual([a])
    expect(events.flatMap(({ changes }) => changes.removed)).toEqual([d])
    expect(events[0]?.changes).toMatchObject({
      before: { displayName: 'Newer', externalId: 'X' },
      after: { displayName: 'Old' },
    })
    // The mapping is still there, so that the next attempt adopts the team again.
    const again = await client.post('/Groups', { ...groupBody('New'), externalId: 'X' })
    expect(again.body.id).toBe(team.id)
  })

  test('skips members who were deleted meanwhile, and tells how many', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const team = await handMadeTeam(client, 'Old', [a, b])
    await createGroup(client, 'Old')
    await client.delete(`/Users/${b}`)
    const { refused } = await rollBack(client, { team: 'Old' })
    expect(refused).toMatchObject([{ reason: 'changed', changes: ['members'] }])
    const { rolledBack } = await rollBack(client, { team: 'Old', force: true })
    expect(rolledBack).toMatchObject([{ members: { added: 0, removed: 0, skipped: 1 } }])
    expect(await memberIds(client, team.id)).toEqual([a])
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({ changes: { skipped: [b] } })
  })

  test('tells of the members as they were written, and not as they were read', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const client = await tenant({ endpoint })
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c'])
    const team = await handMadeTeam(client, 'Old', [a, b, c])
    await createGroup(client, 'Old')
    const path = `/Groups/${team.id}`
    await client.patch(path, [{ op: 'replace', path: 'members', value: [{ value: a }] }])
    // After both trips that read, somebody who is to join is deleted; the team does not change.
    interruption.meanwhile = async () => {
      interruption.meanwhile = () => client.delete(`/Users/${b}`)
    }
    const { rolledBack } = await rollBack(client, { team: 'Old', force: true })
    expect(rolledBack).toMatchObject([{ members: { added: 1, removed: 0, skipped: 1 } }])
    expect(await memberIds(client, team.id)).toEqual([a, c])
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
      changes: { added: [c], removed: [], skipped: [b] },
    })
  })

  test('whose name another has meanwhile, or that was deleted, is left alone even with force', async () => {
    const client = await tenant()
    const taken = await handMadeTeam(client, 'Taken')
    const gone = await handMadeTeam(client, 'Gone')
    await client.put(`/Groups/${taken.id}`, groupBody('Moved'))
    await createGroup(client, 'TAKEN')
    await createGroup(client, 'Gone')
    await client.delete(`/Groups/${gone.id}`)
    const { rolledBack, refused } = await rollBack(client, { all: true, force: true })
    expect(rolledBack).toEqual([])
    const reasons = new Map(
      refused.map(({ id, reason }: { id: string; reason: string }) => [id, reason]),
    )
    expect(reasons).toEqual(
      new Map([
        [taken.id, 'taken'],
        [gone.id, 'deleted'],
      ]),
    )
  })
})

describe('a rollback', () => {
  test('of all goes in pages of 50, each account whole, and leaves the refused ones', async () => {
    const client = await tenant()
    const names = Array.from({ length: 55 }, (_, at) => `u${at}`)
    const ids: string[] = []
    for (const name of names) ids.push((await handMade(client, name)).id)
    for (const name of names) await createUser(client, name)
    await client.patch(`/Users/${ids[3]}`, [{ op: 'replace', path: 'title', value: 'x' }])
    const first = await rollBack(client, { all: true })
    expect(first.rolledBack).toHaveLength(49)
    expect(first.refused).toMatchObject([{ id: ids[3], reason: 'changed' }])
    const sorted = [...ids].sort()
    expect(first.nextCursor).toBe(sorted[49])
    const second = await rollBack(client, { all: true, cursor: first.nextCursor })
    expect(second.rolledBack).toHaveLength(5)
    expect(second).not.toHaveProperty('nextCursor')
    expect(await ofNamespace('adoption', client.namespace)).toMatchObject([{ subject: ids[3] }])
    expect(await counters(client.namespace)).toMatchObject({ managedUsers: 1 })
    const seqs = await query(
      'select seq from event where namespace = ? order by seq',
      client.namespace,
    )
    expect(seqs.map(({ seq }) => seq)).toEqual(seqs.map((_, at) => at + 1))
  })

  test('that is only tried tells the same and writes nothing', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    await handMade(client, 'ada')
    await handMadeTeam(client, 'Old', [a])
    await createUser(client, 'ada')
    await createGroup(client, 'Old', [b])
    const before = await dump(client.namespace)
    const dry = await rollBack(client, { all: true, dryRun: true })
    expect(await dump(client.namespace)).toBe(before)
    expect(dry.dryRun).toBe(true)
    expect(dry.rolledBack).toHaveLength(2)
    const { rolledBack } = await rollBack(client, { all: true })
    expect(rolledBack).toEqual(dry.rolledBack)
    expect(rolledBack).toContainEqual(
      expect.objectContaining({ members: { added: 0, removed: 1, skipped: 0 } }),
    )
  })

  test('of somebody who was not adopted says so; of nobody is 404; foreign ids are unknown', async () => {
    const client = await tenant()
    const other = await tenant()
    await createUser(client, 'managed')
    await createGroup(client, 'Team')
    const foreign = await handMade(other, 'foreign')
    const foreignTeam = await handMadeTeam(other, 'Foreign')
    await createUser(other, 'foreign')
    await createGroup(other, 'Foreign')
    expect((await rollBack(client, { user: 'MANAGED' })).refused).toMatchObject([
      { name: 'managed', reason: 'not-adopted' },
    ])
    expect((await rollBack(client, { team: 'team' })).refused).toMatchObject([
      { name: 'Team', reason: 'not-adopted' },
    ])
    const before = await dump(other.namespace)
    const operator = operatorOf(client)
    for (const body of [
      ...['nobody', 'foreign', foreign.id].map((user) => ({ user, force: true })),
      ...['nobody', 'Foreign', foreignTeam.id].map((team) => ({ team, force: true })),
    ]) {
      expectAdminError(await operator.post('/migration/rollback', body), 404)
    }
    expect(await rollBack(client, { all: true, force: true })).toMatchObject({ rolledBack: [] })
    expect(await dump(other.namespace)).toBe(before)
  })

  test('that loses a race is decided by what is there then', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const client = await tenant({ endpoint })
    const account = await handMade(client, 'ada')
    await createUser(client, 'ada')
    const patch = () =>
      client.patch(`/Users/${account.id}`, [{ op: 'replace', path: 'title', value: 'x' }])
    // Between the two trips that read, and between reading and writing.
    interruption.meanwhile = async () => {
      interruption.meanwhile = patch
    }
    expect((await rollBack(client, { user: 'ada' })).refused).toMatchObject([
      { reason: 'changed', changes: ['title'] },
    ])
    interruption.meanwhile = () => rollBack(client, { user: 'ada', force: true })
    expect((await rollBack(client, { user: 'ada', force: true })).refused).toMatchObject([
      { reason: 'not-adopted' },
    ])
    expect(await counters(client.namespace)).toMatchObject({ managedUsers: 0 })
  })

  test.each([
    [{}, /^The body: says neither/],
    [{ user: 'a', team: 'b' }, /^The body: says neither/],
    [{ all: false }, /^all: /],
    [{ user: 'a', cursor: 'x' }, /^The body: has a cursor/],
    [{ all: true, force: 'yes' }, /^force: /],
  ])('that asks for %j is refused', async (body, detail) => {
    const client = await tenant()
    expectAdminError(await operatorOf(client).post('/migration/rollback', body), 400, detail)
  })
})
