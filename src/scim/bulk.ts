/** Bulk requests: RFC 7644 §3.7, with errata 5050 and 7916. */
import { OperationLimitError, ProtocolError, type ProtocolReason, quote } from './error.ts'
import { isObject, type Json, type JsonObject, membersOf } from './json.ts'
import { readMessage } from './message.ts'
import { type ResourceType, resourceTypes } from './schema/resource-type.ts'

export const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
export const BULK_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse'

export type BulkMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One operation, read but not carried out. References to bulkIds are still in it. */
export interface BulkOperation {
  readonly method: BulkMethod
  readonly type: ResourceType
  /** The id in the path; absent for POST. */
  readonly id?: string
  readonly bulkId?: string
  readonly version?: string
  readonly data?: Json
}

/** An operation that makes no sense, with what the answer needs of it. */
export interface BulkMistake {
  readonly method: string
  /** The path as it was sent, beginning with a slash; absent where there is none. */
  readonly path?: string
  readonly bulkId?: string
  /** Data and no Error, whose stack would cost more than to read the operation. */
  readonly error: ProtocolReason | UnknownPath
}

/** A path that names nothing, or that the method does not go with. */
export interface UnknownPath {
  readonly kind: 'unknown-path' | 'wrong-method'
}

export type BulkEntry =
  | { readonly ok: true; readonly operation: BulkOperation }
  | { readonly ok: false; readonly mistake: BulkMistake }

export interface BulkRequest {
  /** After how many errors the rest is left undone; absent for never. */
  readonly failOnErrors?: number
  readonly entries: readonly BulkEntry[]
}

/**
 * Reads a BulkRequest. What is wrong with one operation is that operation's error.
 *
 * @param limit how many operations it may hold; they are counted before any is looked at
 * @throws ProtocolError invalidSyntax or invalidValue where the message itself is wrong;
 *   OperationLimitError
 */
export function readBulkRequest(body: Json, limit: number): BulkRequest {
  const members = readMessage(body, BULK_REQUEST)
  const operations = members.get('operations')
  if (!Array.isArray(operations)) {
    throw new ProtocolError('invalidSyntax', 'Operations must be a list of operations.')
  }
  if (operations.length > limit) {
    const count = operations.length
    throw new OperationLimitError({ kind: 'too-many-operations', message: 'Bulk', count, limit })
  }
  const failOnErrors = members.get('failonerrors') ?? undefined
  const counts =
    failOnErrors === undefined ||
    (typeof failOnErrors === 'number' && Number.isInteger(failOnErrors) && failOnErrors >= 0)
  if (!counts) {
    throw new ProtocolError(
      'invalidSyntax',
      `failOnErrors must be an integer that is not negative, not ${quote(failOnErrors)}.`,
    )
  }
  const seen = new Set<string>()
  return {
    // Clients that want no limit send 0 as well.
    ...(failOnErrors ? { failOnErrors: Number(failOnErrors) } : {}),
    entries: operations.map((operation, index) =>
      readEntry(operation, `Operations[${index}]`, seen),
    ),
  }
}

const METHODS: ReadonlySet<string> = new Set<BulkMethod>(['POST', 'PUT', 'PATCH', 'DELETE'])

function isMethod(method: string): method is BulkMethod {
  return METHODS.has(method)
}

function readEntry(given: Json, where: string, seen: Set<string>): BulkEntry {
  const members = membersOf(isObject(given) ? given : {})
  const text = (name: string) => {
    const value = members.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const method = text('method')?.toUpperCase() ?? ''
  const bulkId = text('bulkid') || undefined
  const named = bulkId === undefined ? {} : { bulkId }
  const sent = text('path')
  const path = sent === undefined || sent.startsWith('/') ? sent : `/${sent}`
  const wrong = (error: BulkMistake['error']): BulkEntry => ({
    ok: false,
    mistake: { method, ...(path === undefined ? {} : { path }), ...named, error },
  })
  const invalid = (detail: string) =>
    wrong({ kind: 'protocol', scimType: 'invalidSyntax', detail: `${where}${detail}` })
  if (!isObject(given)) return invalid(` must be an object, not ${quote(given)}.`)
  for (const name of ['bulkId', 'version']) {
    const value = members.get(name.toLowerCase()) ?? ''
    if (typeof value !== 'string') {
      return invalid(`.${name} must be a string, not ${quote(value)}.`)
    }
  }
  if (!isMethod(method)) {
    return invalid(`.method must be POST, PUT, PATCH or DELETE, not ${quote(text('method'))}.`)
  }
  if (path === undefined) return invalid('.path is missing; write for example /Users.')
  const [, endpoint = '', id] = /^(\/[^/]+)(?:\/([^/]+))?\/?$/.exec(path) ?? []
  const type = resourceTypes.find((one) => one.endpoint === endpoint)
  if (type === undefined) return wrong({ kind: 'unknown-path' })
  if ((method === 'POST') !== (id === undefined)) return wrong({ kind: 'wrong-method' })
  if (method === 'POST') {
    if (bulkId !== undefined && seen.has(bulkId)) {
      return invalid(`.bulkId ${quote(bulkId)} is that of an earlier operation; make them unique.`)
    }
    if (bulkId !== undefined) seen.add(bulkId)
  }
  const data = members.get('data')
  if (method !== 'DELETE' && !isObject(data)) {
    return invalid(`.data must be an object, not ${quote(data)}.`)
  }
  const version = text('version')
  return {
    ok: true,
    operation: {
      method,
      type,
      ...(id === undefined ? {} : { id }),
      ...named,
      ...(version === undefined ? {} : { version }),
      ...(data === undefined ? {} : { data }),
    },
  }
}

const REFERENCE = /^bulkId:(.+)/s
/** A reference inside the filter of a PATCH path, such as `members[value eq "bulkId:a"]`. */
const QUOTED = /"bulkId:([^"]+)"/g

/** The bulkIds that an operation refers to, in its path or anywhere in its data. */
export function referencesOf({ id, data }: BulkOperation): ReadonlySet<string> {
  const found = new Set<string>()
  const [, named] = REFERENCE.exec(decode(id)) ?? []
  if (named !== undefined) found.add(named)
  collect(data, found)
  return found
}

function collect(value: Json | undefined, found: Set<string>): void {
  if (typeof value === 'string') {
    // Most strings refer to nobody, and are not looked at twice.
    if (!value.includes('bulkId:')) return
    const [, bulkId] = REFERENCE.exec(value) ?? []
    if (bulkId !== undefined) found.add(bulkId)
    else for (const [, inner = ''] of value.matchAll(QUOTED)) found.add(inner)
  } else if (Array.isArray(value)) {
    for (const element of value) collect(element, found)
  } else if (isObject(value)) {
    for (const member of Object.values(value)) collect(member, found)
  }
}

/**
 * The operation with every reference to a bulkId replaced.
 *
 * @param idOf the id for a bulkId; undefined where the text shall stay as it is
 */
export function resolveReferences(
  operation: BulkOperation,
  idOf: (bulkId: string) => string | undefined,
): BulkOperation {
  const [, named] = REFERENCE.exec(decode(operation.id)) ?? []
  const id = (named === undefined ? undefined : idOf(named)) ?? operation.id
  const data = operation.data === undefined ? undefined : visit(operation.data, idOf)
  return {
    ...operation,
    ...(id === undefined ? {} : { id }),
    ...(data === undefined ? {} : { data }),
  }
}

function decode(id: string | undefined): string {
  try {
    return decodeURIComponent(id ?? '')
  } catch {
    return id ?? ''
  }
}

/** Copies a value, with each reference in it replaced by what `replace` gives, if anything. */
function visit(value: Json | undefined, replace: (bulkId: string) => string | undefined): Json {
  if (typeof value === 'string') {
    if (!value.includes('bulkId:')) return value
    const [, bulkId] = REFERENCE.exec(value) ?? []
    if (bulkId !== undefined) return replace(bulkId) ?? value
    return value.replace(QUOTED, (whole, inner: string) => {
      const id = replace(inner)
      return id === undefined ? whole : JSON.stringify(id)
    })
  }
  if (Array.isArray(value)) return value.map((element) => visit(element, replace))
  if (!isObject(value)) return value ?? null
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, visit(member, replace)]),
  )
}

/** The result of one operation (RFC 7644 §3.7.3). The status is a string. */
export interface BulkResult {
  readonly method: string
  readonly bulkId?: string
  readonly version?: string
  readonly location?: string
  readonly status: string
  /** The error, where there was one. */
  readonly response?: JsonObject
}

/** Builds a BulkResponse. */
export function bulkResponse(results: readonly BulkResult[]): JsonObject {
  return { schemas: [BULK_RESPONSE], Operations: results as unknown as readonly JsonObject[] }
}
