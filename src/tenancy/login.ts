/**
 * Whether somebody may sign in: Grafana's rules for provisioned users, with its codes and messages,
 * and that whoever was deactivated or deleted stays outside.
 */
import type { Settings } from './settings.ts'

/** An account as far as a login depends on it. */
export interface LoginAccount {
  readonly id: string
  readonly managed: boolean
  readonly active: boolean
  readonly externalId: string | undefined
  /** Whether a deleted account is known by its userName or e-mail, whichever the login gives. */
  readonly succeeds: boolean
  /** Milliseconds since 1970: what was issued earlier counts no more. */
  readonly sessionsValidFrom: number
}

/** By which of the values of a login a deleted account is known. */
export interface Retained {
  readonly externalId: boolean
  readonly userName: boolean
  readonly email: boolean
}

/** A login that is to be judged, with the accounts that it may mean. */
export interface Login<Account extends LoginAccount> {
  readonly externalId: string | undefined
  /** When the session began, in milliseconds since 1970; absent for a fresh one. */
  readonly issuedAt: number | undefined
  /** Where the person signs in, such as `saml` or `grafana.com`. */
  readonly source: string | undefined
  readonly settings: Settings
  readonly byExternalId: Account | undefined
  readonly byUserName: Account | undefined
  readonly byEmail: Account | undefined
  readonly retained: Retained
}

/** What a login is answered with. */
export interface Decision<Account extends LoginAccount> {
  readonly decision: 'allow' | 'deny'
  /** A sentence that says why. */
  readonly reason: string
  /** Grafana's short message. */
  readonly message: string
  readonly messageId: string | null
  /** The status of HTTP that a login page would answer with. */
  readonly statusCode: number
  readonly account: Account | undefined
}

/** The messageIds of logins that are denied. */
export const DENIALS = [
  'user.deprovisioned',
  'user.inactive',
  'user.session-revoked',
  'user.sync.empty-externalUID',
  'user.sync.mismatched-externalUID',
  'user.sync.user-externalUID-mismatch',
  'user.sync.user-not-provisioned',
] as const

/** The names under which a sign-in through the Cloud portal is known. */
const PORTAL: ReadonlySet<string> = new Set([
  'grafana.com',
  'grafana_com',
  'oauth_grafana_com',
  'portal',
])

/**
 * Judges a login. It means the account of its externalId, else of its userName, else of its e-mail.
 * Where a deleted account is known by any of it, only an account that SCIM manages is let in: by its
 * own externalId, or where that value is its own by now. A sign-in through the Cloud portal is exempt
 * from what asks for provisioning, and so is everybody while user sync is off, as in Grafana.
 */
export function judgeLogin<Account extends LoginAccount>(login: Login<Account>): Decision<Account> {
  const { byExternalId, byUserName, byEmail, settings, issuedAt } = login
  const account = byExternalId ?? byUserName ?? byEmail
  const deny = (
    messageId: (typeof DENIALS)[number],
    statusCode: number,
    message: string,
    reason: string,
  ) => ({ decision: 'deny', reason, message, messageId, statusCode, account }) as const
  const exempt = !settings.enableUserSync || PORTAL.has((login.source ?? '').toLowerCase())

  const managed = account?.managed === true
  const isItself = managed && login.externalId && login.externalId === account.externalId
  const isLost = (retained: boolean, holder: Account | undefined) =>
    retained && !(managed && holder?.id === account.id)
  const { retained } = login
  const deleted =
    (!isItself &&
      (isLost(retained.externalId, byExternalId) ||
        isLost(retained.userName, byUserName) ||
        isLost(retained.email, byEmail))) ||
    (!managed && account?.succeeds)
  // That the externalId is not that of the account says more about a sign-on that is set up wrongly.
  if (deleted && (exempt || !managed)) {
    return deny(
      'user.deprovisioned',
      403,
      'User is deprovisioned',
      account === undefined
        ? 'The person was deleted by the identity provider; assign them again there to let them in.'
        : 'The identity is that of a person whom the identity provider deleted. To let this account ' +
            'in, assign its person in the identity provider, or purge the deleted account ' +
            '(retained purge).',
    )
  }
  if (account?.managed && !exempt) {
    if (!login.externalId) {
      return deny(
        'user.sync.empty-externalUID',
        401,
        'Empty externalUID',
        'SCIM manages this account, so the login must carry its externalId; map it in the sign-on.',
      )
    }
    if (account.externalId !== login.externalId) {
      return deny(
        'user.sync.user-externalUID-mismatch',
        401,
        'User externalUID mismatch',
        'The externalId of the login is not that of the account; send the same attribute in the ' +
          'sign-on as in provisioning.',
      )
    }
    const namesake = byUserName ?? byEmail
    if (namesake !== undefined && namesake.id !== account.id) {
      return deny(
        'user.sync.mismatched-externalUID',
        401,
        'Mismatched provisioned identity',
        'The externalId belongs to one account, and the userName or e-mail to another; wait for ' +
          'the next provisioning cycle or mend the assignment in the identity provider.',
      )
    }
  }
  if (settings.rejectNonProvisionedUsers && !account?.managed && !exempt) {
    return deny(
      'user.sync.user-not-provisioned',
      403,
      'User is not provisioned',
      'rejectNonProvisionedUsers is on, and SCIM does not manage this person; assign them in the ' +
        'identity provider.',
    )
  }
  if (account !== undefined && !account.active) {
    return deny(
      'user.inactive',
      401,
      'User is disabled',
      'The account is deactivated; activate it in the identity provider.',
    )
  }
  if (account !== undefined && issuedAt !== undefined && issuedAt < account.sessionsValidFrom) {
    return deny(
      'user.session-revoked',
      401,
      'Session is no longer valid',
      'The account was deactivated after this session began; the person has to sign in afresh.',
    )
  }
  const reason =
    account === undefined
      ? 'Nobody is known by this identity, and nothing forbids a new account.'
      : account.managed
        ? 'The account is active and the identity is its own.'
        : 'SCIM does not manage this account, and nothing forbids it to sign in.'
  return { decision: 'allow', reason, message: 'OK', messageId: null, statusCode: 200, account }
}
