/** The entry on Cloudflare Workers: reads the environment, nothing else. */
import type { D1Database, ExecutionContext, ScheduledController } from '@cloudflare/workers-types'
import { createApp } from './app.ts'
import { expireEvents } from './store/audit.ts'
import { expireConflicts } from './store/conflicts.ts'
import { d1 } from './store/d1.ts'
import { defaultSettings, type Settings } from './tenancy/settings.ts'

/** Bindings, variables and secrets, as wrangler.toml and the secrets of the Worker give them. */
export interface Environment {
  readonly DB: D1Database
  readonly OPERATOR_TOKEN?: string
  readonly ENABLE_USER_SYNC?: string
  readonly ENABLE_GROUP_SYNC?: string
  readonly REJECT_NON_PROVISIONED_USERS?: string
  readonly REQUIRE_EXTERNAL_ID?: string
  readonly MAX_BULK_OPERATIONS?: string
  readonly EVENT_RETENTION_DAYS?: string
}

function flag(text: string | undefined, otherwise: boolean): boolean {
  return text === undefined ? otherwise : text.toLowerCase() === 'true'
}

/** A positive whole number; what is none counts as absent. */
function positive(text: string | undefined, otherwise: number): number {
  const number = Number(text)
  return Number.isInteger(number) && number > 0 ? number : otherwise
}

function settingsOf(environment: Environment): Settings {
  return {
    enableUserSync: flag(environment.ENABLE_USER_SYNC, defaultSettings.enableUserSync),
    enableGroupSync: flag(environment.ENABLE_GROUP_SYNC, defaultSettings.enableGroupSync),
    rejectNonProvisionedUsers: flag(
      environment.REJECT_NON_PROVISIONED_USERS,
      defaultSettings.rejectNonProvisionedUsers,
    ),
    requireExternalId: flag(environment.REQUIRE_EXTERNAL_ID, defaultSettings.requireExternalId),
  }
}

function appOf(environment: Environment) {
  return createApp({
    database: d1(environment.DB),
    settings: settingsOf(environment),
    operatorToken: environment.OPERATOR_TOKEN,
    maxBulkOperations: positive(environment.MAX_BULK_OPERATIONS, 1000),
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: (line) => console.log(JSON.stringify(line)),
  })
}

// The application holds nothing of a request, so one serves all requests of an environment.
const apps = new WeakMap<Environment, ReturnType<typeof createApp>>()

export default {
  fetch(request: Request, environment: Environment, context: ExecutionContext) {
    const app = apps.get(environment) ?? appOf(environment)
    apps.set(environment, app)
    // The bindings are not handed on: routes reach the database through the store alone.
    return app.fetch(request, {}, context)
  },

  /** Runs by the clock of wrangler.toml: lets go of what is older than it shall be kept. */
  async scheduled(event: ScheduledController, environment: Environment) {
    const database = d1(environment.DB)
    const now = event.scheduledTime
    const conflicts = await expireConflicts(database, now)
    const days = positive(environment.EVENT_RETENTION_DAYS, 0)
    const deleted = days === 0 ? 0 : await expireEvents(database, now - days * 24 * 60 * 60 * 1000)
    console.log(JSON.stringify({ time: new Date(now).toISOString(), deleted, conflicts }))
  },
}
