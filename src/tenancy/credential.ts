/**
 * From an Authorization header to the right to act. A request begins as a Claim: what it says of
 * itself. The first batch of the database decides the claim and reads the target at once; its
 * results come out only together with a Principal, which only `decide` makes.
 */
import type { Namespace, ParsedNamespace } from './namespace.ts'
import { allPermissions, missingFrom, type Permission } from './permission.ts'
import { effectiveSettings, type Settings } from './settings.ts'
import { hashToken, isToken } from './token.ts'

/** Why a credential is not good enough. */
export type CredentialReason =
  | { readonly kind: 'missing-token' }
  | { readonly kind: 'invalid-token' }
  | { readonly kind: 'wrong-scheme'; readonly scheme: string }
  | { readonly kind: 'operator-secret' }
  | { readonly kind: 'expired-token' }
  | { readonly kind: 'revoked-token' }
  | { readonly kind: 'disabled-account' }
  | { readonly kind: 'invalid-namespace'; readonly advice: string }
  | { readonly kind: 'unknown-namespace'; readonly namespace: string }
  | { readonly kind: 'missing-permission'; readonly permission: Permission }

/** Who a request says to be: the holder of a token, known by its hash, or the operator. */
export type Bearer =
  | { readonly kind: 'token'; readonly hash: string }
  | { readonly kind: 'operator' }

/**
 * What a request says of itself: the namespace of its path, and who sends it. That of the operator
 * is made only where the secret was compared already.
 */
export interface Claim {
  readonly namespace: ParsedNamespace
  readonly bearer: Bearer
}

/**
 * Reads a claim. A token with a wrong checksum is refused here, before the database is asked.
 *
 * @param token what `readCredential` found; undefined where there was no header
 */
export function readClaim(
  token: string | undefined,
  namespace: ParsedNamespace,
): Claim | CredentialReason {
  if (token === undefined) return { kind: 'missing-token' }
  if (!isToken(token)) return { kind: 'invalid-token' }
  return { namespace, bearer: { kind: 'token', hash: hashToken(token) } }
}

/** What the database knows of a namespace when a request comes in. */
interface NamespaceState {
  readonly namespace: Namespace
  /** The stored settings of the namespace as JSON; null where it has none. */
  readonly settings: string | null
  /** How far the restore of a backup is, as JSON; null where there was none. */
  readonly restore: string | null
  readonly users: number
  readonly teams: number
  /** How many of them SCIM manages. */
  readonly managedUsers: number
  readonly managedTeams: number
}

/** What the database knows of a token. Times are milliseconds since 1970. */
interface TokenState {
  readonly tokenId: string
  readonly accountId: string
  readonly permissions: number
  readonly disabled: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly lastUsedAt: number | null
  /** Whether the namespace of the token has open conflicts. */
  readonly hasConflicts: number
}

/** The row that decides a claim; for the operator, that of the namespace alone. */
export type Authority = NamespaceState & Partial<TokenState>

/** Who acts: a token with its account, or the operator. */
export type Actor =
  | {
      readonly kind: 'token'
      readonly hash: string
      readonly tokenId: string
      readonly accountId: string
      /** When the token ends; null where it does not. */
      readonly expiresAt: number | null
    }
  | { readonly kind: 'operator' }

declare const principalBrand: unique symbol

/** Who acts, with what permissions in one namespace; proof that a claim was decided. */
export interface Principal {
  readonly [principalBrand]: true
  readonly namespace: Namespace
  readonly actor: Actor
  /** What the request needs, and the actor has. */
  readonly permissions: readonly Permission[]
  /** All that the actor has, as bits. */
  readonly granted: number
  readonly settings: Settings
  /** The stored settings as they were read, so that a write can check that they still apply. */
  readonly storedSettings: string | null
  /** The same for the state of a restore. */
  readonly storedRestore: string | null
  readonly users: number
  readonly teams: number
  /** How many of them SCIM manages. */
  readonly managedUsers: number
  readonly managedTeams: number
}

/** Why a token is no good, wherever it is used, in Grafana's order; undefined where it is good. */
function faultOf(token: Partial<TokenState>, now: number): CredentialReason | undefined {
  const { revokedAt = null, expiresAt = null, disabled = 0 } = token
  if (expiresAt !== null && expiresAt <= now) return { kind: 'expired-token' }
  if (revokedAt !== null) return { kind: 'revoked-token' }
  return disabled === 1 ? { kind: 'disabled-account' } : undefined
}

/** A token that is good, in the namespace that it belongs to, wherever it was used. */
export interface Holder {
  readonly hash: string
  readonly tokenId: string
  readonly accountId: string
  readonly namespace: Namespace
  /** Whether the namespace had conflicts when the request came in. */
  readonly hasConflicts: boolean
}

/**
 * Whose token a claim carries, be it good for this request or only for others; undefined where it is
 * good for none, and for the operator.
 */
export function holderOf(
  { bearer }: Claim,
  authority: Authority | undefined,
  now: number,
): Holder | undefined {
  if (bearer.kind === 'operator' || authority === undefined) return undefined
  if (faultOf(authority, now) !== undefined) return undefined
  const { tokenId = '', accountId = '', namespace, hasConflicts } = authority
  const { hash } = bearer
  return { hash, tokenId, accountId, namespace, hasConflicts: hasConflicts === 1 }
}

/**
 * Decides a claim. 401 comes before 403: what a namespace is called is told only to somebody whose
 * token is good.
 *
 * @param authority the row of the token, or of the namespace for the operator; absent where there
 *   is none
 * @param permissions all that the request needs; none where a good token is enough
 */
export function decide(
  claim: Claim,
  authority: Authority | undefined,
  permissions: readonly Permission[],
  file: Settings,
  now: number,
): Principal | CredentialReason {
  const { bearer } = claim
  if (bearer.kind === 'token') {
    if (authority === undefined) return { kind: 'invalid-token' }
    const fault = faultOf(authority, now)
    if (fault !== undefined) return fault
  }
  if (!claim.namespace.ok) return { kind: 'invalid-namespace', advice: claim.namespace.advice }
  const { namespace } = claim.namespace
  if (authority === undefined) return { kind: 'unknown-namespace', namespace }
  if (namespace !== authority.namespace) {
    return { kind: 'invalid-namespace', advice: 'the token belongs to another namespace.' }
  }
  const granted = bearer.kind === 'operator' ? allPermissions : (authority.permissions ?? 0)
  const missing = missingFrom(granted, permissions)
  if (missing !== undefined) return { kind: 'missing-permission', permission: missing }
  const { tokenId = '', accountId = '', expiresAt = null } = authority
  return {
    namespace,
    actor: bearer.kind === 'operator' ? bearer : { ...bearer, tokenId, accountId, expiresAt },
    permissions,
    granted,
    settings: effectiveSettings(file, authority.settings),
    storedSettings: authority.settings,
    storedRestore: authority.restore,
    users: authority.users,
    teams: authority.teams,
    managedUsers: authority.managedUsers,
    managedTeams: authority.managedTeams,
  } as Principal
}
