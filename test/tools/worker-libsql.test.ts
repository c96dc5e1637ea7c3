/**
 * The Worker as it is deployed, in workerd, with its data on libSQL servers: on one for all
 * namespaces, and on one for each.
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { D1Database } from '@cloudflare/workers-types'
import { createClient } from '@libsql/client/http'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrateD1 } from '../../scripts/lib/d1.ts'
import { type Sqld, startSqld } from '../support/sqld.ts'

const root = resolve(import.meta.dirname, '../..')
const out = mkdtempSync(join(tmpdir(), 'scim-edge-worker-'))
const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'
const JSON_BODY = { 'Content-Type': 'application/json' }
const OPERATOR = { Authorization: 'Bearer operator-secret-of-the-tests-of-scim-edge', ...JSON_BODY }

const environment = {
  ...process.env,
  OPERATOR_TOKEN: 'operator-secret-of-the-tests-of-scim-edge',
  CI: '1',
  WRANGLER_SEND_METRICS: 'false',
  PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
}
const run = (command: string, ...args: string[]) =>
  promisify(execFile)(command, args, { cwd: root, env: environment })

/** The first is for all namespaces, the other two are for one each. */
const servers: Sqld[] = []
const workers: Miniflare[] = []

beforeAll(async () => {
  await run('wrangler', 'deploy', '--dry-run', '--outdir', out)
  servers.push(await startSqld(), await startSqld(), await startSqld())
})

afterAll(async () => {
  for (const worker of workers) await worker.dispose()
  for (const server of servers) await server.stop()
  rmSync(out, { recursive: true, force: true })
})

function serverAt(index: number): string {
  const server = servers[index]
  if (server === undefined) throw new Error('There is no such server.')
  return server.url
}

const migrate = (url: string) => run('node', 'scripts/run.js', 'migrate', '--url', url)

/**
 * The Worker in workerd, without D1 unless `more` has it. Requests to a name in `hosts` go to the
 * server that it stands for.
 */
function start(
  bindings: Record<string, string>,
  hosts: Readonly<Record<string, string>> = {},
  more: object = {},
) {
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      modulesRoot: out,
      scriptPath: join(out, 'worker.js'),
      compatibilityDate: '2026-11-01',
      compatibilityFlags: ['nodejs_compat'],
      bindings: {
        OPERATOR_TOKEN: 'operator-secret-of-the-tests-of-scim-edge',
        ENABLE_USER_SYNC: 'true',
        ...bindings,
      },
      async outboundService(request) {
        const url = new URL(request.url)
        asked.push(url.host)
        if (url.hostname === '127.0.0.1') return forward(request, url.href)
        const to = hosts[url.hostname]
        // What sqld says of a namespace that it does not have.
        if (to === undefined) return Response.json({ error: 'does not exist' }, { status: 404 })
        return forward(request, to + url.pathname)
      },
      ...more,
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  )
  workers.push(worker)
  const asked: string[] = []
  const send = async (path: string, method = 'GET', headers = {}, body?: object) => {
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer = await worker.dispatchFetch(`https://scim.example${NAMESPACES}${path}`, init)
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return { worker, send, asked }
}

async function forward(
  request: { readonly method: string; readonly headers: Iterable<[string, string]> } & Pick<
    Request,
    'arrayBuffer'
  >,
  url: string,
): Promise<Response> {
  const { 'content-type': type = '', authorization } = Object.fromEntries(request.headers)
  const headers = {
    'Content-Type': type,
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  }
  const body = await request.arrayBuffer()
  return fetch(url, { method: request.method, headers, body })
}

/** A token that opens a server which knows the other key of the pair. */
function tokenOfServer(key: KeyObject): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'EdDSA', typ: 'JWT' })}.${encode({ a: 'rw' })}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

type Send = ReturnType<typeof start>['send']

/** A namespace with a token that may do everything. */
async function makeTenant(send: Send, name: string, settings: object = {}) {
  const created = await send('', 'POST', OPERATOR, { name, settings })
  expect(created.status).toBe(201)
  const accounts = `/${name}/serviceaccounts`
  const account = await send(accounts, 'POST', OPERATOR, { name: 'okta', role: 'Editor' })
  const tokens = `${accounts}/${account.body.id}/tokens`
  const token = await send(tokens, 'POST', OPERATOR, { name: 'first' })
  return { Authorization: `Bearer ${token.body.key}`, ...JSON_BODY }
}

const user = (name: string) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: name,
  externalId: name,
})

describe('the Worker on one libSQL server', () => {
  test('says that the database has no tables, until they are there', async () => {
    const { send } = start({ LIBSQL_URL: serverAt(0) })
    const before = await send('', 'POST', OPERATOR, { name: 'default' })
    expect(before.status).toBe(503)
    expect(before.body.detail).toContain('apply the migrations')
    expect((await migrate(serverAt(0))).stdout).toMatch(/^\d+ migrations were applied\.\n$/)
    expect((await migrate(serverAt(0))).stdout).toBe(
      'The database has the newest schema already.\n',
    )

    const authorization = await makeTenant(send, 'default')
    const ada = await send('/default/Users', 'POST', authorization, user('ada'))
    expect(ada.status).toBe(201)
    const again = await send('/default/Users', 'POST', authorization, user('ada'))
    expect([again.status, again.body.scimType]).toEqual([409, 'uniqueness'])
    const read = await send(`/default/Users/${ada.body.id}`, 'GET', authorization)
    expect(read.body).toEqual(ada.body)
    expect((await send('/org-2/Users', 'GET', authorization)).status).toBe(403)
    expect((await send('/org-1/Users', 'GET', authorization)).status).toBe(403)
    const list = await send('', 'GET', OPERATOR)
    expect(list.body.items.map(({ name }: { name: string }) => name)).toEqual(['default'])
  })

  test('a read is one request to the server, and a write two', async () => {
    const { send, asked } = start({ LIBSQL_URL: serverAt(0) })
    const authorization = await makeTenant(send, 'stacks-12')
    const requests = async (...request: Parameters<typeof send>) => {
      // The use of the token is written down after its first request.
      await expect.poll(() => asked.splice(0).length).toBe(0)
      const { status, body } = await send(...request)
      expect(status).toBeLessThan(300)
      return { requests: asked.length, body }
    }
    await requests('/stacks-12/Users', 'GET', authorization)
    const made = await requests('/stacks-12/Users', 'POST', authorization, user('ada'))
    expect(made.requests).toBe(2)
    const path = `/stacks-12/Users/${made.body.id}`
    expect((await requests(path, 'GET', authorization)).requests).toBe(1)
    const filter = encodeURIComponent('userName eq "ada"')
    const list = `/stacks-12/Users?filter=${filter}`
    expect((await requests(list, 'GET', authorization)).requests).toBe(1)
    const changed = { ...user('ada'), title: 'Lead' }
    expect((await requests(path, 'PUT', authorization, changed)).requests).toBe(2)
    expect((await requests(path, 'DELETE', authorization)).requests).toBe(2)
  })

  test('LIBSQL_AUTH_TOKEN opens a server that wants one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const keyFile = join(out, 'sqld.pem')
    writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }))
    const server = await startSqld('--auth-jwt-key-file', keyFile)
    servers.push(server)
    const token = tokenOfServer(privateKey)
    await expect(migrate(server.url)).rejects.toThrow()
    const migrated = await run(
      ...(['node', 'scripts/run.js', 'migrate', '--url', server.url] as const),
      ...['--auth-token', token],
    )
    expect(migrated.stdout).toContain('migrations were applied')
    const create = async (bindings: Record<string, string>) => {
      const { send } = start({ LIBSQL_URL: server.url, ...bindings })
      return (await send('', 'POST', OPERATOR, { name: 'default' })).status
    }
    const other = tokenOfServer(generateKeyPairSync('ed25519').privateKey)
    expect(await create({})).toBe(503)
    expect(await create({ LIBSQL_AUTH_TOKEN: other })).toBe(503)
    expect(await create({ LIBSQL_AUTH_TOKEN: token })).toBe(201)
  })

  test('forty requests at once are all served, and each write happens once', async () => {
    const { send } = start({ LIBSQL_URL: serverAt(0) })
    const authorization = await makeTenant(send, 'stacks-40')
    const names = Array.from({ length: 40 }, (_, index) => `user-${index % 20}`)
    const answers = await Promise.all(
      names.map((name) => send('/stacks-40/Users', 'POST', authorization, user(name))),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array(20).fill(201), ...Array(20).fill(409)])
    const list = await send('/stacks-40/Users?count=0', 'GET', authorization)
    expect(list.body.totalResults).toBe(20)
  })

  test('without any database it says so', async () => {
    const { send } = start({})
    const answer = await send('', 'GET', OPERATOR)
    expect(answer.status).toBe(503)
    expect(answer.body.detail).toContain('The database is missing')
  })

  test('a server that is not there is 503, and so is a URL that is none', async () => {
    for (const url of ['http://127.0.0.1:1', 'no URL', 'wss://db.example']) {
      const { send } = start({ LIBSQL_URL: url })
      expect((await send('', 'GET', OPERATOR)).status).toBe(503)
    }
  })
})

test('a namespace moves from D1 to a libSQL server and back', async () => {
  const first = start({}, {}, { d1Databases: { DB: 'moved' } })
  await migrateD1((await first.worker.getD1Database('DB')) as unknown as D1Database)
  await migrate(serverAt(0))
  const second = start({ LIBSQL_URL: serverAt(0) })

  const authorization = await makeTenant(first.send, 'stacks-5', { enableGroupSync: true })
  const ada = await first.send('/stacks-5/Users', 'POST', authorization, user('Ädä 🎉'))
  const crew = { displayName: 'Crew', members: [{ value: ada.body.id }] }
  expect((await first.send('/stacks-5/Groups', 'POST', authorization, crew)).status).toBe(201)

  const admin = async ({ worker }: typeof first, ...args: string[]) => {
    const { origin } = await worker.ready
    return run('node', 'scripts/run.js', 'admin', '--url', origin, ...args)
  }
  /** The records of a namespace, in a file that is left for its restore. */
  const exported = async (from: typeof first, name: string) => {
    const file = join(out, `${name}.ndjson`)
    await admin(from, 'export', '--namespace', name, '--output', file)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    // What must differ: the name and time of the first line, and what is reckoned from it.
    const same = { namespace: '', time: '', check: '', sha256: '' }
    return { file, records: lines.map((line) => ({ ...JSON.parse(line), ...same })) }
  }
  const restore = (to: typeof first, name: string, file: string) =>
    admin(to, 'restore', '--namespace', name, '--input', file, '--create')

  const before = await exported(first, 'stacks-5')
  await restore(second, 'stacks-55', before.file)
  const there = await exported(second, 'stacks-55')
  expect(there.records).toEqual(before.records)
  const token = await tokenOf(second.send, 'stacks-55')
  const moved = await second.send(`/stacks-55/Users/${ada.body.id}`, 'GET', token)
  expect([moved.body.userName, moved.body.groups[0].display]).toEqual(['Ädä 🎉', 'Crew'])
  await restore(first, 'stacks-56', there.file)
  expect((await exported(first, 'stacks-56')).records).toEqual(before.records)
})

describe('npm run migrate and npm run expire', () => {
  const refused = async (tool: string, ...args: string[]) => {
    const { code, stderr } = await run('node', 'scripts/run.js', tool, ...args).catch((e) => e)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    return `${code}: ${stderr.trim()}`
  }

  test('say in one sentence what is wrong', async () => {
    expect(await refused('migrate')).toBe('1: The database is missing: give --url or LIBSQL_URL.')
    const template = ['--url', 'libsql://{namespace}.example']
    expect(await refused('migrate', ...template)).toContain('in the place of {namespace}')
    const nowhere = await refused('migrate', '--url', 'http://127.0.0.1:1')
    expect(nowhere).toMatch(/^1: The database cannot be used \(.*\)\.$/)
    expect(await refused('migrate', '--url', 'file:x.db')).toContain('"libsql:", "https:"')
    expect(await refused('expire', ...template, '--days', '0')).toContain('--days must be')
    expect(await refused('expire', ...template)).toContain('--days')
  })

  test('expire deletes what is older and keeps the rest', async () => {
    await migrate(serverAt(0))
    const { send } = start({ LIBSQL_URL: serverAt(0) })
    const authorization = await makeTenant(send, 'stacks-77')
    await send('/stacks-77/Users', 'POST', authorization, user('ada'))
    const client = createClient({ url: serverAt(0) })
    const old = "update event set at = 1 where namespace = 'stacks-77' and seq <= 2"
    await client.execute(old)
    const args = ['expire', '--url', serverAt(0), '--days', '30']
    const { stdout } = await run('node', 'scripts/run.js', ...args)
    expect(stdout).toBe('Deleted: 2 events, 0 conflicts.\n')
    const { rows } = await client.execute(
      "select min(seq) as least from event where namespace = 'stacks-77'",
    )
    expect(rows[0]?.least).toBe(3)
  })
})

describe('the Worker with a libSQL server for each namespace', () => {
  const open = () =>
    start(
      { LIBSQL_URL: 'http://{namespace}.example' },
      { 'stacks-1.example': serverAt(1), 'stacks-2.example': serverAt(2) },
    )

  test('a token is nobody in a namespace that is elsewhere', async () => {
    await migrate(serverAt(1))
    await migrate(serverAt(2))
    const { send, asked } = open()
    const first = await makeTenant(send, 'stacks-1')
    const second = await makeTenant(send, 'stacks-2')
    const ada = await send('/stacks-1/Users', 'POST', first, user('ada'))
    expect(ada.status).toBe(201)
    expect((await send('/stacks-2/Users', 'POST', second, user('ada'))).status).toBe(201)
    asked.length = 0

    for (const path of ['/stacks-2/Users', `/stacks-2/Users/${ada.body.id}`, '/stacks-2/events']) {
      const answer = await send(path, 'GET', first)
      expect([answer.status, answer.body.messageId]).toEqual([401, 'api-key.invalid'])
    }
    expect(new Set(asked)).toEqual(new Set(['stacks-2.example']))
    expect((await send(`/stacks-1/Users/${ada.body.id}`, 'GET', first)).body).toEqual(ada.body)
  })

  test('a namespace without a database is one that is not there', async () => {
    const { send } = open()
    const first = await tokenOf(send, 'stacks-1')
    const answer = await send('/stacks-3/Users', 'GET', first)
    expect([answer.status, answer.body.messageId]).toEqual([401, 'api-key.invalid'])
    expect((await send('/stacks-3/serviceaccounts', 'GET', OPERATOR)).status).toBe(404)
    expect((await send('/stacks-3', 'DELETE', OPERATOR)).status).toBe(404)
    const created = await send('', 'POST', OPERATOR, { name: 'stacks-3' })
    expect(created.status).toBe(503)
    expect(created.body.detail).toContain('The database is missing or has no tables')
  })

  test('a malformed namespace never becomes part of a URL', async () => {
    const { send, asked } = open()
    const first = await tokenOf(send, 'stacks-1')
    asked.length = 0
    for (const name of ['stacks-01', 'evil.example%2F', 'Stacks-1', 'org-1', '{namespace}']) {
      const path = `/${name}/Users`
      expect((await send(path, 'GET', first)).status).toBe(401)
      expect((await send(`/${name}/serviceaccounts`, 'GET', OPERATOR)).status).toBe(400)
    }
    expect((await send('', 'POST', OPERATOR, { name: 'evil.example/' })).status).toBe(400)
    expect(asked).toEqual([])
  })

  test('the operator is told why there is no list', async () => {
    const { send } = open()
    const answer = await send('', 'GET', OPERATOR)
    expect([answer.status, answer.body.messageId]).toEqual([501, 'namespace.unlisted'])
    expect((await send('', 'GET')).status).toBe(401)
  })
})

/** One more token of a namespace that is there. */
async function tokenOf(send: Send, name: string) {
  const accounts = await send(`/${name}/serviceaccounts`, 'GET', OPERATOR)
  const id = accounts.body.serviceAccounts[0].id
  const token = await send(`/${name}/serviceaccounts/${id}/tokens`, 'POST', OPERATOR, {
    name: `token ${Math.random()}`,
  })
  return { Authorization: `Bearer ${token.body.key}`, ...JSON_BODY }
}
