/** Playing operations, one after the other or in lanes that act at once, and noting what came. */
import type { Answer, Client } from '../support/client.ts'
import { operatorOf } from '../support/operator.ts'
import { Refused } from './directory.ts'
import { type IdOf, idsOf, type Operation, type Request } from './operation.ts'
import type { Tag } from './users.ts'

/** A request with what it was answered. Ticks count what begins and ends, in the order of that. */
export interface Played {
  readonly text: string
  readonly request: Request
  readonly answer: Pick<Answer, 'status' | 'body'> & { readonly version: string | undefined }
  /** That of its events. */
  readonly requestId: string
  readonly began: number
  readonly ended: number
  /** Whether the body of the answer is that of the resource. */
  readonly whole: boolean
}

/** The ids that were made so far, and the first version that was seen of each. */
export interface Notes {
  readonly users: string[]
  readonly teams: string[]
  readonly versions: Map<string, string>
}

export interface Player {
  readonly played: Played[]
  readonly notes: Notes
  readonly play: (operation: Operation, client: Client) => Promise<void>
}

/**
 * Something that plays operations.
 *
 * @param before called before each request
 */
export function makePlayer(known: Notes, before: () => void): Player {
  const played: Played[] = []
  const notes: Notes = {
    users: [...known.users],
    teams: [...known.teams],
    versions: new Map(known.versions),
  }
  let tick = 0

  function note(path: string, id: unknown, version: unknown): void {
    if (typeof id !== 'string') return
    const ids = /^\/(Users|accounts)$/.test(path)
      ? notes.users
      : /^\/(Groups|teams)$/.test(path)
        ? notes.teams
        : []
    if (!ids.includes(id)) ids.push(id)
    if (typeof version === 'string' && !notes.versions.has(id)) notes.versions.set(id, version)
  }

  async function send(
    request: Request,
    client: Client,
    text: string,
    idOf: IdOf,
    tag?: Tag,
  ): Promise<Answer> {
    const { method, path, body, byHand, bulk } = request
    const sender = byHand === true ? operatorOf(client) : client
    before()
    tick += 1
    const began = tick
    const headers = tag === undefined ? {} : { 'If-Match': tag }
    const answer = await sender.request(method, path, body, headers)
    tick += 1
    const ended = tick
    const requestId = String(answer.headers.get('X-Request-Id'))
    if (bulk !== undefined && answer.status === 200) {
      playBulk(bulk, idOf, answer, { text, requestId, began, ended })
      return answer
    }
    const version = answer.headers.get('ETag') ?? undefined
    const { status } = answer
    const outcome = { status, body: answer.body, version }
    played.push({ ...{ text, request, requestId, began, ended, whole: true }, answer: outcome })
    if (method === 'POST' && status === 201) note(path, answer.body.id, answer.body.meta?.version)
    return answer
  }

  /** Notes the operations of a bulk request as what they are: requests with batches of their own. */
  function playBulk(
    bulk: (idOf: IdOf) => readonly Request[],
    idOf: IdOf,
    answer: Answer,
    when: { text: string; requestId: string; began: number; ended: number },
  ): void {
    type Result = Record<'status' | 'bulkId' | 'location' | 'version', string | undefined>
    const results: readonly (Result & { readonly response?: object })[] = answer.body.Operations
    const made = new Map<string, string>()
    for (const { status, bulkId, location } of results) {
      if (status === '201') made.set(`bulkId:${bulkId}`, String(location?.split('/').at(-1)))
    }
    const parts = bulk((reference) => made.get(reference) ?? idOf(reference))
    for (const [index, part] of parts.entries()) {
      const { status, version, bulkId, response } = results[index] ?? {}
      // What refers to somebody who was not created is refused.
      const lost = JSON.stringify(part.body ?? '').includes('"bulkId:')
      const rule = () => {
        throw new Refused(409)
      }
      played.push({
        ...when,
        text: `${when.text}\n      operation ${index}: ${part.method} ${part.path}`,
        request: lost ? { ...part, rule } : part,
        answer: { status: Number(status), body: response, version },
        requestId: `${when.requestId}/${index}`,
        whole: false,
      })
      if (status === '201') note(part.path, made.get(`bulkId:${bulkId}`), version)
    }
  }

  async function play(operation: Operation, client: Client): Promise<void> {
    const idOf = idsOf(notes)
    const { condition, target, request, text } = operation
    let tag: Tag
    if (condition === 'any') tag = '*'
    if (condition === 'current' || condition === 'old') {
      const read = target?.(idOf)
      if (read === undefined) throw new Error(`Nothing to compare: ${text}`)
      const id = String(read.path.split('/').at(-1))
      tag = 'W/"0"'
      if (condition === 'old') tag = notes.versions.get(id) ?? tag
      else tag = (await send(read, client, `for: ${text}`, idOf)).headers.get('ETag') ?? tag
    }
    await send(request(idOf, tag), client, text, idOf, tag)
  }

  return { played, notes, play }
}
