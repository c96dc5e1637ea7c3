/** The entry on Cloudflare Workers: reads the environment, nothing else. */
import type {
  D1Database,
  ExecutionContext,
  RateLimit,
  ScheduledController,
} from '@cloudflare/workers-types'
import { createApp } from './app.ts'
import { configurationOf, expiryOf, type Variables } from './configuration.ts'
import { d1 } from './store/d1.ts'
import { type Databases, missing, oneForAll } from './store/databases.ts'
import { expire } from './store/expiry.ts'
import { remoteDatabases } from './store/remote.ts'

/** Bindings, variables and secrets, as wrangler.toml and the secrets of the Worker give them. */
export interface Environment extends Variables {
  readonly DB?: D1Database
  readonly TOKEN_LIMIT?: RateLimit
  readonly FAILURE_LIMIT?: RateLimit
  readonly RATE_LIMITS?: string | undefined
  /** A libSQL server in place of DB; with `{namespace}` in it, a database for each namespace. */
  readonly LIBSQL_URL?: string | undefined
  readonly LIBSQL_AUTH_TOKEN?: string | undefined
}

function databasesOf({ DB, LIBSQL_URL, LIBSQL_AUTH_TOKEN }: Environment): Databases {
  if (LIBSQL_URL) return remoteDatabases(LIBSQL_URL, LIBSQL_AUTH_TOKEN)
  return oneForAll(DB === undefined ? missing : d1(DB))
}

type Limits = NonNullable<Parameters<typeof createApp>[0]['limits']>

/** A limit that does not answer lets everybody pass: it protects the service and is not part of it. */
function limitOf(binding: RateLimit | undefined): Limits['token'] {
  return (
    binding &&
    ((key) =>
      binding.limit({ key }).then(
        ({ success }) => success,
        () => true,
      ))
  )
}

function limitsOf(environment: Environment): Limits | undefined {
  if (environment.RATE_LIMITS?.toLowerCase() === 'off') return undefined
  return { token: limitOf(environment.TOKEN_LIMIT), failure: limitOf(environment.FAILURE_LIMIT) }
}

function appOf(environment: Environment) {
  return createApp({
    ...configurationOf(environment),
    databases: databasesOf(environment),
    limits: limitsOf(environment),
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
    const now = event.scheduledTime
    const { shared } = databasesOf(environment)
    // With a database for each namespace nobody here knows which there are: `npm run expire` does it.
    const expired = shared && (await expire(shared, now, expiryOf(environment, now)))
    console.log(JSON.stringify({ time: new Date(now).toISOString(), expired: expired ?? null }))
  },
}
