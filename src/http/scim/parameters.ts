/** The query parameters of SCIM routes: RFC 7644 §3.4.2, §3.9. */
import type { Context } from 'hono'
import type { ListParameters } from '../../scim/list.ts'
import { type Projection, readProjection } from '../../scim/resource/projection.ts'
import type { ResourceType } from '../../scim/schema/resource-type.ts'
import { queryOf, type ScimEnv } from '../context.ts'

const NAMES: readonly (keyof ListParameters)[] = [
  'filter',
  'sortBy',
  'sortOrder',
  'startIndex',
  'count',
  'cursor',
  'attributes',
  'excludedAttributes',
]

/** The parameters of a list in a query; their names count without regard to case. */
export function listParametersOf(c: Context<ScimEnv>): ListParameters {
  const query = queryOf(c)
  const given = NAMES.flatMap((name) => {
    const value = query.get(name.toLowerCase())
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(given)
}

/** @throws ProtocolError */
export function projectionOf(c: Context<ScimEnv>, type: ResourceType): Projection | undefined {
  const { attributes, excludedAttributes } = listParametersOf(c)
  return readProjection(type, attributes, excludedAttributes)
}
