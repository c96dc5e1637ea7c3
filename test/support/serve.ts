/** `npm run serve` as a process of its own, on a free port and a folder that goes away. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import { expectNoSecretsIn } from './no-secrets-in-files.ts'
import { learnPasswords, OPERATOR_TOKEN } from './secrets.ts'

export { OPERATOR_TOKEN }

const root = resolve(import.meta.dirname, '../..')
const folders: string[] = []
const running = new Set<ChildProcess>()

export const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'

/** A folder of its own for a test. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-serve-'))
  folders.push(folder)
  return folder
}

/** Ends all that was started, looks for secrets in what it wrote, and removes the folders. */
export async function cleanUp(): Promise<void> {
  for (const child of running) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const written = folders.splice(0)
  try {
    const files = written.flatMap(expectNoSecretsIn)
    // That nothing is found where nothing is looked at would say nothing.
    expect(files.length).toBeGreaterThan(0)
  } finally {
    for (const folder of written) rmSync(folder, { recursive: true, force: true })
  }
}

export interface Served {
  readonly url: string
  readonly printed: () => string
  /** Sends a signal, and waits for the end; the exit status, or the signal that ended it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | string | null>
  readonly signal: (signal: NodeJS.Signals) => void
  /** Reads no more of what it prints, as a program does that has ended. */
  readonly deafen: () => void
  readonly ended: Promise<number | string | null>
}

/** The environment without what a developer has set for the tools. */
function environment(): NodeJS.ProcessEnv {
  const isOurs = (name: string) => /^(SCIM_|OPERATOR_TOKEN$)/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)))
}

/** Runs a tool to its end in a folder; its exit status, and what it printed. */
export function runTool(
  folder: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ status: number; out: string; error: string }> {
  const options = { cwd: folder, env: { ...environment(), ...variables } }
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, 'scripts/run.js'), ...args],
      options,
      (failed, out, error) =>
        done({
          status: typeof failed?.code === 'number' ? failed.code : failed ? 1 : 0,
          out,
          error,
        }),
    )
  })
}

/**
 * Starts it in a folder of its own, and waits until it serves, or ends with what it said.
 *
 * @param args what follows `npm run serve --`
 */
export async function serve(
  variables: Readonly<Record<string, string>>,
  folder = freshFolder(),
  args: readonly string[] = [],
): Promise<Served> {
  const child = spawn(process.execPath, [join(root, 'scripts/run.js'), 'serve', ...args], {
    cwd: folder,
    env: { ...environment(), PORT: '0', OPERATOR_TOKEN, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child)
    return code ?? signal
  })
  let printed = ''
  const url = await new Promise<string>((done, fail) => {
    const read = (text: Buffer) => {
      printed += text
      const [, where] = /serves (\S+) from/.exec(printed) ?? []
      if (where !== undefined) done(where)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('close', (code) => fail(new Error(`${code}: ${printed}`)))
  })
  return {
    url,
    printed: () => printed,
    ended,
    signal: (signal) => void child.kill(signal),
    deafen() {
      child.stdout.destroy()
      child.stderr.destroy()
    },
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** Why it does not start: its exit status and what it said. */
export async function refusalOf(
  variables: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<string> {
  return serve(variables, freshFolder(), args).then(
    async (served) => {
      await served.end('SIGKILL')
      return 'it started'
    },
    (error: Error) => error.message.trim(),
  )
}

/** Sends a request to what is served. */
export async function send(
  url: string,
  path: string,
  token: string,
  method = 'GET',
  body?: object,
) {
  const sent = body === undefined ? undefined : JSON.stringify(body)
  if (sent !== undefined) learnPasswords(sent)
  const answer = await fetch(`${url}${NAMESPACES}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** Makes a namespace with a token that may do everything; returns the token. */
export async function makeTenant(url: string, name: string): Promise<string> {
  const settings = { enableUserSync: true, enableGroupSync: true }
  await send(url, '', OPERATOR_TOKEN, 'POST', { name, settings })
  return makeToken(url, name, 'okta', 'Editor')
}

/** Makes a service account with a token; returns the token. */
export async function makeToken(url: string, name: string, account: string, role: string) {
  const accounts = `/${name}/serviceaccounts`
  const made = await send(url, accounts, OPERATOR_TOKEN, 'POST', { name: account, role })
  const tokens = `${accounts}/${made.body.id}/tokens`
  const token = await send(url, tokens, OPERATOR_TOKEN, 'POST', { name: 'first' })
  return String(token.body.key)
}
