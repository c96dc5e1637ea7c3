/** The store on a libSQL server, reached as from a Worker. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, createClient } from '@libsql/client/web'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { drizzle } from 'drizzle-orm/libsql/web'
import { afterAll } from 'vitest'
import { findSqld } from '../../scripts/sqld.ts'
import { libsql } from '../../src/store/libsql.ts'
import { storeContract } from './contract.ts'

const directory = mkdtempSync(join(tmpdir(), 'scim-edge-sqld-'))
let server: ChildProcess | undefined
let client: Client | undefined

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  await once(listener, 'close')
  return port
}

async function start(): Promise<Client> {
  const address = `127.0.0.1:${await freePort()}`
  // By default an answer is 10 MB at most, which the members of a team of 60,000 exceed.
  const size = ['--max-response-size', '100MB']
  const options = ['--no-welcome', '--http-listen-addr', address, '--db-path', directory, ...size]
  server = spawn(await findSqld(), options, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  server.stderr?.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-2000)
  })
  const url = `http://${address}`
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok) return createClient({ url })
    if (server.exitCode !== null) break
    await pause(100)
  }
  throw new Error(`sqld does not start: ${complaint}`)
}

async function open() {
  if (client === undefined) {
    client = await start()
    await migrate(drizzle(client), { migrationsFolder: 'drizzle' })
  }
  return libsql(client)
}

afterAll(async () => {
  client?.close()
  if (server !== undefined && server.exitCode === null) {
    const ended = once(server, 'exit')
    server.kill()
    await ended
  }
  rmSync(directory, { recursive: true, force: true })
})

storeContract('a libSQL server', open)
