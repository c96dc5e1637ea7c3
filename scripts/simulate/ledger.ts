// What a run has made at an endpoint, so that it can be removed, and nothing else.
import { isFailure } from '../lib/failure.ts'
import type { Fetch } from '../lib/wire.ts'
import { isObject, type JsonObject } from './compare.ts'

/** The types of resources that a provider makes. */
const TYPES = ['Groups', 'Users'] as const
type Type = (typeof TYPES)[number]

/** What became of what was made. */
export interface Removal {
  readonly users: number
  readonly groups: number
  /** What is still there, as paths. */
  readonly left: readonly string[]
  /** Why, where something is. */
  readonly reason: string | undefined
}

/**
 * Keeps count of what a run makes. What was there before, and what the endpoint adopted or took up
 * again, is not made.
 */
export interface Ledger {
  /** Is told of each answer. */
  note(method: string, path: string, status: number, body: JsonObject): void
  /** How many resources are made and not yet removed. */
  readonly size: number
  /** Removes them through the API, teams before people. Throws nothing. */
  remove(request: {
    readonly baseUrl: string
    readonly headers: Readonly<Record<string, string>>
    readonly fetch: Fetch
  }): Promise<Removal>
}

/** An empty one. */
export function makeLedger(): Ledger {
  const made: Record<Type, Set<string>> = { Groups: new Set(), Users: new Set() }
  /** The ids that a list or a lookup has shown: those of others, and of ours later on. */
  const seen = new Set<string>()

  return {
    note(method, path, status, body) {
      const [, type = '', ofOne] = /^\/(Groups|Users)(\/[^?]+)?/.exec(path) ?? []
      if (method === 'GET' && status === 200) {
        for (const one of listedIn(body)) seen.add(String(one.id))
      }
      if (method !== 'POST' || status !== 201 || ofOne !== undefined) return
      const id = body.id
      if (typeof id !== 'string' || seen.has(id) || !isNew(body)) return
      made[type as Type]?.add(id)
    },
    get size() {
      return made.Groups.size + made.Users.size
    },
    async remove({ baseUrl, headers, fetch }) {
      const removed = { Groups: 0, Users: 0 }
      let reason: string | undefined
      for (const type of TYPES) {
        for (const id of [...made[type]].reverse()) {
          const url = `${baseUrl}/${type}/${encodeURIComponent(id)}`
          try {
            const { status } = await fetch(url, { method: 'DELETE', headers: { ...headers } })
            // Somebody who was removed in the course of the run is gone.
            if (status === 204) removed[type] += 1
            if (status === 204 || status === 404) made[type].delete(id)
            else reason ??= `status ${status}`
            if (status === 401) break
          } catch (error) {
            reason = isFailure(error) ? error.message : String(error)
            break
          }
        }
      }
      const left = TYPES.flatMap((type) => [...made[type]].map((id) => `/${type}/${id}`))
      return { users: removed.Users, groups: removed.Groups, left, reason }
    },
  }
}

function listedIn(body: JsonObject): JsonObject[] {
  return Array.isArray(body.Resources) ? body.Resources.filter(isObject) : [body]
}

/** Whether a resource was not there before: what is adopted or taken up again is older than its change. */
function isNew({ meta }: JsonObject): boolean {
  if (!isObject(meta)) return true
  const { created, lastModified } = meta
  return created === undefined || lastModified === undefined || created === lastModified
}
