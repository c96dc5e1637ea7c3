/** Accounts and teams that were there before SCIM: seen like any other, managed from the first write on. */
import { describe, expect, test } from 'vitest'
import { type Body, createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { handMade, handMadeTeam } from '../support/hand-made.ts'
import { operatorOf } from '../support/operator.ts'
import { ENTERPRISE_USER, groupBody, userBody } from '../support/payload.ts'
import { dump, eventsOf, query, userRow } from '../support/tables.ts'

const work = (value: string) => ({ emails: [{ value, type: 'work' }] })

async function beforeImages(namespace: string) {
  const rows = await query('select subject, before from adoption where namespace = ?', namespace)
  return rows.map(({ subject, before }) => ({ subject, before: JSON.parse(String(before)) }))
}

describe('an account that SCIM does not manage', () => {
  test('is found and listed like any other, and reading leaves it as it is', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', work('ada@example.com'))
    const before = await dump(client.namespace)
    expect(expectList(await client.get('/Users'), 1)).toEqual([account])
    expect(expectList(await client.find('/Users', 'userName eq "ADA"'), 1)).toEqual([account])
    expectList(await client.find('/Users', 'emails.value eq "ada@example.com"'), 1)
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['userName', { userName: 'ADA' }],
    ['account e-mail', { userName: 'other', ...work('ADA@example.com') }],
    ['both', { userName: 'ada', ...work('ada@example.com') }],
  ])('is adopted by a POST with its %s: same id, other data kept', async (_, more) => {
    const client = await tenant()
    const account = await handMade(client, 'ada', {
      ...work('ada@example.com'),
      title: 'T',
      nickName: 'N',
      [ENTERPRISE_USER]: { department: 'D', costCenter: 'C' },
    })
    const group = await createGroup(client, 'G', [account.id])
    const answer = await client.post(
      '/Users',
      userBody('x', {
        externalId: 'ext',
        title: 'New',
        [ENTERPRISE_USER]: { department: 'New' },
        ...more,
      }),
    )
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      id: account.id,
      externalId: 'ext',
      title: 'New',
      nickName: 'N',
      active: true,
      groups: [{ value: group.id }],
      ...more,
    })
    expect(answer.body[ENTERPRISE_USER]).toEqual({ department: 'New', costCenter: 'C' })
    expect(answer.body.meta.created).toBe(account.meta.created)
    expect(answer.headers.get('Location')).toBe(account.meta.location)
    expect((await client.get(`/Users/${account.id}`)).body).toEqual(answer.body)
    expectList(await client.get('/Users'), 1)
    expect((await userRow(client.namespace, account.id))?.managed).toBe(1)
    expect(await beforeImages(client.namespace)).toMatchObject([
      { subject: account.id, before: { userName: 'ada', title: 'T', nickName: 'N' } },
    ])
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
      action: 'user.adopt',
      subject: account.id,
    })
    // From now on it is managed, so the same POST finds it taken.
    const again = userBody(answer.body.userName, { externalId: 'again' })
    expectError(await client.post('/Users', again), 409, { scimType: 'uniqueness' })
  })

  test('is active again after an adoption that does not say otherwise', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', { active: false })
    const { body } = await client.post('/Users', userBody('ada'))
    expect(body).toMatchObject({ id: account.id, active: true })
  })

  test('is adopted inactive where the POST says so, which ends its logins', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada')
    const { status, body } = await client.post('/Users', userBody('ada', { active: false }))
    expect({ status, id: body.id, active: body.active }).toEqual({
      status: 201,
      id: account.id,
      active: false,
    })
    const row = await userRow(client.namespace, account.id)
    expect(Number(row?.sessions_valid_from)).toBeGreaterThan(0)
  })

  test('is chosen by userName before e-mail; then the e-mail of somebody else is 409', async () => {
    const client = await tenant()
    await handMade(client, 'ada')
    await handMade(client, 'bob', work('bob@example.com'))
    const before = await dump(client.namespace)
    const answer = await client.post('/Users', userBody('ada', work('bob@example.com')))
    expectError(answer, 409, { scimType: 'uniqueness' })
    expect(answer.body.detail).toContain('e-mail')
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['userName', userBody('managed', { externalId: 'new', ...work('ada@example.com') })],
    ['externalId', userBody('ada', { externalId: 'ext-managed' })],
    ['e-mail', userBody('ada', { externalId: 'new', ...work('managed@example.com') })],
  ])('is not adopted where %s belongs to a managed account: 409', async (attribute, body) => {
    const client = await tenant()
    await createUser(client, 'managed', work('managed@example.com'))
    await handMade(client, 'ada', work('ada@example.com'))
    const before = await dump(client.namespace)
    const answer = await client.post('/Users', body)
    expectError(answer, 409, { scimType: 'uniqueness' })
    expect(answer.body.detail).toContain(attribute)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('needs externalId for a POST like any other', async () => {
    const client = await tenant()
    await handMade(client, 'ada')
    const answer = await client.post('/Users', userBody('ada', { externalId: '' }))
    expectError(answer, 400, { scimType: 'invalidValue' })
  })

  test.each(['PUT', 'PATCH'])('is adopted by a %s of its id', async (method) => {
    const client = await tenant()
    const account = await handMade(client, 'ada', { title: 'T' })
    const path = `/Users/${account.id}`
    const answer =
      method === 'PUT'
        ? await client.put(path, userBody('ada', { title: 'New' }))
        : await client.patch(path, [{ op: 'replace', path: 'title', value: 'New' }])
    expect(answer).toMatchObject({ status: 200, body: { id: account.id, title: 'New' } })
    expect((await userRow(client.namespace, account.id))?.managed).toBe(1)
    expect(await beforeImages(client.namespace)).toMatchObject([
      { subject: account.id, before: { title: 'T' } },
    ])
    // A second write adopts nothing any more.
    await client.patch(path, [{ op: 'replace', path: 'title', value: 'Newer' }])
    expect(await beforeImages(client.namespace)).toHaveLength(1)
    expect((await client.delete(path)).status).toBe(204)
  })

  test('is adopted by a write that changes no attribute', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada')
    const answer = await client.patch(`/Users/${account.id}`, [])
    expect(answer.status).toBe(200)
    expect((await userRow(client.namespace, account.id))?.managed).toBe(1)
    expect(await beforeImages(client.namespace)).toHaveLength(1)
  })

  test('is not deleted: 403 says why', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada')
    const before = await dump(client.namespace)
    const answer = await client.delete(`/Users/${account.id}`)
    expectError(answer, 403)
    expect(answer.body.detail).toMatch(/manage/)
    expect(await dump(client.namespace)).toBe(before)
  })
})

describe('a team that SCIM does not manage', () => {
  test('is adopted by a POST with its name; its members stay', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const team = await handMadeTeam(client, 'Team', [a])
    expectList(await client.find('/Groups', 'displayName eq "team"'), 1)
    const body = { ...groupBody('TEAM', [b]), externalId: 'x' }
    const answer = await client.post('/Groups', body)
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ id: team.id, displayName: 'TEAM', externalId: 'x' })
    expect(answer.body.meta.created).toBe(team.meta.created)
    expect(await memberIds(client, team.id)).toEqual([a, b].sort())
    expect(await beforeImages(client.namespace)).toEqual([
      { subject: team.id, before: { attributes: { displayName: 'Team' }, members: [a] } },
    ])
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
      action: 'team.adopt',
      subject: team.id,
    })
    expectError(await client.post('/Groups', groupBody('team')), 409, { scimType: 'uniqueness' })
  })

  test('keeps its members through a POST and a PATCH until the first replace', async () => {
    const client = await tenant()
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c'])
    const team = await handMadeTeam(client, 'Team', [a, b])
    await client.post('/Groups', groupBody('Team'))
    expect(await memberIds(client, team.id)).toEqual([a, b].sort())
    const path = `/Groups/${team.id}`
    await client.patch(path, [{ op: 'add', path: 'members', value: [{ value: c }] }])
    expect(await memberIds(client, team.id)).toEqual([a, b, c].sort())
    await client.patch(path, [{ op: 'replace', path: 'members', value: [{ value: c }] }])
    expect(await memberIds(client, team.id)).toEqual([c])
  })

  test.each(['PUT', 'PATCH'])('is adopted by a %s of its id', async (method) => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const team = await handMadeTeam(client, 'Team', [a])
    const path = `/Groups/${team.id}`
    const answer =
      method === 'PUT'
        ? await client.put(path, groupBody('Team', [b]))
        : await client.patch(path, [{ op: 'add', path: 'members', value: b }])
    expect(answer.status).toBe(method === 'PUT' ? 200 : 204)
    expect(await memberIds(client, team.id)).toEqual(method === 'PUT' ? [b] : [a, b].sort())
    const [row] = await query('select managed from team where id = ?', team.id)
    expect(row?.managed).toBe(1)
    expect(await beforeImages(client.namespace)).toMatchObject([{ before: { members: [a] } }])
    expect((await client.delete(path)).status).toBe(204)
  })

  test('is adopted by a write that changes nothing else', async () => {
    const client = await tenant()
    const team = await handMadeTeam(client, 'Team')
    expect((await client.patch(`/Groups/${team.id}`, [])).status).toBe(204)
    const [row] = await query('select managed from team where id = ?', team.id)
    expect(row?.managed).toBe(1)
  })

  test('is not deleted: 403 says why', async () => {
    const client = await tenant()
    const team = await handMadeTeam(client, 'Team')
    const before = await dump(client.namespace)
    const answer = await client.delete(`/Groups/${team.id}`)
    expectError(answer, 403)
    expect(answer.body.detail).toMatch(/manage/)
    expect(await dump(client.namespace)).toBe(before)
  })
})

test('an externalId that a living account takes over is no longer that of a deleted one', async () => {
  const client = await tenant()
  const gone = await createUser(client, 'gone')
  await client.delete(`/Users/${gone.id}`)
  const account = await handMade(client, 'ada')
  const adopted = await client.post('/Users', userBody('ada', { externalId: 'ext-gone' }))
  expect(adopted).toMatchObject({ status: 201, body: { id: account.id, externalId: 'ext-gone' } })
  const [retained] = await query(
    'select id, external_id, resource from retained where namespace = ?',
    client.namespace,
  )
  expect(retained).toMatchObject({ id: gone.id, external_id: null })
  expect(JSON.parse(String(retained?.resource))).toMatchObject({ externalId: 'ext-gone' })
  // A person who comes later with another externalId is new, and not the deleted one.
  await client.put(`/Users/${account.id}`, userBody('ada', { externalId: 'ext-ada' }))
  const late = await client.post('/Users', userBody('late', { externalId: 'ext-gone' }))
  expect(late.body.id).not.toBe(gone.id)
})

describe('what only looks like an account or team that SCIM does not manage', () => {
  const kelvin = '\u212a'
  const wide = '\uff4b'
  const sentence =
    /counts as equal to that of a(n?) (account|team) which SCIM does not manage.*A person has to decide.*PUT or PATCH the id/

  test.each([
    ['userName by the Kelvin sign', { userName: `${kelvin}im` }],
    ['userName in full width', { userName: `${wide}im` }],
    ['e-mail by the Kelvin sign', { userName: 'other', ...work(`${kelvin}im@example.com`) }],
    ['e-mail in full width', { userName: 'other', ...work(`${wide}im@example.com`) }],
  ])('its %s is a conflict and no adoption, alone, in bulk and in a preview', async (_, more) => {
    const client = await tenant()
    const operator = operatorOf(client)
    const account = await handMade(client, 'kim', work('kim@example.com'))
    const body = userBody('x', { externalId: 'ext', ...more })
    const answer = await client.post('/Users', body)
    expectError(answer, 409, { scimType: 'uniqueness', messageId: 'scim.look-alike' })
    expect(answer.body.detail).toMatch(sentence)
    // The answer tells nothing of the account that the client may not read.
    expect(answer.body.detail).not.toContain(account.id)
    const bulk = await client.post('/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        { method: 'POST', path: '/Users', bulkId: 'a', data: userBody('new') },
        { method: 'POST', path: '/Users', bulkId: 'b', data: body },
      ],
    })
    expect(bulk.body.Operations.map(({ status }: Body) => status)).toEqual(['201', '409'])
    expect(bulk.body.Operations[1].response.detail).toBe(answer.body.detail)

    const { userName, emails } = { emails: undefined, ...body } as Body
    const person = { userName, externalId: 'ext', email: emails?.[0].value }
    const preview = await operator.post('/migration/preview', { users: [person] })
    expect(preview.body.users).toMatchObject([{ outcome: 'conflict' }])
    expect((await client.get(`/Users/${account.id}`)).body).toEqual(account)
    expect((await userRow(client.namespace, account.id))?.managed).toBe(0)
    // A person decides: by its id, or by a change of the account.
    const put = await client.put(`/Users/${account.id}`, body)
    expect(put).toMatchObject({ status: 200, body: { id: account.id, externalId: 'ext' } })
  })

  test('is adopted once a person gave the account the very userName', async () => {
    const client = await tenant()
    const account = await handMade(client, 'kim')
    const body = userBody(`${kelvin}im`, { externalId: 'ext' })
    expectError(await client.post('/Users', body), 409, { scimType: 'uniqueness' })
    const login = `${kelvin}im`
    await operatorOf(client).request('PATCH', `/accounts/${account.id}`, { login })
    expect(await client.post('/Users', body)).toMatchObject({
      status: 201,
      body: { id: account.id, userName: login },
    })
  })

  test('is not renamed by an import', async () => {
    const client = await tenant()
    const account = await handMade(client, 'kim')
    const users = [{ login: `${kelvin}im`, name: 'Other' }]
    const { status, body } = await operatorOf(client).post('/import', { users })
    expect(status).toBe(200)
    expect(body.users).toMatchObject([{ outcome: 'conflict', id: account.id }])
    expect((await client.get(`/Users/${account.id}`)).body).toEqual(account)
  })

  test.each([`${kelvin}ids`, `${wide}ids`])('is no team of a group called %j', async (name) => {
    const client = await tenant()
    const team = await handMadeTeam(client, 'Kids')
    const answer = await client.post('/Groups', groupBody(name))
    expectError(answer, 409, { scimType: 'uniqueness', messageId: 'scim.look-alike' })
    expect(answer.body.detail).toMatch(sentence)
    const [row] = await query('select managed, display_name from team where id = ?', team.id)
    expect(row).toEqual({ managed: 0, display_name: 'Kids' })
    const preview = await operatorOf(client).post('/migration/preview', {
      groups: [{ displayName: name }],
    })
    expect(preview.body.groups).toMatchObject([{ outcome: 'conflict' }])
    expect((await client.put(`/Groups/${team.id}`, groupBody(name))).status).toBe(200)
  })

  test.each(['PUT', 'PATCH'])('is taken for a %s of somebody else', async (method) => {
    const client = await tenant()
    await handMade(client, 'kim')
    const { id } = await createUser(client, 'bob')
    const userName = `${kelvin}im`
    const answer =
      method === 'PUT'
        ? await client.put(`/Users/${id}`, userBody(userName))
        : await client.patch(`/Users/${id}`, [{ op: 'replace', path: 'userName', value: userName }])
    expectError(answer, 409, { scimType: 'uniqueness' })
  })
})
