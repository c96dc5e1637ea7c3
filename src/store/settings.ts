/** The settings that a namespace has of its own; where it has none, those of the file apply. */
import { type SQL, sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { mayRead, needed } from '../tenancy/needed.ts'
import type { Settings } from '../tenancy/settings.ts'
import { type Caller, readAs, untilWon, writeAs } from './authority.ts'
import { closeEvents, recordChange } from './event.ts'
import { type Held, release } from './held.ts'
import { Refusal } from './refusal.ts'

/** The subject of the events about settings. */
const SUBJECT = 'config/default'

/** The settings that apply, and whether the namespace has any of its own. */
export interface AppliedSettings {
  readonly namespace: string
  readonly settings: Settings
  readonly stored: boolean
  /** Whether the caller may read them: who changes them need not be. */
  readonly mayRead: boolean
}

/**
 * True of the users `u` or teams `t` that a list may show. The first batch of a request reads both
 * the settings and the list, so the database itself applies the setting, with the file's where
 * the namespace has none. It stands first: where nothing is hidden, a row that only an index was read
 * for is not looked up.
 */
export function isListed(namespace: Namespace, file: Settings, row: 'u' | 't'): SQL {
  return sql`(not (select coalesce(json_extract(n.settings, '$.hideNonProvisionedUsers'),
      ${file.hideNonProvisionedUsers ? 1 : 0}) from namespace n where n.name = ${namespace})
    or ${sql.raw(row)}.managed = 1)`
}

/** Reads the settings that apply. */
export async function readSettings(caller: Caller): Promise<AppliedSettings> {
  const { principal } = await readAs(caller, needed['GET /config/default'], () => [])
  const { namespace, settings, storedSettings } = principal
  return { namespace, settings, stored: storedSettings !== null, mayRead: true }
}

/**
 * Stores settings of its own for a namespace. Every write under way checks its settings again and so
 * goes by the new ones.
 *
 * @param change the new settings, from those that apply
 * @returns the settings, and whether there were none of its own before
 */
export async function writeSettings(
  caller: Caller,
  change: Held<(current: Settings) => Settings>,
): Promise<AppliedSettings & { readonly created: boolean }> {
  return untilWon(async () => {
    const { principal } = await readAs(caller, needed['PUT /config/default'], () => [])
    const { namespace, settings: before, storedSettings } = principal
    const settings = release(change)(before)
    const created = storedSettings === null
    const text = JSON.stringify(settings)
    if (text !== storedSettings) {
      const statements = [
        sql`update namespace set settings = ${text} where name = ${namespace}`,
        recordChange(caller, principal, 'settings.update', SUBJECT, { before, after: settings }),
        ...closeEvents(caller, principal),
      ]
      await writeAs(caller, principal, sql`1`, statements, [])
    }
    const readable = mayRead(principal.granted, 'settings:read')
    return { namespace, settings, stored: true, created, mayRead: readable }
  })
}

/**
 * Forgets the settings of a namespace, so that those of the file apply.
 *
 * @throws Refusal `no-settings` where it has none of its own
 */
export async function resetSettings(caller: Caller): Promise<void> {
  await untilWon(async () => {
    const { principal } = await readAs(caller, needed['DELETE /config/default'], () => [])
    const { namespace, settings: before, storedSettings } = principal
    if (storedSettings === null) throw new Refusal({ kind: 'no-settings', namespace })
    const after = caller.fileSettings
    const statements = [
      sql`update namespace set settings = null where name = ${namespace}`,
      recordChange(caller, principal, 'settings.reset', SUBJECT, { before, after }),
      ...closeEvents(caller, principal),
    ]
    await writeAs(caller, principal, sql`1`, statements, [])
  })
}
