/** /Users: RFC 7644 §3.3 (POST), §3.4 (GET), §3.5.1 (PUT), §3.5.2 (PATCH), §3.6 (DELETE). */
import { Hono } from 'hono'
import type { Json } from '../../scim/json.ts'
import { listResponse } from '../../scim/list.ts'
import { applyChanges } from '../../scim/patch/apply.ts'
import { readOperations } from '../../scim/patch/operation.ts'
import { resolveOperations } from '../../scim/patch/target.ts'
import { project } from '../../scim/resource/projection.ts'
import { renderUser } from '../../scim/resource/render.ts'
import { type ReadResource, readResource } from '../../scim/resource/resource.ts'
import { userType } from '../../scim/schema/resource-type.ts'
import { hold, holdAsync, mapHeld, release } from '../../store/held.ts'
import {
  changeUser,
  createUser,
  deleteUser,
  listUsers,
  readUser,
  type UserChange,
} from '../../store/users.ts'
import { MAXIMUM_BODY, readJson } from '../body.ts'
import { baseUrl, callerOf, type Dependencies, type ScimEnv } from '../context.ts'
import { listRequestOf, projectionOf } from './parameters.ts'
import { conditionalReply, resourceReply, scim } from './reply.ts'

/**
 * What a PUT makes of a user. `active` and `externalId` that it does not name stay as they are,
 * since Okta puts everything back but leaves externalId out; null clears externalId.
 */
function replacement({ attributes, named }: ReadResource): UserChange {
  return ({ attributes: stored }) => {
    const kept = named.has('externalId') ? undefined : stored.externalId
    return kept === undefined ? attributes : { ...attributes, externalId: kept }
  }
}

/** What a PATCH makes of a user. */
function patch(body: Json, base: string): UserChange {
  const changes = resolveOperations(userType, readOperations(body))
  return (current) => applyChanges(userType, current.attributes, changes, renderUser(base, current))
}

/** The routes of /Users, mounted below the base URL. */
export function userRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', async (c) => {
    const request = hold(() => listRequestOf(c, userType))
    const { users, total } = await listUsers(callerOf(c, dependencies), request)
    const { page, projection } = release(request)
    const base = baseUrl(c)
    const resources = users.map((user) => project(userType, renderUser(base, user), projection))
    return scim(listResponse(resources, total, page.startIndex))
  })

  routes.post('/', async (c) => {
    const caller = callerOf(c, dependencies)
    const request = await holdAsync(async () => ({
      projection: projectionOf(c, userType),
      resource: readResource(userType, await readJson(c.req.raw, MAXIMUM_BODY)),
    }))
    const attributes = mapHeld(request, ({ resource }) => resource.attributes)
    const user = await createUser(caller, attributes)
    const { projection } = release(request)
    return resourceReply(userType, renderUser(baseUrl(c), user), projection, 201)
  })

  routes.get('/:id', async (c) => {
    const projection = hold(() => projectionOf(c, userType))
    const user = await readUser(callerOf(c, dependencies), c.req.param('id'))
    return conditionalReply(c, userType, renderUser(baseUrl(c), user), release(projection))
  })

  routes.on(['PUT', 'PATCH'], '/:id', async (c) => {
    const caller = callerOf(c, dependencies)
    const base = baseUrl(c)
    const request = await holdAsync(async () => {
      const projection = projectionOf(c, userType)
      const body = await readJson(c.req.raw, MAXIMUM_BODY)
      const change =
        c.req.method === 'PUT' ? replacement(readResource(userType, body)) : patch(body, base)
      return { projection, change }
    })
    const change = mapHeld(request, (held) => held.change)
    const user = await changeUser(caller, c.req.param('id'), change, c.req.header('If-Match'))
    return resourceReply(userType, renderUser(base, user), release(request).projection)
  })

  routes.delete('/:id', async (c) => {
    const caller = callerOf(c, dependencies)
    await deleteUser(caller, c.req.param('id'), c.req.header('If-Match'))
    return new Response(null, { status: 204 })
  })

  return routes
}
