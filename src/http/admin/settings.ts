/** Settings, as Grafana's resource SCIMConfig: what its Terraform provider reads and writes. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { andThen } from '../../store/held.ts'
import {
  type AppliedSettings,
  readSettings,
  resetSettings,
  writeSettings,
} from '../../store/settings.ts'
import type { Settings } from '../../tenancy/settings.ts'
import type { Dependencies, ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { adminCallerOf } from './caller.ts'
import { readBody } from './validate.ts'

const VERSION = 'scim.grafana.app/v0alpha1'
const KIND = 'SCIMConfig'

/** Switches of Grafana that are left out are off, as Grafana reads them; ours keep their value. */
const configForm = z.object({
  apiVersion: z.optional(z.literal(VERSION)),
  kind: z.optional(z.literal(KIND)),
  metadata: z.optional(
    z.object({ name: z.optional(z.literal('default')), namespace: z.optional(z.string()) }),
  ),
  spec: z.strictObject({
    enableUserSync: z._default(z.boolean(), false),
    enableGroupSync: z._default(z.boolean(), false),
    rejectNonProvisionedUsers: z._default(z.boolean(), false),
    requireExternalId: z.optional(z.boolean()),
    hideNonProvisionedUsers: z.optional(z.boolean()),
  }),
})

function show({ namespace, settings, stored, mayRead }: AppliedSettings) {
  return {
    apiVersion: VERSION,
    kind: KIND,
    metadata: { name: 'default', namespace },
    ...(mayRead ? { spec: settings } : {}),
    status: { source: stored ? 'database' : 'file' },
  }
}

/** @throws HttpRefusal `bad-request` where a body is about another namespace than its path */
function refuseOther(named: string | undefined, namespace: string | undefined): void {
  if (named === undefined || named === namespace) return
  const detail = `metadata.namespace: the path is of the namespace ${namespace}; send that, or leave it out.`
  throw new HttpRefusal({ kind: 'bad-request', detail })
}

/** The routes of /config below the base URL of a namespace. */
export function settingsRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/default', async (c) => {
    return c.json(show(await readSettings(adminCallerOf(c, dependencies))))
  })

  routes.put('/default', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, configForm)
    const change = andThen(form, ({ metadata, spec }) => {
      refuseOther(metadata?.namespace, c.req.param('namespace'))
      const { requireExternalId, hideNonProvisionedUsers, ...switches } = spec
      // Always in one order, so that equal settings are equal texts.
      return (current: Settings) => ({
        ...switches,
        requireExternalId: requireExternalId ?? current.requireExternalId,
        hideNonProvisionedUsers: hideNonProvisionedUsers ?? current.hideNonProvisionedUsers,
      })
    })
    const written = await writeSettings(caller, change)
    return c.json(show(written), written.created ? 201 : 200)
  })

  routes.delete('/default', async (c) => {
    await resetSettings(adminCallerOf(c, dependencies))
    return c.json({ apiVersion: 'v1', kind: 'Status', status: 'Success', code: 200 })
  })

  return routes
}
