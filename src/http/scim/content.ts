/** The JSON of a response; that of long lists is written piece by piece, while it is sent. */
import { isObject, type Json, type JsonObject } from '../../scim/json.ts'

/** How many elements of a list are written at once. */
const PIECE = 1000

/**
 * The body of a response. A group of 100,000 members takes 20 MB as text, which would stand in the
 * memory of an isolate twice, next to the members themselves; so it is never there as a whole.
 */
export function contentOf(body: JsonObject): string | ReadableStream<Uint8Array> {
  if (!holdsLongList(body)) return JSON.stringify(body)
  const rest = pieces(body)
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = rest.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
  })
}

function isLong(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length > PIECE
}

/** Whether a resource, or one of a list of them, has an attribute with many values. */
function holdsLongList(body: JsonObject): boolean {
  return Object.values(body).some(
    (value) =>
      isLong(value) ||
      (Array.isArray(value) &&
        value.some((element) => isObject(element) && Object.values(element).some(isLong))),
  )
}

/** The text of a value in pieces; the long lists of a resource, or of those in a list, are cut. */
function* pieces(value: Json): Generator<string> {
  if (Array.isArray(value)) yield* ofList(value)
  else if (isObject(value) && holdsLongList(value)) yield* ofObject(value)
  else yield JSON.stringify(value)
}

function* ofObject(value: JsonObject): Generator<string> {
  let before = '{'
  for (const [name, member] of Object.entries<Json | undefined>(value)) {
    if (member === undefined) continue
    yield `${before}${JSON.stringify(name)}:`
    yield* pieces(member)
    before = ','
  }
  yield '}'
}

function* ofList(list: readonly Json[]): Generator<string> {
  yield '['
  for (let from = 0; from < list.length; from += PIECE) {
    const part = list.slice(from, from + PIECE)
    if (from > 0) yield ','
    const nested = part.some((element) => isObject(element) && holdsLongList(element))
    if (!nested) {
      yield JSON.stringify(part).slice(1, -1)
      continue
    }
    for (const [at, element] of part.entries()) {
      if (at > 0) yield ','
      yield* pieces(element)
    }
  }
  yield ']'
}
