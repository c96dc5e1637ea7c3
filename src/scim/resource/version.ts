/** Versions and conditional requests: RFC 7644 §3.14, RFC 9110 §8.8.3 and §13.1. */
import { hash } from 'node:crypto'

/** The version of a group: its revision. */
export function groupVersion(revision: number): string {
  return `W/"${revision}"`
}

/**
 * The version of a user: the revision, and a digest of the groups that are part of the
 * representation. So it changes with the groups, although nothing is written to the user.
 *
 * @param groups the text of the (id, name) pairs, in the order of ids
 */
export function userVersion(revision: number, groups: string): string {
  return `W/"${revision}-${hash('sha256', groups).slice(0, 16)}"`
}

/** The conditions of a write, as the headers say them (RFC 9110 §13.1). */
export interface Preconditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

/** A header that can forbid a write. */
export type Condition = 'If-Match' | 'If-None-Match'

/** The header that forbids to write a resource of this version; undefined where none does. */
export function failedCondition(
  { ifMatch, ifNoneMatch }: Preconditions,
  version: string,
): Condition | undefined {
  if (ifMatch !== undefined && !matchesVersion(ifMatch, version)) return 'If-Match'
  const none = ifNoneMatch === undefined || !matchesVersion(ifNoneMatch, version)
  return none ? undefined : 'If-None-Match'
}

/** Whether a write has any condition at all. */
export function isConditional({ ifMatch, ifNoneMatch }: Preconditions): boolean {
  return ifMatch !== undefined || ifNoneMatch !== undefined
}

const ENTITY_TAGS = /^\s*(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*\s*$/

/**
 * Whether the version of an existing resource satisfies If-Match or is named by If-None-Match.
 * Comparison is weak, since all versions here are. A malformed header matches nothing.
 */
export function matchesVersion(header: string, version: string): boolean {
  if (header.trim() === '*') return true
  if (!ENTITY_TAGS.test(header)) return false
  const tags: readonly string[] = header.match(/"[^"]*"/g) ?? []
  return tags.includes(version.replace(/^W\//, ''))
}
