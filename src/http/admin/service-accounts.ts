/** Service accounts and their tokens, in the shapes and status codes of Grafana's HTTP API. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { andThen } from '../../store/held.ts'
import {
  changeServiceAccount,
  createServiceAccount,
  createToken,
  deleteServiceAccount,
  listServiceAccounts,
  listTokens,
  readServiceAccount,
  revokeToken,
  type ServiceAccount,
  type TokenInfo,
} from '../../store/service-accounts.ts'
import { faultOfName } from '../../tenancy/name.ts'
import {
  type BasicRole,
  basicRoles,
  permissionNames,
  readPermissions,
} from '../../tenancy/permission.ts'
import { hashToken, makeToken } from '../../tenancy/token.ts'
import { type Dependencies, makeId, queryOf, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { adminCallerOf } from './caller.ts'
import { MAXIMUM_PAGE } from './parameters.ts'
import { faultless, listOf, readBody, text } from './validate.ts'

const name = text.check(z.trim(), faultless(faultOfName))

/** How many permissions and roles a form names at most; there are not half as many. */
const MOST_PERMISSIONS = 100

const accountForm = z.strictObject({
  name,
  role: z.optional(z.enum(basicRoles)),
  permissions: z.optional(listOf(z.string(), MOST_PERMISSIONS)),
  isDisabled: z._default(z.boolean(), false),
})

const accountChange = z.strictObject({
  name: z.optional(name),
  role: z.optional(z.enum(basicRoles)),
  permissions: z.optional(listOf(z.string(), MOST_PERMISSIONS)),
  isDisabled: z.optional(z.boolean()),
})

/** The longest that a token or an overlap lasts, in seconds: a hundred years. */
const LONGEST = 100 * 366 * 24 * 60 * 60

const seconds = z.int().check(z.gte(0), z.lte(LONGEST))

const tokenForm = z.strictObject({ name, secondsToLive: z._default(seconds, 0) })

const rotationForm = z.strictObject({
  name: z.optional(name),
  secondsToLive: z._default(seconds, 0),
  overlapSeconds: z._default(seconds, 24 * 60 * 60),
})

/** The bits of a role with what is granted beside it. */
function grant(role: string, permissions: readonly string[]): number {
  const bits = readPermissions([role, ...permissions])
  if (typeof bits === 'number') return bits
  const detail =
    `permissions: ${JSON.stringify(bits.unknown)} is neither a permission such as ` +
    'org.users:read nor one of Admin, Editor, Viewer, None, User administration, Teams.'
  throw new HttpRefusal({ kind: 'bad-request', detail })
}

/** A role and what it grants together with the permissions beside it. */
function granted(role: BasicRole = 'None', permissions: readonly string[] = []) {
  return { role, permissions: grant(role, permissions) }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function show({ id, name, role, permissions, disabled, tokens, createdAt }: ServiceAccount) {
  return {
    id,
    uid: id,
    name,
    login: `sa-${name.trim().toLowerCase().replace(/\s+/g, '-')}`,
    orgId: 1,
    role,
    permissions: permissionNames(permissions),
    isDisabled: disabled === 1,
    isExternal: false,
    tokens,
    created: iso(createdAt),
  }
}

function showToken(
  { id, name, createdAt, expiresAt, revokedAt, lastUsedAt }: TokenInfo,
  now: number,
) {
  return {
    id,
    name,
    created: iso(createdAt),
    expiration: expiresAt === null ? null : iso(expiresAt),
    lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
    secondsUntilExpiration:
      expiresAt === null ? 0 : Math.max(0, Math.ceil((expiresAt - now) / 1000)),
    hasExpired: expiresAt !== null && expiresAt <= now,
    isRevoked: revokedAt !== null,
  }
}

/** A number from 1, as Grafana reads it: what is no such number counts as if it were left out. */
function countOr(otherwise: number, text = ''): number {
  const number = /^\+?\d+$/.test(text) ? Number(text) : 0
  return Number.isSafeInteger(number) && number > 0 ? number : otherwise
}

/** The routes of /serviceaccounts below the base URL of a namespace. */
export function serviceAccountRoutes(dependencies: Dependencies) {
  const { now, randomBytes } = dependencies
  const routes = new Hono<ScimEnv>()

  routes.on('GET', ['/', '/search'], async (c) => {
    const all = await listServiceAccounts(adminCallerOf(c, dependencies))
    const query = queryOf(c)
    const sought = (query.get('query') ?? '').toLowerCase()
    const matching = all.filter((account) => account.name.toLowerCase().includes(sought))
    const page = countOr(1, query.get('page'))
    const perPage = Math.min(countOr(MAXIMUM_PAGE, query.get('perpage')), MAXIMUM_PAGE)
    const shown = matching.slice((page - 1) * perPage, page * perPage)
    const totalCount = matching.length
    return c.json({ totalCount, serviceAccounts: shown.map(show), page, perPage })
  })

  routes.post('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const body = await readBody(c, caller, accountForm)
    const form = andThen(body, ({ name, role, permissions, isDisabled }) => ({
      name,
      ...granted(role, permissions),
      disabled: isDisabled ? 1 : 0,
    }))
    const id = makeId('s', now(), randomBytes)
    return c.json(show(await createServiceAccount(caller, id, form)), 201)
  })

  routes.get('/:account', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    return c.json(show(await readServiceAccount(caller, c.req.param('account'))))
  })

  routes.patch('/:account', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const body = await readBody(c, caller, accountChange)
    const change = andThen(body, ({ name, role, permissions, isDisabled }) => ({
      ...(name === undefined ? {} : { name }),
      // Either says all that the account may; permissions alone leave no role that would say more.
      ...(role === undefined && permissions === undefined ? {} : granted(role, permissions)),
      ...(isDisabled === undefined ? {} : { disabled: isDisabled ? 1 : 0 }),
    }))
    const id = c.req.param('account')
    const { account, readable } = await changeServiceAccount(caller, id, change)
    const message = 'Service account updated'
    const shown = readable ? { name: account.name, serviceaccount: show(account) } : {}
    return c.json({ message, id, ...shown })
  })

  routes.delete('/:account', async (c) => {
    await deleteServiceAccount(adminCallerOf(c, dependencies), c.req.param('account'))
    return c.json({ message: 'Service account deleted' })
  })

  routes.get('/:account/tokens', async (c) => {
    const tokens = await listTokens(adminCallerOf(c, dependencies), c.req.param('account'))
    return c.json(tokens.map((token) => showToken(token, now())))
  })

  /** A token that nobody has yet, and what is stored of it. */
  const fresh = (secondsToLive: number) => {
    const key = makeToken(randomBytes)
    const lifetime = secondsToLive === 0 ? undefined : secondsToLive * 1000
    return { key, stored: { id: makeId('t', now(), randomBytes), hash: hashToken(key), lifetime } }
  }

  routes.post('/:account/tokens', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const body = await readBody(c, caller, tokenForm)
    const { key, stored } = fresh(body.ok ? body.value.secondsToLive : 0)
    const form = andThen(body, ({ name }) => ({ ...stored, name }))
    const { made } = await createToken(caller, c.req.param('account'), form)
    const { id, name, expiration } = showToken(made, now())
    // The only time that the token itself is shown.
    return c.json({ id, name, key, expiration })
  })

  routes.post('/:account/tokens/:token/rotate', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const body = await readBody(c, caller, rotationForm)
    const { key, stored } = fresh(body.ok ? body.value.secondsToLive : 0)
    const form = andThen(body, ({ name }) => ({ ...stored, name }))
    const token = c.req.param('token')
    const rotation = andThen(body, ({ overlapSeconds }) => ({
      token,
      overlap: overlapSeconds * 1000,
    }))
    const { made, replaced } = await createToken(caller, c.req.param('account'), form, rotation)
    const { id, name, expiration } = showToken(made, now())
    const old = replaced && showToken(replaced, now())
    const replaces = old && { id: old.id, name: old.name, expiration: old.expiration }
    return c.json({ id, name, key, expiration, replaces })
  })

  routes.delete('/:account/tokens/:token', async (c) => {
    const { account, token } = c.req.param()
    await revokeToken(adminCallerOf(c, dependencies), account, token)
    return c.json({ message: 'Service account token deleted' })
  })

  return routes
}
