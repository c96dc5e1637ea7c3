/** The routes of one resource type: RFC 7644 §3.3 to §3.6. */
import { type Context, Hono } from 'hono'
import type { Json } from '../../scim/json.ts'
import type { Projection } from '../../scim/resource/projection.ts'
import type { Preconditions } from '../../scim/resource/version.ts'
import { groupType } from '../../scim/schema/resource-type.ts'
import { andThen, type Held, hold, release } from '../../store/held.ts'
import { MAXIMUM_BODY, MAXIMUM_GROUP_BODY, readRequestBody } from '../body.ts'
import { baseUrl, callerOf, type Dependencies, type ScimEnv } from '../context.ts'
import type { Endpoint, WriteRequest } from './endpoint.ts'
import { projectionOf } from './parameters.ts'
import { conditionalReply, minimalReply, prefersMinimal, resourceReply } from './reply.ts'

function preconditionsOf(c: Context): Preconditions {
  return { ifMatch: c.req.header('If-Match'), ifNoneMatch: c.req.header('If-None-Match') }
}

/** What is asked for, or what is wrong with it: with the query first, then with the body. */
function requestOf(
  projection: Held<Projection | undefined>,
  body: Held<Json>,
  silent: boolean,
): Held<WriteRequest> {
  return andThen(projection, (projection) => ({ projection, body: release(body), silent }))
}

/** The routes for single resources, and for creating them. */
export function resourceRoutes(endpoint: Endpoint, dependencies: Dependencies) {
  const { type } = endpoint
  const limit = type === groupType ? MAXIMUM_GROUP_BODY : MAXIMUM_BODY
  const routes = new Hono<ScimEnv>()

  routes.post('/', async (c) => {
    const caller = callerOf(c, dependencies)
    const silent = prefersMinimal(c)
    const projection = hold(() => projectionOf(c, type))
    const request = requestOf(projection, await readRequestBody(c, caller, limit), silent)
    const resource = await endpoint.create(caller, baseUrl(c), request)
    if (silent) return minimalReply(resource, 201)
    return resourceReply(type, resource, release(request).projection, 201)
  })

  routes.get('/:id', async (c) => {
    const projection = hold(() => projectionOf(c, type))
    const caller = callerOf(c, dependencies)
    const resource = await endpoint.read(caller, baseUrl(c), c.req.param('id'), projection)
    return conditionalReply(c, type, resource, release(projection))
  })

  routes.on(['PUT', 'PATCH'], '/:id', async (c) => {
    const caller = callerOf(c, dependencies)
    const method = c.req.method === 'PUT' ? 'PUT' : 'PATCH'
    const projection = hold(() => projectionOf(c, type))
    const asked = !projection.ok || projection.value !== undefined
    // A PATCH of a group is answered without a body, as Entra ID asks, unless the request says
    // what it wants to see.
    const silent = prefersMinimal(c) || (method === 'PATCH' && type === groupType && !asked)
    const request = requestOf(projection, await readRequestBody(c, caller, limit), silent)
    const [base, id] = [baseUrl(c), c.req.param('id')]
    const resource = await endpoint.change(method, caller, base, id, request, preconditionsOf(c))
    if (silent) return minimalReply(resource, 204)
    return resourceReply(type, resource, release(request).projection)
  })

  routes.delete('/:id', async (c) => {
    const caller = callerOf(c, dependencies)
    await endpoint.remove(caller, c.req.param('id'), preconditionsOf(c))
    return new Response(null, { status: 204 })
  })

  return routes
}
