/**
 * Lists: GET on an endpoint or on the base URL, and POST to /.search (RFC 7644 §3.4.2, §3.4.3),
 * with pages by index or by cursor (RFC 9865).
 */
import { type Context, Hono } from 'hono'
import { readFilters } from '../../scim/filter/bind.ts'
import { type ListParameters, listResponse, readPage, readSearchRequest } from '../../scim/list.ts'
import {
  includes,
  type Projection,
  projectorOf,
  readProjection,
} from '../../scim/resource/projection.ts'
import { renderGroup, renderUser } from '../../scim/resource/render.ts'
import { groupType, type ResourceType, userType } from '../../scim/schema/resource-type.ts'
import { readSort } from '../../scim/sort.ts'
import type { Caller } from '../../store/authority.ts'
import { andThen, type Held, hold, release } from '../../store/held.ts'
import { type Listed, listResources, type Selection } from '../../store/listing.ts'
import type { Cut } from '../../store/page.ts'
import { MAXIMUM_BODY, readJson } from '../body.ts'
import { baseUrl, callerOf, type Dependencies, type ScimEnv } from '../context.ts'
import { type Binding, makeCursors } from '../cursor.ts'
import { listParametersOf } from './parameters.ts'
import { scim } from './reply.ts'

/** A list that was asked for: what to select, and how to show it. */
interface ListRequest {
  readonly selection: Selection
  readonly projections: ReadonlyMap<ResourceType, Projection | undefined>
  readonly binding: Binding
}

/** The routes of lists: of each type, and of both. */
export function searchRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  const { operatorToken = '', now, randomBytes } = dependencies
  const cursors = makeCursors(operatorToken, now, randomBytes)
  const both = [userType, groupType] as const
  const scopes = [
    ['', both],
    ['/Users', [userType]],
    ['/Groups', [groupType]],
  ] as const
  for (const [path, types] of scopes) {
    routes.get(path === '' ? '/' : path, (c) =>
      answer(c, types, async () => hold(() => listParametersOf(c))),
    )
    routes.post(`${path}/.search`, (c) =>
      answer(c, types, async (caller) =>
        andThen(await readJson(c, caller, MAXIMUM_BODY), readSearchRequest),
      ),
    )
  }

  async function answer(
    c: Context<ScimEnv>,
    types: readonly ResourceType[],
    readParameters: (caller: Caller) => Promise<Held<ListParameters>>,
  ): Promise<Response> {
    const caller = callerOf(c, dependencies)
    const namespace = c.req.param('namespace') ?? ''
    const parameters = await readParameters(caller)
    const request = andThen(parameters, (parameters) => read(namespace, types, parameters))
    const withMembers =
      request.ok &&
      types.includes(groupType) &&
      includes(request.value.projections.get(groupType), 'members')
    const selection = request.ok ? { ok: true as const, value: request.value.selection } : request
    const { resources, total, next } = await listResources(caller, types, selection, withMembers)
    const {
      projections,
      binding,
      selection: { cut },
    } = release(request)
    const base = baseUrl(c)
    const projectors = {
      User: projectorOf(userType, projections.get(userType)),
      Group: projectorOf(groupType, projections.get(groupType)),
    }
    const shown = resources.map((one) => projectors[one.type](render(base, one)))
    const position =
      cut.kind === 'index'
        ? { startIndex: cut.startIndex }
        : { nextCursor: next && cursors.seal(next, binding) }
    return scim(listResponse(shown, total, position))
  }

  function read(
    namespace: string,
    types: readonly ResourceType[],
    parameters: ListParameters,
  ): ListRequest {
    const { filter, sortBy, sortOrder, attributes, excludedAttributes } = parameters
    const page = readPage(parameters)
    const sort = readSort(types, sortBy, sortOrder)
    const order = sort?.descending ? 'descending' : 'ascending'
    const names = types.map(({ name }) => name).join()
    const binding = [namespace, names, filter, sortBy?.trim().toLowerCase(), sort && order]
    const place = (cursor: string) => (cursor === '' ? undefined : cursors.open(cursor, binding))
    const cut: Cut =
      page.kind === 'index' ? page : { kind: 'after', place: place(page.cursor), count: page.count }
    return {
      selection: {
        filters: filter === undefined ? undefined : readFilters(types, filter),
        sort,
        cut,
      },
      projections: new Map(
        types.map((type) => [type, readProjection(type, attributes, excludedAttributes)]),
      ),
      binding,
    }
  }

  return routes
}

function render(base: string, listed: Listed) {
  return listed.type === 'User' ? renderUser(base, listed.user) : renderGroup(base, listed.team)
}
