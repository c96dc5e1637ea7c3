/** Letting go of what is older than it shall be kept, in all namespaces of a database. */
import { expireEvents } from './audit.ts'
import { expireConflicts } from './conflicts.ts'
import type { Database } from './database.ts'

/**
 * Deletes the events before a time, and the conflicts that nobody has met for a month.
 *
 * @param now milliseconds since 1970, as is `eventsBefore`; undefined where events are kept for good
 * @returns how many of each were deleted
 */
export async function expire(
  database: Database,
  now: number,
  eventsBefore: number | undefined,
): Promise<{ readonly events: number; readonly conflicts: number }> {
  return {
    conflicts: await expireConflicts(database, now),
    events: eventsBefore === undefined ? 0 : await expireEvents(database, eventsBefore),
  }
}
