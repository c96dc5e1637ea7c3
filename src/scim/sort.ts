/** Sorting: RFC 7644 §3.4.2.3. */
import { ProtocolError, quote } from './error.ts'
import { subAttribute } from './schema/attribute.ts'
import { type AttributePath, pathName, type ResourceType, resolve } from './schema/resource-type.ts'

/** The order that a request asks for, over the resources of each type that it covers. */
export interface Sort {
  /** What each type is sorted by; absent for a type that lacks the attribute. */
  readonly paths: ReadonlyMap<ResourceType, AttributePath>
  readonly descending: boolean
}

/**
 * Reads `sortBy` and `sortOrder`. A multi-valued attribute is sorted by its primary value, else by
 * its first. Resources without a value come last, and first in descending order, which is the
 * exact reverse of ascending.
 *
 * @throws ProtocolError invalidPath for what cannot be sorted by, invalidValue for another order
 */
export function readSort(
  types: readonly ResourceType[],
  sortBy: string | undefined,
  sortOrder: string | undefined,
): Sort | undefined {
  const order = sortOrder?.trim().toLowerCase() ?? ''
  if (order !== '' && order !== 'ascending' && order !== 'descending') {
    throw new ProtocolError('invalidValue', 'sortOrder must be ascending or descending.')
  }
  const name = sortBy?.trim() ?? ''
  if (name === '') return undefined
  const paths = new Map<ResourceType, AttributePath>()
  for (const type of types) {
    const resolved = resolve(type, name)
    if (resolved?.kind === 'attribute') paths.set(type, sortable(resolved.path))
  }
  if (paths.size === 0) {
    throw new ProtocolError('invalidPath', `sortBy: ${quote(name)} is no attribute here.`)
  }
  return { paths, descending: order === 'descending' }
}

/** A complex attribute is sorted by its `value`, where it has one. */
function sortable(path: AttributePath): AttributePath {
  const { attribute } = path
  const value =
    path.sub === undefined && attribute.type === 'complex'
      ? subAttribute(attribute, 'value')
      : undefined
  const chosen = value === undefined ? path : { ...path, sub: value }
  const leaf = chosen.sub ?? attribute
  if (leaf.type === 'complex' || leaf.unfilterable || leaf.returned === 'never') {
    throw new ProtocolError(
      'invalidPath',
      `sortBy: nothing can be sorted by ${pathName(path)}; name an attribute with simple values.`,
    )
  }
  return chosen
}
