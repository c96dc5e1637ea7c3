/** JSON as SCIM reads it: RFC 8259, with the case-insensitive member names of RFC 7643 §2.1. */
import { ProtocolError, quote } from './error.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** How deep a body may nest. A PATCH of SCIM's deepest attribute needs seven levels. */
const MAXIMUM_DEPTH = 64
/** How many members one object may have. A user with every attribute has about thirty. */
const MAXIMUM_NAMES = 1000

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Parses the text of a request body.
 *
 * @throws ProtocolError invalidSyntax: not JSON, nested too deep, or a member that is there twice
 */
export function parseJson(text: string): Json {
  if (text.trim() === '') {
    throw new ProtocolError('invalidSyntax', 'The request has no body; send a JSON object.')
  }
  checkStructure(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ProtocolError('invalidSyntax', `The body is not well-formed JSON: ${quote(why)}.`)
  }
}

/**
 * Refuses a text in which one object has a member twice, also when only the case differs: two
 * readers would take different values from it. Refuses, too, what is too deep or too wide, before
 * anything is built from it. One pass over strings and brackets is enough; what is not even JSON
 * is left to the parser.
 */
function checkStructure(text: string): void {
  // One entry per open bracket: the member names of an object, or null for an array.
  const open: (Set<string> | null)[] = []
  let names: Set<string> | null = null
  let nameComes = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        nameComes = text.charCodeAt(at) === 0x7b
        names = nameComes ? new Set() : null
        open.push(names)
        if (open.length > MAXIMUM_DEPTH) {
          throw new ProtocolError(
            'invalidSyntax',
            `The body nests deeper than ${MAXIMUM_DEPTH} levels; no SCIM message does.`,
          )
        }
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        names = open.at(-1) ?? null
        nameComes = false
        break
      case 0x2c: // ,
        nameComes = names !== null
        break
      case 0x22: {
        const end = endOfString(text, at)
        if (end === -1) return
        if (nameComes && names !== null) {
          addName(names, text.slice(at + 1, end))
          nameComes = false
        }
        at = end
        break
      }
    }
  }
}

/** Adds the name of a member, given as it stands between its quotes, to those of its object. */
function addName(names: Set<string>, written: string): void {
  const name = written.includes('\\') ? unescaped(written) : written
  const folded = name.toLowerCase()
  if (names.has(folded)) {
    throw new ProtocolError(
      'invalidSyntax',
      `The member ${quote(name)} is there twice in one object; names differ by more than case.`,
    )
  }
  names.add(folded)
  if (names.size > MAXIMUM_NAMES) {
    throw new ProtocolError(
      'invalidSyntax',
      `One object has more than ${MAXIMUM_NAMES} members; no SCIM message does.`,
    )
  }
}

/** A string without its escapes; one that is malformed stays as it is, for the parser to refuse. */
function unescaped(written: string): string {
  try {
    return JSON.parse(`"${written}"`)
  } catch {
    return written
  }
}

/** The index of the quote that ends the string beginning at `start`; -1 where none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return -1
}

/**
 * The members of an object by lower-cased name. Looking names up here, and never on the object
 * itself, is what makes `__proto__` and its like ordinary unknown names.
 */
export function membersOf(object: JsonObject): Map<string, Json> {
  const members = new Map<string, Json>()
  for (const [name, value] of Object.entries(object)) members.set(name.toLowerCase(), value)
  return members
}
