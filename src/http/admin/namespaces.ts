/** Namespaces, for the operator: create, list, delete. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { release } from '../../store/held.ts'
import { Refusal } from '../../store/refusal.ts'
import {
  createNamespace,
  deleteNamespace,
  listNamespaces,
  type NamespaceInfo,
} from '../../store/registry.ts'
import { counted, type Dependencies, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { operatorOnly } from './operator.ts'
import { refuseQuery } from './parameters.ts'
import { readBody, requireNamespace } from './validate.ts'

/** Settings of its own that a namespace may have. */
export const settingsForm = z.strictObject({
  enableUserSync: z.optional(z.boolean()),
  enableGroupSync: z.optional(z.boolean()),
  rejectNonProvisionedUsers: z.optional(z.boolean()),
  requireExternalId: z.optional(z.boolean()),
  hideNonProvisionedUsers: z.optional(z.boolean()),
})

const namespaceForm = z.strictObject({ name: z.string(), settings: z.optional(settingsForm) })

function show({ createdAt, ...namespace }: NamespaceInfo) {
  return { ...namespace, createdAt: new Date(createdAt).toISOString() }
}

/** The routes of the collection of namespaces. */
export function namespaceRoutes(dependencies: Dependencies) {
  const { databases, settings: file } = dependencies
  const routes = new Hono<ScimEnv>()
  const operator = operatorOnly(dependencies)

  routes.get('/', operator, async (c) => {
    if (databases.shared === undefined) throw new HttpRefusal({ kind: 'unlisted-namespaces' })
    const namespaces = await listNamespaces(counted(c, databases.shared), file)
    return c.json({ items: namespaces.map(show) })
  })

  routes.post('/', operator, async (c) => {
    const { name, settings } = release(await readBody(c, 'operator', namespaceForm))
    const namespace = requireNamespace(name)
    const now = dependencies.now()
    const database = counted(c, databases.databaseFor(namespace))
    const created = await createNamespace(database, namespace, settings, file, now)
    if (created === undefined) throw new HttpRefusal({ kind: 'namespace-exists', namespace })
    return c.json(show(created), 201)
  })

  routes.delete('/:namespace', operator, async (c) => {
    const namespace = requireNamespace(c.req.param('namespace'))
    refuseQuery(c.req.url)
    const database = counted(c, databases.databaseFor(namespace))
    if (!(await deleteNamespace(database, namespace))) {
      throw new Refusal({ kind: 'unknown-namespace', namespace })
    }
    return c.body(null, 204)
  })

  return routes
}
