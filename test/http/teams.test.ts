/** Teams by hand (grafana.md 7.1): those of SCIM are read-only, in Grafana's words. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { limitedTo, operatorOf } from '../support/operator.ts'
import { groupBody } from '../support/payload.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

describe('a team by hand', () => {
  test('is created, found, read, renamed and deleted', async () => {
    const client = await tenant()
    const hand = await limitedTo(client, 'Teams')
    const { status, body } = await hand.post('/teams', { name: 'Crew' })
    expect(status).toBe(201)
    const team = {
      id: expect.stringMatching(/^g\w+$/),
      name: 'Crew',
      externalUID: null,
      isProvisioned: false,
      memberCount: 0,
      created: expect.stringMatching(/Z$/),
      updated: expect.stringMatching(/Z$/),
    }
    expect(body).toEqual(team)
    const path = `/teams/${body.id}`
    expect(await hand.get(path)).toMatchObject({ status: 200, body: team })
    for (const search of ['', '?name=CREW', '?isProvisioned=false']) {
      const list = await hand.get(`/teams${search}`)
      expect(list.body, search).toEqual({ totalCount: 1, teams: [team] })
    }
    for (const search of ['?name=cre', '?isProvisioned=true']) {
      expect((await hand.get(`/teams${search}`)).body).toEqual({ totalCount: 0, teams: [] })
    }
    const renamed = { ...team, name: 'Crew B' }
    const patched = await hand.request('PATCH', path, { name: 'Crew B' })
    expect(patched).toMatchObject({ status: 200, body: renamed })
    expect((await hand.get(path)).body).toEqual(renamed)
    const deleted = await hand.delete(path)
    expect(deleted).toMatchObject({ status: 200, body: { message: 'Team deleted' } })
    expectAdminError(await hand.get(path), 404, body.id)
    expect((await eventsOf(client.namespace)).map(({ action }) => action)).toEqual([
      'team.create',
      'team.update',
      'team.delete',
    ])
    const [row] = await query(
      'select teams, managed_teams from namespace where name = ?',
      client.namespace,
    )
    expect(row).toEqual({ teams: 0, managed_teams: 0 })
  })

  test('takes members one by one and all at once, in Grafana’s words', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c'])
    const { id } = (await operator.post('/teams', { name: 'Crew' })).body
    const path = `/teams/${id}/members`
    const added = await operator.post(path, { userId: a })
    expect(added).toMatchObject({ status: 200, body: { message: 'Member added to Team' } })
    const twice = await operator.post(path, { userId: a })
    expectAdminError(twice, 400)
    expect(twice.body.message).toBe('User is already added to this team')
    expectAdminError(await operator.post(path, { userId: 'ux' }), 404, /ux/)
    const put = await operator.put(path, { members: [b, c] })
    expect(put).toMatchObject({ body: { message: 'Team memberships have been updated' } })
    // Of a list that names somebody unknown nothing is applied.
    const before = await dump(client.namespace)
    expectAdminError(await operator.put(path, { members: [a, 'ux'] }), 404, /ux/)
    const stranger = await operator.delete(`${path}/${a}`)
    expectAdminError(stranger, 404, `The user "${a}" is no member of this team.`)
    expect(stranger.body.message).toBe('Team member not found')
    expectAdminError(await operator.delete(`${path}/ux`), 404, /There is no User with the id "ux"/)
    expect(await dump(client.namespace)).toBe(before)
    const removed = await operator.delete(`${path}/${b}`)
    expect(removed).toMatchObject({ status: 200, body: { message: 'Team Member removed' } })
    expect((await operator.get(path)).body).toEqual({
      members: [{ userId: c, login: 'c', email: null, name: null }],
    })
    expect((await operator.get(`/teams/${id}`)).body).toMatchObject({ memberCount: 1 })
    expect(await memberIds(client, id)).toEqual([c])
    expect((await query('select managed from team where id = ?', id))[0]).toEqual({ managed: 0 })
  })

  test('is not searched for, which the answer says', async () => {
    const answer = await operatorOf(await tenant()).get('/teams/search?query=crew')
    expectAdminError(answer, 400, /There is no search here: GET teams lists all teams/)
  })

  test('lists its members page by page', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const ids = await createUsers(client, ['a', 'b', 'c'])
    const { id } = (await operator.post('/teams', { name: 'Crew' })).body
    await operator.put(`/teams/${id}/members`, { members: ids })
    const first = (await operator.get(`/teams/${id}/members?limit=2`)).body
    expect(first.members.map(({ userId }: { userId: string }) => userId)).toEqual(ids.slice(0, 2))
    const second = (await operator.get(`/teams/${id}/members?limit=2&cursor=${first.nextCursor}`))
      .body
    expect(second.members.map(({ userId }: { userId: string }) => userId)).toEqual(ids.slice(2))
    expect(second).not.toHaveProperty('nextCursor')
  })

  test('is adopted by a POST of its name, with its id and members', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const ids = await createUsers(client, ['a', 'b'])
    const { id } = (await operator.post('/teams', { name: 'Crew' })).body
    await operator.put(`/teams/${id}/members`, { members: ids })
    expectError(await client.delete(`/Groups/${id}`), 403, { messageId: 'scim.unmanaged' })
    const adopted = await client.post('/Groups', groupBody('crew', []))
    expect(adopted).toMatchObject({ status: 201, body: { id } })
    expect(await memberIds(client, id)).toEqual(ids)
    expect((await operator.get(`/teams/${id}`)).body).toMatchObject({ isProvisioned: true })
  })

  test('with the name of another is 409', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    await createGroup(client, 'Crew')
    const { id } = (await operator.post('/teams', { name: 'Other' })).body
    expectAdminError(await operator.post('/teams', { name: 'CREW' }), 409, /CREW/)
    expectAdminError(await operator.request('PATCH', `/teams/${id}`, { name: 'crew' }), 409, /crew/)
  })

  test.each([
    ['/teams', {}, /name/],
    ['/teams', { name: '' }, /name/],
    ['/teams', { name: 'a\0' }, /name/],
    ['/teams', { name: 'a', email: 'x' }, /email/],
    ['/teams/x/members', { userId: 5 }, /userId/],
    ['/teams/x/members', {}, /userId/],
  ])('POST %s with %j is 400 that says so', async (path, body, detail) => {
    expectAdminError(await operatorOf(await tenant()).post(path, body), 400, detail)
  })
})

describe('a managed team is read-only by hand', () => {
  async function managed() {
    const client = await tenant()
    const operator = operatorOf(client)
    const user = await createUser(client, 'ada')
    const other = await createUser(client, 'bob')
    const group = await createGroup(client, 'Crew', [user.id])
    return { client, operator, user, other, path: `/teams/${group.id}`, group }
  }

  test('its name always', async () => {
    const { client, operator, path } = await managed()
    for (const enableGroupSync of [true, false]) {
      await operator.put('/config/default', { spec: { enableUserSync: true, enableGroupSync } })
      const before = await dump(client.namespace)
      const renamed = await operator.request('PATCH', path, { name: 'Other' })
      expectAdminError(renamed, 400)
      expect(renamed.body.message).toBe('Team name cannot be changed for provisioned teams')
      const released = await operator.request('PATCH', path, { isProvisioned: false })
      expectAdminError(released, 400)
      expect(released.body.message).toBe(
        'provisioned teams cannot be updated to non-provisioned teams',
      )
      expect((await operator.request('PATCH', path, { name: 'Crew' })).status).toBe(200)
      expect(await dump(client.namespace)).toBe(before)
    }
  })

  test('members and deletion while group sync is on', async () => {
    const { client, operator, path, user, other } = await managed()
    const before = await dump(client.namespace)
    const members = 'Team memberships cannot be updated for provisioned teams'
    for (const [method, rest, body, message] of [
      ['POST', '/members', { userId: other.id }, members],
      ['PUT', '/members', { members: [] }, members],
      ['DELETE', `/members/${user.id}`, undefined, members],
      ['DELETE', '', undefined, 'Cannot delete provisioned teams'],
    ] as const) {
      const answer = await operator.request(method, path + rest, body)
      expectAdminError(answer, 400)
      expect(answer.body.message).toBe(message)
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test('but not while group sync is off', async () => {
    const { client, operator, path, user, other, group } = await managed()
    await operator.put('/config/default', { spec: { enableUserSync: true } })
    expect((await operator.post(`${path}/members`, { userId: other.id })).status).toBe(200)
    expect((await operator.delete(`${path}/members/${user.id}`)).status).toBe(200)
    expect(await memberIds(client, group.id)).toEqual([other.id])
    expect((await operator.get(path)).body).toMatchObject({ isProvisioned: true, memberCount: 1 })
    expect((await operator.delete(path)).status).toBe(200)
    expect((await client.get(`/Groups/${group.id}`)).status).toBe(404)
    const [row] = await query(
      'select teams, managed_teams from namespace where name = ?',
      client.namespace,
    )
    expect(row).toEqual({ teams: 0, managed_teams: 0 })
  })

  test('also when SCIM takes it between the read and the write', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const client = await tenant({ endpoint })
    const operator = operatorOf(client)
    const user = await createUser(client, 'ada')
    const { id } = (await operator.post('/teams', { name: 'Crew' })).body
    const adopt = () => client.post('/Groups', groupBody('Crew', []))
    interruption.meanwhile = adopt
    expectAdminError(await operator.post(`/teams/${id}/members`, { userId: user.id }), 400)
    expect(await memberIds(client, id)).toEqual([])
    await operator.post(`/teams/${id}/release`, undefined)
    interruption.meanwhile = adopt
    expectAdminError(await operator.delete(`/teams/${id}`), 400)
    // And the other way round: what is released meanwhile is adopted anew by the change of SCIM.
    interruption.meanwhile = () => operator.post(`/teams/${id}/release`, undefined)
    const add = [{ op: 'add', path: 'members', value: [{ value: user.id }] }]
    expect((await client.patch(`/Groups/${id}`, add)).status).toBe(204)
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({ action: 'team.adopt' })
  })

  test('an operator releases it, which is recorded', async () => {
    const { client, operator, path, group } = await managed()
    const released = await operator.post(`${path}/release`, undefined)
    expect(released).toMatchObject({ status: 200, body: { isProvisioned: false, memberCount: 1 } })
    expect((await eventsOf(client.namespace)).at(-1)).toEqual({
      action: 'team.release',
      subject: group.id,
      changes: { before: { isProvisioned: true }, after: { isProvisioned: false } },
    })
    expect((await operator.request('PATCH', path, { name: 'Hand' })).status).toBe(200)
    expect((await operator.put(`${path}/members`, { members: [] })).status).toBe(200)
    expect((await operator.delete(path)).status).toBe(200)
  })
})

describe('every route', () => {
  test.each([
    ['GET', '/teams', undefined, ['teams:read']],
    ['POST', '/teams', { name: 'new' }, ['teams:create']],
    ['GET', '/teams/{team}', undefined, ['teams:read']],
    ['PATCH', '/teams/{team}', { name: 'x' }, ['teams:write']],
    ['DELETE', '/teams/{team}', undefined, ['teams:delete']],
    ['GET', '/teams/{team}/members', undefined, ['org.users:read', 'teams:read']],
    ['POST', '/teams/{team}/members', { userId: '{user}' }, ['teams:write']],
    ['PUT', '/teams/{team}/members', { members: ['{user}'] }, ['teams:write']],
    ['DELETE', '/teams/{team}/members/{member}', undefined, ['teams:write']],
    ['POST', '/teams/{team}/release', undefined, []],
  ])('%s %s %j needs %j, and keeps to its namespace', async (method, path, body, permissions) => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    const make = async (at: typeof client) => {
      const [user = '', member = ''] = await createUsers(at, ['a', 'b'])
      const team = (await operatorOf(at).post('/teams', { name: 'Crew' })).body.id
      await operatorOf(at).post(`/teams/${team}/members`, { userId: member })
      return { user, member, team }
    }
    const [own, foreign] = [await make(client), await make(other)]
    const fill = (text: string, ids: typeof own) =>
      text.replace('{team}', ids.team).replace('{user}', ids.user).replace('{member}', ids.member)
    const filled = (ids: typeof own) => body && JSON.parse(fill(JSON.stringify(body), ids))
    const named = path.includes('{')
    await expectGuarded(client, other, {
      method,
      path: fill(path, own),
      unknownPath: named ? fill(path, { user: 'ux', member: 'ux', team: 'gx' }) : undefined,
      foreignPath: named ? fill(path, foreign) : undefined,
      body: filled(own),
      permissions,
    })
    if (JSON.stringify(body ?? '').includes('{user}')) {
      // Somebody of another namespace is as good as nobody.
      expectAdminError(
        await operatorOf(client).request(method, fill(path, own), filled(foreign)),
        404,
      )
    }
  })
})
