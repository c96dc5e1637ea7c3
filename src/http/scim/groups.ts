/** /Groups: RFC 7644 §3.3 (POST), §3.4 (GET), §3.5.1 (PUT), §3.5.2 (PATCH), §3.6 (DELETE). */
import { Hono } from 'hono'
import type { Json } from '../../scim/json.ts'
import { listResponse } from '../../scim/list.ts'
import { applyChanges } from '../../scim/patch/apply.ts'
import {
  dependsOnMembers,
  noMemberChange,
  readMemberIds,
  reduceMemberChanges,
  separateMembers,
} from '../../scim/patch/members.ts'
import { readOperations } from '../../scim/patch/operation.ts'
import { resolveOperations } from '../../scim/patch/target.ts'
import { includes, project } from '../../scim/resource/projection.ts'
import { renderGroup } from '../../scim/resource/render.ts'
import { readResource } from '../../scim/resource/resource.ts'
import { groupType } from '../../scim/schema/resource-type.ts'
import { hold, holdAsync, mapHeld, release } from '../../store/held.ts'
import {
  changeTeam,
  createTeam,
  deleteTeam,
  listTeams,
  type NewTeam,
  readTeam,
  type TeamChange,
} from '../../store/teams.ts'
import { MAXIMUM_GROUP_BODY, readJson } from '../body.ts'
import { baseUrl, callerOf, type Dependencies, type ScimEnv } from '../context.ts'
import { listRequestOf, projectionOf } from './parameters.ts'
import { conditionalReply, resourceReply, scim } from './reply.ts'

function newTeam(body: Json): NewTeam {
  const { attributes, relations } = readResource(groupType, body)
  return { attributes, members: readMemberIds(relations.get('members') ?? null, 'members') }
}

/** What a PUT makes of a group: these members and no others; an externalId it leaves out stays. */
function replacement(body: Json): TeamChange {
  const { attributes, named, relations } = readResource(groupType, body)
  const ids = readMemberIds(relations.get('members') ?? null, 'members')
  return {
    attributes: ({ attributes: stored }) => {
      const kept = named.has('externalId') ? undefined : stored.externalId
      return kept === undefined ? attributes : { ...attributes, externalId: kept }
    },
    members: () => ({ ...noMemberChange, replace: true, add: new Set(ids) }),
    dependsOnMembers: false,
  }
}

function patch(body: Json, base: string): TeamChange {
  const changes = resolveOperations(groupType, readOperations(body))
  const { members, others } = separateMembers(changes)
  return {
    attributes: (current) =>
      applyChanges(groupType, current.attributes, others, renderGroup(base, current)),
    members: (current) => reduceMemberChanges(members, current),
    dependsOnMembers: dependsOnMembers(members),
  }
}

/** The routes of /Groups, mounted below the base URL. */
export function groupRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', async (c) => {
    const request = hold(() => listRequestOf(c, groupType))
    const withMembers = request.ok && includes(request.value.projection, 'members')
    const { teams, total } = await listTeams(callerOf(c, dependencies), request, withMembers)
    const { page, projection } = release(request)
    const base = baseUrl(c)
    const resources = teams.map((team) => project(groupType, renderGroup(base, team), projection))
    return scim(listResponse(resources, total, page.startIndex))
  })

  routes.post('/', async (c) => {
    const caller = callerOf(c, dependencies)
    const request = await holdAsync(async () => ({
      projection: projectionOf(c, groupType),
      team: newTeam(await readJson(c.req.raw, MAXIMUM_GROUP_BODY)),
    }))
    const withMembers = request.ok && includes(request.value.projection, 'members')
    const body = mapHeld(request, (held) => held.team)
    const team = await createTeam(caller, body, withMembers)
    const { projection } = release(request)
    return resourceReply(groupType, renderGroup(baseUrl(c), team), projection, 201)
  })

  routes.get('/:id', async (c) => {
    const projection = hold(() => projectionOf(c, groupType))
    const withMembers = projection.ok && includes(projection.value, 'members')
    const team = await readTeam(callerOf(c, dependencies), c.req.param('id'), withMembers)
    return conditionalReply(c, groupType, renderGroup(baseUrl(c), team), release(projection))
  })

  routes.on(['PUT', 'PATCH'], '/:id', async (c) => {
    const caller = callerOf(c, dependencies)
    const base = baseUrl(c)
    const isPatch = c.req.method === 'PATCH'
    const request = await holdAsync(async () => {
      const projection = projectionOf(c, groupType)
      const body = await readJson(c.req.raw, MAXIMUM_GROUP_BODY)
      return { projection, change: isPatch ? patch(body, base) : replacement(body) }
    })
    const projection = request.ok ? request.value.projection : undefined
    // A PATCH is answered without a body, as Entra ID asks, unless the request says what it wants.
    const silent = isPatch && projection === undefined
    const withMembers = !silent && includes(projection, 'members')
    const change = mapHeld(request, (held) => held.change)
    const ifMatch = c.req.header('If-Match')
    const team = await changeTeam(caller, c.req.param('id'), change, ifMatch, withMembers)
    if (silent) return new Response(null, { status: 204, headers: { ETag: team.version } })
    return resourceReply(groupType, renderGroup(base, team), projection)
  })

  routes.delete('/:id', async (c) => {
    const caller = callerOf(c, dependencies)
    await deleteTeam(caller, c.req.param('id'), c.req.header('If-Match'))
    return new Response(null, { status: 204 })
  })

  return routes
}
