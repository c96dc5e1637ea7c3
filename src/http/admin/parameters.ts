/** The query parameters of admin routes. */
import { HttpRefusal } from '../failure.ts'

/** How many entries a page has at most. */
export const MAXIMUM_PAGE = 1000

/** @throws HttpRefusal `bad-request` */
function refuseParameter(name: string, advice: string): never {
  throw new HttpRefusal({ kind: 'bad-request', detail: `${name}: ${advice}` })
}

/**
 * A whole number.
 *
 * @throws HttpRefusal `bad-request` where it is none, or below `least`
 */
export function wholeNumber(
  query: ReadonlyMap<string, string>,
  name: string,
  least: number,
): number | undefined {
  const text = query.get(name.toLowerCase())
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && Number.isSafeInteger(number)) return number
  return refuseParameter(name, `give a whole number from ${least}.`)
}

/**
 * How many entries a page shall have.
 *
 * @throws HttpRefusal `bad-request`
 */
export function limitOf(query: ReadonlyMap<string, string>): number {
  return Math.min(wholeNumber(query, 'limit', 1) ?? 100, MAXIMUM_PAGE)
}

/**
 * A page, from rows of which one more was read than it may have.
 *
 * @param place what the cursor says of the last row
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  place: (row: Row) => string,
): { readonly shown: readonly Row[]; readonly nextCursor: string | undefined } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > shown.length && last !== undefined
  return { shown, nextCursor: more ? place(last) : undefined }
}

/**
 * An ISO time with its zone, or a date, as milliseconds since 1970.
 *
 * @throws HttpRefusal `bad-request`
 */
export function timeOf(query: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = query.get(name)
  if (text === undefined || text === '') return undefined
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/
  const time = form.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  return refuseParameter(name, 'give an ISO time such as 2027-01-31T00:00:00Z.')
}

/**
 * One of some words.
 *
 * @throws HttpRefusal `bad-request`
 */
export function wordOf<Word extends string>(
  query: ReadonlyMap<string, string>,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = query.get(name)
  if (text === undefined || text === '') return undefined
  const word = words.find((one) => one === text)
  return word ?? refuseParameter(name, `give one of ${words.join(', ')}.`)
}

/**
 * `true` or `false`.
 *
 * @throws HttpRefusal `bad-request`
 */
export function flagOf(query: ReadonlyMap<string, string>, name: string): boolean | undefined {
  const text = query.get(name.toLowerCase())
  if (text === undefined || text === '') return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  return refuseParameter(name, 'give true or false.')
}

/**
 * Sees to it that no parameter is repeated: one of its values would be ignored.
 *
 * @throws HttpRefusal `bad-request`
 */
export function refuseRepeated(url: string): void {
  const seen = new Set<string>()
  for (const given of new URL(url).searchParams.keys()) {
    const name = given.toLowerCase()
    if (seen.has(name)) refuseParameter(given.slice(0, 100), 'give it once.')
    seen.add(name)
  }
}

/**
 * Sees to it that a DELETE has no query: where it is taken for a choice of what to delete, all the
 * others would be deleted, too.
 *
 * @throws HttpRefusal `bad-request`
 */
export function refuseQuery(url: string): void {
  const [name] = new URL(url).searchParams.keys()
  if (name === undefined) return
  refuseParameter(
    name.slice(0, 100),
    'a DELETE has no query parameters, and deletes what its path names; leave it out.',
  )
}
