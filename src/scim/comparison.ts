/**
 * Equality and order of attribute values, in one place for all who compare: filters in memory, the
 * SQL they compile to, uniqueness and PATCH. A value is compared by its key: two values are equal
 * when their keys are, and strings order by code point (RFC 7644 §3.4.2.2, RFC 7643 §2.2).
 */
import type { Attribute } from './schema/attribute.ts'

/** What a value is compared by. Times are milliseconds since 1970. */
export type Key = string | number | boolean

const ASCII = /^[\x20-\x7e]*$/
const JOINER = '\u034f'

/** How many UTF-16 units of a string are compared: far more than any filter can hold. */
const MAXIMUM_KEY = 64 * 1024

/**
 * Folds a string for case-insensitive comparison, code point by code point: full and half width
 * forms to the ordinary ones (RFC 8265 §3.3.1), upper case to lower, then normalization form C.
 * Nothing here depends on a code point's neighbours or on a locale, so `ß` is not `ss` and
 * `İ` is not `i`. What lies beyond 64 Ki UTF-16 units stays as it is written, unless all is ASCII:
 * it would take long, and no name reaches so far.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  if (text.length > MAXIMUM_KEY) {
    const end = MAXIMUM_KEY - (text.slice(0, MAXIMUM_KEY).isWellFormed() ? 0 : 1)
    return foldAll(text.slice(0, end)) + text.slice(end)
  }
  return foldAll(text)
}

/** Whether nothing but the case of ASCII letters differs. */
export function differInCaseAlone(one: string, other: string): boolean {
  return lowerAscii(one) === lowerAscii(other)
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function foldAll(text: string): string {
  // A capital sigma is the one letter that toLowerCase judges by its neighbours.
  const lower = narrow(text).replaceAll('Σ', 'σ').toLowerCase()
  return divideLongRuns(lower).normalize('NFC')
}

/**
 * What normalization sorts or joins without an end, in time that is the square of its number:
 * marks, and the two vowels of Kirat Rai that join themselves and each other.
 */
const RUNS = /[[\p{M}\u{16d67}\u{16d68}]--\u034f]/v
/** How many of them may follow each other (UAX #15 §13). */
const LONGEST_RUN = 30
/** The code points of RUNS: to ask the expression for each letter of a body takes too long. */
const RUNNING: ReadonlySet<number> = runningPoints()

function runningPoints(): Set<number> {
  // All marks of Unicode are on the first two planes or select variants.
  const blocks = [
    [0x300, 0xd7ff],
    [0xe000, 0x1ffff],
    [0xe0100, 0xe01ef],
  ] as const
  const points = new Set<number>()
  for (const [first, last] of blocks) {
    for (let point = first; point <= last; point++) {
      if (RUNS.test(String.fromCodePoint(point))) points.add(point)
    }
  }
  return points
}

/** Puts a joiner behind every thirtieth of a run. A regular expression would look at each 30 times. */
function divideLongRuns(text: string): string {
  let result = ''
  let from = 0
  let run = 0
  for (let at = 0; at < text.length; at++) {
    // The first mark is U+0300.
    const point = text.charCodeAt(at) < 0x300 ? 0 : (text.codePointAt(at) ?? 0)
    run = point > 0 && RUNNING.has(point) ? run + 1 : 0
    if (run > LONGEST_RUN) {
      result += text.slice(from, at) + JOINER
      from = at
      run = 1
    }
    if (point > 0xffff) at++
  }
  return from === 0 ? text : result + text.slice(from)
}

/** The ordinary forms of full and half width code units. */
const ORDINARY: ReadonlyMap<number, string> = ordinaryForms()

function ordinaryForms(): Map<number, string> {
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index))
  // NFKC goes beyond the width of jamo and of the macron, to what joins its neighbours.
  const halfway = new Map(
    [...range(0x3131, 0x3164), '\u00af'].map((form) => [form.normalize('NFKC'), form]),
  )
  return new Map(
    ['\u3000', ...range(0xff00, 0xffef)].map((wide) => {
      const form = wide.normalize('NFKC')
      return [wide.charCodeAt(0), halfway.get(form) ?? form]
    }),
  )
}

function narrow(text: string): string {
  let result = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x3000) continue
    const ordinary = ORDINARY.get(unit)
    if (ordinary === undefined) continue
    result += text.slice(from, at) + ordinary
    from = at + 1
  }
  return from === 0 ? text : result + text.slice(from)
}

/**
 * A key holds the beginning of a very long string. Operands are shorter than that, so only what a
 * filter seeks deep inside or at the end of such a value is not found; and a resource and its keys
 * fit into one row.
 */
function cut(key: string): string {
  return key.length <= MAXIMUM_KEY ? key : key.slice(0, MAXIMUM_KEY).toWellFormed()
}

/**
 * The key of a value that has the attribute's type; undefined for what has none (complex).
 *
 * @param folding what folds texts: `fold`, or what remembers what that made of them
 */
export function comparisonKey(
  attribute: Attribute,
  value: unknown,
  folding: (text: string) => string = fold,
): Key | undefined {
  switch (attribute.type) {
    case 'string':
    case 'reference':
    case 'binary':
      if (typeof value !== 'string') return undefined
      // Cut before, too: to fold what nobody compares takes time.
      return cut(attribute.caseExact ? value : folding(cut(value)))
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
  // Date.parse takes 30 February for 2 March.
  if (new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDate() !== Number(day)) return undefined
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
