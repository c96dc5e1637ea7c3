/**
 * The floor: what Hono, Drizzle and the database take for themselves, on the data of the target.
 * `/hello` answers, `/read/{id}` selects token, user and memberships in one batch, and `/write/{id}`
 * sends two such batches.
 */
import { and, eq } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import { Hono } from 'hono'
import { membership, token, user } from '../../src/store/schema.ts'

const NAMESPACE = 'stacks-1'

/** The part of Drizzle that is used; it is the same for libSQL and D1. */
export type FloorDatabase = Pick<LibSQLDatabase, 'batch' | 'select'>

/** Makes the application. */
export function makeFloor(database: FloorDatabase): Hono {
  const batch = (id: string) =>
    database.batch([
      database.select().from(token).where(eq(token.namespace, NAMESPACE)).limit(1),
      database
        .select()
        .from(user)
        .where(and(eq(user.namespace, NAMESPACE), eq(user.id, id))),
      database
        .select()
        .from(membership)
        .where(and(eq(membership.namespace, NAMESPACE), eq(membership.userId, id)))
        .limit(10),
    ])
  const app = new Hono()
  app.get('/hello', (c) => c.json({ hello: 'world' }))
  app.get('/read/:id', async (c) => {
    const [tokens, [found], teams] = await batch(c.req.param('id'))
    return c.json({ tokens: tokens.length, found, teams })
  })
  app.get('/write/:id', async (c) => {
    await batch(c.req.param('id'))
    const [tokens, [found], teams] = await batch(c.req.param('id'))
    return c.json({ tokens: tokens.length, found, teams })
  })
  return app
}
