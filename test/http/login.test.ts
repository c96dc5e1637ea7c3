/** Whether somebody may sign in: Grafana's rules, and that whoever left stays outside. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { limitedTo, operatorOf } from '../support/operator.ts'
import { userBody } from '../support/payload.ts'
import { dump, unmanage, userRow } from '../support/tables.ts'

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
      sessionsValidFrom: 0,
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
    const before = Date.now() - 60_000
    const login = { externalId: 'ext-1' }
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
