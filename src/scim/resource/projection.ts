/**
 * Which attributes a response holds: RFC 7644 §3.9, with the names of §3.10 and the `returned`
 * characteristic of RFC 7643 §7.
 */
import { ProtocolError } from '../error.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Attribute, Schema } from '../schema/attribute.ts'
import {
  coreAttributes,
  type ResourceType,
  resolve,
  resourceTypes,
} from '../schema/resource-type.ts'

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
    if (resolved?.kind === 'schema') {
      if (resolved.schema !== type.schema) canonical.add(resolved.schema.id)
      else for (const attribute of coreAttributes(type)) canonical.add(attribute.name)
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

/** An attribute that is shown; of its values whole, or only these sub-attributes. */
interface Shown {
  readonly name: string
  readonly subs: readonly string[] | 'all'
}

/** What is shown of a resource type. */
interface Plan {
  readonly core: readonly Shown[]
  readonly extensions: readonly { readonly urn: string; readonly shown: readonly Shown[] }[]
}

function planOf(type: ResourceType, projection: Projection): Plan {
  return {
    core: shownOf(coreAttributes(type), projection, ''),
    extensions: type.extensions.map(({ schema }) => ({
      urn: schema.id,
      shown: shownOfExtension(schema, projection),
    })),
  }
}

const plansByDefault: ReadonlyMap<ResourceType, Plan> = new Map(
  resourceTypes.map((type) => [type, planOf(type, byDefault)]),
)

/**
 * Makes what reduces resources of a type to what a request asks for; once for all of a page. What is
 * always returned stays, what is never returned goes, and what is returned on request has to be
 * named in `attributes`.
 */
export function projectorOf(
  type: ResourceType,
  projection: Projection | undefined,
): (resource: JsonObject) => JsonObject {
  const known = projection === undefined ? plansByDefault.get(type) : undefined
  const { core, extensions } = known ?? planOf(type, projection ?? byDefault)
  return (resource) => {
    const projected = reduce(resource, core)
    for (const { urn, shown } of extensions) {
      const container = resource[urn]
      if (!isObject(container)) continue
      const held = reduce(container, shown)
      if (Object.keys(held).length > 0) projected[urn] = held
    }
    return projected
  }
}

function shownOfExtension({ id, attributes }: Schema, projection: Projection): Shown[] {
  if (!projection.names.has(id)) return shownOf(attributes, projection, `${id}:`)
  if (projection.mode === 'without') return []
  const all = new Set(attributes.map(({ name }) => `${id}:${name}`))
  return shownOf(attributes, { mode: 'only', names: all }, `${id}:`)
}

function shownOf(
  attributes: readonly Attribute[],
  { mode, names }: Projection,
  prefix: string,
): Shown[] {
  return attributes.flatMap((attribute): Shown[] => {
    const { name, returned, subAttributes: subs = [] } = attribute
    const named = names.has(`${prefix}${name}`)
    const namedSubs = subs.filter((sub) => names.has(`${prefix}${name}.${sub.name}`))
    const wanted = named || namedSubs.length > 0
    if (returned === 'never') return []
    if (mode === 'without' && (returned === 'request' || (named && returned !== 'always')))
      return []
    if (mode === 'only' && !wanted && returned !== 'always') return []
    const kept = subs.filter((sub) => keepsSub(sub, mode, named, namedSubs))
    return [{ name, subs: kept.length === subs.length ? 'all' : kept.map((sub) => sub.name) }]
  })
}

/** Whether a sub-attribute of an attribute that is returned is returned, too. */
function keepsSub(
  sub: Attribute,
  mode: Projection['mode'],
  whole: boolean,
  named: readonly Attribute[],
): boolean {
  if (sub.returned === 'never') return false
  if (sub.returned === 'always') return true
  if (mode === 'without') return sub.returned !== 'request' && !named.includes(sub)
  return named.includes(sub) || (whole && sub.returned !== 'request')
}

/** What is shown of the attributes that an object has. */
function reduce(holder: JsonObject, attributes: readonly Shown[]): Record<string, Json> {
  const reduced: Record<string, Json> = {}
  for (const { name, subs } of attributes) {
    const value = holder[name]
    const shown = value === undefined || subs === 'all' ? value : reduceValue(value, subs)
    if (shown !== undefined) reduced[name] = shown
  }
  return reduced
}

/**
 * What nothing is left of is left out, as it is where it has no value; a list without elements that
 * was not reduced stays.
 */
function reduceValue(value: Json, subs: readonly string[]): Json | undefined {
  if (!Array.isArray(value)) return reduceElement(value, subs)
  const elements = value.flatMap((element) => reduceElement(element, subs) ?? [])
  return elements.length === 0 && value.length > 0 ? undefined : elements
}

function reduceElement(element: Json, subs: readonly string[]): Json | undefined {
  if (!isObject(element)) return element
  const reduced: Record<string, Json> = {}
  for (const name of subs) {
    const member = element[name]
    if (member !== undefined) reduced[name] = member
  }
  return Object.keys(reduced).length === 0 ? undefined : reduced
}
