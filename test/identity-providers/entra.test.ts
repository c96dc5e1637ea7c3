/**
 * Microsoft Entra ID, by the requests of its documentation: with its own spelling of operations, and
 * with the flag aadOptscim062020, which makes them those of the RFC.
 */
import { describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { type Body, createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, GROUP, PATCH_OP, USER, userBody } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

// Neither a User-Agent nor an Accept header.
const headers = { 'Content-Type': 'application/scim+json; charset=utf-8' }

function patch(client: Client, path: string, ...Operations: object[]) {
  return client.request('PATCH', path, { schemas: [PATCH_OP], Operations }, headers)
}

const newUser = {
  schemas: [USER, ENTERPRISE_USER],
  externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
  userName: 'Test_User_31d0b6f2-9c47-4a85-b7e1-6f0d2c8a5e93',
  active: true,
  emails: [
    {
      primary: true,
      type: 'work',
      value: 'Test_User_8e4f2a90-d1b6-43c7-a05e-7b9c6d3f1082@testuser.example',
    },
  ],
  meta: { resourceType: 'User' },
  name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
  roles: [],
}

const newGroup = {
  schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
  externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
  displayName: 'displayName',
  meta: { resourceType: 'Group' },
}

/** Somebody with an e-mail at work and one at home. */
const ada = {
  emails: [
    { type: 'work', value: 'ada.lovelace@example.com', primary: true },
    { type: 'home', value: 'ada@home.example' },
  ],
}

describe('roles', () => {
  test('that are sent again change nothing, with or without primary', async () => {
    const client = await tenant()
    const admin = { value: 'Admin', type: 'WindowsAzureActiveDirectoryRole' }
    const roles = [{ ...admin, primary: 'False' }, admin, { ...admin, primary: null }]
    const created = await client.post('/Users', userBody('ada', { roles }))
    expect(created.status).toBe(201)
    expect(created.body.roles).toEqual([{ ...admin, primary: false }])
    const path = `/Users/${created.body.id}`
    for (const [op, value] of [
      ['Add', [admin]],
      ['Add', [{ ...admin, primary: 'False' }]],
      ['Replace', [admin, admin]],
    ] as const) {
      const changed = await client.patch(path, [{ op, path: 'roles', value }])
      expect(changed.status).toBe(200)
      expect(changed.body).toEqual(created.body)
    }
    for (const filter of ['roles[primary eq false]', 'roles[primary eq "False"]']) {
      expectList(await client.find('/Users', filter), 1)
    }
    expectList(await client.find('/Users', 'roles[primary eq true or primary pr]'), 0)
    const put = await client.put(
      path,
      userBody('ada', { roles: [admin, { ...admin, display: 'A' }] }),
    )
    expect(put.body.roles).toEqual([{ ...admin, display: 'A' }])
    const removal = [{ op: 'Remove', path: 'roles', value: [{ ...admin, primary: false }] }]
    expect((await client.patch(path, removal)).body).not.toHaveProperty('roles')
  })
})

describe('the connection test', () => {
  test.each([
    '/Users?filter=userName+eq+%223e59e27b-68ad-41f5-bb0e-dadf130e2ac8%22',
    '/Users?filter=externalId+eq+%223e59e27b-68ad-41f5-bb0e-dadf130e2ac8%22',
    '/Users?filter=userName+eq+"3e59e27b-68ad-41f5-bb0e-dadf130e2ac8"',
    '/Users?filter=emails[type+eq+"work"].value+eq+"nobody%40example.com"',
    '/Users?aadOptscim062020&filter=userName+eq+%22nobody%22',
    '//Users?aadOptscim062020&filter=userName+eq+%22nobody%22',
    '/Groups?excludedAttributes=members&filter=displayName+eq+%22nothing%22',
    '/Groups?filter=externalId+eq+%22nothing%22&excludedAttributes=members',
  ])('looks for what does not exist and gets an empty list: %s', async (path) => {
    const client = await tenant()
    await createUsers(client, ['a', 'b'])
    expect(expectList(await client.get(path), 0)).toEqual([])
  })
})

describe('a user', () => {
  test('is created, with an empty list of roles and its meta', async () => {
    const client = await tenant()
    const { status, body } = await client.post('/Users', newUser, headers)
    const { roles: _, meta: __, ...shown } = newUser
    expect(status).toBe(201)
    expect(body).toEqual({ ...shown, schemas: [USER], id: body.id, meta: body.meta })
    const filter = `externalId+eq+%22${newUser.externalId}%22`
    expect(expectList(await client.get(`/Users?filter=${filter}`), 1)).toEqual([body])
    expectError(await client.post('/Users', newUser, headers), 409, { scimType: 'uniqueness' })
  })

  test('is created with nulls, a malformed URN, and department and manager at the top', async () => {
    const client = await tenant()
    const { status, body } = await client.post('/Users', {
      schemas: [USER, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0User'],
      externalId: 'jyoung',
      userName: 'jyoung@testuser.com',
      active: true,
      addresses: null,
      displayName: 'Joy Young',
      emails: [{ type: 'work', value: 'jyoung@Contoso.com', primary: true }],
      meta: { resourceType: 'User' },
      name: { familyName: 'Young', givenName: 'Joy' },
      phoneNumbers: null,
      preferredLanguage: null,
      title: null,
      department: null,
      manager: null,
    })
    expect(status).toBe(201)
    expect(body.emails[0].value).toBe('jyoung@Contoso.com')
    expect(body.schemas).toEqual([USER])
    for (const name of ['addresses', 'phoneNumbers', 'title', 'department', 'manager']) {
      expect(body).not.toHaveProperty(name)
    }
  })

  test('has roles as Entra ID writes them', async () => {
    const client = await tenant()
    const role = { primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Admin' }
    const body = { ...newUser, roles: [{ ...role, primary: 'True' }] }
    const created = await client.post('/Users', body, headers)
    expect(created).toMatchObject({ status: 201, body: { roles: [role] } })
    const path = `/Users/${created.body.id}`
    const text = JSON.stringify({ id: 'x', value: 'Reader', displayName: 'Reader' })
    const added = await patch(client, path, { op: 'Add', path: 'roles', value: [{ value: text }] })
    expect(added.body.roles).toEqual([role, { value: text }])
    const all = [{ display: 'Owner', value: 'Owner', type: 'x', primary: true }]
    const replaced = await patch(client, path, { op: 'replace', path: 'roles', value: all })
    expect(replaced.body.roles).toEqual(all)
    const path2 = 'roles[primary eq "True"].value'
    const single = await patch(client, path, { op: 'Replace', path: path2, value: 'User' })
    expect(single.body.roles).toEqual([{ ...all[0], value: 'User' }])
  })

  const spellings: [string, object, boolean][] = [
    ['by default', { op: 'Replace', path: 'active', value: 'False' }, false],
    ['with the flag', { op: 'replace', path: 'active', value: false }, false],
    ['by Add', { op: 'Add', path: 'active', value: 'False' }, false],
    ['in lower case', { op: 'Replace', path: 'active', value: 'false' }, false],
    ['in upper case', { op: 'Replace', path: 'active', value: 'FALSE' }, false],
    ['without a path', { op: 'replace', value: { active: 'False' } }, false],
    ['in a list', { op: 'Replace', path: 'active', value: ['False'] }, false],
  ]

  test.each(spellings)('is disabled and restored %s', async (_, operation) => {
    const client = await tenant()
    const user = await createUser(client, 'ada', ada)
    const group = await createGroup(client, 'G', [user.id])
    const path = `/Users/${user.id}`
    const disabled = await patch(client, path, operation)
    expect(disabled).toMatchObject({ status: 200, body: { active: false } })
    // It stays visible, in lookups too, and in its teams: memberships are not sent again.
    const filter = '/Users?filter=userName+eq+%22ada%22'
    expect(expectList(await client.get(filter), 1)[0].active).toBe(false)
    expect(expectList(await client.get('/Users'), 1)[0].active).toBe(false)
    expect((await client.get(path)).body.active).toBe(false)
    expect(await memberIds(client, group.id)).toEqual([user.id])
    const text = JSON.stringify(operation).replace(/false/i, (word) =>
      word === 'False' ? 'True' : 'true',
    )
    const restored = await patch(client, path, JSON.parse(text))
    expect(restored).toMatchObject({ status: 200, body: { active: true } })
    expect(await memberIds(client, group.id)).toEqual([user.id])
  })

  test('is neither disabled nor enabled by another word', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const before = await dump(client.namespace)
    const operation = { op: 'Replace', path: 'active', value: 'maybe' }
    expectError(await patch(client, `/Users/${id}`, operation), 400, { scimType: 'invalidValue' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('keeps its other e-mail when one changes', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', ada)
    const { status, body } = await patch(
      client,
      `/Users/${id}`,
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updatedEmail@microsoft.com' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
    )
    expect(status).toBe(200)
    expect(body.name).toEqual({ familyName: 'updatedFamilyName' })
    expect(body.emails).toEqual([
      { type: 'work', value: 'updatedEmail@microsoft.com', primary: true },
      ada.emails[1],
    ])
  })

  test('is updated by default with one operation for each attribute', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', ada)
    const { status, body } = await patch(
      client,
      `/Users/${id}`,
      { op: 'Replace', path: 'displayName', value: 'Pvlo' },
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'TestBcwqnm@test.com' },
      { op: 'Replace', path: 'name.givenName', value: 'Gtfd' },
      { op: 'Replace', path: 'name.familyName', value: 'Pkqf' },
      { op: 'Replace', path: 'externalId', value: 'Eqpj' },
      { op: 'Replace', path: `${ENTERPRISE_USER}:employeeNumber`, value: 'Eqpj' },
      { op: 'Add', path: 'nickName', value: 'Babs' },
    )
    expect(status).toBe(200)
    expect(body).toMatchObject({
      displayName: 'Pvlo',
      emails: [{ value: 'TestBcwqnm@test.com' }, ada.emails[1]],
      name: { givenName: 'Gtfd', familyName: 'Pkqf' },
      externalId: 'Eqpj',
      nickName: 'Babs',
      [ENTERPRISE_USER]: { employeeNumber: 'Eqpj' },
    })
  })

  test('is updated with the flag by a value of dotted and qualified names', async () => {
    const client = await tenant()
    const enterprise = { employeeNumber: '1', department: 'D' }
    const { id } = await createUser(client, 'ada', { ...ada, [ENTERPRISE_USER]: enterprise })
    const { status } = await patch(
      client,
      `/Users/${id}?aadOptscim062020`,
      {
        op: 'replace',
        path: 'emails[type eq "work"].value',
        value: 'TestMhvaes@test.microsoft.com',
      },
      {
        op: 'replace',
        value: {
          displayName: 'Bjfe',
          'name.givenName': 'Kkom',
          'name.familyName': 'Unua',
          [`${ENTERPRISE_USER}:employeeNumber`]: 'Aklq',
        },
      },
    )
    expect(status).toBe(200)
    const { body } = await client.get(`/Users/${id}`)
    expect(body).toMatchObject({
      displayName: 'Bjfe',
      name: { givenName: 'Kkom', familyName: 'Unua' },
      [ENTERPRISE_USER]: { employeeNumber: 'Aklq', department: 'D' },
    })
    expect(Object.keys(body)).not.toContain('name.givenName')
    expect(Object.keys(body)).not.toContain(`${ENTERPRISE_USER}:employeeNumber`)
  })

  test('gets what its filtered paths describe where it had nothing', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const { status, body } = await patch(
      client,
      `/Users/${id}`,
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'b@example.com' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '555' },
      { op: 'Add', path: 'addresses[type eq "work"].country', value: 'NL' },
      { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'Delft' },
      { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Admin' },
      { op: 'Replace', path: 'title', value: 'Dr' },
    )
    expect(status).toBe(200)
    expect(body).toMatchObject({
      emails: [{ type: 'work', value: 'b@example.com' }],
      phoneNumbers: [{ type: 'mobile', value: '555' }],
      addresses: [{ type: 'work', country: 'NL', locality: 'Delft' }],
      roles: [{ primary: true, value: 'Admin' }],
      title: 'Dr',
    })
    expect(body.addresses).toHaveLength(1)
  })

  test('is mapped to paths in odd case', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', {
      emails: [{ type: 'other', value: 'o@x' }],
      addresses: [{ type: 'other', formatted: 'old' }],
    })
    const { body } = await patch(
      client,
      `/Users/${id}`,
      { op: 'Replace', path: 'emails[type eq "other"].Value', value: 'z@x' },
      { op: 'Replace', path: 'addresses[type eq "other"].Formatted', value: 'L' },
    )
    expect(body.emails).toEqual([{ type: 'other', value: 'z@x' }])
    expect(body.addresses).toEqual([{ type: 'other', formatted: 'L' }])
  })

  test('is renamed, and then found by the new name only', async () => {
    const client = await tenant()
    const user = await createUser(client, 'old.name@example.com')
    await createUser(client, 'taken@example.com')
    const rename = (value: string) =>
      patch(client, `/Users/${user.id}`, { op: 'Replace', path: 'userName', value })
    expect((await rename('new.name@example.com')).status).toBe(200)
    expectList(await client.get('/Users?filter=userName+eq+%22new.name%40example.com%22'), 1)
    expectList(await client.get('/Users?filter=userName+eq+%22old.name%40example.com%22'), 0)
    const before = await dump(client.namespace)
    expectError(await rename('TAKEN@example.com'), 409, { scimType: 'uniqueness' })
    expect(await dump(client.namespace)).toBe(before)
  })

  const managerPaths: [string, (id: string) => object][] = [
    [
      'a list with a reference',
      (id) => ({
        op: 'Add',
        path: 'manager',
        value: [{ $ref: `http://.../scim/Users/${id}`, value: id }],
      }),
    ],
    [
      'an object',
      (id) => ({ op: 'add', path: `${ENTERPRISE_USER}:manager`, value: { value: id } }),
    ],
    ['a string', (id) => ({ op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: id })],
    ['a dotted path', (id) => ({ op: 'replace', path: `${ENTERPRISE_USER}.manager`, value: id })],
  ]

  test.each(managerPaths)('gets a manager by %s, checks it, and loses it', async (_, operation) => {
    const client = await tenant()
    const boss = await createUser(client, 'boss', { displayName: 'Boss' })
    const { id } = await createUser(client, 'ada')
    const check = async (manager: string) => {
      for (const filter of [
        `id+eq+%22${id}%22+and+manager+eq+%22${manager}%22`,
        `manager+eq+%22${manager}%22+and+id+eq+%22${id}%22`,
      ]) {
        const answer = await client.get(`/Users?attributes=id&filter=${filter}`)
        expect(answer.status).toBe(200)
        return answer.body.totalResults
      }
    }
    expect(await check(boss.id)).toBe(0)
    const { status, body } = await patch(client, `/Users/${id}`, operation(boss.id))
    expect(status).toBe(200)
    expect(body[ENTERPRISE_USER].manager).toEqual({
      value: boss.id,
      $ref: boss.meta.location,
      displayName: 'Boss',
    })
    expect(await check(boss.id)).toBe(1)
    expect(await check(id)).toBe(0)
    const gone = await patch(client, `/Users/${id}`, {
      op: 'Remove',
      path: `${ENTERPRISE_USER}:manager`,
    })
    expect(gone.body).not.toHaveProperty([ENTERPRISE_USER])
  })

  test('is deleted in the end: 204, then 404, and out of its teams', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const group = await createGroup(client, 'G', [user.id])
    await patch(client, `/Users/${user.id}`, { op: 'Replace', path: 'active', value: 'False' })
    expect(await memberIds(client, group.id)).toEqual([user.id])
    expect(await client.delete(`/Users/${user.id}`)).toMatchObject({ status: 204, body: undefined })
    expectError(await client.delete(`/Users/${user.id}`), 404)
    expect(await memberIds(client, group.id)).toEqual([])
  })
})

describe('a group', () => {
  test('is created without members, and with a schema that only Microsoft knows', async () => {
    const client = await tenant()
    const { status, body } = await client.post('/Groups', newGroup, headers)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      schemas: [GROUP],
      externalId: newGroup.externalId,
      displayName: 'displayName',
    })
    const lookUp = '/Groups?excludedAttributes=members&filter=displayName+eq+%22displayName%22'
    const [found] = expectList(await client.get(lookUp), 1)
    expect(found).not.toHaveProperty('members')
    expect(found.id).toBe(body.id)
    const read = await client.get(`/Groups/${body.id}?excludedAttributes=members`)
    expect(read.body).toEqual(found)
    expectError(await client.post('/Groups', newGroup, headers), 409, { scimType: 'uniqueness' })
  })

  test('is renamed with 204, whichever spelling', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a'])
    const { id } = await createGroup(client, 'G', ids)
    for (const [operation, name, value] of [
      [{ op: 'Replace', path: 'displayName', value: 'updated' }, 'displayName', 'updated'],
      [{ op: 'Replace', path: 'externalId', value: 'ext' }, 'externalId', 'ext'],
      [{ op: 'Add', path: 'externalId', value: 'ext2' }, 'externalId', 'ext2'],
      [{ op: 'replace', value: { externalId: 'ext3' } }, 'externalId', 'ext3'],
      [{ op: 'replace', value: { displayName: 'again' } }, 'displayName', 'again'],
    ] as const) {
      const answer = await patch(client, `/Groups/${id}`, operation)
      expect(answer).toMatchObject({ status: 204, body: undefined })
      const [found] = expectList(await client.find('/Groups', `${name} eq "${value}"`), 1)
      expect(found).toMatchObject({ id, [name]: value })
    }
    expect(await memberIds(client, id)).toEqual(ids)
  })

  const memberSpellings: [string, (id: string) => object, (id: string) => object][] = [
    [
      'by default',
      (value) => ({ op: 'Add', path: 'members', value: [{ $ref: null, value }] }),
      (value) => ({ op: 'Remove', path: 'members', value: [{ $ref: null, value }] }),
    ],
    [
      'with the flag',
      (value) => ({ op: 'add', path: 'members', value: [{ value }] }),
      (value) => ({ op: 'remove', path: `members[value eq "${value}"]` }),
    ],
    [
      'in the validator',
      (value) => ({ op: 'add', path: 'members', value }),
      (value) => ({ op: 'Remove', path: 'members', value: [{ value }] }),
    ],
  ]

  test.each(memberSpellings)('gains and loses members %s', async (_, add, remove) => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c'])
    const { id } = await createGroup(client, 'G')
    const send = (operation: object) => patch(client, `/Groups/${id}`, operation)
    for (const user of ids) expect((await send(add(user))).status).toBe(204)
    const { members } = (await client.get(`/Groups/${id}`)).body
    expect(members.map(({ $ref }: Body) => $ref)).toEqual(
      ids.map((user) => `${client.base}/Users/${user}`),
    )
    const [first = '', ...rest] = ids
    expect((await send(remove(first))).status).toBe(204)
    // It removes somebody who is out already, and adds who is in.
    expect((await send(remove(first))).status).toBe(204)
    expect((await send(add(rest[0] ?? ''))).status).toBe(204)
    expect(await memberIds(client, id)).toEqual(rest.sort())
  })

  test('is asked for one member before a change', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const { id } = await createGroup(client, 'G', [a])
    for (const [member, total] of [
      [a, 1],
      [b, 0],
    ] as const) {
      const filter = `id+eq+%22${id}%22+and+members+eq+%22${member}%22`
      const path = `/Groups?excludedAttributes=members&filter=${filter}`
      expectList(await client.get(path), total)
    }
  })

  test('gains twenty members in twenty requests at once', async () => {
    const client = await tenant()
    const ids = await createUsers(
      client,
      Array.from({ length: 20 }, (_, index) => `u${index}`),
    )
    const { id } = await createGroup(client, 'G')
    const answers = await Promise.all(
      ids.map((value) =>
        patch(client, `/Groups/${id}`, { op: 'Add', path: 'members', value: [{ value }] }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]))
    expect(await memberIds(client, id)).toEqual(ids.sort())
  })

  test('loses several members in one request of mixed spellings', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['1', '2', '3', '4', '5'])
    const { id } = await createGroup(client, 'G', ids)
    const answer = await patch(
      client,
      `/Groups/${id}`,
      { op: 'remove', path: `members[value eq "${ids[0]}"]` },
      { op: 'remove', path: `members[value eq "${ids[1]}"]` },
      { op: 'Remove', path: 'members', value: [{ value: ids[2] }, { value: ids[3] }] },
    )
    expect(answer.status).toBe(204)
    expect(await memberIds(client, id)).toEqual(ids.slice(4))
  })
})

describe("Microsoft's validator", () => {
  const targets: [path: string, value: unknown][] = [
    ['active', false],
    ['displayName', 'FBQCTMWCDCVT'],
    ['title', 'LADJYKHXMQXE'],
    ['emails[type eq "work"].value', 'new@example.com'],
    ['emails[type eq "work"].primary', true],
    ['preferredLanguage', 'sw-KE'],
    ['name.givenName', 'Jodie'],
    ['name.familyName', 'Mara'],
    ['name.formatted', 'Alexis'],
    ['name.middleName', 'Angus'],
    ['name.honorificPrefix', 'Mollie'],
    ['name.honorificSuffix', 'Ramon'],
    ['addresses[type eq "work"].formatted', 'JQDMSLODAWNX'],
    ['addresses[type eq "work"].streetAddress', '7205 Route'],
    ['addresses[type eq "work"].locality', 'ONZQFZKFEXJM'],
    ['addresses[type eq "work"].region', 'JVTNCQJEIZLY'],
    ['addresses[type eq "work"].postalCode', 'bk2 9mv'],
    ['addresses[type eq "work"].primary', true],
    ['addresses[type eq "work"].country', 'Gabon'],
    ['phoneNumbers[type eq "work"].value', '26-626-6264'],
    ['phoneNumbers[type eq "work"].primary', true],
    ['phoneNumbers[type eq "mobile"].value', '26-626-6265'],
    ['phoneNumbers[type eq "fax"].value', '26-626-6266'],
    [`${ENTERPRISE_USER}:employeeNumber`, 'TKYPSUTLFKVB'],
    [`${ENTERPRISE_USER}:department`, 'RAKVWSPWTKCH'],
    [`${ENTERPRISE_USER}:costCenter`, 'RRXVYVNMTGRE'],
    [`${ENTERPRISE_USER}:organization`, 'FUCQVXJJFSQC'],
    [`${ENTERPRISE_USER}:division`, 'JRVUQIPAZMSI'],
    ['roles[primary eq "True"].display', 'JMZDIXGHSRJR'],
    ['roles[primary eq "True"].value', 'HDXKFJWMAUQN'],
    ['roles[primary eq "True"].type', 'QNXKVQLDBSPL'],
    ['userType', 'OPBJHPNDFMCI'],
    ['nickName', 'SYQNZRAUVDCW'],
    ['locale', 'UKFQJODRVSGZ'],
    ['timezone', 'Africa/Nairobi'],
    ['profileUrl', 'PAPYFSGAHNUO'],
  ]

  test.each(['replace', 'add'])('can %s every attribute in one request', async (op) => {
    const client = await tenant()
    const before = op === 'add' ? {} : { ...ada, roles: [{ primary: 'True', value: 'old' }] }
    const { id } = await createUser(client, 'ada', before)
    const operations = targets.map(([path, value]) => ({ op, path, value }))
    expect((await patch(client, `/Users/${id}`, ...operations)).status).toBe(200)
    const { body } = await client.get(`/Users/${id}`)
    expect(body).toMatchObject({
      active: false,
      displayName: 'FBQCTMWCDCVT',
      name: { givenName: 'Jodie', familyName: 'Mara', honorificSuffix: 'Ramon' },
      addresses: [{ type: 'work', country: 'Gabon', locality: 'ONZQFZKFEXJM', primary: true }],
      phoneNumbers: [
        { type: 'work', value: '26-626-6264', primary: true },
        { type: 'mobile', value: '26-626-6265' },
        { type: 'fax', value: '26-626-6266' },
      ],
      roles: [
        { primary: true, display: 'JMZDIXGHSRJR', value: 'HDXKFJWMAUQN', type: 'QNXKVQLDBSPL' },
      ],
      profileUrl: 'PAPYFSGAHNUO',
      [ENTERPRISE_USER]: { employeeNumber: 'TKYPSUTLFKVB', division: 'JRVUQIPAZMSI' },
    })
    expect(body.emails[0]).toMatchObject({ type: 'work', value: 'new@example.com', primary: true })
    // Every value is found where it was put.
    for (const [path, value] of targets) {
      const filter = `${path} eq ${JSON.stringify(value)}`
      expect([filter, (await client.find('/Users', filter)).body.totalResults]).toEqual([filter, 1])
    }
  })

  test('adds and removes one member in one request', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const { id } = await createGroup(client, 'G')
    const answer = await patch(
      client,
      `/Groups/${id}`,
      { op: 'add', path: 'members', value: [{ value: a }] },
      { op: 'remove', path: `members[value eq "${a}"]` },
    )
    expect(answer.status).toBe(204)
    expect(await memberIds(client, id)).toEqual([])
  })

  test('sends no operation at all', async () => {
    const client = await tenant()
    const { id, meta } = await createUser(client, 'ada')
    expect(await patch(client, `/Users/${id}`)).toMatchObject({ status: 200, body: { meta } })
  })

  test.each(['', null])('clears optional attributes by %j', async (value) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', {
      ...ada,
      title: 'T',
      nickName: 'N',
      phoneNumbers: [{ type: 'mobile', value: '1' }],
      [ENTERPRISE_USER]: { department: 'D', manager: { value: 'x' } },
    })
    for (const path of [
      'title',
      'nickName',
      'phoneNumbers[type eq "mobile"].value',
      'emails[type eq "home"].value',
      'addresses[type eq "work"].country',
      `${ENTERPRISE_USER}:department`,
      `${ENTERPRISE_USER}:manager`,
    ]) {
      expect((await patch(client, `/Users/${id}`, { op: 'replace', path, value })).status).toBe(200)
    }
    const { body } = await client.get(`/Users/${id}`)
    expect(body.title ?? '').toBe('')
    expect(body.nickName ?? '').toBe('')
    expect(body.phoneNumbers?.[0].value ?? '').toBe('')
    expect(body[ENTERPRISE_USER]?.department ?? '').toBe('')
    expect(body[ENTERPRISE_USER]?.manager).toBeUndefined()
    expect(body.emails[0]).toEqual(ada.emails[0])
    expect(JSON.stringify(body)).not.toContain('null')
  })

  test('reads /Schemas without a credential and finds no null in it', async () => {
    const client = await tenant()
    const { status, body } = await client.withToken(undefined).get('/Schemas')
    expect(status).toBe(200)
    expect(Number.isInteger(body.totalResults)).toBe(true)
    expect(JSON.stringify(body)).not.toContain('null')
    expect(body.Resources.map(({ description }: Body) => description)).toContain('User Account')
  })
})
