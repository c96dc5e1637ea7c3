/** Letting go of what is older than it shall be kept, in all namespaces of a database. */
import { expireActivity } from './activity.ts'
import { expireEvents } from './audit.ts'
import { expireConflicts } from './conflicts.ts'
import type { Database } from './database.ts'
import { expireNamespaceChanges } from './registry.ts'

/**
 * Deletes the events before a time and what is recorded of namespaces before it, the conflicts that nobody has met for a month, and counts that
 * nobody asks for.
 *
 * @param now milliseconds since 1970, as is `eventsBefore`; undefined where events are kept for good
 * @returns how many events and conflicts were deleted
 */
export async function expire(
  database: Database,
  now: number,
  eventsBefore: number | undefined,
): Promise<{ readonly events: number; readonly conflicts: number }> {
  await expireActivity(database, now)
  if (eventsBefore !== undefined) await expireNamespaceChanges(database, eventsBefore)
  return {
    conflicts: await expireConflicts(database, now),
    events: eventsBefore === undefined ? 0 : await expireEvents(database, eventsBefore),
  }
}
