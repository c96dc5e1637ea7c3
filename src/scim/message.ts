/** What the messages of RFC 7644 §3.1 have in common: an object whose `schemas` lists its URN. */
import { ProtocolError, quote } from './error.ts'
import { isObject, type Json, membersOf } from './json.ts'

/**
 * The members of a message, by lower-cased name. `schemas` may be missing, since the route says which
 * message it is: a gateway in wide use sends all its PATCHes without it. Absent, null and empty are
 * one (RFC 7643 §2.5). A `schemas` that says something else is refused.
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
  const schemas = members.get('schemas') ?? []
  const wanted = urn.toLowerCase()
  const listed =
    Array.isArray(schemas) &&
    (schemas.length === 0 ||
      schemas.some((one) => typeof one === 'string' && one.toLowerCase() === wanted))
  if (!listed) {
    throw new ProtocolError('invalidSyntax', `schemas must list ${urn}.`)
  }
  return members
}
