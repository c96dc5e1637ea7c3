/** Conflicts: refused provisioning requests, to be looked at and settled. */
import { Hono } from 'hono'
import { type Conflict, listConflicts, type Place, settleConflict } from '../../store/conflicts.ts'
import { hold, release } from '../../store/held.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { subjectKey } from '../refusals.ts'
import { remedyOf } from '../remedy.ts'
import { adminCallerOf } from './caller.ts'
import { limitOf, pageOf } from './parameters.ts'

function iso(time: number): string {
  return new Date(time).toISOString()
}

function show({ firstAt, lastAt, request, ...conflict }: Conflict) {
  const { reason } = conflict
  return {
    ...conflict,
    remedy: remedyOf(reason),
    request: JSON.parse(request),
    first: iso(firstAt),
    last: iso(lastAt),
  }
}

/** @throws HttpRefusal `bad-request` */
function placeOf(query: ReadonlyMap<string, string>): Place | undefined {
  const cursor = query.get('cursor')
  if (cursor === undefined || cursor === '') return undefined
  const [, lastAt, id] = /^(\d{1,15})\.(\w+)$/.exec(cursor) ?? []
  if (id !== undefined) return { lastAt: Number(lastAt), id }
  const detail = 'cursor: give the nextCursor of the page before.'
  throw new HttpRefusal({ kind: 'bad-request', detail })
}

/** The routes of /conflicts below the base URL of a namespace. */
export function conflictRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const [reason, subject] = [query.get('reason'), query.get('subject')]
    const request = hold(() => ({
      ...(reason ? { reason } : {}),
      ...(subject ? { subject: subjectKey(subject) } : {}),
      after: placeOf(query),
      limit: limitOf(query) + 1,
    }))
    const rows = await listConflicts(caller, request)
    const { shown, nextCursor } = pageOf(
      rows,
      release(request).limit - 1,
      ({ lastAt, id }) => `${lastAt}.${id}`,
    )
    return c.json({ conflicts: shown.map(show), nextCursor })
  })

  routes.delete('/:id', async (c) => {
    await settleConflict(adminCallerOf(c, dependencies), c.req.param('id'))
    return c.json({ message: 'Conflict settled' })
  })

  return routes
}
