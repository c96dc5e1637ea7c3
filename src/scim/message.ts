/** What the messages of RFC 7644 §3.1 have in common: an object whose `schemas` lists its URN. */
import { ProtocolError, quote } from './error.ts'
import { isObject, type Json, membersOf } from './json.ts'

/**
 * The members of a message, by lower-cased name.
 *
 * @param urn the URN that `schemas` must list, in any case
 * @throws ProtocolError invalidSyntax
 */
export function readMessage(body: Json, urn: string): Map<string, Json> {
  if (!isObject(body)) {
    const name = urn.slice(urn.lastIndexOf(':') + 1)
    throw new ProtocolError(
      'invalidSyntax',
      `The body must be a ${name} object, not ${quote(body)}.`,
    )
  }
  const members = membersOf(body)
  const schemas = members.get('schemas')
  const list: readonly Json[] = Array.isArray(schemas) ? schemas : []
  const wanted = urn.toLowerCase()
  if (!list.some((one) => typeof one === 'string' && one.toLowerCase() === wanted)) {
    throw new ProtocolError('invalidSyntax', `schemas must list ${urn}.`)
  }
  return members
}
