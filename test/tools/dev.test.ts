/**
 * `npm run dev` and the operator's command line, as a newcomer uses them: in a folder of their own,
 * against the Worker under wrangler.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const folders: string[] = []

/** A copy of the project without state and secrets. */
function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-'))
  folders.push(folder)
  for (const part of [
    'src',
    'scripts',
    'drizzle',
    'wrangler.toml',
    'package.json',
    'tsconfig.json',
  ]) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const environment = (() => {
  const isOurs = (name: string) => /^(SCIM_|OPERATOR_TOKEN$|PORT$)/.test(name)
  const rest = Object.entries(process.env).filter(([name]) => !isOurs(name))
  return {
    ...Object.fromEntries(rest),
    PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
  }
})()

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

interface Run {
  readonly status: number
  readonly out: string
  readonly error: string
}

/** Runs a tool to its end. */
function run(folder: string, tool: string, args: readonly string[], more = {}): Promise<Run> {
  return new Promise((done) => {
    const options = { cwd: folder, env: { ...environment, ...more } }
    execFile('node', ['scripts/run.js', tool, ...args], options, (failure, out, error) => {
      done({ status: typeof failure?.code === 'number' ? failure.code : 0, out, error })
    })
  })
}

/** Starts `npm run dev` and waits until it says that it is ready. */
function startDev(
  folder: string,
  args: readonly string[],
  variables = {},
): Promise<{ child: ChildProcess; printed: string }> {
  const env = { ...environment, ...variables }
  const child = spawn('node', ['scripts/run.js', 'dev', ...args], { cwd: folder, env })
  let printed = ''
  return new Promise((done, fail) => {
    const read = (text: Buffer) => {
      printed += text
      if (printed.includes('Stop with Ctrl-C')) done({ child, printed })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('close', (code) => fail(new Error(`dev ended with ${code}: ${printed}`)))
  })
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.removeAllListeners('close')
    child.once('close', () => done())
    child.kill('SIGTERM')
  })
}

function tokenIn(printed: string): string {
  return /Token\s+(glsa_\S+)/.exec(printed)?.[1] ?? ''
}

function urlIn(printed: string): string {
  return /Tenant URL\s+(\S+)/.exec(printed)?.[1] ?? ''
}

/** Runs a line in a shell, as somebody who pastes it. */
function shell(line: string): Promise<string> {
  return new Promise((done, fail) => {
    execFile('sh', ['-c', line], (error, out) => (error ? fail(error) : done(out)))
  })
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('npm run dev', () => {
  const folder = freshFolder()
  let port = 0
  let dev: { child: ChildProcess; printed: string }
  // It finds where the server is by itself.
  const admin = (...args: string[]) => run(folder, 'admin', args)

  beforeAll(async () => {
    port = await freePort()
    dev = await startDev(folder, ['--port', String(port)])
  })
  afterAll(() => stop(dev.child))

  test('prints a tenant URL, a token, and two curl lines that work as pasted', async () => {
    expect(urlIn(dev.printed)).toBe(
      `http://127.0.0.1:${port}/apis/scim.grafana.app/v0alpha1/namespaces/default`,
    )
    const lines = dev.printed.split('\n').filter((line) => line.startsWith('curl '))
    expect(lines).toHaveLength(2)
    // Nor advice of wrangler that is for nobody here.
    expect(dev.printed).not.toMatch(/WARNING|cdn-cgi|cron/)
    const [create = '', list = ''] = lines
    const created = JSON.parse(await shell(`${create} --silent`))
    expect(created.userName).toBe('ada@example.com')
    const listed = JSON.parse(await shell(`${list} --silent`))
    expect(listed.Resources.map(({ id }: { id: string }) => id)).toEqual([created.id])
  })

  test('a long body with a token that is no good is answered, and its connection is not lost', async () => {
    // Without its type fetch would send the body as text.
    const type = 'application/scim+json'
    const headers = {
      'Content-Type': type,
      Authorization: `Bearer glsa_${'A'.repeat(32)}_d8dc8af3`,
    }
    const body = ' '.repeat(5_000_000)
    for (let time = 0; time < 5; time += 1) {
      const answer = await fetch(`${urlIn(dev.printed)}/Bulk`, { method: 'POST', headers, body })
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ messageId: 'api-key.invalid' })
    }
  })

  test('every command that it prints is for this server', async () => {
    const commands = dev.printed.split('\n').filter((line) => line.includes('npm run'))
    expect(commands).toHaveLength(2)
    for (const command of commands) expect(command).toContain(`--url http://127.0.0.1:${port}`)
    expect(statSync(join(folder, '.dev.vars')).mode & 0o777).toBe(0o600)
  })

  test('keeps people and token over a restart, with the secret that it is given', async () => {
    await stop(dev.child)
    const before = tokenIn(dev.printed)
    const secret = 'a secret of "our" own #1: 0123456789'.replaceAll(' ', '-')
    dev = await startDev(folder, [], { PORT: String(port), OPERATOR_TOKEN: secret })
    const namespaces = `http://127.0.0.1:${port}/apis/scim.grafana.app/v0alpha1/namespaces`
    const headers = { Authorization: `Bearer ${secret}` }
    expect((await fetch(namespaces, { headers })).status).toBe(200)
    expect((await admin('namespace', 'list')).status).toBe(0)
    expect(tokenIn(dev.printed)).toBe(before)
    const answer = await fetch(`${urlIn(dev.printed)}/Users`, {
      headers: { Authorization: `Bearer ${before}` },
    })
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as { totalResults: number }).totalResults).toBe(1)
  })

  test('says in one sentence that the port is taken', async () => {
    const second = await run(freshFolder(), 'dev', [], { PORT: String(port) })
    expect(second.status).toBe(1)
    const [, proposed] =
      /^Port (?:\d+) is taken; stop what listens there, or choose another one: npm run dev -- --port (\d+)\.\n$/.exec(
        second.error,
      ) ?? []
    const next = createServer().listen(Number(proposed), '127.0.0.1')
    await expect.poll(() => next.listening).toBe(true)
    next.close()
  })

  test('the operator makes a namespace and a token, uses it, and revokes it', async () => {
    const created = await admin('namespace', 'create', 'stacks-77', '--user-sync', '--json')
    expect(created.error).toBe('')
    expect(JSON.parse(created.out)).toMatchObject({
      name: 'stacks-77',
      settings: { enableUserSync: true, enableGroupSync: false, requireExternalId: true },
    })
    const again = await admin('namespace', 'create', 'stacks-77')
    expect(again.status).toBe(1)
    expect(again.error.trim().split('\n')).toHaveLength(1)
    const kept = await admin('namespace', 'create', 'stacks-77', '--if-missing', '--json')
    expect(kept.status).toBe(0)

    const made = await admin(
      ...['token', 'create', '--namespace', 'stacks-77', '--permissions', 'org.users:read'],
      ...['--expires', '1h', '--json'],
    )
    const token = JSON.parse(made.out)
    expect(token).toMatchObject({ namespace: 'stacks-77', permissions: ['org.users:read'] })
    const users = `http://127.0.0.1:${port}/apis/scim.grafana.app/v0alpha1/namespaces/stacks-77/Users`
    const headers = { Authorization: `Bearer ${token.token}` }
    expect((await fetch(users, { headers })).status).toBe(200)

    const listed = await admin('token', 'list', '--namespace', 'stacks-77', '--json')
    expect(JSON.parse(listed.out)).toHaveLength(1)
    expect(listed.out).not.toContain(token.token)
    const revoked = await admin('token', 'revoke', '--namespace', 'stacks-77', token.id)
    expect(revoked.status).toBe(0)
    expect((await fetch(users, { headers })).status).toBe(401)

    expect((await admin('namespace', 'delete', 'stacks-77')).status).toBe(1)
    expect((await admin('namespace', 'delete', 'stacks-77', '--yes')).status).toBe(0)
    const left = await admin('namespace', 'list', '--json')
    expect(JSON.parse(left.out).map(({ name }: { name: string }) => name)).toEqual([
      'default',
      'stacks-1',
    ])
  })

  test('the simulator plays a small Okta and finds no difference', async () => {
    const { status, out } = await run(folder, 'simulate', [
      ...['--idp', 'okta', '--okta-app', 'template', '--users', '6', '--groups', '2'],
    ])
    expect(status).toBe(0)
    expect(out).toContain('no difference')
  })
})

test.each([
  [
    { OPERATOR_TOKEN: 'x'.repeat(31) },
    'OPERATOR_TOKEN needs 32 characters and has 31; make a random one: openssl rand -hex 32.',
  ],
  [
    { OPERATOR_TOKEN: `two words ${'x'.repeat(32)}` },
    "OPERATOR_TOKEN may hold no blank, no ' and nothing beyond ASCII; make one: openssl rand -hex 32.",
  ],
  [{ PORT: 'http' }, "PORT must be a number from 0 to 65535, not 'http'."],
])('%j is refused in one sentence', async (variables, sentence) => {
  const folder = freshFolder()
  const port = 'PORT' in variables ? [] : ['--port', String(await freePort())]
  const { status, error } = await run(folder, 'dev', port, variables)
  expect([status, error]).toEqual([1, `${sentence}\n`])
  expect(existsSync(join(folder, '.dev.vars'))).toBe(false)
})

test('a broken state folder is named in one sentence', async () => {
  const folder = freshFolder()
  mkdirSync(join(folder, '.wrangler'))
  writeFileSync(join(folder, '.wrangler/state'), 'not a folder')
  const { status, error } = await run(folder, 'dev', ['--port', String(await freePort())])
  expect(status).toBe(1)
  expect(error.trim().split('\n')).toHaveLength(1)
  expect(error).toContain('The local database in .wrangler/state cannot be used')
})

test('without a server the operator is told how to start one', async () => {
  const url = `http://127.0.0.1:${await freePort()}`
  const { status, error } = await run(freshFolder(), 'admin', ['--url', url, 'namespace', 'list'], {
    OPERATOR_TOKEN: 'x'.repeat(32),
  })
  expect(status).toBe(1)
  expect(error.trim().split('\n')).toHaveLength(1)
  expect(error).toContain('npm run dev')
})
