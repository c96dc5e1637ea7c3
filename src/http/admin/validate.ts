/** Reading the bodies of admin routes. */
import type * as z from 'zod'
import { type Namespace, parseNamespace } from '../../tenancy/namespace.ts'
import { MAXIMUM_BODY, readJson } from '../body.ts'
import { HttpRefusal } from '../failure.ts'

/**
 * Reads a JSON body of the given form.
 *
 * @throws HttpRefusal `bad-request`, naming what does not fit and where
 */
export async function readBody<T extends z.ZodType>(
  request: Request,
  form: T,
): Promise<z.infer<T>> {
  const result = form.safeParse(await readJson(request, MAXIMUM_BODY))
  if (result.success) return result.data
  const detail = result.error.issues
    .map(({ path, message }) => `${path.length === 0 ? 'The body' : path.join('.')}: ${message}`)
    .join('; ')
  throw new HttpRefusal({ kind: 'bad-request', detail })
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
