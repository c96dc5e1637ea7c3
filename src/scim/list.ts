/** Lists of resources and their pages: RFC 7644 §3.4.2, §3.4.2.4. */
import { ProtocolError, quote } from './error.ts'
import type { JsonObject } from './json.ts'

export const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/** How many resources a page holds where the client does not say. */
export const DEFAULT_PAGE_SIZE = 100
/** How many resources a page holds at most. */
export const MAXIMUM_PAGE_SIZE = 200

/** The part of a list that a request asks for. `startIndex` counts from 1. */
export interface Page {
  readonly startIndex: number
  readonly count: number
}

/**
 * Reads `startIndex` and `count` as RFC 7644, table 6 says: below 1 the index is 1, below 0 the
 * count is 0, and above the maximum it is the maximum.
 *
 * @throws ProtocolError invalidValue where one is no integer
 */
export function readPage(startIndex: string | undefined, count: string | undefined): Page {
  return {
    startIndex: Math.max(1, readInteger('startIndex', startIndex) ?? 1),
    count: Math.min(
      MAXIMUM_PAGE_SIZE,
      Math.max(0, readInteger('count', count) ?? DEFAULT_PAGE_SIZE),
    ),
  }
}

function readInteger(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(text)) {
    throw new ProtocolError('invalidValue', `${name} must be an integer, not ${quote(text)}.`)
  }
  return Number(text)
}

/** Builds a ListResponse. */
export function listResponse(
  resources: readonly JsonObject[],
  totalResults: number,
  startIndex: number,
): JsonObject {
  return {
    schemas: [LIST_RESPONSE],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}
