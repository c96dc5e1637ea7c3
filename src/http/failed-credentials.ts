/**
 * Failed credentials, counted so that an administrator sees that a provider holds a wrong token.
 * Anybody can fail, and so nobody may make the database work by it: failures add up in the
 * application, which writes at most once in a while, and for few namespaces. What is lost by that is
 * some of the count. The credential itself is not kept.
 */
import type { Context } from 'hono'
import { type FailedCredential, recordFailedCredentials } from '../store/activity.ts'
import { type Namespace, parseNamespace } from '../tenancy/namespace.ts'
import type { Dependencies, ScimEnv } from './context.ts'
import { describeReason, reasonOf } from './failure.ts'

/** How long there is between two writes, in milliseconds. */
const PAUSE = 10_000
/** For how many namespaces one turn writes, and how many may wait for theirs. */
const AT_ONCE = 5
const WAITING = 50

/** The namespace that a failure is about: that of the token where it has one, else of the path. */
function concerned(c: Context<ScimEnv>): Namespace | undefined {
  const owner = c.get('owner')
  if (owner !== undefined) return owner
  const parsed = parseNamespace(c.req.param('namespace') ?? '')
  return parsed.ok ? parsed.namespace : undefined
}

/**
 * Counts the failed credentials of an application.
 *
 * @returns what notes the outcome of a request, and gives the task that writes, where one is due
 */
export function failedCredentials({ databases, now }: Dependencies) {
  const waiting = new Map<Namespace, Map<string, FailedCredential>>()
  let nextAt = 0

  function note(c: Context<ScimEnv>): void {
    if (c.res.status !== 401 || c.error === undefined) return
    const namespace = concerned(c)
    if (namespace === undefined) return
    const reasons = waiting.get(namespace) ?? new Map<string, FailedCredential>()
    if (reasons.size === 0 && waiting.size >= WAITING) return
    const { messageId: reason } = describeReason(reasonOf(c.error))
    const count = (reasons.get(reason)?.count ?? 0) + 1
    waiting.set(namespace, reasons.set(reason, { reason, count, lastAt: now() }))
  }

  return (c: Context<ScimEnv>): (() => Promise<void>) | undefined => {
    note(c)
    if (waiting.size === 0 || now() < nextAt) return undefined
    nextAt = now() + PAUSE
    const due = [...waiting].slice(0, AT_ONCE)
    for (const [namespace] of due) waiting.delete(namespace)
    return async () => {
      for (const [namespace, reasons] of due) {
        await recordFailedCredentials(databases.databaseFor(namespace), namespace, [
          ...reasons.values(),
        ])
      }
    }
  }
}
