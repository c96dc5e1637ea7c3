/**
 * Which values are the same, and which elements of a multi-valued attribute are one (RFC 7643 §2.4).
 */
import { comparisonKey } from '../comparison.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { type Attribute, subAttribute } from '../schema/attribute.ts'

/** Whether two values are the same, member order aside. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, index) => sameValue(element, b[index]))
  }
  if (isObject(a) && isObject(b)) {
    const names = namesThatCount(a)
    return (
      names.length === namesThatCount(b).length &&
      names.every((name) => Object.hasOwn(b, name) && sameValue(a[name], b[name]))
    )
  }
  return false
}

/** A text that is equal for values that are the same. */
export function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = namesThatCount(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name] ?? null)}`).join()}}`
}

/** All members but a `primary` that is false, which is what it is without one (RFC 7643 §2.4). */
function namesThatCount(value: JsonObject): string[] {
  return Object.keys(value).filter((name) => name !== 'primary' || value[name] !== false)
}

/**
 * A text that is equal for elements that are one: those of one type and value, and those without a
 * value that are the same in all.
 */
export function identityOf(
  attribute: Attribute,
  element: JsonObject,
  folding?: (text: string) => string,
): string {
  const keyOf = (name: string) => {
    const sub = subAttribute(attribute, name)
    return sub === undefined ? undefined : comparisonKey(sub, element[name], folding)
  }
  const value = keyOf('value') ?? ''
  // No value holds U+0000.
  return value === '' ? canonicalText(element) : `${keyOf('type') ?? ''}\0${value}`
}

/** Whether joining the second to the first would change nothing. */
export function saysAllOf(first: JsonObject, second: JsonObject): boolean {
  return Object.keys(second).every((name) =>
    name === 'primary' && second.primary !== true ? true : sameValue(first[name], second[name]),
  )
}

/** Two elements that are one: what the second says wins, and it is primary where either is. */
export function joined(first: JsonObject, second: JsonObject): JsonObject {
  const isPrimary = first.primary === true || second.primary === true
  return { ...first, ...second, ...(isPrimary ? { primary: true } : {}) }
}

/** Longer lists of values are compared as they are written: far more than a directory holds. */
const LONGEST_FOLDED = 64 * 1024

/**
 * The elements of an attribute, each of them once: one type and value stand in one element.
 *
 * @param wins whether what the element at an index says wins over what was before it
 */
export function joinTwins(
  attribute: Attribute,
  elements: readonly Json[],
  wins: (index: number) => boolean = () => true,
): readonly Json[] {
  if (elements.length < 2 || attribute.type !== 'complex') return elements
  const lengthOf = (one: Json) => (isObject(one) ? String(one.value ?? '').length : 0)
  const length = elements.reduce<number>((sum, one) => sum + lengthOf(one), 0)
  // To fold what nobody sends takes time, and it is folded once more when it is stored.
  const folding = length > LONGEST_FOLDED ? (text: string) => text : undefined
  const places = new Map<string, number>()
  const single: Json[] = []
  elements.forEach((element, index) => {
    if (!isObject(element)) return
    const identity = identityOf(attribute, element, folding)
    const at = places.get(identity)
    const twin = at === undefined ? undefined : single[at]
    if (at === undefined || !isObject(twin)) places.set(identity, single.push(element) - 1)
    else single[at] = wins(index) ? joined(twin, element) : joined(element, twin)
  })
  return single
}
