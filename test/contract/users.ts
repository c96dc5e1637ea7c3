/** Creating, adopting, deleting and restoring users (design.md, section 1, “Users”). */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Attributes } from '../../src/scim/resource/resource.ts'
import { userVersion } from '../../src/scim/resource/version.ts'
import { ENTERPRISE_USER } from '../../src/scim/schema/enterprise-user.ts'
import { createTeam } from '../../src/store/teams.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import {
  addUnmanagedUser,
  changesOf,
  changeUser,
  deleteUser,
  eventsOf,
  held,
  membersOf,
  type Open,
  query,
  refusalOf,
  replaceWith,
  START,
  settings,
  snapshot,
  type Tenant,
  teamRow,
  tenancy,
  userRow,
} from './tenant.ts'

const ada: Attributes = {
  userName: 'Ada@Example.com',
  externalId: 'x-Ada',
  displayName: 'Ada',
  emails: [
    { type: 'home', value: 'Home@Example.com', primary: true },
    { type: 'work', value: 'Work@Example.com' },
  ],
}

const taken = (attribute: string, value: string) => ({ kind: 'taken', attribute, value })
const work = (value: string): Attributes => ({ emails: [{ type: 'work', value }] })

export function users(open: Open): void {
  const { tenant: makeTenant } = tenancy(open)

  const post = (tenant: Tenant, attributes: Attributes) =>
    createUser(tenant.caller(), held(attributes))

  test('a new user is stored with all that follows from its attributes', async () => {
    const tenant = await makeTenant()
    const user = await post(tenant, ada)
    expect(user).toEqual({
      id: 'user-0001',
      revision: 1,
      managed: true,
      attributes: { active: true, ...ada },
      groups: [],
      managerName: undefined,
      createdAt: START + 1000,
      lastModified: START + 1000,
      sessionsValidFrom: START + 1000,
      version: userVersion(1, '[]'),
      grafanaId: null,
      grafanaUid: null,
    })
    expect(await userRow(tenant, user.id)).toEqual({
      revision: 1,
      managed: 1,
      active: 1,
      userNameKey: 'ada@example.com',
      emailKey: 'work@example.com',
      externalId: 'x-Ada',
      sessionsValidFrom: START + 1000,
      createdAt: START + 1000,
      lastModified: START + 1000,
      emails: ['home@example.com', 'work@example.com'],
    })
    expect(await eventsOf(tenant)).toEqual([
      {
        seq: 1,
        at: START + 1000,
        action: 'user.create',
        subject: 'user-0001',
        requestId: 'request-1',
        part: 0,
        actor: {
          serviceAccount: 'okta',
          serviceAccountId: expect.any(String),
          token: `token ${tenant.tokenHash}`,
        },
        changes: { after: { active: true, ...ada } },
      },
    ])
    expect(await readUser(tenant.caller(), user.id)).toEqual(user)
  })

  test('a user that is inactive from the start is refused from then on', async () => {
    const tenant = await makeTenant()
    const user = await post(tenant, { ...ada, active: false })
    expect(user).toMatchObject({
      attributes: { active: false },
      sessionsValidFrom: START + 1000,
    })
    expect((await userRow(tenant, user.id))?.active).toBe(0)
  })

  test('of several clashes userName is named first, then externalId, then the e-mail', async () => {
    const tenant = await makeTenant()
    await post(tenant, { userName: 'n', externalId: 'n' })
    await post(tenant, { userName: 'x', externalId: 'X' })
    await post(tenant, { userName: 'm', externalId: 'm', ...work('m@example.com') })
    const other = await post(tenant, { userName: 'other', externalId: 'other' })
    const before = await snapshot(tenant)
    const clashes: [Attributes, unknown][] = [
      [{ userName: 'N', externalId: 'X', ...work('M@example.com') }, taken('userName', 'N')],
      [{ userName: 'new', externalId: 'X', ...work('M@example.com') }, taken('externalId', 'X')],
      [
        { userName: 'new', externalId: 'x', ...work('M@example.com') },
        taken('emails', 'M@example.com'),
      ],
    ]
    for (const [attributes, reason] of clashes) {
      expect(await refusalOf(post(tenant, attributes))).toEqual(reason)
      const put = changeUser(tenant.caller(), other.id, replaceWith(attributes), undefined)
      expect(await refusalOf(put)).toEqual(reason)
    }
    expect(await snapshot(tenant)).toEqual(before)
  })

  test('names clash by folding, externalIds by their exact text', async () => {
    const tenant = await makeTenant()
    await post(tenant, { userName: 'Zoë', externalId: 'x' })
    expect(await refusalOf(post(tenant, { userName: 'ZOE\u0308', externalId: 'y' }))).toEqual(
      taken('userName', 'ZOE\u0308'),
    )
    await post(tenant, { userName: 'zoe', externalId: 'X' })
  })

  test('only the account e-mail is unique', async () => {
    const tenant = await makeTenant()
    const shared = { type: 'other', value: 'team@example.com' }
    await post(tenant, { userName: 'a', externalId: 'a', ...work('a@example.com') })
    for (const name of ['b', 'c']) {
      const emails = [shared, { type: 'work', value: `${name}@example.com` }]
      await post(tenant, { userName: name, externalId: name, emails })
    }
    // What is the second address of others is the account e-mail of nobody.
    await post(tenant, { userName: 'd', externalId: 'd', emails: [shared] })
    const emails = [{ type: 'work', value: 'A@example.com', primary: true }]
    expect(await refusalOf(post(tenant, { userName: 'e', externalId: 'e', emails }))).toEqual(
      taken('emails', 'A@example.com'),
    )
  })

  test('a new user needs an externalId, unless the settings say otherwise', async () => {
    const tenant = await makeTenant()
    for (const attributes of [{ userName: 'a' }, { userName: 'a', externalId: '' }]) {
      expect(await refusalOf(post(tenant, attributes))).toEqual({ kind: 'missing-external-id' })
    }
    const fileSettings = { ...settings, requireExternalId: false }
    for (const userName of ['a', 'b']) {
      const attributes = { userName, externalId: '' }
      const user = await createUser(tenant.caller({ fileSettings }), held(attributes))
      expect(user.attributes).toEqual({ active: true, userName })
    }
  })

  test('an unmanaged account of the same userName is adopted with what it has', async () => {
    const tenant = await makeTenant()
    const account: Attributes = {
      userName: 'ADA@example.com',
      nickName: 'Countess',
      active: false,
      ...work('old@example.com'),
      [ENTERPRISE_USER]: { department: 'Engines', manager: { value: 'user-0007' } },
    }
    await addUnmanagedUser(tenant, 'user-hand', account)
    const { emails: _none, ...given } = ada
    const extension = { [ENTERPRISE_USER]: { department: 'Looms' } }
    const user = await post(tenant, { ...given, ...extension })
    expect(user).toMatchObject({
      id: 'user-hand',
      revision: 2,
      managed: true,
      createdAt: START,
      lastModified: START + 1000,
      attributes: {
        ...given,
        active: true,
        nickName: 'Countess',
        ...work('old@example.com'),
        [ENTERPRISE_USER]: { department: 'Looms', manager: { value: 'user-0007' } },
      },
    })
    const [event] = await changesOf(tenant, 'user-hand')
    expect(event?.action).toBe('user.adopt')
    expect(event?.changes).toEqual({
      before: {
        userName: 'ADA@example.com',
        active: false,
        [ENTERPRISE_USER]: account[ENTERPRISE_USER],
      },
      after: {
        ...given,
        active: true,
        [ENTERPRISE_USER]: user.attributes[ENTERPRISE_USER],
      },
    })
    const images = await query(
      tenant,
      sql`select subject, request_id, part, at, before from adoption
        where namespace = ${tenant.namespace}`,
    )
    expect(images.map((image) => ({ ...image, before: JSON.parse(String(image.before)) }))).toEqual(
      [
        {
          subject: 'user-hand',
          request_id: 'request-1',
          part: 0,
          at: START + 1000,
          before: account,
        },
      ],
    )
    // From now on it is managed.
    expect(await refusalOf(post(tenant, ada))).toEqual(taken('userName', 'Ada@Example.com'))
  })

  test('an unmanaged account of the same account e-mail is adopted', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', {
      userName: 'countess',
      ...work('WORK@example.com'),
    })
    const user = await post(tenant, ada)
    expect(user).toMatchObject({ id: 'user-hand', revision: 2, attributes: ada })
    expect(await userRow(tenant, 'user-hand')).toMatchObject({
      managed: 1,
      userNameKey: 'ada@example.com',
      emails: ['home@example.com', 'work@example.com'],
    })
  })

  test('another address than the account e-mail makes no match', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', {
      userName: 'countess',
      emails: [
        { type: 'work', value: 'countess@example.com' },
        { type: 'home', value: 'work@example.com' },
      ],
    })
    expect((await post(tenant, ada)).id).toBe('user-0001')
  })

  test('userName wins over the e-mail, which then belongs to somebody else', async () => {
    for (const managed of [false, true]) {
      const tenant = await makeTenant()
      if (managed)
        await post(tenant, { userName: 'b', externalId: 'b', ...work('work@example.com') })
      else await addUnmanagedUser(tenant, 'user-b', { userName: 'b', ...work('work@example.com') })
      await addUnmanagedUser(tenant, 'user-a', { userName: 'ada@example.com' })
      const before = await snapshot(tenant)
      expect(await refusalOf(post(tenant, ada))).toEqual(taken('emails', 'Work@Example.com'))
      expect(await snapshot(tenant)).toEqual(before)
    }
  })

  test('a managed account that matches by userName is never passed by for another', async () => {
    const tenant = await makeTenant()
    await post(tenant, { userName: 'ada@example.com', externalId: 'b' })
    await addUnmanagedUser(tenant, 'user-a', { userName: 'a', ...work('work@example.com') })
    expect(await refusalOf(post(tenant, ada))).toEqual(taken('userName', 'Ada@Example.com'))
  })

  test('nobody is adopted under the externalId of another, nor by externalId', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-x', { userName: 'x', externalId: 'x-Ada' })
    expect(await refusalOf(post(tenant, ada))).toEqual(taken('externalId', 'x-Ada'))
    await addUnmanagedUser(tenant, 'user-a', { userName: 'ada@example.com' })
    expect(await refusalOf(post(tenant, ada))).toEqual(taken('externalId', 'x-Ada'))
  })

  test('a change adopts, also one that changes nothing', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', { userName: 'a' })
    const same = replaceWith({ userName: 'a', active: true })
    const user = await changeUser(tenant.caller(), 'user-hand', same, undefined)
    expect(user).toMatchObject({ managed: true, revision: 2 })
    expect(await changesOf(tenant, 'user-hand')).toEqual([
      { action: 'user.adopt', changes: { before: {}, after: {} } },
    ])
    expect((await snapshot(tenant)).adoption).toHaveLength(1)
  })

  test('an unmanaged account is not deleted', async () => {
    const tenant = await makeTenant()
    await addUnmanagedUser(tenant, 'user-hand', { userName: 'a' })
    const before = await snapshot(tenant)
    expect(await refusalOf(deleteUser(tenant.caller(), 'user-hand', undefined))).toEqual({
      kind: 'unmanaged',
      resourceType: 'User',
    })
    expect(await snapshot(tenant)).toEqual(before)
  })

  test('a deleted user is retained, and its memberships end', async () => {
    const tenant = await makeTenant()
    const [user, other] = [
      await post(tenant, ada),
      await post(tenant, { userName: 'b', externalId: 'b' }),
    ]
    const team = (displayName: string, members: readonly string[]) =>
      createTeam(tenant.caller(), held({ attributes: { displayName }, members }), false)
    const [both, one, none] = [
      await team('both', [user.id, other.id]),
      await team('one', [user.id]),
      await team('none', [other.id]),
    ]
    await deleteUser(tenant.caller(), user.id, undefined)
    const deletedAt = START + 6000
    expect(await userRow(tenant, user.id)).toBeUndefined()
    expect((await snapshot(tenant)).retained).toEqual([
      {
        namespace: tenant.namespace,
        id: user.id,
        external_id: 'x-Ada',
        user_name_key: 'ada@example.com',
        email_key: 'work@example.com',
        revision: 1,
        created_at: user.createdAt,
        deleted_at: deletedAt,
        sessions_valid_from: user.createdAt,
        resource: JSON.stringify(user.attributes),
      },
    ])
    expect(await teamRow(tenant, both.id)).toEqual({
      revision: 2,
      managed: 1,
      members: 1,
      lastModified: deletedAt,
    })
    expect(await teamRow(tenant, one.id)).toMatchObject({ revision: 2, members: 0 })
    expect(await teamRow(tenant, none.id)).toMatchObject({ revision: 1, members: 1 })
    expect(await membersOf(tenant, both.id)).toEqual([other.id])
    expect((await eventsOf(tenant)).at(-1)).toMatchObject({
      seq: 6,
      action: 'user.delete',
      subject: user.id,
      changes: { before: user.attributes, groups: [both.id, one.id] },
    })
  })

  test('a deleted user is gone', async () => {
    const tenant = await makeTenant()
    const { id } = await post(tenant, ada)
    await deleteUser(tenant.caller(), id, undefined)
    const before = await snapshot(tenant)
    const gone = { kind: 'not-found', resourceType: 'User', id }
    expect(await refusalOf(readUser(tenant.caller(), id))).toEqual(gone)
    expect(await refusalOf(deleteUser(tenant.caller(), id, undefined))).toEqual(gone)
    expect(await refusalOf(changeUser(tenant.caller(), id, replaceWith(ada), '*'))).toEqual(gone)
    expect(await snapshot(tenant)).toEqual(before)
  })

  test('the same externalId takes a deleted user up again', async () => {
    const tenant = await makeTenant()
    const first = await post(tenant, ada)
    await createTeam(
      tenant.caller(),
      held({ attributes: { displayName: 't' }, members: [first.id] }),
      false,
    )
    await deleteUser(tenant.caller(), first.id, undefined)
    const attributes = { userName: 'lovelace', externalId: 'x-Ada' }
    const second = await post(tenant, attributes)
    expect(second).toMatchObject({
      id: first.id,
      revision: first.revision + 1,
      managed: true,
      attributes: { active: true, ...attributes },
      groups: [],
      createdAt: first.createdAt,
      lastModified: START + 4000,
      sessionsValidFrom: START + 4000,
    })
    expect((await snapshot(tenant)).retained).toEqual([])
    expect((await changesOf(tenant, first.id)).map(({ action }) => action)).toEqual([
      'user.create',
      'user.delete',
      'user.restore',
    ])
  })

  test('any other externalId, or none, is a new person', async () => {
    const tenant = await makeTenant()
    const first = await post(tenant, ada)
    await deleteUser(tenant.caller(), first.id, undefined)
    const second = await post(tenant, { ...ada, externalId: 'x-ada' })
    expect(second.id).not.toBe(first.id)
    await deleteUser(tenant.caller(), second.id, undefined)
    const fileSettings = { ...settings, requireExternalId: false }
    const { externalId: _none, ...nameless } = ada
    const third = await createUser(tenant.caller({ fileSettings }), held(nameless))
    await deleteUser(tenant.caller(), third.id, undefined)
    const fourth = await createUser(tenant.caller({ fileSettings }), held(nameless))
    expect(new Set([first, second, third, fourth].map(({ id }) => id)).size).toBe(4)
    expect((await snapshot(tenant)).retained).toHaveLength(3)
  })
}
