/**
 * Notes what service accounts send in vain, without work for the request: the names add up in the
 * application, which writes for one account in ten seconds, after a response.
 */
import type { Context } from 'hono'
import { isObject, type Json, membersOf } from '../scim/json.ts'
import { groupType, userType } from '../scim/schema/resource-type.ts'
import { unknownNames } from '../scim/unknown.ts'
import { type IgnoredName, recordIgnored } from '../store/ignored.ts'
import type { Holder } from '../tenancy/credential.ts'
import { API, type Dependencies, type ScimEnv } from './context.ts'

/** How long there is between two writes, in milliseconds. */
const PAUSE = 10_000
/** How many tokens, and names of each, may wait; and how many operations of a bulk request count. */
const WAITING = 50
const NAMES = 50
const OPERATIONS = 100

const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const BASE = new RegExp(`^${API}/[^/]+(?:/v2)?`)

/** The names of one write, each behind its type. */
function namesOf(
  method: string,
  path: string,
  body: Json | undefined,
): (readonly [string, string])[] {
  const [, endpoint] = /^\/(Users|Groups)(?:\/[^.]|$)/.exec(path) ?? []
  if (body === undefined || endpoint === undefined || !WRITES.has(method)) return []
  const type = endpoint === 'Users' ? userType : groupType
  return unknownNames(type, method, body).map((name) => [type.name, name] as const)
}

/** The names of a request; of a bulk request, those of its first operations. */
function namesIn(c: Context<ScimEnv>): (readonly [string, string])[] {
  const path = c.req.path.replace(/\/{2,}/g, '/').replace(BASE, '')
  const body = c.get('body')
  if (path !== '/Bulk' || !isObject(body)) return namesOf(c.req.method, path, body)
  const operations = membersOf(body).get('operations')
  return (Array.isArray(operations) ? operations.slice(0, OPERATIONS) : []).flatMap((one) => {
    if (!isObject(one)) return []
    const members = membersOf(one)
    const method = String(members.get('method') ?? '').toUpperCase()
    return namesOf(method, String(members.get('path') ?? ''), members.get('data'))
  })
}

/**
 * Notes the names of an application's requests.
 *
 * @returns what notes those of a request after its response, and writes where that is due
 */
export function ignoredNames({ databases, now }: Dependencies) {
  const waiting = new Map<string, { holder: Holder; names: Map<string, IgnoredName> }>()
  let nextAt = 0

  function note(c: Context<ScimEnv>, holder: Holder): void {
    const own = waiting.get(holder.hash) ?? { holder, names: new Map<string, IgnoredName>() }
    for (const [type, name] of namesIn(c)) {
      const key = `${type} ${name}`
      const before = own.names.get(key)
      if (before === undefined && own.names.size >= NAMES) continue
      const at = now()
      const first = before ?? { type, name, count: 0, firstAt: at, lastAt: at }
      own.names.set(key, { ...first, count: first.count + 1, lastAt: at })
    }
    const isNew = !waiting.has(holder.hash)
    if (own.names.size > 0 && (!isNew || waiting.size < WAITING)) waiting.set(holder.hash, own)
  }

  return (c: Context<ScimEnv>): (() => Promise<void>) | undefined => {
    const holder = c.get('holder')
    const writes = holder !== undefined && WRITES.has(c.req.method) && c.res.status < 400
    if (!writes && waiting.size === 0) return undefined
    return async () => {
      if (writes) note(c, holder)
      const [due] = waiting
      if (due === undefined || now() < nextAt) return
      nextAt = now() + PAUSE
      const [hash, one] = due
      waiting.delete(hash)
      const database = databases.databaseFor(one.holder.namespace)
      await recordIgnored(database, one.holder, [...one.names.values()])
    }
  }
}
