/**
 * From an Authorization header to the right to act. A request begins as a Claim: what it says of
 * itself. The first batch of the database decides the claim and reads the target at once; its
 * results come out only together with a Principal, which only `decide` makes.
 */
import type { Namespace, ParsedNamespace } from './namespace.ts'
import { type Permission, permissionBits } from './permission.ts'
import { effectiveSettings, type Settings } from './settings.ts'
import { hashToken, isToken, readCredential } from './token.ts'

/** Why a credential is not good enough. */
export type CredentialReason =
  | { readonly kind: 'missing-token' }
  | { readonly kind: 'invalid-token' }
  | { readonly kind: 'expired-token' }
  | { readonly kind: 'revoked-token' }
  | { readonly kind: 'invalid-namespace'; readonly advice: string }
  | { readonly kind: 'missing-permission'; readonly permission: Permission }

/** What a request says of itself: the namespace of its path, and the hash of its token. */
export interface Claim {
  readonly namespace: ParsedNamespace
  readonly tokenHash: string
}

/** Reads a claim. A token with a wrong checksum is refused here, before the database is asked. */
export function readClaim(
  header: string | undefined,
  namespace: ParsedNamespace,
): Claim | CredentialReason {
  if (header === undefined || header.trim() === '') return { kind: 'missing-token' }
  const token = readCredential(header)
  if (!isToken(token)) return { kind: 'invalid-token' }
  return { namespace, tokenHash: hashToken(token) }
}

/** What the database knows of a token. Times are milliseconds since 1970. */
export interface Authority {
  readonly namespace: string
  readonly tokenId: string
  readonly accountId: string
  readonly permissions: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly lastUsedAt: number | null
  /** The stored settings of the namespace as JSON; null where it has none. */
  readonly settings: string | null
  readonly users: number
  readonly teams: number
}

declare const principalBrand: unique symbol

/** Who acts, with what permissions in one namespace; proof that a claim was decided. */
export interface Principal {
  readonly [principalBrand]: true
  readonly namespace: Namespace
  readonly tokenHash: string
  readonly tokenId: string
  readonly accountId: string
  /** What the request needs, and the token has. */
  readonly permissions: readonly Permission[]
  /** All that the token has, as bits. */
  readonly granted: number
  readonly settings: Settings
  /** The stored settings as they were read, so that a write can check that they still apply. */
  readonly storedSettings: string | null
  readonly lastUsedAt: number | null
  readonly users: number
  readonly teams: number
}

/**
 * Decides a claim. 401 comes before 403: what a namespace is called is told only to somebody whose
 * token is good.
 *
 * @param authority the row of the token; absent where there is none
 * @param permissions all that the request needs; none where a good token is enough
 */
export function decide(
  claim: Claim,
  authority: Authority | undefined,
  permissions: readonly Permission[],
  file: Settings,
  now: number,
): Principal | CredentialReason {
  if (authority === undefined) return { kind: 'invalid-token' }
  if (authority.revokedAt !== null) return { kind: 'revoked-token' }
  if (authority.expiresAt !== null && authority.expiresAt <= now) return { kind: 'expired-token' }
  if (!claim.namespace.ok) return { kind: 'invalid-namespace', advice: claim.namespace.advice }
  const { namespace } = claim.namespace
  if (namespace !== authority.namespace) {
    return { kind: 'invalid-namespace', advice: 'the token belongs to another namespace.' }
  }
  const missing = permissions.find((one) => (authority.permissions & permissionBits[one]) === 0)
  if (missing !== undefined) return { kind: 'missing-permission', permission: missing }
  return {
    namespace,
    tokenHash: claim.tokenHash,
    tokenId: authority.tokenId,
    accountId: authority.accountId,
    permissions,
    granted: authority.permissions,
    settings: effectiveSettings(file, authority.settings),
    storedSettings: authority.settings,
    lastUsedAt: authority.lastUsedAt,
    users: authority.users,
    teams: authority.teams,
  } as Principal
}
