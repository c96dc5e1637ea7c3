/**
 * The floor: what Hono, Drizzle and libSQL take for themselves, in a process of its own and on the
 * data of the target. `/hello` answers, `/read/{id}` selects token, user and memberships in one
 * batch, and `/write/{id}` sends two such batches.
 */
import { createAdaptorServer } from '@hono/node-server'
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/sqlite3'
import { Hono } from 'hono'
import { membership, token, user } from '../../src/store/schema.ts'

const database = drizzle({ connection: { url: `file:${process.env.DATABASE_FILE}` } })

function batch(namespace: string, id: string) {
  return database.batch([
    database.select().from(token).where(eq(token.namespace, namespace)).limit(1),
    database
      .select()
      .from(user)
      .where(and(eq(user.namespace, namespace), eq(user.id, id))),
    database
      .select()
      .from(membership)
      .where(and(eq(membership.namespace, namespace), eq(membership.userId, id)))
      .limit(10),
  ])
}

const app = new Hono()
app.get('/hello', (c) => c.json({ hello: 'world' }))
app.get('/read/:id', async (c) => {
  const [tokens, [found], teams] = await batch('stacks-1', c.req.param('id'))
  return c.json({ tokens: tokens.length, found, teams })
})
app.get('/write/:id', async (c) => {
  await batch('stacks-1', c.req.param('id'))
  const [tokens, [found], teams] = await batch('stacks-1', c.req.param('id'))
  return c.json({ tokens: tokens.length, found, teams })
})

const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  console.log(`The floor serves http://127.0.0.1:${port}`)
})
