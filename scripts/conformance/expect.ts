// Expectations. One that is not met ends the check with the request, what was expected and what came.
import type { Answer, Sent } from './client.ts'
import { canonical, isObject, isUnassigned, type Json, type JsonObject, read } from './json.ts'

/** A requirement that is not met. */
export interface Unmet extends Error {
  readonly request?: Sent
  readonly expected: string
  readonly actual: string
}

/** Tells an unmet requirement from other errors. */
export function isUnmet(error: unknown): error is Unmet {
  return error instanceof Error && error.name === 'Unmet'
}

/** Makes the error of an unmet requirement. */
export function unmet(request: Sent | undefined, expected: string, actual: string): Unmet {
  const error = new Error(`expected ${expected}, got ${actual}`)
  return Object.assign(error, { name: 'Unmet', expected, actual, ...(request && { request }) })
}

const LONGEST = 600

/** Shortens a text for the reader. */
export function brief(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/**
 * What an answer may be: a status, a class of them, or a status and the scimType that goes with it.
 * `400 -` means that a scimType, if there is one, does not matter.
 */
export type Allowed = `${number}` | '2xx' | '4xx' | `${number} ${string}`

/** Expects one of these answers, such as `'200'` or `'400 invalidFilter'`. */
export function expectAnswer(answer: Answer, ...allowed: readonly Allowed[]): void {
  if (allowed.some((one) => isAllowed(answer, one))) return
  throw unmet(answer.request, allowed.join(' or '), summary(answer))
}

function isAllowed(answer: Answer, allowed: string): boolean {
  const [status, scimType] = allowed.split(' ')
  if (status === '2xx') return answer.status >= 200 && answer.status < 300
  if (status === '4xx') return answer.status >= 400 && answer.status < 500
  if (String(answer.status) !== status) return false
  return scimType === undefined || read(answer.body, 'scimType') === scimType
}

/** An answer in one line. */
export function summary(answer: Answer): string {
  const scimType = read(answer.body, 'scimType')
  const line = typeof scimType === 'string' ? `${answer.status} ${scimType}` : `${answer.status}`
  return answer.text === '' ? line : `${line}: ${brief(answer.text)}`
}

/** Expects a value to equal another; the order of members does not matter, that of elements does. */
export function expectEqual(
  answer: Answer,
  what: string,
  actual: Json | undefined,
  expected: Json | undefined,
): void {
  const [found, wanted] = [canonical(actual), canonical(expected)]
  if (found !== wanted) throw unmet(answer.request, `${what} = ${wanted}`, brief(found))
}

/** Expects the same texts, in whatever order. */
export function expectSame(
  answer: Answer,
  what: string,
  actual: readonly string[],
  expected: readonly string[],
): void {
  expectEqual(answer, what, [...actual].sort(), [...expected].sort())
}

/** Expects the same elements, in whatever order. */
export function expectElements(
  answer: Answer,
  what: string,
  actual: Json | undefined,
  expected: readonly Json[],
): void {
  const found = Array.isArray(actual) ? actual.map(canonical) : []
  expectSame(answer, what, found, expected.map(canonical))
}

/** Expects null, an empty array or nothing. */
export function expectUnassigned(answer: Answer, ...path: readonly string[]): void {
  const value = read(answer.body, ...path)
  if (isUnassigned(value)) return
  throw unmet(answer.request, `no value of ${path.join('.')}`, canonical(value))
}

/** Expects a value inside the body. */
export function expectMember(
  answer: Answer,
  path: string | readonly string[],
  expected: Json,
): void {
  const names = typeof path === 'string' ? path.split('.') : path
  expectEqual(answer, names.join('.'), read(answer.body, ...names), expected)
}

/** The members of an Error (RFC 7644 §3.12). */
const ERROR_MEMBERS: ReadonlySet<string> = new Set(['schemas', 'status', 'scimType', 'detail'])

/** Expects an Error to have no other members: clients that check answers by their type refuse more. */
export function expectErrorOnly(answer: Answer, error: Json | undefined): void {
  const names = isObject(error) ? Object.keys(error) : []
  const others = names.filter((name) => !ERROR_MEMBERS.has(name))
  expectThat(answer, 'schemas, status, scimType and detail only', others.length === 0, others)
}

/** Expects that something holds, said as a sentence without a full stop. */
export function expectThat(
  answer: Answer,
  sentence: string,
  holds: boolean,
  actual: Json | undefined = answer.text,
): asserts holds {
  if (holds) return
  throw unmet(
    answer.request,
    sentence,
    brief(typeof actual === 'string' ? actual : canonical(actual)),
  )
}

/** Expects an object to have these members and no others. */
export function expectMembers(
  answer: Answer,
  what: string,
  value: JsonObject,
  names: readonly string[],
): void {
  expectSame(answer, `the members of ${what}`, Object.keys(value), names)
}

const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/

/** Tells an entity tag (RFC 9110 §8.8.3) from other texts. */
export function isEntityTag(text: Json | undefined): text is string {
  return typeof text === 'string' && ENTITY_TAG.test(text)
}

/** Gives the ETag of an answer, which has to have one. */
export function entityTag(answer: Answer): string {
  const tag = answer.header('ETag')
  expectThat(answer, 'an ETag header', tag !== undefined, tag ?? '(absent)')
  return tag
}
