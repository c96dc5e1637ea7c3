/** The store on a libSQL server, reached as from a Worker. */
import { type Client, createClient } from '@libsql/client/web'
import { afterAll } from 'vitest'
import { libsql } from '../../src/store/libsql.ts'
import { migrate } from '../../src/store/migrations.ts'
import { type Sqld, startSqld } from '../support/sqld.ts'
import { storeContract } from './contract.ts'

let server: Sqld | undefined
let client: Client | undefined

async function open() {
  if (client === undefined) {
    server = await startSqld()
    client = createClient({ url: server.url })
    await migrate(client)
  }
  return libsql(client)
}

afterAll(async () => {
  client?.close()
  await server?.stop()
})

storeContract('a libSQL server', open)
