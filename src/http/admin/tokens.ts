/** Tokens of service accounts, for the operator: create, list, revoke. */
import { Hono } from 'hono'
import * as z from 'zod'
import { createToken, listTokens, revokeToken, type TokenInfo } from '../../store/registry.ts'
import { readPermissions } from '../../tenancy/permission.ts'
import { hashToken, makeToken } from '../../tenancy/token.ts'
import { type Dependencies, makeId, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { operatorOnly } from './operator.ts'
import { readBody, requireNamespace } from './validate.ts'

const tokenForm = z.strictObject({
  /** The name of the service account; the default serves a namespace that has one provider. */
  account: z._default(z.string().check(z.minLength(1), z.maxLength(190)), 'scim'),
  permissions: z._default(z.array(z.string()), ['Editor']),
  expiresAt: z._default(z.nullable(z.iso.datetime({ offset: true })), null),
})

/** Times as ISO 8601. */
function show({ createdAt, expiresAt, revokedAt, lastUsedAt, ...token }: TokenInfo) {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
  return {
    ...token,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    revokedAt: iso(revokedAt),
    lastUsedAt: iso(lastUsedAt),
  }
}

/** The routes of /tokens below the base URL of a namespace. */
export function tokenRoutes(dependencies: Dependencies) {
  const { database, now, randomBytes } = dependencies
  const routes = new Hono<ScimEnv>()
  const operator = operatorOnly(dependencies)

  routes.get('/', operator, async (c) => {
    const namespace = requireNamespace(c.req.param('namespace') ?? '')
    const tokens = await listTokens(database, namespace)
    if (tokens === undefined) throw new HttpRefusal({ kind: 'unknown-namespace', namespace })
    return c.json({ items: tokens.map(show) })
  })

  routes.post('/', operator, async (c) => {
    const namespace = requireNamespace(c.req.param('namespace') ?? '')
    const form = await readBody(c.req.raw, tokenForm)
    const permissions = readPermissions(form.permissions)
    if (typeof permissions !== 'number') {
      const detail =
        `permissions: ${JSON.stringify(permissions.unknown)} is neither a permission such as ` +
        'org.users:read nor one of Admin, Editor, Viewer, None, User administration, Teams.'
      throw new HttpRefusal({ kind: 'bad-request', detail })
    }
    const expiresAt = form.expiresAt === null ? null : Date.parse(form.expiresAt)
    if (expiresAt !== null && expiresAt <= now()) {
      const detail = 'expiresAt: the time is past; choose a later one.'
      throw new HttpRefusal({ kind: 'bad-request', detail })
    }
    const token = makeToken(randomBytes)
    const created = await createToken(database, {
      id: makeId('t', now(), randomBytes),
      hash: hashToken(token),
      namespace,
      account: form.account,
      accountId: makeId('s', now(), randomBytes),
      permissions,
      expiresAt,
      now: now(),
    })
    if (created === undefined) throw new HttpRefusal({ kind: 'unknown-namespace', namespace })
    // The only time that the token itself is shown.
    return c.json({ ...show(created), token }, 201)
  })

  routes.delete('/:token', operator, async (c) => {
    const namespace = requireNamespace(c.req.param('namespace') ?? '')
    const id = c.req.param('token')
    if (!(await revokeToken(database, namespace, id, now()))) {
      throw new HttpRefusal({ kind: 'unknown-token', id })
    }
    return c.body(null, 204)
  })

  return routes
}
