/** Reading the bodies of admin routes. */
import type { Context } from 'hono'
import * as z from 'zod/mini'
import en from 'zod/v4/locales/en.js'
import type { GrafanaIdsRow } from '../../store/grafana-ids.ts'
import { andThen, type Held } from '../../store/held.ts'
import { type Namespace, parseNamespace } from '../../tenancy/namespace.ts'
import { MAXIMUM_BODY, readJson, type Sender } from '../body.ts'
import type { ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'

// The small build of zod brings no sentences of its own; without these every fault is "Invalid input".
z.config(en())

/** A text that can be stored: no NUL, which SQLite cuts at, and no half of a surrogate pair. */
export const text = z.string().check(
  z.maxLength(1000),
  z.refine((value) => !value.includes('\0') && value.isWellFormed(), {
    error: 'is no Unicode text that can be stored',
  }),
)

/** A text with nothing wrong, as far as `faultOf` tells. */
export function faultless(faultOf: (text: string) => string | undefined) {
  return z.check<string>((context) => {
    const message = faultOf(context.value)
    if (message === undefined) return
    context.issues.push({ code: 'custom', message, input: context.value })
  })
}

/** A text that says something. */
export const requiredText = text.check(
  z.refine((value) => value.trim() !== '', { error: 'must not be empty' }),
)

/** What Grafana calls a person or team: its number and its uid. */
export const grafanaIds = {
  grafanaId: z.optional(z.int().check(z.gte(1))),
  grafanaUid: z.optional(requiredText),
}

/** The same in an answer, where it is known. */
export function showGrafanaIds({ grafanaId, grafanaUid }: Omit<GrafanaIdsRow, 'id'>) {
  return {
    ...(grafanaId === null ? {} : { grafanaId }),
    ...(grafanaUid === null ? {} : { grafanaUid }),
  }
}

/**
 * A list of at most so many entries. How many there are is judged before any of them is, so that a
 * long list of the wrong things costs no more than it takes to count them.
 */
export function listOf<T extends z.ZodMiniType>(entry: T, most: number) {
  return z.pipe(z.array(z.unknown()).check(z.maxLength(most)), z.array(entry))
}

/** How many faults an answer names, and how many UTF-16 units it spends on one. */
const MOST_FAULTS = 20
const LONGEST_FAULT = 500

function describe(issues: readonly z.core.$ZodIssue[]): string {
  const named = issues.slice(0, MOST_FAULTS).map(({ path, message }) => {
    const fault = `${path.length === 0 ? 'The body' : path.join('.')}: ${message}`
    return fault.length > LONGEST_FAULT ? `${fault.slice(0, LONGEST_FAULT).toWellFormed()}…` : fault
  })
  const left = issues.length - named.length
  return [...named, ...(left > 0 ? [`and ${left} more`] : [])].join('; ')
}

/**
 * Reads a JSON body of the given form.
 *
 * @param limit in bytes
 * @returns the body, or what is wrong with it: HttpRefusal `bad-request`, naming what does not fit and
 *   where, or what `readJson` gives
 * @throws Refusal where a long body comes with a credential that is not good enough
 */
export async function readBody<T extends z.ZodMiniType>(
  c: Context<ScimEnv>,
  sender: Sender,
  form: T,
  limit = MAXIMUM_BODY,
): Promise<Held<z.infer<T>>> {
  return andThen(await readJson(c, sender, limit), (body) => {
    const result = form.safeParse(body)
    if (result.success) return result.data
    throw new HttpRefusal({ kind: 'bad-request', detail: describe(result.error.issues) })
  })
}

/** @throws HttpRefusal `bad-request` where the name of a namespace is malformed */
export function requireNamespace(name: string): Namespace {
  const parsed = parseNamespace(name)
  if (parsed.ok) return parsed.namespace
  throw new HttpRefusal({
    kind: 'bad-request',
    detail: `${JSON.stringify(name)} is no namespace: ${parsed.advice}`,
  })
}
