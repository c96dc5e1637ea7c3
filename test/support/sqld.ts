/** A real libSQL server on this machine, for one test file. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findSqld } from '../../scripts/sqld.ts'

export interface Sqld {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  await once(listener, 'close')
  return port
}

/** Starts a server with an empty database, and waits until it answers. */
export async function startSqld(...more: readonly string[]): Promise<Sqld> {
  const directory = mkdtempSync(join(tmpdir(), 'scim-edge-sqld-'))
  const address = `127.0.0.1:${await freePort()}`
  // By default an answer is 10 MB at most, which the members of a team of 60,000 exceed.
  const size = ['--max-response-size', '100MB']
  // With many writers at once this version at times waits for its own lock for good, using all of a core.
  // One connection serves them in turn; what the clients see of each other stays the same.
  const one = ['--max-concurrent-connections', '1']
  const options = ['--no-welcome', '--http-listen-addr', address, '--db-path', directory]
  const server = spawn(await findSqld(), [...options, ...size, ...one, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  server.stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-2000)
  })
  const url = `http://${address}`
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok) {
      return {
        url,
        async stop() {
          if (server.exitCode === null) {
            const ended = once(server, 'exit')
            server.kill()
            await ended
          }
          rmSync(directory, { recursive: true, force: true })
        },
      }
    }
    if (server.exitCode !== null) break
    await pause(100)
  }
  server.kill()
  rmSync(directory, { recursive: true, force: true })
  throw new Error(`sqld does not start: ${complaint}`)
}
