/**
 * /ServiceProviderConfig, /ResourceTypes, /Schemas (RFC 7644 §4). They need no credential and then
 * no database either; but a credential that is sent has to be good.
 */
import { type Context, Hono } from 'hono'
import {
  resourceTypeResources,
  schemaResources,
  serviceProviderConfig,
} from '../../scim/discovery.ts'
import type { JsonObject } from '../../scim/json.ts'
import { listResponse } from '../../scim/list.ts'
import { readAs } from '../../store/authority.ts'
import { Refusal } from '../../store/refusal.ts'
import { parseNamespace } from '../../tenancy/namespace.ts'
import type { Settings } from '../../tenancy/settings.ts'
import { MAXIMUM_BULK_BODY } from '../body.ts'
import { baseUrl, callerOf, type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { CURSOR_LIFETIME } from '../cursor.ts'
import { HttpRefusal } from '../failure.ts'
import { scim } from './reply.ts'

/** The discovery routes, mounted below the base URL. */
export function discoveryRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  const capabilities = {
    maxBulkOperations: dependencies.maxBulkOperations,
    maxBulkPayload: MAXIMUM_BULK_BODY,
    cursorLifetime: CURSOR_LIFETIME,
  }

  /** @returns the settings that the answer goes by: without a token, those of the file */
  const decide = async (c: Context<ScimEnv>): Promise<Settings> => {
    let settings = dependencies.settings
    if (c.req.header('Authorization') !== undefined) {
      settings = (await readAs(callerOf(c, dependencies), [], () => [])).principal.settings
    } else {
      const parsed = parseNamespace(c.req.param('namespace') ?? '')
      if (!parsed.ok) throw new Refusal({ kind: 'invalid-namespace', advice: parsed.advice })
    }
    // RFC 7644 §4: nobody shall take the whole list for what a filter selected.
    if (queryOf(c).has('filter')) throw new HttpRefusal({ kind: 'filtered-discovery' })
    return settings
  }

  routes.get('/ServiceProviderConfig', async (c) => {
    await decide(c)
    return scim(serviceProviderConfig(baseUrl(c), capabilities))
  })

  const collection = (
    path: string,
    resources: (base: string, settings: Settings) => readonly JsonObject[],
  ) => {
    routes.get(path, async (c) => {
      const all = resources(baseUrl(c), await decide(c))
      return scim(listResponse(all, all.length, { startIndex: 1 }))
    })
    routes.get(`${path}/:id`, async (c) => {
      const settings = await decide(c)
      const id = c.req.param('id') ?? ''
      const one = resources(baseUrl(c), settings).find((resource) => resource.id === id)
      if (one === undefined) throw new HttpRefusal({ kind: 'unknown-schema-or-type', id })
      return scim(one)
    })
  }
  collection('/ResourceTypes', resourceTypeResources)
  collection('/Schemas', (base, { requireExternalId }) => schemaResources(base, requireExternalId))

  return routes
}
