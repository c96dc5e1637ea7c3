/** Accounts by hand: listing all, and changing those that SCIM does not manage. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { accountEmail } from '../../store/account.ts'
import {
  changeAccount,
  createAccount,
  deleteAccount,
  listAccounts,
  readAccount,
  releaseAccount,
} from '../../store/hand-accounts.ts'
import { andThen, hold } from '../../store/held.ts'
import type { StoredUser } from '../../store/users.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { adminCallerOf } from './caller.ts'
import { operatorOnly } from './operator.ts'
import { flagOf, limitOf, pageOf } from './parameters.ts'
import { readBody, requiredText, showGrafanaIds, text } from './validate.ts'

const optional = z.optional(z.nullable(text))

/** What may be said of an account, in Grafana's names. */
export const accountFields = {
  email: optional,
  name: optional,
  isDisabled: z.optional(z.boolean()),
}

const accountForm = z.strictObject({ login: requiredText, externalId: optional, ...accountFields })

const accountChange = z.strictObject({
  login: z.optional(requiredText),
  externalId: optional,
  isProvisioned: z.optional(z.boolean()),
  ...accountFields,
})

function show(user: StoredUser) {
  const { id, managed, attributes, createdAt, lastModified, withheld } = user
  if (withheld) return { id }
  const { userName, displayName, externalId, active } = attributes
  return {
    id,
    login: userName,
    email: accountEmail(attributes) ?? null,
    name: displayName ?? null,
    externalId: externalId ?? null,
    isDisabled: active === false,
    isProvisioned: managed,
    ...showGrafanaIds(user),
    created: new Date(createdAt).toISOString(),
    updated: new Date(lastModified).toISOString(),
  }
}

/** The routes of /accounts below the base URL of a namespace. */
export function accountRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const limit = hold(() => limitOf(query))
    const asked = andThen(limit, (limit) => ({
      login: query.get('login') || undefined,
      email: query.get('email') || undefined,
      isProvisioned: flagOf(query, 'isProvisioned'),
      after: query.get('cursor') ?? '',
      limit: limit + 1,
    }))
    const { total, accounts } = await listAccounts(caller, asked)
    const { shown, nextCursor } = pageOf(accounts, limit.ok ? limit.value : 0, ({ id }) => id)
    return c.json({ totalCount: total, accounts: shown.map(show), nextCursor })
  })

  routes.post('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, accountForm)
    return c.json(show(await createAccount(caller, form)), 201)
  })

  routes.get('/:account', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    return c.json(show(await readAccount(caller, c.req.param('account'))))
  })

  routes.patch('/:account', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const change = await readBody(c, caller, accountChange)
    return c.json(show(await changeAccount(caller, c.req.param('account'), change)))
  })

  routes.delete('/:account', async (c) => {
    await deleteAccount(adminCallerOf(c, dependencies), c.req.param('account'))
    return c.json({ message: 'User deleted' })
  })

  routes.post('/:account/release', operatorOnly(dependencies), async (c) => {
    const caller = adminCallerOf(c, dependencies)
    return c.json(show(await releaseAccount(caller, c.req.param('account'))))
  })

  return routes
}
