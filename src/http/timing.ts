/**
 * What a request cost the database, in `Server-Timing` (W3C Server Timing §2), for those who ask with
 * `X-Server-Timing: 1`: the operator, and everybody where the variable SERVER_TIMING allows it.
 */
import { createMiddleware } from 'hono/factory'
import type { Meter } from '../store/meter.ts'
import { type Dependencies, isOperator, type ScimEnv } from './context.ts'

/** Puts what the meter of a request counts into the response, where the request asks for it. */
export function serverTiming(dependencies: Dependencies) {
  return createMiddleware<ScimEnv>(async (c, next) => {
    const asks = c.req.header('X-Server-Timing') === '1'
    if (!asks || !(dependencies.serverTiming || isOperator(c, dependencies))) return next()
    await next()
    // Who is nobody here learns nothing, not even what refusing took.
    if (c.res.status !== 401) c.res.headers.set('Server-Timing', describe(c.get('meter')))
  })
}

/** The metrics of a meter; rows are left out where the database does not count them. */
function describe({ trips, milliseconds, rowsRead, rowsWritten }: Meter): string {
  const counts = { trips, 'rows-read': rowsRead, 'rows-written': rowsWritten }
  const counted = Object.entries(counts).filter(([, count]) => count !== undefined)
  return [
    `db;dur=${milliseconds.toFixed(1)}`,
    ...counted.map(([name, count]) => `${name};desc="${count}"`),
  ].join(', ')
}
