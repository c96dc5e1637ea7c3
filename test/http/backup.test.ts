/** Backing a namespace up, and restoring it: nothing is lost, and nothing else is touched. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { emptyNamespace, exportLines, exportPage, sendLines } from '../support/backup.ts'
import { fileOf, opened, sealed } from '../support/backup-lines.ts'
import { Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import {
  freshNamespace,
  makeEndpoint,
  makeInterruptedEndpoint,
  makeTokenFor,
  tenant,
} from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { operatorOf, type Tenant } from '../support/operator.ts'
import { fullUser, userBody } from '../support/payload.ts'
import { dump, query, unmanage } from '../support/tables.ts'

/** A namespace with something of everything that a backup must keep. */
async function livedIn(): Promise<Tenant> {
  const client = await tenant()
  const { namespace } = client
  const operator = operatorOf(client)
  const grace = (await client.post('/Users', fullUser)).body
  const adopted = await createUser(client, 'Ünïcødé 漢字 🎉', {
    emails: [{ value: 'Zoë@example.com', type: 'work' }],
  })
  await unmanage('user', namespace, adopted.id)
  await client.patch(`/Users/${adopted.id}`, [
    { op: 'replace', path: 'title', value: 'line\nend\u2028' },
  ])
  const byHand = (await operator.post('/accounts', { login: 'hand', email: 'hand@example.com' }))
    .body
  const inactive = await createUser(client, 'inactive')
  await client.patch(`/Users/${inactive.id}`, [{ op: 'replace', path: 'active', value: false }])
  const long = await createUser(client, 'long', { displayName: 'x'.repeat(500_000), nickName: '"' })
  const gone = await createUser(client, 'gone', { emails: [{ value: 'gone@example.com' }] })
  const team = await createGroup(client, 'Crew', [grace.id, gone.id])
  await client.delete(`/Users/${gone.id}`)
  // The same externalId on somebody who is there: the record is found by it no longer.
  const lost = await createUser(client, 'lost')
  await client.delete(`/Users/${lost.id}`)
  await client.patch(`/Users/${inactive.id}`, [
    { op: 'replace', path: 'externalId', value: 'ext-lost' },
  ])
  await client.patch(`/Groups/${team.id}`, [
    { op: 'add', path: 'members', value: [{ value: adopted.id }, { value: 'nobody' }] },
  ])
  const hand = await createGroup(client, 'By hand', [byHand.id, long.id])
  await unmanage('team', namespace, hand.id)
  await client.patch(`/Groups/${hand.id}`, [
    { op: 'add', path: 'members', value: [{ value: grace.id }] },
  ])
  await operator.post('/teams', { name: 'Équipe' })
  await query(
    'insert into team_mapping (namespace, group_key, group_id, team_id) values (?, ?, ?, ?)',
    ...[namespace, 'cn=crew', 'CN=Crew', team.id],
  )
  await operator.put('/config/default', {
    spec: {
      ...{ enableUserSync: true, enableGroupSync: true },
      ...{ requireExternalId: false, hideNonProvisionedUsers: true },
    },
  })
  return client
}

/** The records of an export, as a file with its last line. */
async function backup(client: Client): Promise<string[]> {
  return fileOf(opened(await exportLines(client)))
}

/** What has to be the same after a restore: all but namespace and time of the first line. */
function comparable(lines: readonly string[]) {
  return opened(lines).map(({ namespace: _namespace, time: _time, ...record }) => record)
}

/** All tables of a namespace without its name, and without what a backup leaves out. */
async function directory(namespace: string): Promise<string> {
  const { token: _token, namespace: rows, ...tables } = JSON.parse(await dump(namespace))
  const {
    restore: _restore,
    created_at: _created,
    incarnation: _incarnation,
    ...row
  } = JSON.parse(rows[0])
  return JSON.stringify({ row, ...tables }).replaceAll(namespace, '-')
}

async function target(client: Client): Promise<Client & { readonly namespace: string }> {
  const namespace = freshNamespace()
  return Object.assign(await emptyNamespace(operatorOf(client), namespace), { namespace })
}

describe('an export', () => {
  test('begins with what it is, and has the types in their order', async () => {
    const client = await livedIn()
    const page = await exportPage(operatorOf(client))
    expect(page).toMatchObject({ type: 'application/x-ndjson', rest: { type: 'page' } })
    expect(page.nextCursor).toBeUndefined()
    const [header, settings, ...rest] = opened(page.lines)
    const [row] = await query('select event_seq from namespace where name = ?', client.namespace)
    expect(header).toEqual({
      ...{ type: 'header', format: 'scim-edge', version: 1, namespace: client.namespace },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      eventSeq: row?.event_seq,
      counts: { users: 5, teams: 3, managedUsers: 4, managedTeams: 2, retained: 2 },
    })
    expect(settings).toEqual({
      type: 'settings',
      settings: {
        ...{ enableUserSync: true, enableGroupSync: true, rejectNonProvisionedUsers: false },
        ...{ requireExternalId: false, hideNonProvisionedUsers: true },
      },
    })
    expect([...new Set(rest.map(({ type }) => type))]).toEqual([
      ...['serviceAccount', 'user', 'team', 'membership', 'teamMapping', 'retained'],
      ...['adoption', 'event'],
    ])
    expect(sealed(opened(page.lines))).toEqual(page.lines)
  })

  test('keeps what cannot be made anew, and nothing that opens a door', async () => {
    const client = await livedIn()
    const lines = await exportLines(operatorOf(client))
    const records = opened(lines)
    const of = (type: string) => records.filter((record) => record.type === type)
    const users = await query(
      'select * from user where namespace = ? order by id',
      client.namespace,
    )
    expect(of('user')).toEqual(
      users.map((row) => ({
        ...{ type: 'user', id: row.id, revision: row.revision, managed: row.managed === 1 },
        ...{ sessionsValidFrom: row.sessions_valid_from, created: row.created_at },
        ...{ lastModified: row.last_modified, resource: JSON.parse(String(row.resource)) },
      })),
    )
    expect(of('membership').filter(({ inherited }) => inherited)).toHaveLength(2)
    expect(
      of('retained')
        .map(({ externalId }) => externalId)
        .sort(),
    ).toEqual([null, 'ext-gone'].sort())
    expect(
      of('adoption')
        .map(({ subjectType }) => subjectType)
        .sort(),
    ).toEqual(['team', 'user'])
    expect(of('event').some(({ changes }) => changes.skipped?.[0] === 'nobody')).toBe(true)
    expect(of('serviceAccount')).toEqual([
      expect.objectContaining({
        role: 'None',
        permissions: expect.arrayContaining(['org.users:add', 'teams:delete']),
        disabled: false,
      }),
    ])
    const text = lines.join('\n')
    const tokens = await query('select hash from token where namespace = ?', client.namespace)
    expect(tokens).toHaveLength(1)
    expect(text).not.toContain(String(tokens[0]?.hash))
    expect(text).not.toContain(client.token ?? '')
    expect(text).not.toMatch(/glsa_|"hash"/)
  })

  test('comes in pages of a thousand lines and a few megabytes', async () => {
    const client = await tenant()
    const { namespace } = client
    await query(
      `insert into user (namespace, id, revision, managed, active, user_name_key,
          sessions_valid_from, created_at, last_modified, resource, folded)
        with recursive c(n) as (select 1 union all select n + 1 from c where n < 1500)
        select ?, printf('u%05d', n), 1, 1, 1, printf('u%05d', n), 0, 1, 1,
          json_object('userName', printf('u%05d', n), 'displayName', case when n % 400 = 0
            then printf('%.*c', 1500000, 'x') else 'y' end), '{}' from c`,
      namespace,
    )
    await query(
      `insert into event (namespace, seq, at, actor, action, subject, changes, request_id, part)
        with recursive c(n) as (select 100 union all select n + 1 from c where n < 1200)
        select ?, n, 1, '{}', 'user.update', 'u00001', '{}', printf('r%d', n), 0 from c`,
      namespace,
    )
    const sizes: number[] = []
    const lines: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await exportPage(operatorOf(client), cursor)
      sizes.push(page.lines.length)
      expect(page.bytes).toBeLessThan(5_500_000)
      lines.push(...page.lines)
      if (page.nextCursor === undefined) break
      cursor = page.nextCursor
    }
    for (const size of sizes) expect(size).toBeLessThanOrEqual(1002)
    const records = opened(lines)
    const ids = records.flatMap(({ type, id }) => (type === 'user' ? [id] : []))
    expect(ids).toEqual(
      Array.from({ length: 1500 }, (_, n) => `u${String(n + 1).padStart(5, '0')}`),
    )
    expect(records.filter(({ type }) => type === 'event')).toHaveLength(1101 + 2)
    expect(sealed(records)).toEqual(lines)
  })

  test('that somebody writes into meanwhile is refused, and a new one is whole', async () => {
    const client = await tenant()
    await query(
      `insert into event (namespace, seq, at, actor, action, subject, changes, request_id, part)
        with recursive c(n) as (select 100 union all select n + 1 from c where n < 1200)
        select ?, n, 1, '{}', 'user.update', 'u00001', '{}', printf('r%d', n), 0 from c`,
      client.namespace,
    )
    const operator = operatorOf(client)
    const { nextCursor } = await exportPage(operator)
    expect(nextCursor).toMatch(/./)
    await createUser(client, 'late')
    const answer = await operator.get(`/export?cursor=${nextCursor}`)
    expectAdminError(answer, 409, /without a cursor/)
    expect(answer.body.messageId).toBe('export.changed')
    const records = opened(await exportLines(operator))
    expect(records.filter(({ type }) => type === 'user')).toHaveLength(1)
  })

  test.each([
    ['nonsense', 'nonsense'],
    ['a type that there is not', Buffer.from('{"eventSeq":1}').toString('base64url')],
    [
      'a key of another length',
      Buffer.from(
        JSON.stringify({ eventSeq: 0, type: 'user', after: ['a', 'b'], digest: '' }),
      ).toString('base64url'),
    ],
  ])('with a cursor of %s is 400', async (_, cursor) => {
    const client = await tenant()
    expectAdminError(await operatorOf(client).get(`/export?cursor=${cursor}`), 400, /cursor/)
  })

  test('is for the operator, and of one namespace', async () => {
    const client = await livedIn()
    const other = await livedInBeside(client)
    await expectOperatorOnly(client, other, 'GET', '/export')
    const text = (await exportLines(operatorOf(client))).join('\n')
    for (const { id } of await query('select id from user where namespace = ?', other.namespace)) {
      expect(text).not.toContain(String(id))
    }
  })
})

/** Another namespace on the endpoint of a client, with somebody in it. */
async function livedInBeside(client: Tenant): Promise<Tenant> {
  const other = await tenant({ endpoint: client.endpoint })
  await createGroup(other, 'Others', [(await createUser(other, 'other')).id])
  return other
}

/** The matrix of a route whose answer is no JSON. */
async function expectOperatorOnly(client: Tenant, other: Tenant, method: string, path: string) {
  expectAdminError(await client.withToken(undefined).request(method, path), 401)
  expectAdminError(await client.withToken('glsa_x').request(method, path), 401)
  expectAdminError(await client.request(method, path), 401)
  expectAdminError(await other.request(method, path), 401)
  const at = (namespace: string) =>
    Object.assign(operatorOf(client), { base: client.base.replace(client.namespace, namespace) })
  expectAdminError(await at('stack-5').request(method, path), 400, /stacks-5/)
  expectAdminError(await at('stacks-999999999999').request(method, path), 404)
}

describe('a restore', () => {
  test('gives back everything, so that another export is the same', async () => {
    const client = await livedIn()
    const before = await dump(client.namespace)
    const file = await backup(operatorOf(client))
    const to = await target(client)
    const { status, body } = await sendLines(to, 0, file)
    expect(status).toBe(200)
    expect(body).toMatchObject({ state: 'done', lines: file.length })
    expect(comparable(await backup(to)).slice(0, -1)).toEqual(comparable(file).slice(0, -1))
    expect(await directory(to.namespace)).toBe(await directory(client.namespace))
    expect(await dump(client.namespace)).toBe(before)
    // What was restored is in use again: SCIM reads it, goes on writing it, and numbers its events.
    const token = await makeTokenFor(client.endpoint, to.namespace, ['Editor'])
    const user = to.withToken(token)
    const original = (await client.find('/Users', 'userName eq "grace.hopper"')).body.Resources[0]
    const restored = (await user.find('/Users', 'userName eq "GRACE.hopper"')).body.Resources[0]
    expect({ ...restored, meta: { ...restored.meta, location: 0 }, groups: 0 }).toEqual({
      ...{ ...original, groups: 0 },
      meta: { ...original.meta, location: 0 },
    })
    const again = await user.post('/Users', userBody('gone'))
    expect(again.status).toBe(201)
    expect(file.join()).toContain(again.body.id)
  })

  test('keeps a team of five hundred, and its size', async () => {
    const client = await tenant()
    await query(
      `insert into user (namespace, id, revision, managed, active, user_name_key,
          sessions_valid_from, created_at, last_modified, resource, folded)
        with recursive c(n) as (select 1 union all select n + 1 from c where n < 500)
        select ?, printf('u%05d', n), 1, 1, 1, printf('u%05d', n), 0, 1, 1,
          json_object('userName', printf('u%05d', n)), '{}' from c`,
      client.namespace,
    )
    await query(
      'update namespace set users = 500, managed_users = 500 where name = ?',
      client.namespace,
    )
    const ids = Array.from({ length: 500 }, (_, n) => `u${String(n + 1).padStart(5, '0')}`)
    const team = await createGroup(client, 'Everybody', ids)
    const file = await backup(operatorOf(client))
    const to = await target(client)
    for (let from = 0; from < file.length; from += 300) {
      expect((await sendLines(to, from, file.slice(from, from + 300))).status).toBe(200)
    }
    const [row] = await query(
      'select members from team where namespace = ? and id = ?',
      ...[to.namespace, team.id],
    )
    expect(row).toEqual({ members: 500 })
    const [counted] = await query(
      'select users, managed_users, teams, managed_teams, retained, event_seq from namespace where name = ?',
      to.namespace,
    )
    const eventSeq = opened(file)[0].eventSeq
    expect(counted).toEqual({
      ...{ users: 500, managed_users: 500, teams: 1, managed_teams: 1, retained: 0 },
      event_seq: eventSeq,
    })
  })

  test('goes on where it stopped, and knows a chunk that comes twice', async () => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const to = await target(client)
    expect((await to.get('/restore')).body).toMatchObject({ state: 'none', lines: 0 })
    const first = await sendLines(to, 0, file.slice(0, 7))
    expect(first.body).toMatchObject({ state: 'restoring', lines: 7 })
    expect((await to.get('/restore')).body).toEqual(first.body)
    const half = await dump(to.namespace)
    expect(await sendLines(to, 0, file.slice(0, 7))).toMatchObject({
      status: 200,
      body: first.body,
    })
    const early = await sendLines(to, 0, file.slice(0, 5))
    expectAdminError(early, 409, /from=7/)
    expectAdminError(await sendLines(to, 9, file.slice(9)), 409, /from=7/)
    expect(await dump(to.namespace)).toBe(half)
    const last = await sendLines(to, 7, file.slice(7))
    expect(last.body).toMatchObject({ state: 'done', lines: file.length })
    expect(await sendLines(to, 7, file.slice(7))).toMatchObject({ status: 200, body: last.body })
    expect(await directory(to.namespace)).toBe(await directory(client.namespace))
  })

  test('by two at once takes each chunk once', async () => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const to = await target(client)
    for (const [from, until] of [
      [0, 9],
      [9, file.length],
    ] as const) {
      const twice = [0, 1].map(() => sendLines(to, from, file.slice(from, until)))
      for (const { status } of await Promise.all(twice)) expect(status).toBe(200)
    }
    expect(await directory(to.namespace)).toBe(await directory(client.namespace))
  })

  test.each([
    [
      'altered',
      (lines: string[]) => lines.with(4, String(lines[4]).replace('"created":1', '"created":2')),
    ],
    ['with a line less', (lines: string[]) => lines.toSpliced(4, 1)],
    ['with a line twice', (lines: string[]) => lines.toSpliced(4, 0, String(lines[3]))],
    ['with two lines in each other’s place', (lines: string[]) => lines.with(4, String(lines[5]))],
  ])('of a file %s is refused at the line, and nothing of the chunk stays', async (_, alter) => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const to = await target(client)
    const before = await dump(to.namespace)
    const answer = await sendLines(to, 0, alter(file))
    expectAdminError(answer, 400, /^Line 5: /)
    expect(answer.body.messageId).toBe('restore.bad-line')
    expect(await dump(to.namespace)).toBe(before)
  })

  const header = {
    ...{ type: 'header', format: 'scim-edge', version: 1, namespace: 'default', time: 'T' },
    eventSeq: 9,
    counts: { users: 1, teams: 0, managedUsers: 1, managedTeams: 0, retained: 0 },
  }
  const user = {
    ...{ type: 'user', id: 'u1', revision: 1, managed: true, sessionsValidFrom: 0, created: 1 },
    ...{ lastModified: 1, resource: { userName: 'Ada' } },
  }
  const team = {
    ...{ type: 'team', id: 'g1', revision: 1, managed: true, displayName: 'Crew' },
    ...{ externalId: null, created: 1, lastModified: 1 },
  }
  const account = {
    ...{ type: 'serviceAccount', id: 's1', name: 'okta', role: 'None', permissions: [] },
    ...{ disabled: false, created: 1 },
  }
  const member = { type: 'membership', team: 'g1', user: 'u1', inherited: false }
  const event = {
    ...{ type: 'event', seq: 9, at: 1, actor: { operator: true }, action: 'user.update' },
    ...{ subject: 'u1', changes: {}, requestId: 'r', part: 0 },
  }
  const adoption = {
    ...{ type: 'adoption', subject: 'u1', subjectType: 'user', revision: 1, requestId: 'r' },
    ...{ part: 0, at: 1, before: { userName: 'ada' } },
  }

  test.each([
    ['of another format', 1, [{ ...header, format: 'other' }], /format/],
    ['of a later version', 1, [{ ...header, version: 2 }], /version/],
    ['without a header', 1, [user], /header/],
    ['with two headers', 2, [header, header], /header/],
    ['with an unknown type', 2, [header, { type: 'token', hash: 'x' }], /type/],
    ['with more in a line', 2, [header, { ...user, hash: 'x' }], /hash/],
    ['with a user without userName', 2, [header, { ...user, resource: {} }], /userName/],
    [
      'with a password',
      2,
      [header, { ...user, resource: { userName: 'a', password: 'p' } }],
      /password/,
    ],
    [
      'with a value of the wrong type',
      2,
      [header, { ...user, resource: { userName: 'a', emails: 5 } }],
      /emails/,
    ],
    ['with NUL in an id', 2, [header, { ...user, id: 'a\0' }], /Unicode/],
    [
      'with an account that is called operator',
      2,
      [header, { ...account, name: ' OPERATOR ' }],
      /name: /,
    ],
    [
      'with a control in the name of an account',
      2,
      [header, { ...account, name: 'a\u202eb' }],
      /name: /,
    ],
    ['with an account whose id is ..', 2, [header, { ...account, id: '..' }], /id: must begin/],
    [
      'with a member whose id is no part of a path',
      4,
      [header, user, team, { ...member, user: '../x' }],
      /letter/,
    ],
    ['with a before-image of nothing', 2, [header, { ...adoption, subject: '.' }], /letter/],
    ['with an event by nobody', 2, [header, { ...event, actor: {} }], /actor/],
    ['with an id twice', 3, [header, user, { ...user, resource: { userName: 'Bob' } }], /same id/],
    [
      'with a userName twice',
      3,
      [header, user, { ...user, id: 'u2', resource: { userName: 'ADA' } }],
      /user_name_key/,
    ],
    [
      'with a team name twice',
      4,
      [header, user, team, { ...team, id: 'g2', displayName: 'CREW' }],
      /display_name_key/,
    ],
    ['with a member twice', 5, [header, user, team, member, member], /membership/],
    [
      'with a member who is not in it',
      4,
      [header, user, team, { ...member, user: 'u9' }],
      /refers to a user/,
    ],
    ['with a member of no team', 3, [header, user, member], /refers to a team/],
    [
      'with a mapping to no team',
      2,
      [header, { type: 'teamMapping', group: 'g', team: 'g1' }],
      /team/,
    ],
    ['with an event twice', 3, [header, event, { ...event, requestId: 's' }], /same seq/],
    [
      'with half of a surrogate pair deep in an event',
      2,
      [header, { ...event, changes: { after: { groups: ['a', '\ud800'] } } }],
      /Unicode/,
    ],
    [
      'with NUL in the name of a member of an actor',
      2,
      [header, { ...event, actor: { 'a\0': true } }],
      /Unicode/,
    ],
    [
      'with a user who was nothing before the adoption',
      3,
      [header, user, { ...adoption, before: {} }],
      /before: .*userName/,
    ],
    [
      'with a team that had no name before the adoption',
      3,
      [header, team, { ...adoption, subject: 'g1', subjectType: 'team', before: { members: [] } }],
      /before: attributes/,
    ],
    [
      'with members of before that are no ids',
      3,
      [
        header,
        team,
        {
          ...{ ...adoption, subject: 'g1', subjectType: 'team' },
          before: { attributes: { displayName: 'Crew' }, members: [1] },
        },
      ],
      /before: members/,
    ],
    ['with a time that no calendar has', 2, [header, { ...user, created: 8.7e15 }], /created/],
    ['with a time of an event like that', 2, [header, { ...event, at: 8.7e15 }], /at: /],
    [
      'with a revision at the end of numbers',
      2,
      [header, { ...user, revision: 2 ** 53 - 1 }],
      /rev/,
    ],
    ['with an id that is a number', 2, [header, { ...user, id: '12' }], /letter/],
    ['with an id that is no part of a path', 2, [header, { ...team, id: '..' }], /letter/],
    ['with a later event than it says', 2, [header, { ...event, seq: 10 }], /10/],
  ])('of a file %s is refused at line %d', async (_, line, records, detail) => {
    const client = await tenant()
    const to = await target(client)
    const before = await dump(to.namespace)
    const lines = sealed(records)
    const answer = await sendLines(to, 0, lines)
    expectAdminError(answer, 400, detail)
    expect(answer.body.detail).toMatch(new RegExp(`^Line ${line}: `))
    expect(await dump(to.namespace)).toBe(before)
    // The same where the lines before came with an earlier chunk.
    if (line === 1) return
    await sendLines(to, 0, lines.slice(0, line - 1))
    const later = await sendLines(to, line - 1, lines.slice(line - 1))
    expectAdminError(later, 400, detail)
    expect(later.body.detail).toMatch(new RegExp(`^Line ${line}: `))
  })

  test('that lacks lines keeps the mark and says what to do, and is discarded', async () => {
    const client = await tenant()
    const to = await target(client)
    const before = await dump(to.namespace)
    const whole = fileOf([header, user, team, member, event])
    const end = opened(whole).at(-1)
    const lines = sealed([header, user, team, event, end])
    await sendLines(to, 0, lines.slice(0, 3))
    const answer = await sendLines(to, 3, lines.slice(3))
    expectAdminError(answer, 400, /Line 5: .*1 lines of the type membership, but 0 came.*discard/)
    expect((await to.get('/restore')).body).toMatchObject({ state: 'restoring', lines: 3 })
    expect((await to.delete('/restore')).status).toBe(200)
    expect(await dump(to.namespace)).toBe(before)
    expectAdminError(await to.delete('/restore'), 409, /Nothing is being restored/)
    expect((await sendLines(to, 0, whole)).body).toMatchObject({ state: 'done' })
    expectAdminError(await to.delete('/restore'), 409, /Nothing is being restored/)
  })

  test('of a user whose row no parameter could hold beside others', async () => {
    const client = await tenant()
    const to = await target(client)
    const resource = {
      userName: 'a',
      displayName: 'ß"'.repeat(140_000),
      nickName: 'é'.repeat(200_000),
    }
    const file = fileOf([
      header,
      { ...user, resource },
      { ...event, changes: { after: { title: '"'.repeat(800_000) } } },
    ])
    expect((await sendLines(to, 0, file)).status).toBe(200)
    expect(comparable(await backup(to)).slice(2, -1)).toEqual(comparable(file).slice(1, -1))
    const huge = { ...user, resource: { ...resource, title: 'x'.repeat(700_000) } }
    const other = await target(client)
    expectAdminError(await sendLines(other, 0, fileOf([header, huge])), 400, /^Line 2: .*longer/)
  })

  test('into a namespace that is not empty is 409 and says what is there', async () => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const other = await livedInBeside(client)
    const before = await dump(other.namespace)
    const answer = await sendLines(operatorOf(other), 0, file)
    expectAdminError(answer, 409, /users, teams, service accounts, events/)
    expect(answer.body.messageId).toBe('restore.not-empty')
    expectAdminError(await sendLines(operatorOf(other), 3, file.slice(3)), 409)
    expectAdminError(await operatorOf(other).delete('/restore'), 409)
    expect(await dump(other.namespace)).toBe(before)
    // Nor is one that was restored into, though the file is the same.
    const to = await target(client)
    await sendLines(to, 0, file)
    const restored = await dump(to.namespace)
    expectAdminError(await sendLines(to, 0, file.slice(0, 4)), 409, /not empty/)
    expect(await dump(to.namespace)).toBe(restored)
  })

  test('leaves all other namespaces as they are, byte by byte', async () => {
    const client = await livedIn()
    const other = await livedInBeside(client)
    const file = await backup(operatorOf(client))
    const before = [await dump(client.namespace), await dump(other.namespace)]
    const to = await target(client)
    await sendLines(to, 0, file.slice(0, 12))
    await to.delete('/restore')
    await sendLines(to, 0, file)
    expect([await dump(client.namespace), await dump(other.namespace)]).toEqual(before)
  })

  test('keeps everybody else out until it is done', async () => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const to = await target(client)
    await sendLines(to, 0, file.slice(0, 9))
    // No token can be made now; this one is put in past the application.
    await query(
      `insert into token (hash, namespace, id, account_id, permissions, created_at)
        select ?, namespace, 't1', id, 8191, 1 from service_account where namespace = ? limit 1`,
      ...[createHash('sha256').update(KNOWN_TOKEN).digest('hex'), to.namespace],
    )
    const scim = to.withToken(KNOWN_TOKEN)
    await scim.get('/Users')
    const before = await dump(to.namespace)
    for (const answer of [
      await scim.post('/Users', userBody('new')),
      await scim.get('/Users'),
      await scim.delete(`/Users/${opened(file)[4].id}`),
      await scim.post('/Groups', { displayName: 'G' }),
    ]) {
      expectError(answer, 503, { messageId: 'namespace.restoring' })
      expect(answer.headers.get('Retry-After')).toBe('60')
    }
    for (const answer of [
      await to.post('/serviceaccounts', { name: 'a' }),
      await to.put('/config/default', { spec: {} }),
      await to.post('/login/check', { userName: 'gone' }),
      await to.get('/export'),
    ]) {
      expectAdminError(answer, 503, /being restored/)
    }
    expect(await dump(to.namespace)).toBe(before)
    await query('delete from token where namespace = ?', to.namespace)
    await sendLines(to, 9, file.slice(9))
    expect((await to.post('/serviceaccounts', { name: 'a' })).status).toBe(201)
  })

  test('that begins between the read and the write of another request keeps that out', async () => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const to = await target(client)
    const late = new Client(endpoint.fetch, to.base, to.token)
    interruption.meanwhile = () => sendLines(to, 0, file.slice(0, 9))
    expectAdminError(await late.post('/accounts', { login: 'late' }), 503, /being restored/)
    await sendLines(to, 9, file.slice(9))
    expect(await directory(to.namespace)).toBe(await directory(client.namespace))
  })

  test('does not begin where somebody was quicker', async () => {
    const client = await livedIn()
    const file = await backup(operatorOf(client))
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const to = await target(client)
    const late = new Client(endpoint.fetch, to.base, to.token)
    interruption.meanwhile = () => to.post('/accounts', { login: 'quick' })
    expectAdminError(await sendLines(late, 0, file), 409, /not empty: it holds users, events/)
    const [row] = await query('select users, restore from namespace where name = ?', to.namespace)
    expect(row).toEqual({ users: 1, restore: null })
  })

  test.each([
    ['no from', '/restore', 'x', /from/],
    ['a from that is no number', '/restore?from=x', 'x', /from/],
    ['no line', '/restore?from=0', '', /no line/],
    ['no JSON', '/restore?from=0', 'x', /Line 1: .*JSON/],
  ])('with %s is 400', async (_, path, body, detail) => {
    const client = await tenant()
    expectAdminError(await operatorOf(client).request('POST', path, body), 400, detail)
  })

  test('of more than ten mebibytes at once is 413', async () => {
    const client = await tenant()
    const body = 'x'.repeat(10 * 1024 * 1024 + 1)
    expectAdminError(await operatorOf(client).request('POST', '/restore?from=0', body), 413)
  })

  test('is for the operator', async () => {
    const endpoint = makeEndpoint()
    const client = await tenant({ endpoint })
    const other = await tenant({ endpoint })
    await expectGuarded(client, other, { method: 'GET', path: '/restore', permissions: [] })
    for (const table of ['token', 'service_account', 'event']) {
      await query(`delete from ${table} where namespace = ?`, client.namespace)
    }
    await query('update namespace set event_seq = 0 where name = ?', client.namespace)
    const body = JSON.parse(sealed([header])[0] ?? '')
    const path = '/restore?from=0'
    await expectGuarded(client, other, { method: 'POST', path, body, permissions: [] })
    await expectGuarded(client, other, { method: 'DELETE', path: '/restore', permissions: [] })
  })
})

/** A token with a checksum that fits. */
const KNOWN_TOKEN = 'glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a'
