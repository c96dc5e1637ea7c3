/** Requests for the record of refusals: short, and without secrets. */
import { isObject, type Json, type JsonObject } from '../scim/json.ts'

/** How many UTF-16 units of one string are kept. */
const LONGEST = 200
/** Values that have to do with a secret. */
const SECRET = /password|glsa_/i
/** Names and paths of a secret. */
const NAME_OF_SECRET = /passw|secret|token|credential|authorization|api.?key|glsa_/i
const LEFT_OUT = '…'

/** What tokens are written in, also where a URL escapes it. */
const RUN = /(?:[\w.+=~-]|%2[BF]|%3D){20,}/gi
const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi

/** Whether a run of characters is a JSON Web Token, or the beginning of one (RFC 7519 §3.1). */
const isJwt = (run: string) => /^eyJ[^.]*\.[^.]/.test(run)

/** Whether a run of characters is of the length and make of a token. */
function isRandom(run: string): boolean {
  const parts = run.replace(UUID, '').split('.')
  return parts.some((part) => part.length >= 32 && /\d/.test(part) && /[a-z]/i.test(part))
}

/** A text without tokens of Grafana and JSON Web Tokens. It takes time in proportion to the text. */
export function withoutTokens(text: string): string {
  return text
    .replace(/glsa_[\w%-]*/gi, LEFT_OUT)
    .replace(RUN, (run) => (isJwt(run) ? LEFT_OUT : run))
}

/** A text without whatever may be a token, such as a path, in which no long word is expected. */
export function withoutLongWords(text: string): string {
  return withoutTokens(text).replace(RUN, (run) => (isRandom(run) ? LEFT_OUT : run))
}

/** A body as it may be kept, and the values that were taken out of it, as far as they were met. */
export interface Abridged {
  readonly body: Json
  readonly secrets: readonly string[]
}

/**
 * Copies a body without anything about a password or token, whatever the level and the case it is
 * written in, and without a PATCH operation's value for one. What goes beyond the limit is left out, so that a
 * long body costs no more than a short one.
 *
 * @param limit about how many characters of JSON the copy takes
 */
export function abridge(body: Json, limit: number): Abridged {
  const secrets: string[] = []
  let left = limit

  function conceal(value: Json | undefined): void {
    if (secrets.length >= 20) return
    if (Array.isArray(value)) value.slice(0, 20).forEach(conceal)
    else if (isObject(value)) Object.values(value).slice(0, 20).forEach(conceal)
    else if (typeof value === 'string' || typeof value === 'number') secrets.push(String(value))
  }

  function copy(value: Json): Json {
    if (typeof value === 'string') return copyText(value)
    if (Array.isArray(value)) return copyList(value)
    if (isObject(value)) return copyObject(value)
    left -= 6
    return value
  }

  function copyText(text: string): string {
    const kept = SECRET.test(text) ? LEFT_OUT : withoutTokens(cut(text, LONGEST))
    left -= JSON.stringify(kept).length + 1
    return kept
  }

  function copyList(list: readonly Json[]): Json[] {
    const kept: Json[] = []
    left -= 2
    for (const [index, element] of list.entries()) {
      if (left <= 0) return [...kept, `… ${list.length - index} more`]
      kept.push(copy(element))
    }
    return kept
  }

  function copyObject(object: JsonObject): JsonObject {
    const members = Object.entries(object)
    const aims = members.some(([name, value]) => {
      return (
        name.toLowerCase() === 'path' && typeof value === 'string' && NAME_OF_SECRET.test(value)
      )
    })
    const kept: [string, Json][] = []
    left -= 2
    for (const [index, [name, value]] of members.entries()) {
      if (left <= 0) {
        kept.push([LEFT_OUT, `${members.length - index} more`])
        break
      }
      // A filter in the path may quote the secret as well.
      if (NAME_OF_SECRET.test(name) || (aims && name.toLowerCase() !== 'op')) {
        conceal(value)
        continue
      }
      const short = cut(name, LONGEST)
      left -= JSON.stringify(short).length + 1
      kept.push([short, copy(value)])
    }
    return Object.fromEntries(kept)
  }

  return { body: copy(body), secrets }
}

/** The sentence of a refusal, unless it says something of a secret; what looks like one is left out. */
export function withoutSecrets(detail: string, secrets: readonly string[]): string {
  const tells =
    SECRET.test(detail) ||
    secrets.some((secret) => {
      const written = JSON.stringify(secret).slice(1, -1)
      return written !== '' && detail.includes(written.slice(0, 40))
    })
  return tells
    ? 'The sentence named a password or a token and is left out.'
    : cut(withoutLongWords(detail), 500)
}

/** A text of at most so many UTF-16 units, which every database takes as it is. */
export function cut(text: string, longest: number): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text
  return short.replace(/[\p{Cc}\p{Cs}]/gu, '�')
}
