/** A libSQL server that does not do what it should, seen from the store. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import { expect, test, vi } from 'vitest'
import { remoteDatabases } from '../../../src/store/remote.ts'

test('an answer is waited for as long as D1 takes at most, and then counts as lost', async () => {
  const time = new AbortController()
  // The time is up once the request has arrived.
  const server = createServer(() => time.abort()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal)
  try {
    const { shared } = remoteDatabases(`http://127.0.0.1:${port}`, undefined)
    const answer = shared?.batch('write', [sql`select 1`])
    await expect(answer).rejects.toMatchObject({ name: 'StoreFailure', kind: 'lost' })
    expect(timeout.mock.calls).toEqual([[30_000]])
  } finally {
    timeout.mockRestore()
    server.closeAllConnections()
    server.close()
  }
})
