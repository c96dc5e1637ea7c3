/** How provisioning goes in a namespace: its status in numbers, and its health as checks. */
import { Hono } from 'hono'
import { groupType, userType } from '../../scim/schema/resource-type.ts'
import { suggestionFor } from '../../scim/unknown.ts'
import type { IgnoredRow } from '../../store/ignored.ts'
import { readHealth, readStatus } from '../../store/status.ts'
import { type FailedCredentials, judgeHealth } from '../../tenancy/health.ts'
import { baseUrl, type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { adminCallerOf } from './caller.ts'

/** Tokens that end within this time are told of, in milliseconds. */
const SOON = 14 * 24 * 60 * 60 * 1000

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}

function showCount({ reason, count, since, lastAt }: FailedCredentials) {
  return { reason, count, since: iso(since), last: iso(lastAt) }
}

/** The attribute that may be meant by a name that the schema lacks. */
function meantBy({ type, name }: IgnoredRow): string | undefined {
  return suggestionFor(type === userType.name ? userType : groupType, name)
}

/** The routes /status and /health below the base URL of a namespace. */
export function statusRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/status', async (c) => {
    const status = await readStatus(adminCallerOf(c, dependencies), SOON)
    const { principal, counters, conflicts, changes, refusals, inheritedMembers } = status
    const { namespace, users, teams, settings, storedSettings } = principal
    const { managedUsers, managedTeams, retained, createdAt } = counters
    return c.json({
      namespace,
      createdAt: iso(createdAt),
      users,
      teams,
      managed: { users: managedUsers, teams: managedTeams },
      retained,
      conflicts,
      changes,
      refusals,
      failedCredentials: status.failedCredentials.map(showCount),
      deniedLogins: status.deniedLogins.map(showCount),
      serviceAccounts: status.accounts.map((account) => ({
        id: account.id,
        name: account.name,
        isDisabled: account.disabled === 1,
        lastRequestAt: iso(account.lastRequestAt),
        lastChangeAt: iso(account.lastChangeAt),
      })),
      ignoredAttributes: status.ignored.map((one) => ({
        serviceAccount: one.account,
        resourceType: one.type,
        name: one.name,
        count: one.count,
        first: iso(one.firstAt),
        last: iso(one.lastAt),
        didYouMean: meantBy(one) ?? null,
      })),
      expiringTokens: status.expiringTokens.map(({ account, id, name, expiresAt }) => ({
        serviceAccount: account,
        id,
        name,
        expiration: iso(expiresAt),
      })),
      inheritedMembers,
      settings,
      settingsSource: storedSettings === null ? 'file' : 'database',
    })
  })

  routes.get('/health', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const { principal, ignored: rows, ...stored } = await readHealth(caller)
    const ignored = rows.map((one) => ({ ...one, meant: meantBy(one) }))
    const { namespace, users, settings } = principal
    const facts = { ...stored, ignored, namespace, users, settings, tenantUrl: baseUrl(c) }
    const health = judgeHealth(facts, caller.now)
    // Monitors look at the status alone.
    const failed = health.status === 'fail' && queryOf(c).has('strict')
    return c.json(health, failed ? 503 : 200)
  })

  return routes
}
