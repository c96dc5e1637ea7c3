/**
 * Moving a namespace from one deployment to another by the command line, on libSQL files and over
 * HTTP: export, restore that is killed on the way and started again, export.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Client, createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { afterAll, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { API } from '../../src/http/context.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { libsql } from '../../src/store/libsql.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'scim-edge-backup-'))
const databases: Client[] = []
const servers: Server[] = []

afterAll(() => {
  for (const server of servers) server.close()
  for (const database of databases) database.close()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * A deployment on a file of its own.
 *
 * @param answering runs once a request was carried out, before it is answered
 */
async function deploy(name: string, answering: (method: string, path: string) => Promise<void>) {
  const database = createClient({ url: `file:${join(folder, `${name}.db`)}` })
  databases.push(database)
  await database.execute('pragma journal_mode = wal')
  await migrate(drizzle(database), { migrationsFolder: 'drizzle' })
  const app = createApp({
    databases: oneForAll(libsql(database)),
    settings: defaultSettings,
    operatorToken: 'operator',
    maxBulkOperations: 1000,
    now: Date.now,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: () => {},
  })
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', async () => {
      const { method = '', url = '' } = incoming
      const headers = new Headers(incoming.headers as Record<string, string>)
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}
      const response = await app.fetch(
        new Request(`http://127.0.0.1${url}`, { method, headers, ...body }),
      )
      await answering(method, url)
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      outgoing.end(Buffer.from(await response.arrayBuffer()))
    })
  })
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { origin: `http://127.0.0.1:${port}`, database }
}

interface Run {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

/** Runs the command line to its end, or until it is killed. */
function admin(origin: string, args: readonly string[], begun: (child: ChildProcess) => void) {
  const root = resolve(import.meta.dirname, '../..')
  const child = spawn('node', ['scripts/run.js', 'admin', '--url', origin, ...args], {
    cwd: root,
    env: { ...process.env, OPERATOR_TOKEN: 'operator' },
  })
  begun(child)
  return new Promise<Run>((done) => {
    let [out, error] = ['', '']
    // A letter may come in two parts.
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      error += chunk
    })
    child.on('close', (status) => done({ status, out, error }))
  })
}

const nothing = async () => {}

test('a namespace moves to another deployment, though the restore is killed on the way', async () => {
  const from = await deploy('from', nothing)
  const post = async (path: string, body: object, token = 'operator') => {
    const response = await fetch(from.origin + API + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Record<string, string> }
  }
  await post('', { name: 'stacks-5', settings: { enableUserSync: true, enableGroupSync: true } })
  const account = (await post('/stacks-5/serviceaccounts', { name: 'okta', role: 'Editor' })).body
  const { key } = (await post(`/stacks-5/serviceaccounts/${account.id}/tokens`, { name: 't' })).body
  const made = await post(
    '/stacks-5/Bulk',
    {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: Array.from({ length: 900 }, (_, at) => ({
        ...{ method: 'POST', path: '/Users', bulkId: `b${at}` },
        data: { userName: `Üser ${at} 🎉\u2028`, externalId: `x${at}` },
      })),
    },
    key,
  )
  expect(made.status).toBe(200)
  const operations = made.body.Operations as unknown as { readonly location: string }[]
  const members = operations.map(({ location }) => ({ value: location.split('/').at(-1) }))
  const crew = await post('/stacks-5/Groups', { displayName: 'Crew', members }, key)
  expect(crew.status).toBe(201)

  const first = join(folder, 'first.ndjson')
  const exported = await admin(
    from.origin,
    ['export', '--namespace', 'stacks-5', '--output', first],
    () => {},
  )
  expect(exported).toMatchObject({ status: 0, error: '' })
  expect(exported.out).toMatch(/900 users, 1 team, 900 memberships, 90\d events/)
  expect(readFileSync(first, 'utf8')).not.toContain(key)

  let victim: ChildProcess | undefined
  let sent = 0
  const to = await deploy('to', async (method, path) => {
    if (method !== 'POST' || !path.includes('/restore')) return
    sent += 1
    // The second chunk is in, and nobody lives to hear it.
    if (sent === 2) victim?.kill('SIGKILL')
    if (sent === 2) await new Promise((done) => victim?.once('close', done))
  })
  const restore = ['restore', '--namespace', 'org-2', '--input', first, '--create']
  const killed = await admin(to.origin, restore, (child) => {
    victim = child
  })
  expect(killed).toMatchObject({ status: null, out: '' })
  const half = await to.database.execute('select count(*) as users from user')
  expect(half.rows[0]?.users).toBe(900)
  const before = await to.database.execute("select users from namespace where name = 'org-2'")
  expect(before.rows[0]?.users).toBe(0)

  const again = await admin(to.origin, restore, () => {})
  expect(again).toMatchObject({ status: 0, error: '' })
  expect(again.out).toMatch(/^Namespace org-2 is restored as stacks-5 was at .*: 900 users/)
  expect(sent).toBe(3)
  const third = await admin(to.origin, restore, () => {})
  expect(third).toMatchObject({ status: 0 })
  expect(third.out).toMatch(/was restored from this file already/)
  expect(sent).toBe(3)

  const second = await admin(to.origin, ['export', '--namespace', 'org-2'], () => {})
  expect(second).toMatchObject({ status: 0, error: '' })
  expect(comparable(second.out)).toEqual(comparable(readFileSync(first, 'utf8')))
})

/** All but what must differ: the name and time of the first line, and what is reckoned from it. */
function comparable(text: string) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const {
        check: _check,
        sha256: _sha256,
        namespace: _name,
        time: _time,
        ...rest
      } = JSON.parse(line)
      return rest
    })
}
