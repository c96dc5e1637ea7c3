/** The line that every request leaves in the log: short, and without personal data. */
import type { Context } from 'hono'
import { Refused } from '../scim/error.ts'
import { StoreFailure } from '../store/failure.ts'
import { parseNamespace } from '../tenancy/namespace.ts'
import { cut, withoutLongWords } from './abridge.ts'
import type { LogLine, ScimEnv } from './context.ts'
import { ERROR_ID } from './failure.ts'

/** The methods of RFC 9110 §9 and RFC 5789; any other may be whatever a client sends. */
const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'],
])

/** How many characters of an error are logged. */
const MAXIMUM_ERROR = 1000

/** The line of a request that is answered. Times are milliseconds since 1970. */
export function logLine(c: Context<ScimEnv>, started: number, now: number): LogLine {
  const { error } = c
  // Somebody may have pasted anything in the place of the namespace.
  const parsed = parseNamespace(c.req.param('namespace') ?? '')
  const holder = c.get('holder')
  const messageId = c.res.headers.get(ERROR_ID)
  return {
    time: new Date(started).toISOString(),
    requestId: c.get('requestId'),
    method: METHODS.has(c.req.method) ? c.req.method : 'other',
    route: c.req.routePath,
    ...(parsed.ok ? { namespace: parsed.namespace } : {}),
    ...(holder === undefined ? {} : { account: holder.accountId, token: holder.tokenId }),
    status: c.res.status,
    ...(messageId === null ? {} : { messageId }),
    trips: c.get('meter').trips,
    milliseconds: now - started,
    ...(error === undefined || error instanceof Refused ? {} : { error: describe(error) }),
  }
}

/** An unforeseen error for the log: what it is and where, without the values it was about. */
function describe(error: Error): string {
  if (error instanceof StoreFailure) {
    const cause = error.cause instanceof Error ? error.cause.message : ''
    return withoutPeople(`${error.message} ${cause}`, 300)
  }
  // The first line of a stack is the message, which may quote a value.
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return cut(withoutPeople(error.name, 100) + frames.slice(0, 8).join(''), MAXIMUM_ERROR)
}

/** The beginning of a text, without what looks like a token or an e-mail. */
function withoutPeople(text: string, longest: number): string {
  // In words, since a pattern for the whole of an address would look for its end again and again.
  const words = withoutLongWords(text).split(/(\s+|["'<>()[\],;])/)
  return cut(words.map((word) => (word.includes('@') ? '…' : word)).join(''), longest)
}
