// The servers that run on this machine, as they left word of themselves.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RUNNING, type Running } from '../../src/node/running.ts'
import { isLoopback } from './address.ts'
import { failure } from './failure.ts'

const runningShape = z.object({
  url: z.url().refine((url) => isLoopback(new URL(url))),
  pid: z.int().positive(),
  command: z.enum(['dev', 'serve']),
  secrets: z.string().optional(),
})

/** How many milliseconds a server of this machine is given to say what it is. */
const PATIENCE = 3000

/** Whether what listens at an origin says that it is scim-edge. Nothing secret is sent. */
export async function isOurs(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/health`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    })
    const body = z.object({ service: z.literal('scim-edge') }).safeParse(await answer.json())
    return answer.status === 200 && body.success
  } catch {
    return false
  }
}

/** The servers whose processes are alive; what others left is removed. */
function alive(): Running[] {
  return filesIn(RUNNING).flatMap((name) => {
    const file = join(RUNNING, name)
    const running = read(file)
    if (running !== undefined && isAlive(running.pid)) return [running]
    rmSync(file, { force: true })
    return []
  })
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function read(file: string): Running | undefined {
  try {
    return runningShape.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const HOW =
  'start one with npm run dev or npm run serve, or say where it is: --url or SCIM_EDGE_URL.'

/**
 * The server that runs from this folder, which has answered as scim-edge.
 *
 * @throws Failure where there is none, or more than one
 */
export async function onlyServer(): Promise<Running> {
  const left = alive()
  const answered = await Promise.all(left.map(({ url }) => isOurs(url)))
  const ours = left.filter((_, place) => answered[place])
  const [first, second] = ours
  if (second !== undefined) {
    const list = ours.map(({ url, command }) => `${url} (${command})`).join(', ')
    throw failure(
      `More than one server runs from this folder: ${list}; say which with --url or SCIM_EDGE_URL.`,
    )
  }
  if (first !== undefined) return first
  const [silent] = left
  throw failure(
    silent === undefined
      ? `No server runs from this folder: ${HOW}`
      : `What npm run ${silent.command} left at ${silent.url} does not answer as scim-edge: ${HOW}`,
  )
}

/** The server of this folder at an origin, if it is one. */
export async function serverAt(origin: string): Promise<Running | undefined> {
  const [{ hostname, port }, here] = [new URL(origin), isLoopback(new URL(origin))]
  const server = alive().find(({ url }) => {
    const its = new URL(url)
    const same = its.hostname === hostname || (here && hostname === 'localhost')
    return same && its.port === port
  })
  return server !== undefined && (await isOurs(origin)) ? server : undefined
}
