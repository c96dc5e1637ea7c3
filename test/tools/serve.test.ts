/** `npm run serve`: a process of its own, that keeps what it confirmed and ends without a loss. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createClient } from '@libsql/client/sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { listen } from '../../src/node/http.ts'
import { expectNoSecretsIn } from '../support/no-secrets-in-files.ts'
import {
  cleanUp,
  freshFolder,
  makeTenant,
  makeToken,
  NAMESPACES,
  OPERATOR_TOKEN,
  refusalOf,
  runTool,
  send,
  serve,
} from '../support/serve.ts'

afterAll(cleanUp)

const user = (name: string) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: name,
  externalId: name,
})

describe('npm run serve', () => {
  test('keeps what it confirmed, even if it is killed the moment after', async () => {
    const variables = { DATABASE_FILE: join(freshFolder(), 'data', 'scim.db') }
    const first = await serve(variables)
    const token = await makeTenant(first.url, 'default')
    const created = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        send(first.url, '/default/Users', token, 'POST', user(`user-${index}`)),
      ),
    )
    expect(new Set(created.map(({ status }) => status))).toEqual(new Set([201]))
    expect(await first.end('SIGKILL')).toBe('SIGKILL')

    const second = await serve(variables)
    for (const { body } of created) {
      const read = await send(second.url, `/default/Users/${body.id}`, token)
      expect([read.status, read.body.userName]).toEqual([200, body.userName])
    }
    const list = await send(second.url, '/default/Users?count=0', token)
    expect(list.body.totalResults).toBe(40)
    expect(await second.end('SIGTERM')).toBe(0)
  })

  test('a file that it made may be read by its owner alone, and holds all once it has ended', async () => {
    const file = join(freshFolder(), 'scim.db')
    const served = await serve({ DATABASE_FILE: file })
    await makeTenant(served.url, 'stacks-5')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await served.end('SIGINT')).toBe(0)
    // The log beside it is empty, so a copy of the file alone is a backup.
    expect(existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0).toBe(0)
    const client = createClient({ url: `file:${file}` })
    expect((await client.execute('select name from namespace')).rows[0]?.name).toBe('stacks-5')
    client.close()
  })

  test('a client that hangs up within a body is logged as its own fault, without an error', async () => {
    const { url, printed, end } = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
    const token = await makeTenant(url, 'default')
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `POST ${NAMESPACES}/default/Users HTTP/1.1\r\nHost: ${hostname}\r\n` +
        `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
        'Content-Length: 100\r\n\r\n{"userName":',
    )
    await pause(200)
    socket.destroy()
    const lines = () =>
      printed()
        .split('\n')
        .filter((line) => line.includes('"POST"') && line.includes('/Users'))
        .map((line) => JSON.parse(line))
    await expect.poll(() => lines().length).toBe(1)
    expect(lines()[0]).toMatchObject({ status: 400, namespace: 'default' })
    expect(lines()[0]).not.toHaveProperty('error')
    expect((await send(url, '/default/Users', token)).body.totalResults).toBe(0)
    expect(await end('SIGTERM')).toBe(0)
  })

  test('a request in flight is finished, and nobody new is let in', async () => {
    const { url, signal, ended } = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
    const token = await makeTenant(url, 'default')
    const body = JSON.stringify(user('ada'))
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (text) => {
      answer += text
    })
    const closed = new Promise((done) => socket.once('close', done))
    socket.write(
      `POST ${NAMESPACES}/default/Users HTTP/1.1\r\nHost: ${hostname}\r\n` +
        `Authorization: Bearer ${token}\r\nContent-Type: application/scim+json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    )
    // The request has arrived once another one, sent later, is answered.
    await send(url, '/default/Users', token)
    signal('SIGTERM')
    await expect.poll(() => fetch(`${url}/health`).then(String, () => 'refused')).toBe('refused')
    socket.write(body.slice(10))
    await closed
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
    expect(answer.toLowerCase()).toContain('connection: close')
    expect(await ended).toBe(0)
  })

  test('a second signal ends it at once', async () => {
    const { url, signal, ended } = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.write('POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n')
    await fetch(`${url}/health`)
    signal('SIGTERM')
    await expect.poll(() => fetch(`${url}/health`).then(String, () => 'refused')).toBe('refused')
    signal('SIGINT')
    expect(await ended).toBe(1)
    socket.destroy()
  })

  test('two starts at once on a new file make one database', async () => {
    const variables = { DATABASE_FILE: join(freshFolder(), 'scim.db') }
    const both = await Promise.all([serve(variables), serve(variables), serve(variables)])
    const token = await makeTenant(both[0].url, 'default')
    for (const { url } of both) {
      expect((await send(url, '/default/Users', token)).status).toBe(200)
    }
    for (const served of both) expect(await served.end('SIGTERM')).toBe(0)
  })

  test('says at /healthz that its file has every migration', async () => {
    const file = join(freshFolder(), 'scim.db')
    const { url, end } = await serve({ DATABASE_FILE: file })
    const healthz = async (at: string) => {
      const answer = await fetch(`${at}/healthz`)
      return [answer.status, await answer.json()]
    }
    expect(await healthz(url)).toEqual([200, { status: 'ok' }])
    expect(await end('SIGTERM')).toBe(0)
  })

  test('names itself by PUBLIC_URL, whatever the request says', async () => {
    const { url, end } = await serve({
      DATABASE_FILE: join(freshFolder(), 'scim.db'),
      PUBLIC_URL: 'https://scim.example.com',
    })
    const answer = await fetch(`${url}${NAMESPACES}/default/ServiceProviderConfig`, {
      headers: { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' },
    })
    const { meta } = (await answer.json()) as { meta: { location: string } }
    expect(meta.location).toBe(
      `https://scim.example.com${NAMESPACES}/default/ServiceProviderConfig`,
    )
    expect(await end('SIGTERM')).toBe(0)
  })

  test('a filter of 16 KiB fits into a URL, and a body that is too large is 413', async () => {
    const { url, end } = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
    const token = await makeTenant(url, 'default')
    const filter = encodeURIComponent(`userName eq "${'a'.repeat(16_000)}"`)
    expect((await send(url, `/default/Users?filter=${filter}`, token)).status).toBe(200)
    const large = await send(url, '/default/Users', token, 'POST', user('a'.repeat(2_000_000)))
    expect(large.status).toBe(413)
    expect(await end('SIGTERM')).toBe(0)
  })

  test('a client that hangs up in the middle of a body harms nobody', async () => {
    const { url, end } = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
    const token = await makeTenant(url, 'default')
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `POST ${NAMESPACES}/default/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/scim+json\r\nContent-Length: 1000\r\n\r\n{"userName":',
    )
    await send(url, '/default/Users', token)
    socket.destroy()
    const list = await send(url, '/default/Users', token)
    expect([list.status, list.body.totalResults]).toEqual([200, 0])
    expect(await end('SIGTERM')).toBe(0)
  })

  test('whoever reads its log may go away', async () => {
    const served = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
    const token = await makeTenant(served.url, 'default')
    served.deafen()
    for (const name of ['ada', 'bob', 'cyd']) {
      const made = await send(served.url, '/default/Users', token, 'POST', user(name))
      expect(made.status).toBe(201)
    }
    expect(await served.end('SIGTERM')).toBe(0)
  })

  test('old events are let go', async () => {
    const variables = { DATABASE_FILE: join(freshFolder(), 'scim.db'), EVENT_RETENTION_DAYS: '30' }
    const first = await serve(variables)
    const token = await makeTenant(first.url, 'default')
    for (const name of ['ada', 'bob']) {
      await send(first.url, '/default/Users', token, 'POST', user(name))
    }
    await first.end('SIGTERM')
    const client = createClient({ url: `file:${variables.DATABASE_FILE}` })
    const old = Date.now() - 31 * 24 * 60 * 60 * 1000
    await client.execute({ sql: 'update event set at = ? where seq <= 3', args: [old] })
    client.close()
    const { url, printed, end } = await serve(variables)
    await expect.poll(printed).toContain('"events":3')
    const { body } = await send(url, '/default/events?order=asc', OPERATOR_TOKEN)
    expect(body.events[0].seq).toBe(4)
    expect(await end('SIGTERM')).toBe(0)
  })
})

test('a password that is sent is in no file, neither before nor after the end', async () => {
  const folder = freshFolder()
  const served = await serve({ DATABASE_FILE: join(folder, 'scim.db') })
  const token = await makeTenant(served.url, 'default')
  const path = '/default/Users'
  const password = 'correct-horse-7'
  const made = await send(served.url, path, token, 'POST', { ...user('Hedwig'), password })
  expect(made.status).toBe(201)
  const patch = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value: { password, title: 'Keeper' } }],
  }
  const changed = await send(served.url, `${path}/${made.body.id}`, token, 'PATCH', patch)
  expect(changed.body.title).toBe('Keeper')
  expect(expectNoSecretsIn(folder)).toContain(join(folder, 'scim.db-wal'))
  // What is stored would be found.
  expect(readFileSync(join(folder, 'scim.db-wal'), 'latin1')).toContain('Keeper')
  expect(await served.end('SIGTERM')).toBe(0)
  expect(expectNoSecretsIn(folder)).toContain(join(folder, 'scim.db'))
})

describe('the first start', () => {
  const mode = (file: string) => statSync(file).mode & 0o777
  const SECRETS = 'data/scim-edge.db.secrets'

  test('makes a secret, a namespace and a token, and prints what to do with them, once', async () => {
    const folder = freshFolder()
    const first = await serve({ OPERATOR_TOKEN: '' }, folder)
    await expect.poll(first.printed).toContain('Play an identity provider')
    const printed = first.printed()
    const tenantUrl = `${first.url}${NAMESPACES}/default`
    expect(printed).toContain(`\n  Tenant URL  ${tenantUrl}\n`)
    const [, token = ''] =
      /\n {2}Token {7}(glsa_\w+) \(until \d{4}-\d\d-\d\d; shown this once\)\n/.exec(printed) ?? []
    const [create = '', list = '', ...more] = printed
      .split('\n')
      .filter((line) => line.startsWith('curl '))
    expect(more).toEqual([])
    const shell = async (line: string) =>
      JSON.parse((await promisify(execFile)('sh', ['-c', `${line} --silent`])).stdout)
    const ada = await shell(create)
    expect(ada.userName).toBe('ada@example.com')
    expect((await shell(list)).Resources.map(({ id }: { id: string }) => id)).toEqual([ada.id])
    // Each command that it prints is for this server.
    const commands = printed.split('\n').filter((line) => line.includes('npm run'))
    expect(commands).toHaveLength(2)
    for (const command of commands) expect(command).toContain(`--url ${first.url}`)

    const kept = readFileSync(join(folder, SECRETS), 'utf8')
    expect(kept).toMatch(/^OPERATOR_TOKEN=[0-9a-f]{64}\n$/)
    expect(mode(join(folder, SECRETS))).toBe(0o600)
    expect(printed).toContain(SECRETS)
    expect(printed).not.toContain(kept.slice('OPERATOR_TOKEN='.length).trim())
    // The command line finds server and secret.
    const listed = await runTool(folder, [
      'admin',
      'token',
      'list',
      '--namespace',
      'default',
      '--json',
    ])
    expect([listed.status, listed.error]).toEqual([0, ''])
    expect(JSON.parse(listed.out)).toMatchObject([{ account: 'scim', name: 'scim-1' }])
    expect(await first.end('SIGTERM')).toBe(0)

    const second = await serve({ OPERATOR_TOKEN: '' }, folder)
    expect((await send(second.url, '/default/Users', token)).status).toBe(200)
    expect(second.printed()).not.toMatch(/glsa_|curl|Tenant URL/)
    expect(readFileSync(join(folder, SECRETS), 'utf8')).toBe(kept)
    expect(await second.end('SIGTERM')).toBe(0)
  })

  test('with a secret given, keeps and makes nothing, and says how to go on', async () => {
    const folder = freshFolder()
    const { url, printed, end } = await serve({}, folder)
    await expect.poll(printed).toContain('token create')
    expect(printed()).not.toContain(OPERATOR_TOKEN)
    expect(existsSync(join(folder, SECRETS))).toBe(false)
    expect((await send(url, '', OPERATOR_TOKEN)).body.items).toEqual([])
    const commands = printed()
      .split('\n')
      .filter((line) => line.includes('npm run'))
    for (const command of commands) {
      const [, args = ''] = /^ +npm run -s admin -- (.*)$/.exec(command) ?? []
      const { status, error } = await runTool(folder, ['admin', ...args.split(' ')], {
        OPERATOR_TOKEN,
      })
      expect([status, error]).toEqual([0, ''])
    }
    expect((await send(url, '', OPERATOR_TOKEN)).body.items).toHaveLength(1)
    expect(await end('SIGTERM')).toBe(0)
  })

  test('with a file for each namespace, makes that of the first one alone', async () => {
    const folder = freshFolder()
    const variables = { OPERATOR_TOKEN: '', DATABASE_FILE: 'data/{namespace}.db' }
    const first = await serve(variables, folder)
    await expect.poll(first.printed).toContain('Play an identity provider')
    expect(mode(join(folder, SECRETS))).toBe(0o600)
    expect(await first.end('SIGTERM')).toBe(0)
    expect(readdirSync(join(folder, 'data')).filter((name) => name.endsWith('.db'))).toEqual([
      'default.db',
    ])
    const second = await serve(variables, folder)
    expect(second.printed()).not.toContain('glsa_')
    expect(await second.end('SIGTERM')).toBe(0)
  })

  test('two of them at once on a new file make one secret and one token', async () => {
    const [folder, file] = [freshFolder(), join(freshFolder(), 'scim.db')]
    const variables = { OPERATOR_TOKEN: '', DATABASE_FILE: file }
    const both = await Promise.all([serve(variables, folder), serve(variables, folder)])
    await expect.poll(() => both.map(({ printed }) => printed()).join('')).toContain('Tenant URL')
    const secret = readFileSync(`${file}.secrets`, 'utf8').slice('OPERATOR_TOKEN='.length).trim()
    for (const { url } of both) expect((await send(url, '', secret)).status).toBe(200)
    expect(both.filter(({ printed }) => printed().includes('glsa_'))).toHaveLength(1)
    // Which of the two is meant is not guessed.
    const { status, error } = await runTool(folder, ['admin', 'namespace', 'list'])
    expect(status).toBe(1)
    expect(error).toMatch(
      /^More than one server runs from this folder: .* --url or SCIM_EDGE_URL\.\n$/,
    )
    for (const { url } of both) expect(error).toContain(`${url} (serve)`)
    for (const served of both) expect(await served.end('SIGTERM')).toBe(0)
  })

  test('a secret that can be guessed is refused, given or kept', async () => {
    const file = join(freshFolder(), 'scim.db')
    const short = 'x'.repeat(31)
    expect(await refusalOf({ DATABASE_FILE: file, OPERATOR_TOKEN: short })).toBe(
      '1: OPERATOR_TOKEN needs 32 characters and has 31; make a random one: openssl rand -hex 32.',
    )
    expect(existsSync(file)).toBe(false)
    writeFileSync(`${file}.secrets`, `OPERATOR_TOKEN=${short}\n`)
    expect(await refusalOf({ DATABASE_FILE: file, OPERATOR_TOKEN: '' })).toBe(
      `1: The OPERATOR_TOKEN in ${file}.secrets needs 32 characters and has 31; make a random one: openssl rand -hex 32.`,
    )
    writeFileSync(`${file}.secrets`, '')
    expect(await refusalOf({ DATABASE_FILE: file, OPERATOR_TOKEN: '' })).toBe(
      `1: The file ${file}.secrets holds no OPERATOR_TOKEN; remove it, and the next start makes a new one.`,
    )
  })

  test('the tools find it while it runs, and say so when it does not', async () => {
    const folder = freshFolder()
    const notes = () => readdirSync(join(folder, '.scim-edge/running'))
    const { url, end } = await serve({}, folder)
    const [note = ''] = notes()
    expect(mode(join(folder, '.scim-edge/running', note))).toBe(0o600)
    const list = () => runTool(folder, ['admin', 'namespace', 'list'], { OPERATOR_TOKEN })
    expect((await list()).status).toBe(0)
    expect(await end('SIGKILL')).toBe('SIGKILL')
    expect(notes()).toEqual([note])
    const { status, error } = await list()
    expect([status, error]).toEqual([
      1,
      'No server runs from this folder: start one with npm run dev or npm run serve, or say where it is: --url or SCIM_EDGE_URL.\n',
    ])
    expect(notes()).toEqual([])
    const again = await serve({ PORT: 'not looked at' }, folder, ['--port', new URL(url).port])
    expect(again.url).toBe(url)
    expect(await again.end('SIGTERM')).toBe(0)
    expect(notes()).toEqual([])
  })
})

describe('npm run serve with a file for each namespace', () => {
  test('a token is nobody in another namespace, and no file is made for a question', async () => {
    const folder = freshFolder()
    const variables = { DATABASE_FILE: join(folder, '{namespace}.db') }
    const first = await serve(variables)
    const ours = await makeTenant(first.url, 'stacks-1')
    const theirs = await makeTenant(first.url, 'stacks-2')
    const ada = await send(first.url, '/stacks-1/Users', ours, 'POST', user('ada'))
    expect(ada.status).toBe(201)
    for (const path of ['/stacks-3/Users', '/stacks-2/Users', '/stacks-01/Users']) {
      const answer = await send(first.url, path, ours)
      expect([answer.status, answer.body.messageId]).toEqual([401, 'api-key.invalid'])
    }
    expect((await send(first.url, '/stacks-3', OPERATOR_TOKEN, 'DELETE')).status).toBe(404)
    expect((await send(first.url, '', OPERATOR_TOKEN)).status).toBe(501)
    expect((await send(first.url, '/stacks-2/Users', theirs)).body.totalResults).toBe(0)
    expect(existsSync(join(folder, 'stacks-1.db'))).toBe(true)
    expect(existsSync(join(folder, 'stacks-3.db'))).toBe(false)
    expect(await first.end('SIGTERM')).toBe(0)

    const second = await serve(variables)
    const read = await send(second.url, `/stacks-1/Users/${ada.body.id}`, ours)
    expect(read.body.userName).toBe('ada')
    expect(await second.end('SIGTERM')).toBe(0)
  })

  test('a file that cannot be used is a fault of its own namespace, and of the moment', async () => {
    const folder = freshFolder()
    const served = await serve({ DATABASE_FILE: join(folder, '{namespace}.db') })
    const ours = await makeTenant(served.url, 'stacks-1')
    writeFileSync(join(folder, 'stacks-2.db'), 'no database '.repeat(100))
    const answer = await send(served.url, '/stacks-2/Users', ours)
    expect([answer.status, answer.body.status]).toEqual([503, '503'])
    expect(answer.body.detail).toMatch(/database does not answer at the moment/)
    expect((await send(served.url, '/stacks-1/Users', ours)).status).toBe(200)
    expect(await served.end('SIGTERM')).toBe(0)
  })

  test('old events are let go in every file, though one of them has a fault', async () => {
    const folder = freshFolder()
    const variables = { DATABASE_FILE: join(folder, '{namespace}.db'), EVENT_RETENTION_DAYS: '30' }
    const first = await serve(variables)
    const token = await makeTenant(first.url, 'stacks-1')
    await makeTenant(first.url, 'org-2')
    await send(first.url, '/stacks-1/Users', token, 'POST', user('ada'))
    expect(await first.end('SIGTERM')).toBe(0)
    const change = async (name: string, statement: string) => {
      const client = createClient({ url: `file:${join(folder, name)}` })
      await client.execute(statement)
      client.close()
    }
    // This one comes first.
    await change('org-2.db', 'drop table conflict')
    await change('stacks-1.db', 'update event set at = 1 where seq <= 2')
    const second = await serve(variables)
    await expect.poll(second.printed).toContain('"events":2')
    expect(second.printed()).toContain('"error":"StoreFailure')
    expect((await send(second.url, '/stacks-1/Users', token)).status).toBe(200)
    expect(await second.end('SIGTERM')).toBe(0)
  })

  test('creating a namespace twice, at the same time too, is refused once', async () => {
    const served = await serve({ DATABASE_FILE: join(freshFolder(), '{namespace}.db') })
    const create = () => send(served.url, '', OPERATOR_TOKEN, 'POST', { name: 'org-7' })
    const both = await Promise.all([create(), create()])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(await served.end('SIGTERM')).toBe(0)
  })
})

describe('what keeps it from starting is said in one sentence', () => {
  const file = () => join(freshFolder(), 'scim.db')

  test('a port that is taken, before the database is touched', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await expect.poll(() => listener.listening).toBe(true)
    const address = listener.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const variables = { DATABASE_FILE: file(), PORT: port }
    const [, proposed = ''] =
      new RegExp(
        `^1: Port ${port} on 127\\.0\\.0\\.1 is taken; stop what listens there, or choose another one: npm run serve -- --port (\\d+)\\.$`,
      ).exec(await refusalOf(variables)) ?? []
    // It is free.
    const next = createServer().listen(Number(proposed), '127.0.0.1')
    await expect.poll(() => next.listening).toBe(true)
    next.close()
    expect(existsSync(variables.DATABASE_FILE)).toBe(false)
    listener.close()
  })

  test.each([
    ['PORT', 'http', /^1: PORT must be a number from 0 to 65535, not 'http'\.$/],
    ['PORT', '65536', /^1: PORT must be a number/],
    ['ENCRYPTION_KEY', 'x', /^1: ENCRYPTION_KEY needs 32 characters and has 1; .*\.$/],
    ['HOST', '192.0.2.1', /^1: Nothing can listen on port 0 of 192\.0\.2\.1 \(EADDRNOTAVAIL\)/],
    ['PUBLIC_URL', 'https://a.example/scim', /^1: PUBLIC_URL must be an http or https URL without/],
    ['PUBLIC_URL', 'a.example', /^1: PUBLIC_URL must be/],
    ['DATABASE_FILE', '{namespace}-{namespace}.db', /^1: DATABASE_FILE is .* once only\.$/],
    ['DATABASE_FILE', '{namespace}/scim.db', /^1: DATABASE_FILE is .* of the file only/],
  ])('%s=%s', async (name, value, sentence) => {
    const said = await refusalOf({ DATABASE_FILE: file(), [name]: value })
    expect(said).toMatch(sentence)
    expect(said.split('\n')).toHaveLength(1)
  })

  test('a file that is no database, no file, or cannot be made', async () => {
    const folder = freshFolder()
    const text = join(folder, 'notes.txt')
    writeFileSync(text, 'These are notes, and no database. '.repeat(100))
    expect(await refusalOf({ DATABASE_FILE: text })).toMatch(
      /^1: The file .* is no SQLite database/,
    )
    mkdirSync(join(folder, 'folder.db'))
    for (const path of [join(folder, 'folder.db'), join(text, 'scim.db')]) {
      const said = await refusalOf({ DATABASE_FILE: path })
      expect(said).toMatch(/^1: The database .* cannot be opened for writing \(.*\); check/)
      expect(said.split('\n')).toHaveLength(1)
    }
  })

  test('a database of a newer version, and one of somebody else; both stay as they are', async () => {
    const newer = file()
    const served = await serve({ DATABASE_FILE: newer })
    await served.end('SIGTERM')
    const client = createClient({ url: `file:${newer}` })
    await client.execute("insert into __drizzle_migrations (hash, created_at) values ('new', 9)")
    client.close()
    expect(await refusalOf({ DATABASE_FILE: newer })).toBe(
      `1: The database ${newer} was used by a newer version of scim-edge than this; start that version.`,
    )
    const foreign = file()
    const other = createClient({ url: `file:${foreign}` })
    await other.execute('create table recipes (name text)')
    expect(await refusalOf({ DATABASE_FILE: foreign })).toMatch(
      /^1: The database .* holds tables that scim-edge did not make/,
    )
    const { rows } = await other.execute("select name from sqlite_master where type = 'table'")
    expect(rows.map(({ name }) => name)).toEqual(['recipes'])
    other.close()
  })
})

test('the end waits for what a response left to do', async () => {
  let done = false
  const listening = await listen('127.0.0.1', 0, (_request, _bindings, context) => {
    const { waitUntil } = context as { waitUntil: (task: Promise<void>) => void }
    const later = async () => {
      await pause(300)
      done = true
    }
    waitUntil(later())
    return new Response('ok')
  })
  expect(await (await fetch(listening.url)).text()).toBe('ok')
  expect(done).toBe(false)
  await listening.close()
  expect(done).toBe(true)
})

test('the conformance suite finds no failure on Node', async () => {
  const { url, end } = await serve({ DATABASE_FILE: join(freshFolder(), 'scim.db') })
  const token = await makeTenant(url, 'default')
  const other = await makeTenant(url, 'stacks-2')
  const viewer = await makeToken(url, 'default', 'viewer', 'Viewer')
  const args = ['scripts/run.js', 'conformance', '--url', `${url}${NAMESPACES}/default`, '--json']
  const more = ['--token', token, '--read-only-token', viewer]
  const second = ['--other-url', `${url}${NAMESPACES}/stacks-2`, '--other-token', other]
  const { stdout } = await promisify(execFile)(process.execPath, [...args, ...more, ...second], {
    maxBuffer: 100_000_000,
  }).catch((error: { stdout: string }) => error)
  const { results } = JSON.parse(stdout) as { results: { outcome: string }[] }
  expect(results.length).toBeGreaterThan(500)
  expect(results.filter(({ outcome }) => outcome === 'fail')).toEqual([])
  expect(await end('SIGTERM')).toBe(0)
})
