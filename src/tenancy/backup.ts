/**
 * The format of a backup: one namespace as lines of JSON, each of which ends with a check over
 * itself and all lines before it. So whoever reads it sees at which line it was altered, and can
 * stop anywhere and go on from there.
 */
import { createHash } from 'node:crypto'

/** What the first line of every backup says. */
export const BACKUP_FORMAT = 'scim-edge'
/** Goes up when older readers would misread what is written. */
export const BACKUP_VERSION = 1

/** The types of lines between the first and the last, in their order: what others refer to first. */
export const recordTypes = [
  'settings',
  'serviceAccount',
  'user',
  'team',
  'membership',
  'teamMapping',
  'retained',
  'adoption',
  'event',
] as const

export type RecordType = (typeof recordTypes)[number]

/** How many lines of each type there are. */
export type RecordCounts = Readonly<Record<RecordType, number>>

export const noRecords: RecordCounts = {
  settings: 0,
  serviceAccount: 0,
  user: 0,
  team: 0,
  membership: 0,
  teamMapping: 0,
  retained: 0,
  adoption: 0,
  event: 0,
}

/** The digest before the first line. */
export const NO_LINES = ''

/** How many digits of the digest a line carries. */
const DIGITS = 16
const BEFORE = ',"check":"'
const BEHIND = '"}'

/** The digest of all lines up to this one: SHA-256, in hexadecimal. */
function extend(digest: string, content: string): string {
  return createHash('sha256').update(digest).update(content).digest('hex')
}

/**
 * Writes a line.
 *
 * @param digest that of all lines before
 * @returns the line, without its end, and the digest of all lines with this one
 */
export function sealLine(
  digest: string,
  record: object,
): { readonly line: string; readonly digest: string } {
  const content = JSON.stringify(record)
  const next = extend(digest, content)
  return {
    line: content.slice(0, -1) + BEFORE + next.slice(0, DIGITS) + BEHIND,
    digest: next,
  }
}

/**
 * Checks a line.
 *
 * @param digest that of all lines before
 * @returns what the line says, and the digest of all lines with it; undefined where the line, or
 *   one before it, is not as it was written
 */
export function openLine(
  digest: string,
  line: string,
): { readonly content: string; readonly digest: string } | undefined {
  const end = line.length - BEHIND.length - DIGITS - BEFORE.length
  if (end < 1 || !line.endsWith(BEHIND) || !line.startsWith(BEFORE, end)) return undefined
  const content = `${line.slice(0, end)}}`
  const next = extend(digest, content)
  const check = line.slice(end + BEFORE.length, -BEHIND.length)
  return check === next.slice(0, DIGITS) ? { content, digest: next } : undefined
}
