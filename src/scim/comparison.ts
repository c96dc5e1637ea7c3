/**
 * Equality and order of attribute values, in one place for all who compare: filters in memory, the
 * SQL they compile to, uniqueness and PATCH. A value is compared by its key: two values are equal
 * when their keys are, and strings order by code point (RFC 7644 §3.4.2.2, RFC 7643 §2.2).
 */
import type { Attribute } from './schema/attribute.ts'

/** What a value is compared by. Times are milliseconds since 1970. */
export type Key = string | number | boolean

const ASCII = /^[\x20-\x7e]*$/
const WIDE = /[\u3000\uff00-\uffef]/gu

/**
 * Folds a string for case-insensitive comparison, code point by code point: full and half width
 * forms to the ordinary ones (RFC 8265 §3.3.1), upper case to lower, then normalization form C.
 * Nothing here depends on a code point's neighbours or on a locale, so `ß` is not `ss` and
 * `İ` is not `i`.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  const narrow = text.replace(WIDE, (wide) => wide.normalize('NFKC'))
  let lower = ''
  for (const point of narrow) lower += point.toLowerCase()
  return lower.normalize('NFC')
}

/** The key of a value that has the attribute's type; undefined for what has none (complex). */
export function comparisonKey(attribute: Attribute, value: unknown): Key | undefined {
  switch (attribute.type) {
    case 'string':
    case 'reference':
    case 'binary':
      if (typeof value !== 'string') return undefined
      return attribute.caseExact ? value : fold(value)
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'integer':
    case 'decimal':
      return typeof value === 'number' ? value : undefined
    case 'dateTime':
      return typeof value === 'string' ? parseDateTime(value) : undefined
    case 'complex':
      return undefined
  }
}

const DATE_TIME = /^(-?\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/i

/**
 * The instant of an xsd:dateTime (RFC 7643 §2.3.5), in milliseconds since 1970 with any finer
 * fraction kept; without a zone it is taken as UTC. Undefined when the text is none.
 */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match
  const whole = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`,
  )
  return Number.isNaN(whole) ? undefined : whole + Number(`0${fraction}`) * 1000
}

/** Orders two keys of one type: negative, zero or positive. Strings order by code point. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'string' && typeof b === 'string') return compareCodePoints(a, b)
  return Number(a) - Number(b)
}

/** Orders strings by code point, as SQLite orders UTF-8; JavaScript's `<` orders UTF-16 units. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    const leftSurrogate = left >= 0xd800 && left <= 0xdfff
    const rightSurrogate = right >= 0xd800 && right <= 0xdfff
    // Surrogates stand for code points above all others, yet sort below U+E000 as units.
    if (leftSurrogate !== rightSurrogate) return leftSurrogate ? 1 : -1
    return left - right
  }
  return a.length - b.length
}
