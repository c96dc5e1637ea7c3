/** Why the directory refuses a request that the protocol itself would allow. */
import { Refused } from '../scim/error.ts'
import type { Condition } from '../scim/resource/version.ts'
import type { CredentialReason } from '../tenancy/credential.ts'

/** The attributes that are unique, in the order in which they are checked. */
export type UniqueAttribute = 'userName' | 'externalId' | 'emails' | 'displayName'

/** What of a provisioned user or team was to be changed by hand, or made provisioned by hand. */
export type Provisioned =
  | 'user-info'
  | 'user-deletion'
  | 'user'
  | 'team-name'
  | 'team-deletion'
  | 'team-members'
  | 'team'
  | 'by-hand'

export type StoreReason =
  | CredentialReason
  | { readonly kind: 'not-found'; readonly resourceType: 'User' | 'Group'; readonly id: string }
  | { readonly kind: 'taken'; readonly attribute: UniqueAttribute; readonly value: string }
  | { readonly kind: 'look-alike'; readonly attribute: UniqueAttribute; readonly value: string }
  | { readonly kind: 'failed-condition'; readonly header: Condition }
  | { readonly kind: 'sync-disabled'; readonly setting: 'enableUserSync' | 'enableGroupSync' }
  | { readonly kind: 'missing-external-id' }
  | { readonly kind: 'unmanaged'; readonly resourceType: 'User' | 'Group' }
  | { readonly kind: 'resource-too-large'; readonly limit: number }
  | { readonly kind: 'team-full' }
  | { readonly kind: 'namespace-full' }
  | { readonly kind: 'unknown-service-account'; readonly id: string }
  | { readonly kind: 'unknown-token'; readonly id: string }
  /** A token that would end after the one that makes it, which has so many seconds left. */
  | { readonly kind: 'outliving-token'; readonly seconds: number }
  | { readonly kind: 'too-many-tokens'; readonly limit: number }
  | {
      readonly kind: 'name-taken'
      readonly what: 'service account' | 'token'
      readonly name: string
    }
  | { readonly kind: 'provisioned'; readonly what: Provisioned }
  | { readonly kind: 'listed-twice'; readonly value: string }
  | { readonly kind: 'grafana-id-taken'; readonly value: string }
  | { readonly kind: 'already-member'; readonly id: string }
  | { readonly kind: 'no-member'; readonly id: string }
  | { readonly kind: 'unknown-conflict'; readonly id: string }
  | { readonly kind: 'no-settings'; readonly namespace: string }
  | { readonly kind: 'unknown-teams'; readonly teams: readonly string[] }
  | { readonly kind: 'mapped-twice'; readonly groupId: string }
  | { readonly kind: 'unknown-mapping'; readonly groupId: string }
  | { readonly kind: 'scan-too-large'; readonly by: 'filter' | 'order'; readonly limit: number }
  | { readonly kind: 'contention' }
  | { readonly kind: 'restoring' }
  | { readonly kind: 'export-changed' }
  | { readonly kind: 'restore-not-empty'; readonly holds: readonly string[] }
  | { readonly kind: 'restore-not-begun' }
  | { readonly kind: 'restore-discarding' }
  | { readonly kind: 'restore-out-of-step'; readonly lines: number }
  | { readonly kind: 'restore-bad-line'; readonly line: number; readonly detail: string }

/** Thrown by the store. */
export class Refusal extends Refused<StoreReason> {
  override readonly name = 'Refusal'
}
