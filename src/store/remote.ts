/** A libSQL server or Turso, by its URL. */
import { createClient } from '@libsql/client/http'
import type { Database } from './database.ts'
import { addressOf, type Databases, isTemplate, oneForAll, oneForEach } from './databases.ts'
import { StoreFailure } from './failure.ts'
import { libsql } from './libsql.ts'

/**
 * The client lets this many batches run at once and puts the others in a line. On Workers a request
 * must not wait for another's, so there is no line.
 */
const CONCURRENCY = Number.MAX_SAFE_INTEGER

/** Milliseconds after which no answer of a server is waited for; D1 gives a batch as long. */
const LONGEST = 30_000

/** A Database at a URL. A client holds no connection, so each batch has one of its own. */
function remote(url: string, authToken: string | undefined): Database {
  const connect = () => {
    try {
      const token = authToken === undefined ? {} : { authToken }
      const send = (request: Request) => fetch(request, { signal: AbortSignal.timeout(LONGEST) })
      return libsql(createClient({ url, ...token, concurrency: CONCURRENCY, fetch: send }))
    } catch (error) {
      // The URL is none; trying again is no use.
      throw new StoreFailure('unavailable', undefined, error)
    }
  }
  return { batch: async (mode, statements) => connect().batch(mode, statements) }
}

/**
 * The databases at a URL, `libsql:`, `https:` or `http:`. With `{namespace}` in it, each namespace
 * has a database of its own.
 *
 * @param authToken good for all of them
 */
export function remoteDatabases(url: string, authToken: string | undefined): Databases {
  if (!isTemplate(url)) return oneForAll(remote(url, authToken))
  return oneForEach((namespace) => remote(addressOf(url, namespace), authToken))
}
