/** Which attributes a response holds: RFC 7644 §3.9, with the names of §3.10. */
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
    const resolved = resolve(type, name.replace(/\[.*$/s, ''))
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

/** Reduces a resource to what a request asks for; what is always returned stays. */
export function project(
  type: ResourceType,
  resource: JsonObject,
  projection: Projection | undefined,
): JsonObject {
  if (projection === undefined) return resource
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
  const whole = projection.names.has(urn)
  if (whole) return projection.mode === 'only' ? container : {}
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
  { mode, names }: Projection,
  prefix: string,
): Json | undefined {
  const name = `${prefix}${attribute.name}`
  if (value === undefined || attribute.returned === 'always') return value
  if (names.has(name)) return mode === 'only' ? value : undefined
  const subs = (attribute.subAttributes ?? []).filter((sub) => names.has(`${name}.${sub.name}`))
  if (subs.length === 0) return mode === 'only' ? undefined : value
  const chosen = new Set(subs.map((sub) => sub.name))
  const reduce = (element: Json): Json[] => {
    if (!isObject(element)) return [element]
    const kept = Object.entries(element).filter(
      ([member]) => chosen.has(member) === (mode === 'only'),
    )
    return kept.length === 0 ? [] : [Object.fromEntries(kept)]
  }
  // What nothing is left of is left out, as it is where it has no value.
  if (!Array.isArray(value)) return reduce(value)[0]
  const elements = value.flatMap(reduce)
  return elements.length === 0 ? undefined : elements
}
