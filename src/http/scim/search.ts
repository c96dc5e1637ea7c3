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
import { type Caller, readAs } from '../../store/authority.ts'
import { andThen, type Held, hold, release } from '../../store/held.ts'
import { type Listed, type Listing, listResources, type Selection } from '../../store/listing.ts'
import type { Cut } from '../../store/page.ts'
import { selectKeys } from '../../store/sealing-keys.ts'
import { MAXIMUM_BODY, readJson } from '../body.ts'
import { baseUrl, callerOf, type Dependencies, type ScimEnv } from '../context.ts'
import { type Binding, CURSOR_LIFETIME, keyIdOf, openCursor, sealCursor } from '../cursor.ts'
import { type Key, makeKeyring } from '../keyring.ts'
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
  const { sealingSecret, now, randomBytes } = dependencies
  const keyring = makeKeyring('cursor', sealingSecret, CURSOR_LIFETIME * 1000, randomBytes)
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
    const key = parameters.ok ? await keyOf(caller, parameters.value.cursor ?? '') : undefined
    const request = andThen(parameters, (given) => read(namespace, types, given, key))
    const withMembers =
      request.ok &&
      types.includes(groupType) &&
      includes(request.value.projections.get(groupType), 'members')
    const selection = request.ok ? { ok: true as const, value: request.value.selection } : request
    const listing = await listResources(caller, types, selection, withMembers)
    const { resources, total } = listing
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
        : { nextCursor: await nextCursor(caller, listing, binding) }
    return scim(listResponse(shown, total, position))
  }

  /** The key that a cursor names. One that is not at hand takes a trip of its own to read. */
  async function keyOf(caller: Caller, cursor: string): Promise<Key | undefined> {
    const id = keyIdOf(cursor)
    const { namespace: parsed } = caller.claim
    if (id === undefined || !parsed.ok) return undefined
    const { namespace } = parsed
    const known = keyring.find(namespace, id)
    if (known !== undefined || !keyring.stored) return known
    const { rows } = await readAs(caller, [], (_, allowed) => [
      selectKeys(namespace, 'cursor', allowed),
    ])
    return keyring.take(namespace, rows[0]).find((key) => key.id === id)
  }

  async function nextCursor(caller: Caller, { next, keys }: Listing, binding: Binding) {
    const { namespace } = caller.claim
    if (next === undefined || !namespace.ok) return undefined
    const key = await keyring.sealing(caller, namespace.namespace, keys)
    return sealCursor(key, next, binding, now(), randomBytes)
  }

  function read(
    namespace: string,
    types: readonly ResourceType[],
    parameters: ListParameters,
    key: Key | undefined,
  ): ListRequest {
    const { filter, sortBy, sortOrder, attributes, excludedAttributes } = parameters
    const page = readPage(parameters)
    const sort = readSort(types, sortBy, sortOrder)
    const order = sort?.descending ? 'descending' : 'ascending'
    const names = types.map(({ name }) => name).join()
    const binding = [namespace, names, filter, sortBy?.trim().toLowerCase(), sort && order]
    const place = (cursor: string) =>
      cursor === '' ? undefined : openCursor(key, cursor, binding, now())
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
