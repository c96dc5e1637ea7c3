/** Whether somebody may sign in: Grafana's rules, and that whoever left stays outside. */
import { describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { limitedTo, operatorOf } from '../support/operator.ts'
import { userBody } from '../support/payload.ts'
import { dump, query, unmanage, userRow } from '../support/tables.ts'

const PATH = '/login/check'

/** Ada, whom SCIM manages, in a team; `settings` are those of the namespace. */
async function ada(settings: object = {}) {
  const client = await tenant({
    settings: { enableUserSync: true, enableGroupSync: true, ...settings },
  })
  const emails = [{ value: 'ada@x', type: 'work' }]
  const user = await createUser(client, 'ada', { externalId: 'ext-1', emails })
  const team = await createGroup(client, 'Engines', [user.id])
  const check = async (login: object) => {
    const { status, body } = await client.post(PATH, login)
    expect(status).toBe(200)
    return body
  }
  return { client, user, team, check, namespace: client.namespace }
}

const allowed = { decision: 'allow', messageId: null, statusCode: 200 }

function denied(messageId: string, statusCode: number, message?: string) {
  return { decision: 'deny', messageId, statusCode, ...(message && { message }) }
}

describe('a managed user', () => {
  test('is let in by externalId, and told with teams but without roles', async () => {
    const { check, user, team } = await ada()
    const answer = await check({ externalId: 'ext-1', userName: 'ADA', email: 'Ada@X' })
    expect(answer).toEqual({
      ...allowed,
      reason: expect.stringMatching(/\.$/),
      message: 'OK',
      user: {
        id: user.id,
        userName: 'ada',
        email: 'ada@x',
        externalId: 'ext-1',
        isProvisioned: true,
        active: true,
      },
      teams: [{ id: team.id, name: 'Engines' }],
      sessionsValidFrom: Date.parse(user.meta.created),
    })
    // Grafana ignores other names of a provisioned user in the assertion.
    expect(await check({ externalId: 'ext-1', userName: 'lovelace' })).toMatchObject(allowed)
  })

  test('needs the externalId, whatever else is known', async () => {
    const { check } = await ada()
    const empty = denied('user.sync.empty-externalUID', 401, 'Empty externalUID')
    expect(await check({ userName: 'ada' })).toMatchObject(empty)
    expect(await check({ email: 'ada@x', externalId: '' })).toMatchObject(empty)
  })

  test('is not let in by the externalId of another, nor another by theirs', async () => {
    const { check, client } = await ada()
    const mismatch = denied('user.sync.user-externalUID-mismatch', 401, 'User externalUID mismatch')
    for (const externalId of ['ext-2', 'EXT-1', 'ext-1 ']) {
      expect(await check({ externalId, userName: 'ada' })).toMatchObject(mismatch)
    }
    await createUser(client, 'bob', { externalId: 'ext-b' })
    const message = 'Mismatched provisioned identity'
    const crossed = denied('user.sync.mismatched-externalUID', 401, message)
    expect(await check({ externalId: 'ext-b', userName: 'ada' })).toMatchObject(crossed)
  })

  test('without an externalId is let in by nothing', async () => {
    const { check, client, user } = await ada()
    await client.patch(`/Users/${user.id}`, [{ op: 'remove', path: 'externalId' }])
    const mismatch = denied('user.sync.user-externalUID-mismatch', 401)
    expect(await check({ externalId: 'ext-1', userName: 'ada' })).toMatchObject(mismatch)
  })

  test('that is deactivated is denied, and reactivated has to sign in afresh', async () => {
    const { check, client, user, namespace } = await ada()
    const before = Date.parse(user.meta.created)
    const login = { externalId: 'ext-1' }
    expect(await check({ ...login, issuedAt: before - 1 })).toMatchObject(
      denied('user.session-revoked', 401),
    )
    client.endpoint.clock.offset = 60_000
    expect(await check({ ...login, issuedAt: before })).toMatchObject(allowed)
    const set = (value: boolean) =>
      client.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'active', value }])
    await set(false)
    expect(await check(login)).toMatchObject(denied('user.inactive', 401))
    await set(true)
    const since = Number((await userRow(namespace, user.id))?.sessions_valid_from)
    expect(since).toBeGreaterThan(before)
    const revoked = denied('user.session-revoked', 401)
    expect(await check({ ...login, issuedAt: before })).toMatchObject(revoked)
    expect(await check({ ...login, issuedAt: since - 1 })).toMatchObject(revoked)
    expect(await check({ ...login, issuedAt: since })).toMatchObject({
      ...allowed,
      sessionsValidFrom: since,
    })
    expect(await check(login)).toMatchObject(allowed)
  })

  test('that was deleted is denied by whatever is known, until somebody has it again', async () => {
    const { check, client, user } = await ada()
    await client.delete(`/Users/${user.id}`)
    const gone = { ...denied('user.deprovisioned', 403), user: null, teams: [] }
    for (const login of [
      { externalId: 'ext-1' },
      { userName: 'Ada' },
      { email: 'ADA@x' },
      { externalId: 'other', userName: 'ada' },
    ]) {
      expect(await check(login)).toMatchObject(gone)
    }
    // A live account comes before the deleted one.
    const next = await createUser(client, 'ada', { externalId: 'ext-9' })
    expect(await check({ externalId: 'ext-9', userName: 'ada' })).toMatchObject({
      ...allowed,
      user: { id: next.id },
    })
    // The same person comes back under the same id, and with new sessions only.
    await client.delete(`/Users/${next.id}`)
    const back = await createUser(client, 'ada', { externalId: 'ext-1' })
    expect(back.id).toBe(user.id)
    expect(await check({ externalId: 'ext-1' })).toMatchObject(allowed)
    expect(await check({ externalId: 'ext-1', issuedAt: 5 })).toMatchObject(
      denied('user.session-revoked', 401),
    )
  })

  test('is not asked for externalId at the portal, nor while user sync is off', async () => {
    const { check, client, user } = await ada()
    for (const source of ['grafana.com', 'portal', 'oauth_grafana_com']) {
      expect(await check({ email: 'ada@x', source })).toMatchObject(allowed)
    }
    expect(await check({ email: 'ada@x', source: 'saml' })).toMatchObject({ decision: 'deny' })
    await client.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'active', value: false }])
    expect(await check({ email: 'ada@x', source: 'portal' })).toMatchObject(
      denied('user.inactive', 401),
    )
    await operatorOf(client).put('/config/default', { spec: {} })
    expect(await check({ email: 'ada@x' })).toMatchObject(denied('user.inactive', 401))
  })
})

describe('somebody who was deleted', () => {
  const gone = denied('user.deprovisioned', 403, 'User is deprovisioned')
  const asAda = [{ externalId: 'ext-1' }, { userName: 'Ada' }, { email: 'ADA@x' }]

  /** Ada, who was deleted, and an operator of the namespace. */
  async function deleted() {
    const world = await ada()
    await world.client.delete(`/Users/${world.user.id}`)
    return { ...world, operator: operatorOf(world.client) }
  }

  test.each([
    ['userName', { login: 'ADA' }],
    ['e-mail', { login: 'other', email: 'Ada@x' }],
    ['both', { login: 'ada', email: 'ada@x', externalId: 'ext-new' }],
  ])('stays outside where an account by hand has the %s since', async (_, form) => {
    const { check, operator, client } = await deleted()
    const { status, body } = await operator.post('/accounts', form)
    expect(status).toBe(201)
    for (const login of [
      ...asAda,
      { userName: form.login },
      { externalId: 'ext-new', ...asAda[1] },
    ]) {
      expect(await check(login)).toMatchObject(gone)
      expect(await check({ ...login, source: 'portal' })).toMatchObject(gone)
    }
    // An import is by hand, too.
    const again = await operator.post('/import', { users: [{ login: form.login, name: 'N' }] })
    expect(again.status).toBe(200)
    expect(await check({ userName: form.login })).toMatchObject(gone)
    // Provisioned, the account is that of a new person, and the old identity stays outside.
    await client.put(`/Users/${body.id}`, userBody('ada', { externalId: 'ext-2' }))
    expect(await check({ externalId: 'ext-2', userName: 'ada' })).toMatchObject({
      ...allowed,
      user: { id: body.id },
    })
    expect(await check({ externalId: 'ext-1' })).toMatchObject(gone)
  })

  test('stays outside where an account is released from SCIM, until the record is purged', async () => {
    const { check, operator, client, user } = await deleted()
    const next = await createUser(client, 'ada', { externalId: 'ext-2' })
    const login = { externalId: 'ext-2', userName: 'ada' }
    expect(await check(login)).toMatchObject(allowed)
    await operator.post(`/accounts/${next.id}/release`, {})
    const released = await check(login)
    expect(released.user).toMatchObject({ id: next.id, isProvisioned: false })
    expect(released).toMatchObject(gone)
    expect((await operator.delete(`/retained/${user.id}`)).status).toBe(200)
    expect(await check(login)).toMatchObject(allowed)
  })

  test('stays outside where their externalId was lent and taken back', async () => {
    const { check, client } = await deleted()
    const bob = await createUser(client, 'bob', { externalId: 'ext-b' })
    const lend = (value: string) =>
      client.patch(`/Users/${bob.id}`, [{ op: 'replace', path: 'externalId', value }])
    await lend('ext-1')
    expect(await check({ externalId: 'ext-1' })).toMatchObject({ ...allowed, user: { id: bob.id } })
    await lend('ext-b')
    for (const login of asAda) expect(await check(login)).toMatchObject(gone)
    expect(await check({ externalId: 'ext-b' })).toMatchObject({ ...allowed, user: { id: bob.id } })
    // Given to somebody new, it is theirs.
    const late = await createUser(client, 'late', { externalId: 'ext-1' })
    expect(await check({ externalId: 'ext-1' })).toMatchObject({
      ...allowed,
      user: { id: late.id },
    })
  })

  test('comes back by their externalId, and nobody by what else the record says', async () => {
    const { check, client, user } = await deleted()
    const back = await createUser(client, 'lovelace', { externalId: 'ext-1' })
    expect(back.id).toBe(user.id)
    expect(await check({ externalId: 'ext-1', userName: 'ada' })).toMatchObject(allowed)
    // The record is gone with the name.
    expect(await check({ userName: 'ada' })).toMatchObject({ ...allowed, user: null })
  })
})

describe('sessionsValidFrom', () => {
  const minute = 60_000

  test.each([
    ['SCIM', (client: Client) => client.post('/Users', userBody('ada'))],
    [
      'SCIM, inactive',
      (client: Client) => client.post('/Users', userBody('ada', { active: false })),
    ],
    ['hand', (client: Client) => operatorOf(client).post('/accounts', { login: 'ada' })],
    [
      'an import',
      (client: Client) => operatorOf(client).post('/import', { users: [{ login: 'ada' }] }),
    ],
    [
      'a bulk request',
      (client: Client) =>
        client.post('/Bulk', {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
          Operations: ['ada', 'bob'].map((name) => ({
            ...{ method: 'POST', path: '/Users', bulkId: name, data: userBody(name) },
          })),
        }),
    ],
  ])('of an account made by %s is its creation', async (_, make) => {
    const client = await tenant()
    client.endpoint.clock.offset = 5 * minute
    expect((await make(client)).status).toBeLessThan(300)
    const [row] = await query(
      'select sessions_valid_from, created_at from user where namespace = ? and user_name_key = ?',
      ...[client.namespace, 'ada'],
    )
    expect(row?.sessions_valid_from).toBe(row?.created_at)
    expect(Number(row?.created_at)).toBeGreaterThan(Date.now() + minute)
  })

  test('never goes back, whatever the clock does', async () => {
    const { client, user, namespace, check } = await ada()
    const path = `/Users/${user.id}`
    const operator = operatorOf(client)
    const set = (value: boolean) => client.patch(path, [{ op: 'replace', path: 'active', value }])
    const since = async () => {
      const { sessionsValidFrom } = await check({ externalId: 'ext-1' })
      return Number(sessionsValidFrom)
    }
    const clock = client.endpoint.clock
    const highest: number[] = [await since()]
    const hold = async () => {
      const now = await since()
      expect(now).toBeGreaterThanOrEqual(Math.max(...highest))
      highest.push(now)
    }
    clock.offset = 10 * minute
    await set(false)
    await hold()
    const reached = Math.max(...highest)
    clock.offset = -60 * minute
    await set(true)
    await set(false)
    await client.put(path, userBody('ada', { externalId: 'ext-1', active: true }))
    await client.put(path, userBody('ada', { externalId: 'ext-1', active: false }))
    await hold()
    await operator.post(`/accounts/${user.id}/release`, {})
    await operator.request('PATCH', `/accounts/${user.id}`, { isDisabled: false })
    await operator.request('PATCH', `/accounts/${user.id}`, { isDisabled: true })
    await client.patch(path, [{ op: 'replace', path: 'active', value: true }])
    await operator.post('/migration/rollback', { user: 'ada' })
    await client.patch(path, [{ op: 'replace', path: 'active', value: true }])
    expect(Number((await userRow(namespace, user.id))?.sessions_valid_from)).toBe(reached)
    // Deleted and taken up again by a clock that is slow all the time.
    await client.delete(path)
    const back = await createUser(client, 'ada', { externalId: 'ext-1' })
    expect(back.id).toBe(user.id)
    await hold()
    expect(Math.max(...highest)).toBe(reached)
    // What was deleted is not let in by what was issued before that.
    clock.offset = 30 * minute
    await client.delete(path)
    clock.offset = 0
    await createUser(client, 'ada', { externalId: 'ext-1' })
    expect(await since()).toBeGreaterThan(reached + 10 * minute)
  })

  test('of a row from before this rule is its creation as well', async () => {
    const { client, user, namespace, check } = await ada()
    await query(
      'update user set sessions_valid_from = 0 where namespace = ? and id = ?',
      ...[namespace, user.id],
    )
    const created = Date.parse(user.meta.created)
    expect((await check({ externalId: 'ext-1' })).sessionsValidFrom).toBe(created)
    expect(await check({ externalId: 'ext-1', issuedAt: created - 1 })).toMatchObject(
      denied('user.session-revoked', 401),
    )
    await client.delete(`/Users/${user.id}`)
    const [row] = await query('select * from retained where namespace = ?', namespace)
    expect(row?.sessions_valid_from).toBe(created)
  })
})

describe('somebody whom SCIM does not manage', () => {
  const rejected = denied('user.sync.user-not-provisioned', 403, 'User is not provisioned')

  test('is let in unless rejectNonProvisionedUsers is on, but for the portal', async () => {
    const { check, client, user, namespace } = await ada()
    await unmanage('user', namespace, user.id)
    const login = { userName: 'ada', externalId: 'whatever' }
    expect(await check(login)).toMatchObject({ ...allowed, user: { isProvisioned: false } })
    const spec = { enableUserSync: true, rejectNonProvisionedUsers: true }
    await operatorOf(client).put('/config/default', { spec })
    expect(await check(login)).toMatchObject(rejected)
    expect(await check({ ...login, source: 'grafana.com' })).toMatchObject(allowed)
  })

  test('and who is unknown may be made an account, unless it is on', async () => {
    const open = await ada()
    const nobody = { ...allowed, user: null, teams: [], sessionsValidFrom: null }
    expect(await open.check({ userName: 'nobody' })).toMatchObject(nobody)
    const closed = await ada({ rejectNonProvisionedUsers: true })
    expect(await closed.check({ userName: 'nobody' })).toMatchObject(rejected)
  })

  test('means the userName before the e-mail', async () => {
    const { check, client, user, namespace } = await ada()
    const emails = [{ value: 'bob@x', type: 'work' }]
    const bob = await createUser(client, 'bob', { externalId: 'ext-b', emails })
    await unmanage('user', namespace, user.id)
    await unmanage('user', namespace, bob.id)
    const answer = await check({ userName: 'bob', email: 'ada@x' })
    expect(answer).toMatchObject({ ...allowed, user: { id: bob.id } })
  })
})

describe('the check', () => {
  test.each([
    ['nobody', {}, /says nobody/],
    ['empty names', { userName: '', email: '' }, /says nobody/],
    ['a number for a name', { userName: 5 }, /userName/],
    ['a time that is no number', { userName: 'a', issuedAt: '2026-01-01' }, /issuedAt/],
    ['half a millisecond', { userName: 'a', issuedAt: 0.5 }, /issuedAt/],
    ['an unknown member', { userName: 'a', role: 'Admin' }, /role/],
  ])('of %s is 400 that says so', async (_, login, detail) => {
    expectAdminError(await (await tenant()).post(PATH, login), 400, detail)
  })

  test('needs org.users:read, writes nothing, and sees its own namespace only', async () => {
    const { client, namespace } = await ada()
    const other = await tenant({ endpoint: client.endpoint })
    const body = { externalId: 'ext-1' }
    await expectGuarded(client, other, {
      ...{ method: 'POST', path: PATH, body, permissions: ['org.users:read'] },
    })
    const reader = await limitedTo(client, 'org.users:read')
    const before = [await dump(namespace), await dump(other.namespace)]
    expect((await reader.post(PATH, body)).body.decision).toBe('allow')
    expect((await operatorOf(client).post(PATH, body)).body.decision).toBe('allow')
    expect((await other.post(PATH, body)).body.user).toBeNull()
    expect([await dump(namespace), await dump(other.namespace)]).toEqual(before)
    await createUser(other, 'ada', userBody('ada'))
    client.endpoint.batches.length = 0
    await client.post(PATH, body)
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read'])
  })
})
