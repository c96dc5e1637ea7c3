/**
 * Which attributes a response holds: RFC 7644 §3.9, with the names of §3.10 and the `returned`
 * characteristic of RFC 7643 §7.
 */
import { ProtocolError } from '../error.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Attribute } from '../schema/attribute.ts'
import { coreAttributes, type ResourceType, resolve } from '../schema/resource-type.ts'

/** What a request asks for. Absent: the attributes that are returned by default. */
export interface Projection {
  readonly mode: 'only' | 'without'
  /** `attribute` or `attribute.sub`, `urn`, `urn:attribute` or `urn:attribute.sub`. */
  readonly names: ReadonlySet<string>
}

/**
 * Reads the parameters `attributes` and `excludedAttributes`. Unknown names are ignored, and so is
 * an empty list.
 *
 * @throws ProtocolError invalidValue where both are given
 */
export function readProjection(
  type: ResourceType,
  attributes: string | undefined,
  excludedAttributes: string | undefined,
): Projection | undefined {
  const only = split(attributes)
  const excluded = split(excludedAttributes)
  if (only.length > 0 && excluded.length > 0) {
    throw new ProtocolError(
      'invalidValue',
      'attributes and excludedAttributes exclude each other; send one of them.',
    )
  }
  if (only.length > 0) return { mode: 'only', names: canonicalNames(type, only) }
  if (excluded.length > 0) return { mode: 'without', names: canonicalNames(type, excluded) }
  return undefined
}

function split(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function canonicalNames(type: ResourceType, names: readonly string[]): Set<string> {
  const canonical = new Set<string>()
  for (const name of new Set(names)) {
    // A value path, which some clients send here, stands for its attribute.
    const resolved = resolve(type, name.replace(/\[.*/s, ''))
    if (resolved?.kind === 'extension') canonical.add(resolved.schema.id)
    if (resolved?.kind === 'core') {
      for (const attribute of coreAttributes(type)) canonical.add(attribute.name)
    }
    if (resolved?.kind === 'attribute') {
      const { extension, attribute, sub } = resolved.path
      const own = sub === undefined ? attribute.name : `${attribute.name}.${sub.name}`
      canonical.add(extension === undefined ? own : `${extension}:${own}`)
    }
  }
  return canonical
}

/** Whether a response so projected can hold the attribute at all; if not, it need not be read. */
export function includes(projection: Projection | undefined, attribute: string): boolean {
  if (projection === undefined) return true
  const { mode, names } = projection
  if (mode === 'without') return !names.has(attribute)
  return [...names].some((name) => name === attribute || name.startsWith(`${attribute}.`))
}

/** What a request that asks for nothing in particular gets. */
const byDefault: Projection = { mode: 'without', names: new Set() }

/**
 * Reduces a resource to what a request asks for. What is always returned stays, what is never
 * returned goes, and what is returned on request has to be named in `attributes`.
 */
export function project(
  type: ResourceType,
  resource: JsonObject,
  projection: Projection = byDefault,
): JsonObject {
  const projected: Record<string, Json> = {}
  for (const attribute of coreAttributes(type)) {
    const value = projectAttribute(attribute, resource[attribute.name], projection, '')
    if (value !== undefined) projected[attribute.name] = value
  }
  for (const { schema } of type.extensions) {
    const container = resource[schema.id]
    if (!isObject(container)) continue
    const held = projectExtension(schema.id, schema.attributes, container, projection)
    if (Object.keys(held).length > 0) projected[schema.id] = held
  }
  return projected
}

function projectExtension(
  urn: string,
  definitions: readonly Attribute[],
  container: JsonObject,
  projection: Projection,
): JsonObject {
  if (projection.names.has(urn)) {
    if (projection.mode === 'without') return {}
    const all = new Set(definitions.map(({ name }) => `${urn}:${name}`))
    return projectExtension(urn, definitions, container, { mode: 'only', names: all })
  }
  const held: Record<string, Json> = {}
  for (const attribute of definitions) {
    const value = projectAttribute(attribute, container[attribute.name], projection, `${urn}:`)
    if (value !== undefined) held[attribute.name] = value
  }
  return held
}

function projectAttribute(
  attribute: Attribute,
  value: Json | undefined,
  projection: Projection,
  prefix: string,
): Json | undefined {
  const { mode, names } = projection
  const name = `${prefix}${attribute.name}`
  if (value === undefined || attribute.returned === 'never') return undefined
  const named = names.has(name)
  if (mode === 'without' && named && attribute.returned !== 'always') return undefined
  if (mode === 'without' && attribute.returned === 'request') return undefined
  const subs = attribute.subAttributes ?? []
  const namedSubs = subs.filter((sub) => names.has(`${name}.${sub.name}`))
  const wanted = named || namedSubs.length > 0 || attribute.returned === 'always'
  if (mode === 'only' && !wanted) return undefined
  const keptSubs = subs.filter((sub) => keepsSub(sub, projection, named, namedSubs))
  const reduce = (element: Json): Json[] => {
    if (!isObject(element)) return [element]
    const kept = keptSubs.flatMap((sub) => {
      const member = element[sub.name]
      return member === undefined ? [] : [[sub.name, member] as const]
    })
    return kept.length === 0 ? [] : [Object.fromEntries(kept)]
  }
  // What nothing is left of is left out, as it is where it has no value; a list without elements
  // that was not reduced stays.
  if (!Array.isArray(value)) return reduce(value)[0]
  const elements = value.flatMap(reduce)
  return elements.length === 0 && value.length > 0 ? undefined : elements
}

/** Whether a sub-attribute of an attribute that is returned is returned, too. */
function keepsSub(
  sub: Attribute,
  { mode }: Projection,
  whole: boolean,
  named: readonly Attribute[],
): boolean {
  if (sub.returned === 'never') return false
  if (sub.returned === 'always') return true
  if (mode === 'without') return sub.returned !== 'request' && !named.includes(sub)
  return named.includes(sub) || (whole && sub.returned !== 'request')
}
