/** Deleted accounts that are kept: listing them, and purging them for good. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import type { Attributes } from '../../scim/resource/resource.ts'
import { accountEmail } from '../../store/account.ts'
import { andThen, hold, release } from '../../store/held.ts'
import { listRetained, purgeRetained, type RetainedAccount } from '../../store/retained.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { adminCallerOf } from './caller.ts'
import { operatorOnly } from './operator.ts'
import { limitOf, pageOf } from './parameters.ts'
import { readBody } from './validate.ts'

const DAY = 24 * 60 * 60 * 1000

const purgeForm = z.strictObject({ olderThanDays: z.number().check(z.gte(0), z.lte(36_500)) })

function show({ id, externalId, createdAt, deletedAt, resource }: RetainedAccount) {
  const attributes: Attributes = JSON.parse(resource)
  return {
    id,
    login: attributes.userName,
    email: accountEmail(attributes) ?? null,
    externalId,
    created: new Date(createdAt).toISOString(),
    deleted: new Date(deletedAt).toISOString(),
  }
}

/** The routes of /retained below the base URL of a namespace. */
export function retainedRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  const operator = operatorOnly(dependencies)

  routes.get('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const limit = hold(() => limitOf(query))
    const after = query.get('cursor') ?? ''
    const page = andThen(limit, (limit) => ({ after, limit: limit + 1 }))
    const { total, accounts } = await listRetained(caller, page)
    const { shown, nextCursor } = pageOf(accounts, release(limit), ({ id }) => id)
    return c.json({ totalCount: total, retained: shown.map(show), nextCursor })
  })

  routes.delete('/:id', operator, async (c) => {
    const purge = { id: c.req.param('id') }
    await purgeRetained(adminCallerOf(c, dependencies), { ok: true, value: purge })
    return c.json({ message: 'Retained account purged' })
  })

  routes.post('/purge', operator, async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, purgeForm)
    const purge = andThen(form, ({ olderThanDays }) => ({
      before: caller.now - olderThanDays * DAY,
    }))
    return c.json(await purgeRetained(caller, purge))
  })

  return routes
}
