/** All SCIM routes of a namespace, and what its other paths and methods are answered with. */
import { type Context, Hono } from 'hono'
import { readAs } from '../../store/authority.ts'
import { callerOf, type Dependencies, type ScimEnv } from '../context.ts'
import { type HttpReason, HttpRefusal } from '../failure.ts'
import { bulkRoutes } from './bulk.ts'
import { discoveryRoutes } from './discovery.ts'
import { groups } from './groups.ts'
import { acceptable } from './reply.ts'
import { resourceRoutes } from './resources.ts'
import { searchRoutes } from './search.ts'
import { users } from './users.ts'

/** The methods of each path (RFC 7644 §3.2); GET includes HEAD. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/': ['GET'],
  '/.search': ['POST'],
  '/Users': ['GET', 'POST'],
  '/Users/.search': ['POST'],
  '/Users/:id': ['GET', 'PUT', 'PATCH', 'DELETE'],
  '/Groups': ['GET', 'POST'],
  '/Groups/.search': ['POST'],
  '/Groups/:id': ['GET', 'PUT', 'PATCH', 'DELETE'],
  '/Bulk': ['POST'],
  '/ServiceProviderConfig': ['GET'],
  '/ResourceTypes': ['GET'],
  '/ResourceTypes/:id': ['GET'],
  '/Schemas': ['GET'],
  '/Schemas/:id': ['GET'],
}

/** The routes below the base URL of a namespace. */
export function scimRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  /** Refuses a request, but not before its credential is decided. */
  const refuse = async (c: Context<ScimEnv>, reason: HttpReason): Promise<never> => {
    await readAs(callerOf(c, dependencies), [], () => [])
    throw new HttpRefusal(reason)
  }
  routes.use(async (c, next) => {
    const accept = c.req.header('Accept')
    if (!acceptable(accept)) await refuse(c, { kind: 'not-acceptable', accept: accept ?? '' })
    await next()
  })
  // A token is a client's and not a person's, so there is nobody whom /Me could mean (§3.11).
  routes.all('/Me', (c) => refuse(c, { kind: 'not-implemented', feature: 'The /Me endpoint' }))
  routes.all('/:version{v[0-9]+}/*', (c) =>
    refuse(c, { kind: 'unsupported-version', version: c.req.param('version') }),
  )
  for (const path of ['/.search', '/Users/.search', '/Groups/.search']) {
    routes.on(['GET', 'PUT', 'PATCH', 'DELETE'], path, () => {
      throw new HttpRefusal({ kind: 'method-not-allowed', allowed: ['POST', 'OPTIONS'] })
    })
  }
  routes.route('/', searchRoutes(dependencies))
  routes.route('/', bulkRoutes(dependencies))
  routes.route('/Users', resourceRoutes(users, dependencies))
  routes.route('/Groups', resourceRoutes(groups, dependencies))
  routes.route('/', discoveryRoutes(dependencies))
  for (const [path, methods] of Object.entries(METHODS)) {
    const allowed = methods.includes('GET')
      ? [...methods, 'HEAD', 'OPTIONS']
      : [...methods, 'OPTIONS']
    routes.options(path, () => {
      return new Response(null, { status: 204, headers: { Allow: allowed.join(', ') } })
    })
    routes.all(path, () => {
      throw new HttpRefusal({ kind: 'method-not-allowed', allowed })
    })
  }
  return routes
}
