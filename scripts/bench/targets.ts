/** The servers that are measured, each in processes of its own, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { NAMESPACES } from '../lib/admin-client.ts'

const root = resolve(import.meta.dirname, '../..')
const OPERATOR_TOKEN = randomBytes(32).toString('hex')
const NAMESPACE = 'stacks-1'

/** Linux counts the time of a process in hundredths of a second. */
const MILLISECONDS_A_TICK = 10

export type TargetName = 'node' | 'worker'

/** A server that is ready to be filled. */
export interface Target {
  readonly name: string
  /** The tenant URL. */
  readonly url: string
  readonly token: string
  readonly cpu?: () => number
  /** The address of what everything is compared with, on the data of this target. */
  readonly floor?: { readonly url: string; readonly cpu: () => number }
}

/** What was started; whatever happens, all of it ends with {@link Running.end}. */
export interface Running {
  readonly start: (name: TargetName) => Promise<Target>
  readonly end: () => Promise<void>
}

/** What a script says that it serves; the floor, where it stands in the same process. */
interface Addresses {
  readonly url: string
  readonly floorUrl: string | undefined
}

/** Makes a place for targets to run in. */
export function makeRunning(): Running {
  const children = new Set<ChildProcess>()
  const folders: string[] = []

  /** Starts a script, and waits until it says its address. */
  const launch = async (script: string, variables: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, ['scripts/run.js', script], {
      cwd: root,
      env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    const urls = await new Promise<Addresses>((done, fail) => {
      let printed = ''
      const read = (text: Buffer) => {
        if (printed.length > 10_000) return
        printed += text
        const [, where] = /serves (http:\S+)/.exec(printed) ?? []
        const [, floor] = /floor has (http:\S+),/.exec(printed) ?? []
        if (where !== undefined) done({ url: where, floorUrl: floor })
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.once('exit', (code) => fail(new Error(`${script} ended with ${code}: ${printed}`)))
    })
    return { ...urls, cpu: () => cpuOf(child.pid ?? 0) }
  }

  const starts: Record<TargetName, () => Promise<Target>> = {
    async node() {
      const folder = mkdtempSync(join(tmpdir(), 'scim-edge-bench-'))
      folders.push(folder)
      const file = join(folder, 'scim-edge.db')
      const served = await launch('serve', {
        DATABASE_FILE: file,
        OPERATOR_TOKEN,
        SERVER_TIMING: 'true',
      })
      const floor = await launch('bench/floor', { DATABASE_FILE: file })
      const token = await makeTenant(served.url)
      return { ...served, name: 'Node, libSQL file', url: tenant(served.url), token, floor }
    },
    async worker() {
      const { url, floorUrl, cpu } = await launch('bench/worker', { OPERATOR_TOKEN })
      const token = await makeTenant(url)
      // One process runs both, each while the other has nothing to do.
      const floor = floorUrl === undefined ? {} : { floor: { url: floorUrl, cpu } }
      return { name: 'Worker in Miniflare, D1', url: tenant(url), token, cpu, ...floor }
    },
  }

  return {
    start: (name) => starts[name](),
    async end() {
      const running = [...children].filter((child) => child.exitCode === null && !child.signalCode)
      for (const child of running) child.kill('SIGTERM')
      await Promise.all(running.map((child) => once(child, 'exit')))
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
    },
  }
}

const tenant = (url: string) => `${url}${NAMESPACES}/${NAMESPACE}`

/** Makes the namespace with a token that may do everything; returns the token. */
async function makeTenant(url: string): Promise<string> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(url + NAMESPACES + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  const settings = { enableUserSync: true, enableGroupSync: true }
  await post('', { name: NAMESPACE, settings })
  const accounts = `/${NAMESPACE}/serviceaccounts`
  const { id } = await post(accounts, { name: 'bench', role: 'Editor' })
  const { key } = await post(`${accounts}/${id}/tokens`, { name: 'bench' })
  return String(key)
}

/** The milliseconds that a process and those it started have computed. */
function cpuOf(pid: number): number {
  const parents = new Map<number, { parent: number; ticks: number }>()
  for (const file of globSync('/proc/[0-9]*/stat')) {
    try {
      const stat = readFileSync(file, 'utf8')
      // The name, in parentheses, may hold anything; what follows it is counted from its end.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const ticks = Number(fields[11]) + Number(fields[12])
      parents.set(Number.parseInt(stat, 10), { parent: Number(fields[1]), ticks })
    } catch {
      // It has ended meanwhile.
    }
  }
  const ticksOf = (id: number): number => {
    let sum = parents.get(id)?.ticks ?? 0
    for (const [child, { parent }] of parents) if (parent === id) sum += ticksOf(child)
    return sum
  }
  return ticksOf(pid) * MILLISECONDS_A_TICK
}
