/** Whether provisioning works in a namespace, judged by its settings and by what was received. */
import type { Settings } from './settings.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

/** For how long a refused request counts against a check, in milliseconds. */
export const RECENT = DAY
/** How far back changes of externalId are looked for, in milliseconds. */
export const CHANGES_SPAN = 30 * DAY
/** From which age on a token should be rotated, in milliseconds. */
const OLD_TOKEN = 90 * DAY

/** How long before the last request a pause between two of them counts as usual, in milliseconds. */
export const PAUSES_SPAN = 14 * DAY
/** For how long nothing may come in any case, in milliseconds. */
export const MINIMUM_SILENCE = 2 * DAY
/** By how much a pause may be longer than the longest one so far. */
export const SILENCE_FACTOR = 1.5
/** How late the last use of a token may be written down, in milliseconds. */
const PRECISION = 5 * 60 * 1000

/** Requests that were refused for one reason within the last day. */
export interface RecentRefusal {
  /** The messageId of the answer. */
  readonly reason: string
  readonly detail: string
  /** The service account. */
  readonly account: string
  readonly count: number
}

/** Why a credential fails, as the messageIds of the answers; those of tokens that were good once. */
const OUTDATED = ['api-key.expired', 'api-key.revoked', 'service-account.disabled']
export const CREDENTIAL_FAILURES: readonly string[] = [
  'api-key.missing',
  'api-key.invalid',
  ...OUTDATED,
]

/** How often a credential failed for one reason within a day. Times are milliseconds since 1970. */
export interface FailedCredentials {
  readonly reason: string
  readonly count: number
  /** The start of the hour in which it failed first. */
  readonly since: number
  readonly lastAt: number
}

/** What the checks look at. */
export interface HealthFacts {
  readonly namespace: string
  readonly tenantUrl: string
  readonly settings: Settings
  readonly users: number
  readonly managedUsers: number
  readonly refusals: readonly RecentRefusal[]
  readonly failedCredentials: readonly FailedCredentials[]
  /** What was sent in vain within a day, with the attribute that may be meant. */
  readonly ignored: readonly {
    readonly account: string
    readonly name: string
    readonly meant: string | undefined
  }[]
  /** Of the newest users: how many SCIM manages, and how many of those have an e-mail as externalId. */
  readonly sampled: number
  readonly emailLike: number
  /** How often a user got another externalId within CHANGES_SPAN. */
  readonly changedExternalIds: number
  /** When a token that may write users or teams was used last, be it good still or not. */
  readonly lastProvisionedAt: number | null
  /** The longest pause between two requests of such a token within PAUSES_SPAN before that, in milliseconds. */
  readonly longestPause: number
  /** The tokens that are good. Times are milliseconds since 1970. */
  readonly tokens: readonly {
    readonly name: string
    readonly account: string
    readonly createdAt: number
    /** Whether it may write users or teams, and its account is enabled. */
    readonly provisions: boolean
  }[]
}

export type HealthStatus = 'ok' | 'warn' | 'fail'

/** One thing that was looked at; what is not ok comes with a remedy. */
export interface Check {
  readonly name: string
  readonly status: HealthStatus
  readonly detail: string
  readonly remedy?: string
}

function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail }
}

function found(status: 'warn' | 'fail', name: string, detail: string, remedy: string): Check {
  return { name, status, detail, remedy }
}

/** `1 request`, `2 requests` */
function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** The first few of many names. */
function some(names: readonly string[]): string {
  const distinct = [...new Set(names)]
  const shown = distinct.slice(0, 5).join(', ')
  return distinct.length > 5 ? `${shown} and ${distinct.length - 5} more` : shown
}

/** A token by the names of its account and its own. */
function full({ account, name }: HealthFacts['tokens'][number]): string {
  return `${account}/${name}`
}

function requestsOf(refusals: readonly RecentRefusal[]): string {
  const total = refusals.reduce((sum, refusal) => sum + refusal.count, 0)
  return `${count(total, 'request')} of ${some(refusals.map(({ account }) => account))}`
}

function checkNamespace({ namespace, tenantUrl, refusals }: HealthFacts): Check {
  const name = 'namespace'
  const strayed = refusals.filter(({ reason }) => reason === 'authn.invalid-namespace')
  if (strayed.length === 0) {
    return ok(name, `No token of ${namespace} was used for another namespace within a day.`)
  }
  return found(
    'fail',
    name,
    `${requestsOf(strayed)} named another namespace than ${namespace}: ` +
      `${some(strayed.map(({ detail }) => detail))}`,
    `Put ${tenantUrl} into the identity provider as the Tenant URL.`,
  )
}

/** What was used, by the reason that it failed for. */
const USED: ReadonlyMap<string, string> = new Map([
  ['api-key.missing', 'A request without a token came'],
  ['api-key.invalid', 'A token that is not valid here was used'],
  ['api-key.expired', 'A token that has expired was used'],
  ['api-key.revoked', 'A token that was revoked was used'],
  ['service-account.disabled', 'A token of a disabled service account was used'],
])

function checkToken({ tokens }: HealthFacts): Check {
  const name = 'token'
  const good = tokens.filter(({ provisions }) => provisions)
  if (good.length > 0) {
    return ok(name, `There is a good token that may write users or teams: ${some(good.map(full))}.`)
  }
  return found(
    'fail',
    name,
    'There is no good token of an enabled service account that may write users or teams.',
    'Make one (token create), and give it to the identity provider.',
  )
}

/** A time and how long ago that was. */
function ago(time: number, now: number): string {
  return `${iso(time)}, ${count(Math.floor((now - time) / HOUR), 'hour')} ago`
}

function checkContact(facts: HealthFacts, now: number): Check {
  const name = 'contact'
  const { lastProvisionedAt: last, longestPause, tenantUrl } = facts
  if (last === null) {
    return found(
      'warn',
      name,
      'No identity provider has sent a request yet.',
      `Put ${tenantUrl} and a token into the identity provider, and let it test the connection.`,
    )
  }
  const usual = Math.max(MINIMUM_SILENCE, longestPause * SILENCE_FACTOR)
  const detail = `The last request of an identity provider came at ${ago(last, now)}.`
  if (now - last <= usual) return ok(name, detail)
  return found(
    'warn',
    name,
    `${detail} By the 14 days before, a pause of ${count(Math.floor(usual / HOUR), 'hour')} would be usual.`,
    'See whether provisioning is on in the identity provider, and what its log says.',
  )
}

function checkCredentials({ failedCredentials, lastProvisionedAt }: HealthFacts): Check {
  const name = 'credentials'
  if (failedCredentials.length === 0) return ok(name, 'Within a day, no credential failed.')
  const details = failedCredentials.map(({ reason, count: times, since, lastAt }) => {
    const often = times === 1 ? 'once' : `${times} times`
    return `${USED.get(reason)} ${often} since ${iso(since)}, the last time at ${iso(lastAt)}.`
  })
  // Anybody can send a wrong token; one that was good once is that of a provider which is shut out.
  const isShutOut = failedCredentials.some(
    ({ reason, lastAt }) =>
      OUTDATED.includes(reason) && lastAt > (lastProvisionedAt ?? 0) + PRECISION,
  )
  return found(
    isShutOut ? 'fail' : 'warn',
    name,
    details.join(' '),
    'See which token the identity provider holds. Where it is not a good one of this namespace, make ' +
      'another (token create), and paste it whole.',
  )
}

function checkSync({ settings, refusals }: HealthFacts): Check {
  const name = 'sync-switches'
  const switches = [
    { what: 'User', on: settings.enableUserSync, reason: 'scim.user-sync-disabled' },
    { what: 'Group', on: settings.enableGroupSync, reason: 'scim.group-sync-disabled' },
  ]
  const details: string[] = []
  const remedies: string[] = []
  for (const { what, on, reason } of switches) {
    const refused = refusals.filter((refusal) => refusal.reason === reason)
    const wanted = !on && refused.length > 0
    const kind = what.toLowerCase()
    details.push(
      wanted
        ? `${what} sync is off, and ${requestsOf(refused)} wanted to write ${kind}s within a day.`
        : `${what} sync is ${on ? 'on' : 'off, and nobody wanted to write within a day'}.`,
    )
    if (wanted) remedies.push(`settings set --${kind}-sync on`)
  }
  if (remedies.length === 0 && !settings.enableUserSync && !settings.enableGroupSync) {
    return found(
      'warn',
      name,
      'User sync and group sync are off, so that nothing is provisioned.',
      'Turn on what is wanted (settings set --user-sync on; settings set --group-sync on).',
    )
  }
  if (remedies.length === 0) return ok(name, details.join(' '))
  const remedy = `Turn on what is wanted (${remedies.join('; ')}), or turn it off in the identity provider.`
  return found('fail', name, details.join(' '), remedy)
}

function checkPermissions({ refusals }: HealthFacts): Check {
  const name = 'permissions'
  const denied = refusals.filter(({ reason }) => reason === 'accesscontrol.permission-denied')
  if (denied.length === 0) return ok(name, 'Within a day, no request lacked a permission.')
  return found(
    'fail',
    name,
    `${requestsOf(denied)} lacked a permission: ${some(denied.map(({ detail }) => detail))}`,
    'Give the service account all that it needs, for this replaces what it has ' +
      '(serviceaccount update --permissions).',
  )
}

function checkIgnored({ ignored }: HealthFacts): Check {
  const name = 'ignored-attributes'
  if (ignored.length === 0) return ok(name, 'Within a day, nobody sent an attribute in vain.')
  const names = ignored.map(({ account, name: sent, meant }) => {
    return `${account} sent ${sent}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
  })
  return found(
    'warn',
    name,
    `Within a day, these attributes were ignored, since the schema lacks them: ${some(names)}.`,
    'Correct the attribute mapping in the identity provider, or take the attribute out of it.',
  )
}

function checkExternalIdForm({ sampled, emailLike }: HealthFacts): Check {
  const name = 'external-id-form'
  if (emailLike === 0) {
    return ok(
      name,
      `None of the newest ${count(sampled, 'managed user')} has an e-mail as externalId.`,
    )
  }
  return found(
    'warn',
    name,
    `${emailLike} of the newest ${count(sampled, 'managed user')} have an externalId that looks ` +
      'like an e-mail; whoever changes it can sign in no more.',
    "Map externalId to what never changes: objectId in Entra ID, the user's id in Okta.",
  )
}

function checkExternalIdChanges({ changedExternalIds, users }: HealthFacts): Check {
  const name = 'external-id-changes'
  const detail =
    `An externalId was changed ${changedExternalIds === 1 ? 'once' : `${changedExternalIds} times`} ` +
    `within 30 days, in a namespace of ${count(users, 'user')}.`
  if (changedExternalIds * 100 <= users) return ok(name, detail)
  return found(
    'warn',
    name,
    detail,
    'See in the identity provider whether externalId is mapped to an attribute that changes, and ' +
      'map it to what the login carries.',
  )
}

function checkTokenAge({ tokens }: HealthFacts, now: number): Check {
  const name = 'token-age'
  const old = tokens.filter(({ createdAt }) => now - createdAt > OLD_TOKEN)
  if (old.length === 0) return ok(name, 'No token is older than 90 days.')
  const names = some(old.map(full))
  return found(
    'warn',
    name,
    `${count(old.length, 'token')} ${old.length === 1 ? 'is' : 'are'} older than 90 days: ${names}.`,
    'Rotate it with an overlap (token rotate --overlap 24h), and give the new one to the identity provider.',
  )
}

function checkRejection({ settings, managedUsers }: HealthFacts): Check {
  const name = 'reject-non-provisioned'
  if (!settings.rejectNonProvisionedUsers) {
    return ok(name, 'rejectNonProvisionedUsers is off.')
  }
  if (managedUsers > 0) {
    return ok(
      name,
      `rejectNonProvisionedUsers is on, and SCIM manages ${count(managedUsers, 'user')}.`,
    )
  }
  const { enableUserSync } = settings
  return found(
    'fail',
    name,
    'rejectNonProvisionedUsers is on while SCIM manages nobody, so nobody ' +
      `${enableUserSync ? 'can sign in' : 'could sign in once user sync is on'}.`,
    'Turn it off (settings set --reject-non-provisioned off) until the identity provider has provisioned the first users.',
  )
}

/**
 * Judges the health of a namespace.
 *
 * @param now milliseconds since 1970
 * @returns every check, and the worst of their states
 */
export function judgeHealth(
  facts: HealthFacts,
  now: number,
): { readonly status: HealthStatus; readonly checks: readonly Check[] } {
  const checks = [
    // Without it there would be no facts, and the answer would be 503.
    ok('database', 'The database answered.'),
    checkToken(facts),
    checkContact(facts, now),
    checkCredentials(facts),
    checkNamespace(facts),
    checkSync(facts),
    checkPermissions(facts),
    checkIgnored(facts),
    checkExternalIdForm(facts),
    checkExternalIdChanges(facts),
    checkTokenAge(facts, now),
    checkRejection(facts),
  ]
  const worst = (['fail', 'warn'] as const).find((status) =>
    checks.some((check) => check.status === status),
  )
  return { status: worst ?? 'ok', checks }
}
