/** Which server a tool takes by itself, and what it sends to it: against servers on this machine. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NAMESPACES } from '../../../scripts/lib/admin-client.ts'
import { program } from '../../../scripts/lib/command.ts'
import { findPlace } from '../../../scripts/lib/place.ts'
import { findTenant, tenantOptions, tenantUrlOf } from '../../../scripts/lib/tenant.ts'

const OURS = { status: 'ok', service: 'scim-edge' }
const RUNNING = '.scim-edge/running'

const home = process.cwd()
const servers: Server[] = []
let folder = ''
/** The headers of all that was asked. */
let asked: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-edge-place-'))
  process.chdir(folder)
  asked = []
  for (const name of Object.keys(process.env)) {
    if (/^(SCIM_|OPERATOR_TOKEN$)/.test(name)) vi.stubEnv(name, undefined)
  }
})

afterEach(() => {
  process.chdir(home)
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) server.close()
  rmSync(folder, { recursive: true })
})

/** Something that listens, and answers this to everything. */
async function listening(answer: object): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(JSON.stringify([request.url, request.headers]))
    response.end(JSON.stringify(answer))
  })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Leaves the note of a server. */
function note(url: string, pid = process.pid, more: object = {}): void {
  mkdirSync(RUNNING, { recursive: true })
  const name = `${pid}-${readdirSync(RUNNING).length}.json`
  writeFileSync(join(RUNNING, name), JSON.stringify({ url, pid, command: 'dev', ...more }))
}

function tenant(...args: string[]) {
  const terminal = { out: () => undefined, error: () => undefined }
  const command = tenantOptions(program('test', 'A test.', terminal), 'the URL')
  command.parse(args, { from: 'user' })
  return findTenant(command)
}

describe('without an address', () => {
  test('the server that runs from this folder is taken, with the secrets that it keeps', async () => {
    writeFileSync('kept', 'OPERATOR_TOKEN=of-the-operator\nSCIM_TOKEN=of-okta\n')
    const url = await listening(OURS)
    note(url, process.pid, { secrets: join(folder, 'kept') })
    const place = await findPlace(undefined)
    expect([place.origin, place.namespace]).toEqual([url, undefined])
    expect(place.secret('OPERATOR_TOKEN')).toBe('of-the-operator')
    vi.stubEnv('OPERATOR_TOKEN', 'of-the-environment')
    expect(place.secret('OPERATOR_TOKEN')).toBe('of-the-environment')
    expect(await tenant()).toEqual({ url: `${url}${NAMESPACES}/default`, token: 'of-okta' })
    // Whoever is asked what it is learns nothing.
    expect(asked.length).toBeGreaterThan(0)
    for (const one of asked) expect(one).not.toMatch(/of-|authorization/i)
  })

  test('what does not answer as scim-edge is not, though the process is alive', async () => {
    const url = await listening({ status: 'ok' })
    note(url)
    const sentence = `What npm run dev left at ${url} does not answer as scim-edge: start one with npm run dev or npm run serve, or say where it is: --url or SCIM_EDGE_URL.`
    await expect(findPlace(undefined)).rejects.toThrow(sentence)
    await expect(tenant('--token', 'mine')).rejects.toThrow(sentence)
    for (const one of asked) expect(one).not.toMatch(/mine|authorization/i)
  })

  test.each([
    ['none', () => undefined],
    ['one of another machine', () => note('http://192.0.2.1:8787')],
    ['one of a process that has ended', () => note('http://127.0.0.1:9', 2 ** 22 + 1)],
    ['half a one', () => writeFileSync(join(RUNNING, '1.json'), '{"url":')],
  ])('a note that says nothing is as good as none: %s', async (_what, leave) => {
    mkdirSync(RUNNING, { recursive: true })
    leave()
    await expect(findPlace(undefined)).rejects.toThrow(/^No server runs from this folder: /)
    expect(readdirSync(RUNNING)).toEqual([])
  })

  test('of two, neither is taken', async () => {
    const [one, other] = [await listening(OURS), await listening(OURS)]
    note(one)
    note(other)
    await expect(findPlace(undefined)).rejects.toThrow(
      `More than one server runs from this folder: ${one} (dev), ${other} (dev); say which with --url or SCIM_EDGE_URL.`,
    )
  })
})

describe('with an address', () => {
  test('--url comes before SCIM_EDGE_URL, and both before what runs here', async () => {
    note(await listening(OURS))
    vi.stubEnv('SCIM_EDGE_URL', `https://one.example.com${NAMESPACES}/stacks-5/`)
    expect(await findPlace(undefined)).toMatchObject({
      origin: 'https://one.example.com',
      namespace: 'stacks-5',
    })
    expect((await findPlace('https://two.example.com/')).origin).toBe('https://two.example.com')
  })

  test('the secrets of a server on this machine go to no other', async () => {
    writeFileSync('.dev.vars', 'OPERATOR_TOKEN=of-the-operator\nSCIM_TOKEN=of-okta\n')
    const there = await findPlace('https://scim.example.com')
    expect(there.secret('OPERATOR_TOKEN')).toBeUndefined()
    const here = await findPlace('http://localhost:9')
    expect(here.secret('OPERATOR_TOKEN')).toBe('of-the-operator')
    const url = `https://scim.example.com${NAMESPACES}/default`
    await expect(tenant('--url', url)).rejects.toThrow(
      `The bearer token for ${url} is missing: set SCIM_EDGE_TOKEN, or give --token-file; npm run -s admin -- --url https://scim.example.com token create --namespace default makes one.`,
    )
  })

  test('an origin or a base URL of ours leads to a namespace; what is not ours stays', async () => {
    const [ours, theirs] = [await listening(OURS), await listening({})]
    expect(await tenantUrlOf(`${ours}/`)).toBe(`${ours}${NAMESPACES}/default`)
    expect(await tenantUrlOf(`${theirs}/`)).toBe(theirs)
    expect(await tenantUrlOf(`${theirs}/scim/v2/?x=1`)).toBe(`${theirs}/scim/v2`)
    vi.stubEnv('SCIM_EDGE_NAMESPACE', 'stacks-5')
    expect(await tenantUrlOf(ours)).toBe(`${ours}${NAMESPACES}/stacks-5`)
    expect(await tenantUrlOf(`${theirs}${NAMESPACES}/`)).toBe(`${theirs}${NAMESPACES}/stacks-5`)
    expect(await tenantUrlOf(`${theirs}${NAMESPACES}/org-2/`)).toBe(`${theirs}${NAMESPACES}/org-2`)
  })
})

describe('the token', () => {
  const url = 'https://scim.example.com/scim/v2'

  test('is that of the option, else of the file, else of the environment', async () => {
    writeFileSync('token.txt', 'of-the-file\n')
    vi.stubEnv('SCIM_TOKEN', 'of-old')
    const tokenOf = async (...args: string[]) => (await tenant('--url', url, ...args)).token
    expect(await tokenOf()).toBe('of-old')
    vi.stubEnv('SCIM_EDGE_TOKEN', 'of-the-environment')
    expect(await tokenOf()).toBe('of-the-environment')
    expect(await tokenOf('--token-file', 'token.txt')).toBe('of-the-file')
    expect(await tokenOf('--token', 'of-the-option')).toBe('of-the-option')
  })

  test('of the second namespace of npm run dev is found, too', async () => {
    writeFileSync('.dev.vars', 'SCIM_TOKEN=of-default\nSCIM_TOKEN_STACKS_1=of-stacks-1\n')
    const at = (name: string) => tenant('--url', `http://127.0.0.1:9${NAMESPACES}/${name}`)
    expect((await at('default')).token).toBe('of-default')
    expect((await at('stacks-1')).token).toBe('of-stacks-1')
    await expect(at('org-2')).rejects.toThrow('is missing')
  })

  test.each([
    ['', 'token.txt must hold the bearer token and nothing else.'],
    ['two words', 'token.txt must hold the bearer token and nothing else.'],
    [undefined, 'The token in token.txt cannot be read (ENOENT).'],
  ])('a file with %j is refused', async (content, sentence) => {
    if (content !== undefined) writeFileSync('token.txt', content)
    await expect(tenant('--url', url, '--token-file', 'token.txt')).rejects.toThrow(sentence)
  })

  test('goes over plain HTTP to this machine only', async () => {
    const plain = 'http://scim.example.com/scim/v2'
    await expect(tenant('--url', plain, '--token', 'mine')).rejects.toThrow(
      'Over http:// to http://scim.example.com, anybody on the way can read the secret; give an https URL, or add --insecure.',
    )
    expect(await tenant('--url', plain, '--token', 'mine', '--insecure')).toEqual({
      url: plain,
      token: 'mine',
    })
  })
})
