/**
 * Lists of resources: what a request asks for (RFC 7644 §3.4.2, RFC 9865), and the ListResponse.
 * The parameters come from the query of a GET or from the body of a POST to /.search (§3.4.3).
 */
import { ProtocolError, quote } from './error.ts'
import type { Json, JsonObject } from './json.ts'
import { readMessage } from './message.ts'

export const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
export const SEARCH_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'

/** How many resources a page holds where the client does not say. */
export const DEFAULT_PAGE_SIZE = 100
/** How many resources a page holds at most. */
export const MAXIMUM_PAGE_SIZE = 200

/** The part of a list that a request asks for. `startIndex` counts from 1. */
export type Page =
  | { readonly kind: 'index'; readonly startIndex: number; readonly count: number }
  /** `cursor` is empty for the first page. */
  | { readonly kind: 'cursor'; readonly cursor: string; readonly count: number }

/** The parameters of a list, as text. */
export interface ListParameters {
  readonly filter?: string
  readonly sortBy?: string
  readonly sortOrder?: string
  readonly startIndex?: string
  readonly count?: string
  readonly cursor?: string
  readonly attributes?: string
  readonly excludedAttributes?: string
}

/**
 * Reads the page as RFC 7644, table 6 says: below 1 the index is 1, below 0 the count is 0, and
 * above the maximum it is the maximum. A cursor, also an empty one, asks for pages by cursor
 * (RFC 9865 §2), and startIndex is then without meaning.
 *
 * @throws ProtocolError invalidValue where a number is no integer; invalidCount with a cursor
 */
export function readPage({ startIndex, count, cursor }: ListParameters): Page {
  const wrong = cursor === undefined ? 'invalidValue' : 'invalidCount'
  const size = readInteger('count', count, wrong) ?? DEFAULT_PAGE_SIZE
  const most = Math.min(MAXIMUM_PAGE_SIZE, Math.max(0, size))
  if (cursor !== undefined) return { kind: 'cursor', cursor, count: most }
  const first = readInteger('startIndex', startIndex, 'invalidValue') ?? 1
  return { kind: 'index', startIndex: Math.max(1, first), count: most }
}

function readInteger(
  name: string,
  text: string | undefined,
  wrong: 'invalidValue' | 'invalidCount',
): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  if (!/^[+-]?\d+$/.test(text.trim())) {
    throw new ProtocolError(wrong, `${name} must be an integer, such as 100.`)
  }
  return bounded(Number(text))
}

/** No list is longer. A larger number, of whatever length, means as much. */
const LARGEST = 999_999_999_999_999

function bounded(number: number): number {
  return Math.max(-LARGEST, Math.min(LARGEST, number))
}

/** How each parameter may be written in a SearchRequest. */
const SEARCH_MEMBERS: Readonly<Record<keyof ListParameters, 'text' | 'number' | 'list'>> = {
  filter: 'text',
  sortBy: 'text',
  sortOrder: 'text',
  startIndex: 'number',
  count: 'number',
  cursor: 'text',
  attributes: 'list',
  excludedAttributes: 'list',
}

/**
 * Reads a SearchRequest (RFC 7644 §3.4.3). Numbers may be strings, and lists comma-separated.
 *
 * @throws ProtocolError invalidSyntax or invalidValue
 */
export function readSearchRequest(body: Json): ListParameters {
  const members = readMessage(body, SEARCH_REQUEST)
  const parameters: Record<string, string> = {}
  for (const [name, form] of Object.entries(SEARCH_MEMBERS)) {
    const value = members.get(name.toLowerCase())
    if (value === undefined || value === null) continue
    parameters[name] = searchText(name, form, value)
  }
  return parameters
}

/** How long a parameter may be, as one in a URL; what a filter may be, its parser says. */
const MAXIMUM_PARAMETER = 16 * 1024

function searchText(name: string, form: 'text' | 'number' | 'list', value: Json): string {
  const text = searchTextOf(name, form, value)
  if (name === 'filter' || text.length <= MAXIMUM_PARAMETER) return text
  throw new ProtocolError(
    'invalidValue',
    `${name} is longer than ${MAXIMUM_PARAMETER} characters; leave out what is not needed.`,
  )
}

function searchTextOf(name: string, form: 'text' | 'number' | 'list', value: Json): string {
  if (typeof value === 'string') return value
  if (form === 'number' && typeof value === 'number') return String(bounded(value))
  if (form === 'list' && Array.isArray(value) && value.every((one) => typeof one === 'string')) {
    return value.join(',')
  }
  const expected = { text: 'a string', number: 'an integer', list: 'a list of names' }[form]
  throw new ProtocolError('invalidValue', `${name} must be ${expected}, not ${quote(value)}.`)
}

/** What tells a client where in the list it is. */
export type ListPosition =
  | { readonly startIndex: number }
  /** Absent on the last page. */
  | { readonly nextCursor: string | undefined }

/** Builds a ListResponse. */
export function listResponse(
  resources: readonly JsonObject[],
  totalResults: number,
  position: ListPosition,
): JsonObject {
  const where =
    'startIndex' in position
      ? { startIndex: position.startIndex }
      : position.nextCursor === undefined
        ? {}
        : { nextCursor: position.nextCursor }
  return {
    schemas: [LIST_RESPONSE],
    totalResults,
    ...where,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}
