/** JSON as SCIM reads it: RFC 8259, with the case-insensitive member names of RFC 7643 §2.1. */
import { ProtocolError, quote } from './error.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** How deep a body may nest. A PATCH of SCIM's deepest attribute needs seven levels. */
const MAXIMUM_DEPTH = 64

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
  let value: Json
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ProtocolError('invalidSyntax', `The body is not well-formed JSON: ${quote(why)}.`)
  }
  refuseRepeatedMembers(text)
  return value
}

/**
 * Refuses a text in which one object has a member twice, also when only the case differs: two
 * readers would take different values from it. The text is known to be well-formed, so that one
 * pass over its strings and brackets is enough.
 */
function refuseRepeatedMembers(text: string): void {
  // One entry per open bracket: the member names of an object, or null for an array.
  const open: (Set<string> | null)[] = []
  let nameComes = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        nameComes = text.charCodeAt(at) === 0x7b
        open.push(nameComes ? new Set() : null)
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
        nameComes = false
        break
      case 0x2c: // ,
        nameComes = open.at(-1) !== null
        break
      case 0x22: {
        const start = at
        at = endOfString(text, start)
        const names = open.at(-1)
        if (nameComes && names) {
          const name: string = JSON.parse(text.slice(start, at + 1))
          if (names.has(name.toLowerCase())) {
            throw new ProtocolError(
              'invalidSyntax',
              `The member ${quote(name)} is there twice in one object; names differ by more than case.`,
            )
          }
          names.add(name.toLowerCase())
          nameComes = false
        }
        break
      }
    }
  }
}

/** The index of the quote that ends the string beginning at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  for (;;) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
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
