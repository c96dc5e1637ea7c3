/**
 * `/healthz`, for monitors and load balancers: whether the database answers and has the tables that
 * this version needs. Anybody may ask, so the database is asked at most once in a while.
 */
import { Hono } from 'hono'
import { readReadiness } from '../store/readiness.ts'
import type { Dependencies, ScimEnv } from './context.ts'

/** For how long an answer holds, in milliseconds. */
const LIFETIME = 5000

/** What is answered; `detail` says what is wrong. */
interface Answer {
  readonly status: 'ok' | 'fail'
  readonly detail?: string
}

async function look({ databases: { shared } }: Dependencies): Promise<Answer> {
  // Which namespaces there are is not known here; the health of each asks its own database.
  if (shared === undefined) return { status: 'ok', detail: 'Each namespace has its own database.' }
  try {
    const readiness = await readReadiness(shared)
    if (readiness.kind === 'ready') return { status: 'ok' }
    const detail = `The database lacks the migration ${readiness.missing}; apply the migrations.`
    return { status: 'fail', detail }
  } catch {
    return { status: 'fail', detail: 'The database does not answer.' }
  }
}

/** The route /healthz at the root of the deployment. */
export function readinessRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  let answer: Answer | undefined
  let nextAt = 0

  routes.get('/healthz', async (c) => {
    const now = dependencies.now()
    // Meanwhile the others get the answer of before: a Worker cannot wait for another request.
    if (answer === undefined || now >= nextAt) {
      nextAt = now + LIFETIME
      answer = await look(dependencies)
    }
    return c.json(answer, answer.status === 'ok' ? 200 : 503)
  })

  return routes
}
