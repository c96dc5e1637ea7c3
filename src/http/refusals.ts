/**
 * What is recorded of refused requests, for the administrator: of every request to change something
 * that a good token sent and that was answered 400, 403 or 409, the reason, the subject and the request.
 * Of requests that only read, what the credential is refused for, since an identity provider whose
 * token or Tenant URL is wrong begins by reading.
 */
import type { Context } from 'hono'
import { fold } from '../scim/comparison.ts'
import { isObject, type Json, membersOf } from '../scim/json.ts'
import {
  type Done,
  type NewConflict,
  OF_THE_CREDENTIAL,
  recordRefusals,
  settleDone,
} from '../store/conflicts.ts'
import { shownNamespace } from '../tenancy/namespace.ts'
import { abridge, cut, withoutLongWords, withoutSecrets, withoutTokens } from './abridge.ts'
import {
  API,
  type Dependencies,
  type FailedOperation,
  makeId,
  type Operation,
  type ScimEnv,
} from './context.ts'
import { describeReason, reasonOf } from './failure.ts'

const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const RECORDED: ReadonlySet<number> = new Set([400, 403, 409])
/** How many characters of a request are kept. */
const MAXIMUM_REQUEST = 4000
/** How many characters of what a subject is called are kept. */
const MAXIMUM_SUBJECT = 256

/** Where the base URL of any namespace ends in a path. */
const BASE = new RegExp(`^${API}/([^/]+)`)

/** A subject as it is stored and sought. */
export function subjectKey(text: string): string {
  return fold(cut(text, MAXIMUM_SUBJECT))
}

/** Whom a request is about: by name, else by id, else by what there is of the path. */
function subjectOf(path: string, body: Json | undefined): string {
  const members = membersOf(isObject(body) ? body : {})
  const names = ['username', 'displayname', 'externalid'].map((name) => members.get(name))
  const name = names.find((value) => typeof value === 'string' && value.trim() !== '')
  if (typeof name === 'string') return subjectKey(withoutTokens(cut(name, MAXIMUM_SUBJECT)))
  const [, id] = /^\/(?:Users|Groups)\/([^/]+)/.exec(path) ?? []
  return subjectKey(withoutLongWords(id ?? path))
}

/**
 * The operations of a request that were refused; a request that is no bulk request is one. What an
 * administrator sends is not kept: imports and accounts are full of people.
 */
function refusedOperations(c: Context<ScimEnv>, admin: boolean): readonly FailedOperation[] {
  const { error } = c
  if (error === undefined) return c.get('failedOperations') ?? []
  const { status, messageId, detail } = describeReason(reasonOf(error))
  const { method } = c.req
  const path = c.req.path.replace(BASE, '') || '/'
  const operation = {
    method,
    path,
    body: admin ? undefined : c.get('body'),
    status,
    messageId,
    detail,
  }
  if (WRITES.has(method) && !path.endsWith('/.search')) return [operation]
  if (!OF_THE_CREDENTIAL.includes(messageId)) return []
  const [endpoint = ''] = /^\/[^/]*/.exec(path) ?? []
  return [{ ...operation, path: endpoint, body: undefined }]
}

function describe(
  base: string,
  operation: FailedOperation,
  operatorToken: string | undefined,
): Omit<NewConflict, 'id'> {
  const { method, path, body, status, messageId } = operation
  const { body: kept, secrets } =
    body === undefined ? { body, secrets: [] } : abridge(body, MAXIMUM_REQUEST)
  // What does not parse is quoted by the parser, and nobody knows what of.
  const unread = messageId === 'scim.invalidSyntax' && body === undefined
  const detail = unread ? operation.detail.replace(/"(?:[^"\\]|\\.)*"?/gs, '…') : operation.detail
  const request = {
    method: cut(withoutLongWords(method), 20),
    path: cut(withoutLongWords(base + path), 1000),
    body: kept,
  }
  const conceal = (text: string) => (operatorToken ? text.replaceAll(operatorToken, '…') : text)
  return {
    subject: conceal(subjectOf(path, body)),
    reason: messageId,
    status,
    detail: withoutSecrets(conceal(detail), secrets),
    request: conceal(JSON.stringify(request)),
  }
}

/**
 * The task that records what was refused of a request; undefined where nothing was.
 *
 * @param admin whether the request went to the admin API
 */
export function refusalTask(
  c: Context<ScimEnv>,
  { databases, now, randomBytes, operatorToken }: Dependencies,
  admin: boolean,
): (() => Promise<void>) | undefined {
  const holder = c.get('holder')
  if (holder === undefined) return undefined
  const refused = refusedOperations(c, admin).filter(({ status }) => RECORDED.has(status))
  if (refused.length === 0) return undefined
  const [, name = ''] = BASE.exec(c.req.path) ?? []
  const base = `${API}/${shownNamespace(name)}`
  return async () => {
    const at = now()
    const conflicts = refused.map((operation) => ({
      ...describe(base, operation, operatorToken),
      id: makeId('c', at, randomBytes),
    }))
    await recordRefusals(databases.databaseFor(holder.namespace), holder, conflicts, at)
  }
}

/** What conflicts may tell of where an operation succeeded. */
function doneBy({ method, path, body }: Operation): Done[] {
  const [, type, id] = /^(\/Users|\/Groups)(?:\/([^/]+))?$/.exec(path) ?? []
  if ((type !== '/Users' && type !== '/Groups') || id === '.search') return []
  const deleted = method === 'DELETE'
  const done = (about: string, nameless: boolean): Done => ({ type, about, deleted, nameless })
  const members = membersOf(isObject(body) ? body : {})
  const texts = ['displayname', 'externalid'].map((name) => members.get(name))
  const nameless = type === '/Users' && !deleted ? texts : []
  return [
    ...(deleted ? [] : [done(subjectOf(path, body), false)]),
    ...(id === undefined ? [] : [done(subjectKey(id), false)]),
    ...nameless.flatMap((text) => (typeof text === 'string' ? [done(subjectKey(text), true)] : [])),
  ]
}

/**
 * The task that settles the conflicts of what a SCIM request has done; undefined where it has done
 * nothing, or the namespace has no conflicts.
 */
export function settlementTask(
  c: Context<ScimEnv>,
  { databases }: Dependencies,
  started: number,
): (() => Promise<void>) | undefined {
  const holder = c.get('holder')
  if (holder === undefined || !holder.hasConflicts || !c.res.ok) return undefined
  const { method } = c.req
  const path = c.req.path.replace(BASE, '')
  const single = WRITES.has(method) ? [{ method, path, body: c.get('body') }] : []
  const operations = c.get('doneOperations') ?? single
  const done = operations.flatMap(doneBy)
  if (done.length === 0) return undefined
  const ids = operations.flatMap((one) => (one.method === 'DELETE' ? [] : idOf(one.path)))
  const database = databases.databaseFor(holder.namespace)
  return () => settleDone(database, holder, done, ids, started)
}

/** The id in the path of a user or group. */
function idOf(path: string): string[] {
  const [, id] = /^\/(?:Users|Groups)\/([^/]+)$/.exec(path) ?? []
  return id === undefined ? [] : [id]
}
