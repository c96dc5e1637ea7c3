/** The floor on Node, in a process of its own, on the libSQL file of the target. */
import { createAdaptorServer } from '@hono/node-server'
import { drizzle } from 'drizzle-orm/libsql/sqlite3'
import { makeFloor } from './floor-application.ts'

const app = makeFloor(drizzle({ connection: { url: `file:${process.env.DATABASE_FILE}` } }))

const server = createAdaptorServer({ fetch: app.fetch })
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  console.log(`The floor serves http://127.0.0.1:${port}`)
})
