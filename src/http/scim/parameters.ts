/** The query parameters of SCIM routes: RFC 7644 §3.4.2, §3.9. */
import type { Context } from 'hono'
import { ProtocolError } from '../../scim/error.ts'
import type { ListParameters } from '../../scim/list.ts'
import { type Projection, readProjection } from '../../scim/resource/projection.ts'
import type { ResourceType } from '../../scim/schema/resource-type.ts'
import type { ScimEnv } from '../context.ts'

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

/** Those that are lists: given again they name more. */
const LISTS: readonly (keyof ListParameters)[] = ['attributes', 'excludedAttributes']

/**
 * The parameters of a list in a query; their names count without regard to case.
 *
 * @throws ProtocolError invalidValue where one is repeated that has one value
 */
export function listParametersOf(c: Context<ScimEnv>, names = NAMES): ListParameters {
  const query = Map.groupBy(new URL(c.req.url).searchParams, ([name]) => name.toLowerCase())
  const given = names.flatMap((name) => {
    const values = query.get(name.toLowerCase())?.map(([, value]) => value)
    if (values === undefined) return []
    if (values.length > 1 && !LISTS.includes(name)) {
      throw new ProtocolError(
        'invalidValue',
        `The query has ${name} ${values.length} times; give it once.`,
      )
    }
    return [[name, values.join()]]
  })
  return Object.fromEntries(given)
}

/** @throws ProtocolError */
export function projectionOf(c: Context<ScimEnv>, type: ResourceType): Projection | undefined {
  const { attributes, excludedAttributes } = listParametersOf(c, LISTS)
  return readProjection(type, attributes, excludedAttributes)
}
