/** The application: mounts the parts, and does for every request what all of them need. */
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { getPath } from 'hono/utils/url'
import { accountRoutes } from './http/admin/accounts.ts'
import { conflictRoutes } from './http/admin/conflicts.ts'
import { eventRoutes } from './http/admin/events.ts'
import { exportRoutes } from './http/admin/export.ts'
import { importRoutes } from './http/admin/import.ts'
import { loginRoutes } from './http/admin/login.ts'
import { migrationRoutes } from './http/admin/migration.ts'
import { namespaceRoutes } from './http/admin/namespaces.ts'
import { restoreRoutes } from './http/admin/restore.ts'
import { retainedRoutes } from './http/admin/retained.ts'
import { serviceAccountRoutes } from './http/admin/service-accounts.ts'
import { settingsRoutes } from './http/admin/settings.ts'
import { statusRoutes } from './http/admin/status.ts'
import { teamRoutes } from './http/admin/teams.ts'
import { API, type Dependencies, type ScimEnv } from './http/context.ts'
import { failedCredentials } from './http/failed-credentials.ts'
import { describeReason, failureResponse, type Reason, reasonOf } from './http/failure.ts'
import { ignoredNames } from './http/ignored-names.ts'
import { limitRequests } from './http/limits.ts'
import { logLine } from './http/log.ts'
import { makePools } from './http/pending.ts'
import { readinessRoutes } from './http/readiness.ts'
import { refusalTask, settlementTask } from './http/refusals.ts'
import { scimRoutes } from './http/scim/routes.ts'
import { serverTiming } from './http/timing.ts'
import type { Caller } from './store/authority.ts'

/** What follows the namespace in the paths of the admin API; everything else there is SCIM. */
const ADMIN: ReadonlySet<string> = new Set([
  ...[
    'config',
    'serviceaccounts',
    'login',
    'events',
    'retained',
    'accounts',
    'teams',
    'import',
    'conflicts',
    'status',
    'health',
    'migration',
    'export',
    'restore',
  ],
])
/** The path of one namespace, which the operator deletes and SCIM has nothing at. */
const NAMESPACE = new RegExp(`^${API}/[^/]+$`)

/** What is recorded of all namespaces; none of them has this name. */
const HISTORY = `${API}/history`

const VERSION = new RegExp(`^(${API}/[^/]+)/v2(/|$)`)

/**
 * The path that is routed. Administrators end the URL that they paste with a slash, so that clients
 * ask for `//Users`; that and a slash at the end do no harm. `/v2` is the version that there is
 * (RFC 7644 §3.13) and may be left out.
 */
function routedPath(request: Request): string {
  const path = getPath(request)
    .replace(/\/{2,}/g, '/')
    .replace(VERSION, '$1$2')
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function isAdmin(request: Request): boolean {
  const path = routedPath(request)
  if (path === API || path === HISTORY) return true
  const [, part = ''] = path.startsWith(`${API}/`) ? path.slice(API.length + 1).split('/', 2) : []
  return ADMIN.has(part) || (request.method === 'DELETE' && NAMESPACE.test(path))
}

/** Whether a request is answered as SCIM. Who asks for something else than the API reads JSON. */
function isScim(request: Request): boolean {
  return routedPath(request).startsWith(`${API}/`) && !isAdmin(request)
}

/** Makes the application from what it runs on. */
export function createApp(dependencies: Dependencies) {
  const app = new Hono<ScimEnv>({ getPath: routedPath })
  const countFailures = failedCredentials(dependencies)
  const noteNames = ignoredNames(dependencies)
  const bodies = makePools(dependencies.now)

  app.use(async (c, next) => {
    const started = dependencies.now()
    const requestId = crypto.randomUUID()
    c.set('requestId', requestId)
    c.set('bodies', bodies)
    c.set('origin', dependencies.publicOrigin ?? new URL(c.req.url).origin)
    c.set('meter', { trips: 0, milliseconds: 0 })
    const tasks: Parameters<Caller['later']>[0][] = []
    c.set('later', (task) => tasks.push(task))
    await next()
    // What comes after the response is no part of what it took.
    dependencies.log(logLine(c, started, dependencies.now()))
    const refusal = refusalTask(c, dependencies, isAdmin(c.req.raw))
    if (refusal !== undefined) tasks.push(refusal)
    const settlement = settlementTask(c, dependencies, started)
    if (settlement !== undefined) tasks.push(settlement)
    const failures = countFailures(c)
    if (failures !== undefined) tasks.push(failures)
    const names = isAdmin(c.req.raw) ? undefined : noteNames(c)
    if (names !== undefined) tasks.push(names)
    const done = Promise.allSettled(tasks.map((task) => task()))
    // Outside of Workers there is no execution context, and nothing ends with the response.
    try {
      c.executionCtx.waitUntil(done)
    } catch {}
    c.res.headers.set('X-Request-Id', requestId)
  })
  app.use(serverTiming(dependencies))
  app.use(secureHeaders())
  app.use(async (c, next) => {
    await next()
    c.res.headers.set('Cache-Control', 'no-store')
  })

  // The tools send a secret by default only to what says here that it is scim-edge.
  app.get('/health', (c) => c.json({ status: 'ok', service: 'scim-edge' }))
  app.route('/', readinessRoutes(dependencies))
  app.use(`${API}/*`, limitRequests(dependencies))
  app.route(API, namespaceRoutes(dependencies))
  app.route(`${API}/:namespace/config`, settingsRoutes(dependencies))
  app.route(`${API}/:namespace/serviceaccounts`, serviceAccountRoutes(dependencies))
  app.route(`${API}/:namespace/events`, eventRoutes(dependencies))
  app.route(`${API}/:namespace/retained`, retainedRoutes(dependencies))
  app.route(`${API}/:namespace/conflicts`, conflictRoutes(dependencies))
  app.route(`${API}/:namespace`, statusRoutes(dependencies))
  app.route(`${API}/:namespace/migration`, migrationRoutes(dependencies))
  app.route(`${API}/:namespace/login`, loginRoutes(dependencies))
  app.route(`${API}/:namespace/accounts`, accountRoutes(dependencies))
  app.route(`${API}/:namespace/teams`, teamRoutes(dependencies))
  app.route(`${API}/:namespace/import`, importRoutes(dependencies))
  app.route(`${API}/:namespace/export`, exportRoutes(dependencies))
  app.route(`${API}/:namespace/restore`, restoreRoutes(dependencies))
  app.route(`${API}/:namespace`, scimRoutes(dependencies))

  const answer = (reason: Reason, request: Request) =>
    failureResponse(describeReason(reason), isScim(request))
  app.notFound((c) => answer({ kind: 'no-route' }, c.req.raw))
  app.onError((error, c) => answer(reasonOf(error), c.req.raw))
  return app
}
