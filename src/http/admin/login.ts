/**
 * The login check, for whoever signs people in: Grafana, or a proxy in front of it. Roles are not
 * SCIM's business, and the answer says so by leaving them out.
 */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { accountEmail } from '../../store/account.ts'
import { type DeniedLogin, listDeniedLogins, recordDeniedLogin } from '../../store/denied-logins.ts'
import { hold, release } from '../../store/held.ts'
import { type LoginCandidate, readLogin } from '../../store/login.ts'
import type { StoredUser } from '../../store/users.ts'
import { judgeLogin, type LoginAccount } from '../../tenancy/login.ts'
import { withoutTokens } from '../abridge.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { adminCallerOf } from './caller.ts'
import { readBody } from './validate.ts'

const text = z.optional(z.string().check(z.maxLength(65_536)))

const loginForm = z
  .strictObject({
    externalId: text,
    userName: text,
    email: text,
    /** Milliseconds since 1970. */
    issuedAt: z.optional(z.int().check(z.gte(0))),
    source: text,
  })
  .check(
    z.refine(({ externalId, userName, email }) => Boolean(externalId || userName || email), {
      message: 'says nobody; give externalId, userName or email.',
    }),
  )

/** A user, and what a login depends on. */
interface Candidate extends LoginAccount {
  readonly user: StoredUser
}

function candidate(found: LoginCandidate | undefined): Candidate | undefined {
  if (found === undefined) return undefined
  const { user, succeeds } = found
  const { id, managed, attributes, sessionsValidFrom } = user
  const { externalId, active } = attributes
  return {
    id,
    managed,
    succeeds,
    active: active !== false,
    externalId: typeof externalId === 'string' ? externalId : undefined,
    sessionsValidFrom,
    user,
  }
}

function show({ id, active, externalId, managed, user }: Candidate) {
  return {
    id,
    userName: user.attributes.userName,
    email: accountEmail(user.attributes) ?? null,
    externalId: externalId ?? null,
    isProvisioned: managed,
    active,
  }
}

function showDenied({ firstAt, lastAt, ...denied }: DeniedLogin) {
  return { ...denied, first: new Date(firstAt).toISOString(), last: new Date(lastAt).toISOString() }
}

/** The routes of /login below the base URL of a namespace. */
export function loginRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  const { operatorToken } = dependencies
  const clean = (name: string) =>
    withoutTokens(operatorToken ? name.replaceAll(operatorToken, '…') : name)

  routes.get('/denied', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const subject = hold(() => queryOf(c).get('subject') || undefined)
    const denied = await listDeniedLogins(caller, subject)
    return c.json({ denied: denied.map(showDenied) })
  })

  routes.post('/check', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, loginForm)
    const facts = await readLogin(caller, form)
    const { externalId, userName, email, issuedAt, source } = release(form)
    const { account, ...decision } = judgeLogin({
      ...{ externalId, issuedAt, source },
      settings: facts.settings,
      byExternalId: candidate(facts.byExternalId),
      byUserName: candidate(facts.byUserName),
      byEmail: candidate(facts.byEmail),
      retained: facts.retained,
    })
    const holder = c.get('holder')
    // The operator asks in order to find out, and signs nobody in.
    if (holder !== undefined && decision.messageId !== null) {
      const { messageId: reason, reason: detail } = decision
      const names = [userName, email, externalId].flatMap((name) => (name ? clean(name) : []))
      const denied = { names, reason, detail }
      caller.later(() => recordDeniedLogin(caller.database, holder, denied, caller.now))
    }
    return c.json({
      ...decision,
      user: account === undefined ? null : show(account),
      ...(facts.mayReadTeams ? { teams: account?.user.groups ?? [] } : {}),
      sessionsValidFrom: account?.sessionsValidFrom ?? null,
    })
  })
  return routes
}
