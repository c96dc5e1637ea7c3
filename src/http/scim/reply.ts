/** Responses of SCIM routes: media type, Location and ETag in one place (RFC 7644 §3.1, §3.14). */
import type { Context } from 'hono'
import type { JsonObject } from '../../scim/json.ts'
import { type Projection, projectorOf } from '../../scim/resource/projection.ts'
import { matchesVersion } from '../../scim/resource/version.ts'
import type { ResourceType } from '../../scim/schema/resource-type.ts'
import { contentOf } from './content.ts'

/** Answers with a message or a resource as it is. */
export function scim(
  body: JsonObject,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(contentOf(body), {
    status,
    headers: { 'Content-Type': 'application/scim+json', ...headers },
  })
}

/** What a rendered resource says of itself. */
interface Meta {
  readonly location: string
  readonly version: string
}

/** Answers with one resource, projected, with its Location and its version. */
export function resourceReply(
  type: ResourceType,
  resource: JsonObject,
  projection: Projection | undefined,
  status = 200,
): Response {
  const { location, version } = resource.meta as unknown as Meta
  const headers = { Location: location, ETag: version }
  return scim(projectorOf(type, projection)(resource), status, headers)
}

/** The same for GET: 304 where If-None-Match names the version (RFC 7644 §3.14). */
export function conditionalReply(
  c: Context,
  type: ResourceType,
  resource: JsonObject,
  projection: Projection | undefined,
): Response {
  const { version } = resource.meta as unknown as Meta
  const known = c.req.header('If-None-Match')
  if (known !== undefined && matchesVersion(known, version)) {
    return new Response(null, { status: 304, headers: { ETag: version } })
  }
  return resourceReply(type, resource, projection)
}

/** Whether the client asks for answers without a body: `Prefer: return=minimal` (RFC 7240 §4.2). */
export function prefersMinimal(c: Context): boolean {
  return /(?:^|[,;\s])return\s*=\s*"?minimal"?/i.test(c.req.header('Prefer') ?? '')
}

/** Answers without the resource: its Location and version tell what came of it. */
export function minimalReply(resource: JsonObject, status: 201 | 204): Response {
  const { location, version } = resource.meta as unknown as Meta
  return new Response(null, { status, headers: { Location: location, ETag: version } })
}

/**
 * Whether an Accept header allows application/scim+json or application/json, which is served as the
 * former (RFC 7644 §3.8, RFC 9110 §12.5.1).
 */
export function acceptable(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return accept.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const refused = parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter))
    return !refused && ACCEPTED.has(name)
  })
}

const ACCEPTED: ReadonlySet<string> = new Set([
  '*/*',
  'application/*',
  'application/json',
  'application/scim+json',
])
