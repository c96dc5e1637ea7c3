/** Namespaces, for the operator: create, list, delete. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { release } from '../../store/held.ts'
import { Refusal } from '../../store/refusal.ts'
import {
  createNamespace,
  deleteNamespace,
  listNamespaceChanges,
  listNamespaces,
  type NamespaceChange,
  type NamespaceInfo,
} from '../../store/registry.ts'
import { counted, type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { operatorOnly } from './operator.ts'
import { limitOf, refuseQuery, refuseRepeated } from './parameters.ts'
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

function showChange({ at, endedAt, ...change }: NamespaceChange) {
  const completedAt = endedAt === null ? null : new Date(endedAt).toISOString()
  return { ...change, actor: { operator: true }, at: new Date(at).toISOString(), completedAt }
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

  // No namespace has this name.
  routes.get('/history', operator, async (c) => {
    refuseRepeated(c.req.url)
    const query = queryOf(c)
    const name = query.get('namespace')
    const limit = limitOf(query)
    const namespace = name ? requireNamespace(name) : undefined
    const database = namespace ? databases.databaseFor(namespace) : databases.shared
    if (database === undefined) throw new HttpRefusal({ kind: 'unlisted-namespaces' })
    const changes = await listNamespaceChanges(counted(c, database), namespace, limit)
    return c.json({ changes: changes.map(showChange) })
  })

  routes.post('/', operator, async (c) => {
    const { name, settings } = release(await readBody(c, 'operator', namespaceForm))
    const namespace = requireNamespace(name)
    const now = dependencies.now()
    const database = counted(c, databases.databaseFor(namespace))
    const created = await createNamespace(
      database,
      namespace,
      settings,
      file,
      now,
      c.get('requestId'),
    )
    if (created === undefined) throw new HttpRefusal({ kind: 'namespace-exists', namespace })
    return c.json(show(created), 201)
  })

  routes.delete('/:namespace', operator, async (c) => {
    const namespace = requireNamespace(c.req.param('namespace'))
    refuseQuery(c.req.url)
    const database = counted(c, databases.databaseFor(namespace))
    const requestId = c.get('requestId')
    if (!(await deleteNamespace(database, namespace, dependencies.now, requestId))) {
      throw new Refusal({ kind: 'unknown-namespace', namespace })
    }
    return c.body(null, 204)
  })

  return routes
}
