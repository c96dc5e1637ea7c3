/** All SCIM routes of a namespace, and what its other paths and methods are answered with. */
import { Hono } from 'hono'
import type { Dependencies, ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { discoveryRoutes } from './discovery.ts'
import { groupRoutes } from './groups.ts'
import { userRoutes } from './users.ts'

/** The methods of each path (RFC 7644 §3.2); GET includes HEAD. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/Users': ['GET', 'POST'],
  '/Users/:id': ['GET', 'PUT', 'PATCH', 'DELETE'],
  '/Groups': ['GET', 'POST'],
  '/Groups/:id': ['GET', 'PUT', 'PATCH', 'DELETE'],
  '/ServiceProviderConfig': ['GET'],
  '/ResourceTypes': ['GET'],
  '/ResourceTypes/:id': ['GET'],
  '/Schemas': ['GET'],
  '/Schemas/:id': ['GET'],
}

/** What is not supported, by path (RFC 7644 §3.12, status 501). */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  '/Bulk': 'Bulk',
  '/Me': 'The /Me endpoint',
  '/.search': 'Searching by POST',
  '/Users/.search': 'Searching by POST',
  '/Groups/.search': 'Searching by POST',
}

/** The routes below the base URL of a namespace. */
export function scimRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  for (const [path, feature] of Object.entries(UNSUPPORTED)) {
    routes.all(path, () => {
      throw new HttpRefusal({ kind: 'not-implemented', feature })
    })
  }
  routes.route('/Users', userRoutes(dependencies))
  routes.route('/Groups', groupRoutes(dependencies))
  routes.route('/', discoveryRoutes(dependencies))
  for (const [path, methods] of Object.entries(METHODS)) {
    const allowed = methods.includes('GET') ? [...methods, 'HEAD', 'OPTIONS'] : methods
    routes.options(path, () => {
      return new Response(null, { status: 204, headers: { Allow: allowed.join(', ') } })
    })
    routes.all(path, () => {
      throw new HttpRefusal({ kind: 'method-not-allowed', allowed })
    })
  }
  return routes
}
