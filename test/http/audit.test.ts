/** Events as an administrator reads them, and deleted accounts until they are purged. */
import { describe, expect, test } from 'vitest'
import { expireEvents } from '../../src/store/audit.ts'
import { d1 } from '../../src/store/d1.ts'
import handler from '../../src/worker.ts'
import { Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { binding, tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { accountWithToken, limitedTo, operatorOf } from '../support/operator.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

/** Five events: two accounts made by the operator's token route, a user, a group, a change. */
async function history() {
  const client = await tenant()
  const user = await createUser(client, 'ada')
  const group = await createGroup(client, 'G', [user.id, 'nobody'])
  await client.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'title', value: 'Countess' }])
  const all = (await client.get('/events?order=asc&limit=1000')).body.events
  const account = all.at(-1).actor.serviceAccount as string
  return { client, user, group, all, account, operator: operatorOf(client) }
}

const seqs = (events: readonly { readonly seq: number }[]) => events.map(({ seq }) => seq)

describe('events', () => {
  test('give the end of a token as an ISO time, also where an earlier version wrote a number', async () => {
    const { client, operator, path, account } = await accountWithToken()
    const token = { name: 'second', secondsToLive: 86_400 }
    await operator.post(`${path}/tokens`, token)
    const read = async () => {
      const found = await operator.get(`/events?subject=${account.id}&action=token.create`)
      return found.body.events.map(
        ({ changes }: { changes: { after: { expiresAt: unknown } } }) => changes.after.expiresAt,
      )
    }
    const [ends, never] = await read()
    expect(never).toBe(null)
    expect(ends).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    await query(
      `update event set changes = json_set(changes, '$.after.expiresAt', ?2)
        where namespace = ?1 and changes like '%"second"%'`,
      client.namespace,
      Date.parse(ends),
    )
    expect(await read()).toEqual([ends, null])
    const lines = await client.send(
      new Request(`${client.base}/events?format=csv`, {
        headers: { Authorization: `Bearer ${operator.token}` },
      }),
    )
    expect(await lines.text()).toContain(`""expiresAt"":""${ends}""`)
  })

  test('tell who did what to whom, with the values before and after', async () => {
    const { client, user, group, all, account } = await history()
    expect(seqs(all)).toEqual([1, 2, 3, 4, 5])
    expect(all.map(({ action }: { action: string }) => action)).toEqual([
      'serviceaccount.create',
      'token.create',
      'user.create',
      'team.create',
      'user.update',
    ])
    expect(all[0].actor).toEqual({ operator: true })
    expect(all[4]).toEqual({
      seq: 5,
      at: expect.stringMatching(/Z$/),
      actor: {
        serviceAccount: account,
        serviceAccountId: expect.stringMatching(/^s\w+$/),
        token: expect.stringMatching(/^t/),
      },
      action: 'user.update',
      subject: user.id,
      subjectName: 'ada',
      outcome: 'success',
      changes: { before: {}, after: { title: 'Countess' } },
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(all[3]).toMatchObject({ subject: group.id, subjectName: 'G', outcome: 'partial' })
    expect(all[0]).not.toHaveProperty('subjectName')
    expect(JSON.stringify(all)).not.toContain('glsa_')
    const { headers } = await client.get('/events')
    expect(headers.get('Content-Type')).toBe('application/json')
  })

  test('are filtered by time, actor, subject, action and outcome', async () => {
    const { client, user, group, account, all } = await history()
    await query('update event set at = seq * 1000 where namespace = ?', client.namespace)
    const find = async (search: string) => seqs((await client.get(`/events?${search}`)).body.events)
    expect(await find('')).toEqual([5, 4, 3, 2, 1])
    expect(await find('from=1970-01-01T00:00:03Z&to=1970-01-01T00:00:05Z')).toEqual([4, 3])
    expect(await find('from=1970-01-02')).toEqual([])
    expect(await find('actor=operator')).toEqual([2, 1])
    expect(await find(`actor=${encodeURIComponent(account)}`)).toEqual([5, 4, 3])
    // By the operator: the log tells the id of the account that asks.
    const byId = `/events?actor=${all.at(-1).actor.serviceAccountId}`
    expect(seqs((await operatorOf(client).get(byId)).body.events)).toEqual([5, 4, 3])
    expect(await find(`subject=${user.id}`)).toEqual([5, 3])
    expect(await find('action=user.')).toEqual([5, 3])
    expect(await find('action=user.update')).toEqual([5])
    expect(await find('action=user')).toEqual([])
    expect(await find('outcome=partial')).toEqual([4])
    expect(await find('outcome=success')).toEqual([5, 3, 2, 1])
    expect(await find(`subject=${group.id}&outcome=success`)).toEqual([])
    expect(await find('order=asc&cursor=3')).toEqual([4, 5])
  })

  test('are found by what a person or a team is called, also a person who was deleted', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    const emails = (value: string) => [{ value, type: 'work', primary: true }]
    const more = { emails: emails('Ada.L@Example.com') }
    const ada = await createUser(client, 'Ada@Example.com', more)
    const bob = await createUser(client, 'bob', { emails: emails('bob@example.com') })
    await createUser(other, 'ada@example.com', more)
    const team = await createGroup(client, 'Bob')
    await client.delete(`/Users/${ada.id}`)
    const find = async (subject: string) => {
      const search = `order=asc&subject=${encodeURIComponent(subject)}`
      const { events } = (await client.get(`/events?${search}`)).body
      return events.map((event: Record<string, string>) => [
        event.action,
        event.subject,
        event.subjectName,
      ])
    }
    const ofAda = [
      ['user.create', ada.id, 'Ada@Example.com'],
      ['user.delete', ada.id, 'Ada@Example.com'],
    ]
    expect(await find('ada@example.com')).toEqual(ofAda)
    expect(await find('ADA.L@example.com')).toEqual(ofAda)
    expect(await find('BOB@example.com')).toEqual([['user.create', bob.id, 'bob']])
    // A person and a team of one name: both.
    expect(await find('BOB')).toEqual([
      ['user.create', bob.id, 'bob'],
      ['team.create', team.id, 'Bob'],
    ])
    // In the stead of the first.
    const second = await createUser(client, 'ada@example.com')
    expect(await find('ada@example.com')).toEqual([
      ...ofAda,
      ['user.create', second.id, 'ada@example.com'],
    ])
    expect(await find('nobody@example.com')).toEqual([])
    // Pages of all of them together.
    const { body } = await client.get('/events?limit=2&subject=ada@example.com')
    expect(seqs(body.events)).toEqual([7, 6])
    const rest = await client.get(
      `/events?limit=2&subject=ada@example.com&cursor=${body.nextCursor}`,
    )
    expect(seqs(rest.body.events)).toEqual([3])
    expect(rest.body).not.toHaveProperty('nextCursor')
  })

  test('tell apart accounts that swapped their names', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const make = async (name: string) => {
      const { id } = (await operator.post('/serviceaccounts', { name, role: 'Editor' })).body
      const { key } = (await operator.post(`/serviceaccounts/${id}/tokens`, { name })).body
      return { id, holder: client.withToken(key) }
    }
    const [one, two] = [await make('one'), await make('two')]
    const a = await createUser(one.holder, 'a')
    for (const [{ id }, name] of [
      [one, 'spare'],
      [two, 'one'],
      [one, 'two'],
    ] as const) {
      await operator.request('PATCH', `/serviceaccounts/${id}`, { name })
    }
    const b = await createUser(two.holder, 'b')
    const by = async (actor: string) =>
      (await operator.get(`/events?action=user.&order=asc&actor=${actor}`)).body.events
    expect((await by('one')).map(({ subject }: { subject: string }) => subject)).toEqual([
      a.id,
      b.id,
    ])
    const [ofOne, ofTwo] = [await by(one.id), await by(two.id)]
    expect(ofOne).toMatchObject([{ subject: a.id, actor: { serviceAccountId: one.id } }])
    expect(ofTwo).toMatchObject([{ subject: b.id, actor: { serviceAccountId: two.id } }])
    const request = new Request(`${client.base}/events?format=csv&action=user.&order=asc`, {
      headers: { Authorization: `Bearer ${operator.token}` },
    })
    const lines = (await (await client.send(request)).text()).trimEnd().split('\r\n')
    expect(lines[1]).toMatch(new RegExp(`,"${one.id}","a"$`))
    expect(lines[2]).toMatch(new RegExp(`,"${two.id}","b"$`))
  })

  test('are read in pages, and a follower misses nothing', async () => {
    const { client } = await history()
    const seen: number[] = []
    let cursor = ''
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await client.get(`/events?limit=2&cursor=${cursor}`)
      seen.push(...seqs(body.events))
      cursor = body.nextCursor ?? ''
      // What is written meanwhile is newer, and moves no page.
      await createUser(client, `u${pages}`)
    }
    expect({ seen, cursor }).toEqual({ seen: [5, 4, 3, 2, 1], cursor: '' })
    const { body } = await client.get('/events?order=asc&cursor=5')
    expect(seqs(body.events)).toEqual([6, 7, 8])
  })

  test('are exported whole as NDJSON and CSV', async () => {
    const { client } = await history()
    // More than the stream reads in one page.
    await query(
      `with recursive n(i) as (select 6 union all select i + 1 from n where i < 2500)
        insert into event select ?1, i, i, '{"operator":true}', 'user.update', 'u"1', '{"a":"x,y"}',
          'r' || i, 0 from n`,
      client.namespace,
    )
    const text = async (search: string) => {
      const headers = { Authorization: `Bearer ${client.token}` }
      const request = new Request(`${client.base}/events?${search}`, { headers })
      const response = await client.send(request)
      return { type: response.headers.get('Content-Type'), body: await response.text() }
    }
    const ndjson = await text('format=ndjson&order=asc')
    expect(ndjson.type).toBe('application/x-ndjson')
    const rows = ndjson.body.trimEnd().split('\n')
    expect(rows.map((row) => JSON.parse(row).seq)).toEqual(Array.from(rows, (_, i) => i + 1))
    expect(rows).toHaveLength(2500)
    const csv = await text('format=csv&limit=1001')
    expect(csv.type).toBe('text/csv; charset=utf-8')
    const [head, first, ...rest] = csv.body.split('\r\n')
    expect(head).toBe(
      '"seq","at","actor","action","subject","outcome","changes","requestId","serviceAccountId","subjectName"',
    )
    expect(first).toBe(
      '"2500","1970-01-01T00:00:02.500Z","operator","user.update","u""1","success",' +
        '"{""a"":""x,y""}","r2500","",""',
    )
    expect(rest).toHaveLength(1001)
    expect((await text('format=ndjson&action=nothing')).body).toBe('')
    expect((await text('format=ndjson&limit=1000')).body.split('\n')).toHaveLength(1001)
  })

  test.each(['=HYPERLINK("http://a.example")', '+1', '-1', '@SUM(A1)'])(
    'by an account called %s are exported without a formula',
    async (name) => {
      const { client, operator, path, holder } = await accountWithToken()
      await operator.request('PATCH', path, { name })
      await createUser(holder, 'ada')
      const headers = { Authorization: `Bearer ${client.token}` }
      const request = new Request(`${client.base}/events?format=csv&action=user.create`, {
        headers,
      })
      const [, row = ''] = (await (await client.send(request)).text()).split('\r\n')
      expect(row).toContain(`"'${name.replaceAll('"', '""')}","user.create"`)
    },
  )

  test.each([
    'from=yesterday',
    'to=2026-13-01',
    'outcome=failed',
    'order=up',
    'format=xml',
    'limit=0',
    'limit=-1',
    'cursor=x',
    'cursor=1.5',
    'limit=1&limit=2',
    'limit=1&LIMIT=2',
    'actor=a&actor=b',
    'x=1&x=2',
  ])('asked for with %s are 400 that says so', async (search) => {
    const client = await tenant()
    const [name = ''] = search.split('=')
    expectAdminError(await client.get(`/events?${search}`), 400, new RegExp(`^${name}: `, 'i'))
  })

  test('need both read permissions, and are those of the namespace', async () => {
    const { client } = await history()
    const other = await tenant({ endpoint: client.endpoint })
    expectAdminError(await client.withToken(undefined).get('/events'), 401)
    for (const format of ['json', 'csv']) {
      const path = `/events?format=${format}`
      const users = await limitedTo(client, 'org.users:read')
      expectAdminError(await users.get(path), 403, /teams:read/)
      expectAdminError(await users.get(`${path}&from=x`), 403, /teams:read/)
      const teams = await limitedTo(client, 'teams:read')
      expectAdminError(await teams.get(path), 403, /org\.users:read/)
      const neighbour = new Client(client.send, other.base, client.token)
      expectAdminError(await neighbour.get(path), 403)
    }
    expect((await other.get('/events')).body.events).toHaveLength(2)
  })

  test('that are too old go, and numbers are not given twice', async () => {
    const { client } = await history()
    const other = await tenant({ endpoint: client.endpoint })
    await query('update event set at = seq * 1000 where namespace = ?', client.namespace)
    const before = await dump(other.namespace)
    expect(await expireEvents(d1(binding), 4000)).toBeGreaterThanOrEqual(3)
    expect(seqs((await client.get('/events')).body.events)).toEqual([5, 4])
    await expireEvents(d1(binding), 10_000)
    await createUser(client, 'next')
    expect(seqs((await client.get('/events')).body.events)).toEqual([6])
    expect(await dump(other.namespace)).toBe(before)
  })
})

describe('the scheduled run', () => {
  const worker = (days: string | undefined, now: number) =>
    handler.scheduled({ scheduledTime: now, cron: '', noRetry: () => undefined } as never, {
      ...(days === undefined ? {} : { EVENT_RETENTION_DAYS: days }),
      DB: binding as never,
    })

  test('lets go of events that are older than they are to be kept', async () => {
    const { client } = await history()
    const day = 24 * 60 * 60 * 1000
    await query('update event set at = seq * ?1 where namespace = ?2', day, client.namespace)
    const left = async () => seqs((await client.get('/events')).body.events)
    // Not set, 0, and what is no number keep them.
    for (const days of [undefined, '0', 'many']) await worker(days, 10 * day)
    expect(await left()).toEqual([5, 4, 3, 2, 1])
    await worker('7', 10 * day)
    expect(await left()).toEqual([5, 4, 3])
  })

  test('comes to a namespace that stands behind many others', async () => {
    const { client } = await history()
    await query('update event set at = 1 where namespace = ?', client.namespace)
    await query(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 150)
        insert into namespace (name, created_at) select printf('a-%d', i), 1 from n`,
    )
    await worker('1', 2 * 24 * 60 * 60 * 1000)
    expect((await client.get('/events')).body.events).toEqual([])
    await query("delete from namespace where name like 'a-%'")
  })
})

async function departed() {
  const client = await tenant()
  const emails = [{ value: 'ada@secret.example', type: 'work' }]
  const more = { externalId: 'ext-ada', emails, displayName: 'Ada Lovelace' }
  const user = await createUser(client, 'ada', more)
  await client.delete(`/Users/${user.id}`)
  return { client, user, operator: operatorOf(client), namespace: client.namespace }
}

describe('a deleted account', () => {
  test('is kept and listed', async () => {
    const { client, user } = await departed()
    await createUser(client, 'alive')
    expect((await client.get('/retained')).body).toEqual({
      totalCount: 1,
      retained: [
        {
          id: user.id,
          login: 'ada',
          email: 'ada@secret.example',
          externalId: 'ext-ada',
          created: expect.stringMatching(/Z$/),
          deleted: expect.stringMatching(/Z$/),
        },
      ],
    })
  })

  test('is listed in pages', async () => {
    const { client } = await departed()
    for (const name of ['b', 'c']) {
      const { id } = await createUser(client, name)
      await client.delete(`/Users/${id}`)
    }
    const first = (await client.get('/retained?limit=2')).body
    expect(first).toMatchObject({ totalCount: 3, retained: [{ login: 'ada' }, { login: 'b' }] })
    const second = (await client.get(`/retained?limit=2&cursor=${first.nextCursor}`)).body
    expect(second).toMatchObject({ totalCount: 3, retained: [{ login: 'c' }] })
    expect(second).not.toHaveProperty('nextCursor')
  })

  test('is purged by the operator with every value in the events', async () => {
    const { client, user, operator, namespace } = await departed()
    expectAdminError(await client.delete(`/retained/${user.id}`), 401)
    expect((await operator.delete(`/retained/${user.id}`)).status).toBe(200)
    const stored = await dump(namespace)
    for (const value of ['secret.example', 'ext-ada', 'Lovelace']) {
      expect(stored).not.toContain(value)
    }
    expect((await eventsOf(namespace)).slice(-3)).toEqual([
      { action: 'user.create', subject: user.id, changes: { redacted: true } },
      { action: 'user.delete', subject: user.id, changes: { redacted: true } },
      { action: 'user.purge', subject: user.id, changes: {} },
    ])
    expectAdminError(await operator.delete(`/retained/${user.id}`), 404)
    // Whoever comes with this externalId now is a new person.
    const next = await createUser(client, 'ada', { externalId: 'ext-ada' })
    expect(next.id).not.toBe(user.id)
  })

  test('is purged by age, and no younger one with it', async () => {
    const { client, user, operator, namespace } = await departed()
    const other = await departed()
    const young = await createUser(client, 'young')
    await client.delete(`/Users/${young.id}`)
    const age = 'update retained set deleted_at = ? where namespace = ? and id = ?'
    await query(age, Date.now() - 11 * 86_400_000, namespace, user.id)
    const untouched = await dump(other.namespace)
    expectAdminError(await client.post('/retained/purge', { olderThanDays: 0 }), 401)
    const purge = (olderThanDays: unknown) => operator.post('/retained/purge', { olderThanDays })
    expect((await purge(12)).body).toEqual({ purged: 0, more: false })
    expect((await purge(10)).body).toEqual({ purged: 1, more: false })
    expect((await client.get('/retained')).body).toMatchObject({
      totalCount: 1,
      retained: [{ id: young.id }],
    })
    for (const days of [-1, 'all', 1e9]) expectAdminError(await purge(days), 400, /olderThanDays/)
    expect(await dump(other.namespace)).toBe(untouched)
  })

  test('comes back under its id unless it was purged first', async () => {
    const { client, user } = await departed()
    expect((await createUser(client, 'ada', { externalId: 'ext-ada' })).id).toBe(user.id)
    expectAdminError(await operatorOf(client).delete(`/retained/${user.id}`), 404)
  })

  test('of another namespace is unknown, and needs org.users:read', async () => {
    const { client, user } = await departed()
    const other = await tenant({ endpoint: client.endpoint })
    const before = await dump(client.namespace)
    expectAdminError(await operatorOf(other).delete(`/retained/${user.id}`), 404)
    expect((await other.get('/retained')).body).toEqual({ totalCount: 0, retained: [] })
    const neighbour = new Client(client.send, other.base, client.token)
    expectAdminError(await neighbour.get('/retained'), 403)
    expect(await dump(client.namespace)).toBe(before)
    const teams = await limitedTo(client, 'Teams')
    expectAdminError(await teams.get('/retained'), 403, /org\.users:read/)
  })
})

describe('every route', () => {
  test.each([
    ['GET', '/events', undefined, ['org.users:read', 'teams:read']],
    ['GET', '/retained', undefined, ['org.users:read']],
    ['DELETE', '/retained/{id}', undefined, []],
    ['POST', '/retained/purge', { olderThanDays: 1 }, []],
  ])('%s %s %j needs %j, and keeps to its namespace', async (method, path, body, permissions) => {
    const { client, user } = await departed()
    const other = await tenant({ endpoint: client.endpoint })
    const named = path.includes('{id}')
    await expectGuarded(client, other, {
      method,
      path: path.replace('{id}', user.id),
      unknownPath: named ? path.replace('{id}', 'ux') : undefined,
      body,
      permissions,
    })
  })
})
