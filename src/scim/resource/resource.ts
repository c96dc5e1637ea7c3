/**
 * A resource's own attributes, and reading them from a request body (RFC 7643 §3, RFC 7644 §3.3).
 */
import { comparisonKey, type Key } from '../comparison.ts'
import { ProtocolError, quote } from '../error.ts'
import { isObject, type Json, type JsonObject, membersOf } from '../json.ts'
import type { Attribute, Schema } from '../schema/attribute.ts'
import { coreAttributes, qualifier, type ResourceType } from '../schema/resource-type.ts'
import { sameValue } from './equality.ts'
import { isBlank, readValue } from './value.ts'

/**
 * The attributes that clients write, in the resource's own form: core attributes by name,
 * extension attributes below their URN. `id`, `meta`, `schemas` and other derived values are not
 * among them.
 */
export type Attributes = JsonObject

/** A body that was read: its attributes, and which of them the client named at all. */
export interface ReadResource {
  readonly attributes: Attributes
  /** The core attributes that the body names, also with null: PUT tells null from absent. */
  readonly named: ReadonlySet<string>
  /** The values of attributes that are relations to other resources, still to be read. */
  readonly relations: ReadonlyMap<string, Json>
}

/**
 * Reads a resource from the body of a POST or PUT. Unknown attributes, and those that only the
 * server sets, are ignored; names count without regard to case.
 *
 * @throws ProtocolError invalidSyntax where the body is no object or `schemas` does not fit,
 *   invalidValue where a value has the wrong type or a required one is missing
 */
export function readResource(type: ResourceType, body: Json): ReadResource {
  if (!isObject(body)) {
    throw new ProtocolError(
      'invalidSyntax',
      `The body must be a JSON object that describes one ${type.name}, not ${quote(body)}.`,
    )
  }
  const outer = membersOf(body)
  readSchemas(type, outer.get('schemas'))
  const members = new Map([...membersBelow(type, type.schema, outer), ...outer])
  const attributes: Record<string, Json> = {}
  const named = new Set<string>()
  const relations = new Map<string, Json>()
  for (const attribute of coreAttributes(type)) {
    const value = members.get(attribute.name.toLowerCase())
    if (value === undefined || !isWritten(attribute)) continue
    named.add(attribute.name)
    if (attribute.relation) {
      relations.set(attribute.name, value)
      continue
    }
    const read = readValue(attribute, value, attribute.name)
    if (read !== undefined) attributes[attribute.name] = read
  }
  for (const { schema, required } of type.extensions) {
    const read = readExtension(type, schema, members)
    if (Object.keys(read).length > 0) attributes[schema.id] = read
    else if (required) {
      throw new ProtocolError(
        'invalidValue',
        `A ${type.name} must have the extension ${schema.id}.`,
      )
    }
  }
  requireAttributes(type, attributes)
  return { attributes, named, relations }
}

/** Whether a client's value for the attribute is kept. */
export function isWritten(attribute: Attribute): boolean {
  return (
    attribute.computed !== true &&
    attribute.mutability !== 'readOnly' &&
    attribute.mutability !== 'writeOnly'
  )
}

/**
 * Reads the attributes of an extension from the members of the resource.
 *
 * @throws ProtocolError invalidValue
 */
function readExtension(
  type: ResourceType,
  schema: Schema,
  outer: ReadonlyMap<string, Json>,
): Record<string, Json> {
  const urn = schema.id
  const container = outer.get(urn.toLowerCase()) ?? {}
  if (!isObject(container)) {
    throw new ProtocolError('invalidValue', `${urn} must be an object, not ${quote(container)}.`)
  }
  const members = membersBelow(type, schema, outer)
  const attributes: Record<string, Json> = {}
  for (const attribute of schema.attributes) {
    const value = members.get(attribute.name.toLowerCase())
    if (value === undefined || !isWritten(attribute)) continue
    const read = readValue(attribute, value, `${urn}:${attribute.name}`)
    if (read !== undefined) attributes[attribute.name] = read
  }
  return attributes
}

/**
 * What a resource holds below the URN of a schema. Some clients qualify names with the URN, as paths
 * do (RFC 7644 §3.10), and some nest the attributes of the core schema so, too.
 */
function membersBelow(
  type: ResourceType,
  schema: Schema,
  outer: ReadonlyMap<string, Json>,
): Map<string, Json> {
  const nested = outer.get(schema.id.toLowerCase())
  const inner = isObject(nested) ? membersOf(nested) : new Map<string, Json>()
  const qualified = (members: ReadonlyMap<string, Json>) =>
    Array.from(members)
      .filter(([name]) => qualifier(type, name) === schema)
      .map(([name, value]) => [name.slice(schema.id.length + 1), value] as const)
  return new Map([...qualified(inner), ...inner, ...qualified(outer)])
}

/**
 * Checks `schemas` (RFC 7643 §3). Unknown URNs are tolerated, as Entra ID sends some, and so is a
 * body without any; but a body that names only the schemas of another resource type is misplaced.
 */
export function readSchemas(type: ResourceType, schemas: Json | undefined): void {
  if (schemas === undefined || schemas === null) return
  const list = Array.isArray(schemas) ? schemas : [schemas]
  if (!list.every((urn) => typeof urn === 'string')) {
    throw new ProtocolError('invalidSyntax', `schemas must list URNs, not ${quote(schemas)}.`)
  }
  const known = list.filter((urn) => CORE_SCHEMA.test(urn))
  const own = type.schema.id.toLowerCase()
  if (known.length > 0 && !known.some((urn) => urn.toLowerCase() === own)) {
    throw new ProtocolError(
      'invalidValue',
      `schemas names ${quote(known[0])}, but this endpoint takes ${type.schema.id}.`,
    )
  }
}

const CORE_SCHEMA = /^urn:ietf:params:scim:schemas:core:2\.0:(user|group)$/i

/**
 * Refuses a resource that lacks a required attribute.
 *
 * @throws ProtocolError invalidValue
 */
export function requireAttributes(type: ResourceType, attributes: Attributes): void {
  for (const attribute of type.schema.attributes) {
    if (!attribute.required || !isWritten(attribute)) continue
    const value = attributes[attribute.name]
    if (value === undefined || (typeof value === 'string' && isBlank(value))) {
      throw new ProtocolError(
        'invalidValue',
        `${attribute.name} is required; send it with a value that is not empty.`,
      )
    }
  }
}

/** The URNs of the schemas that a resource with these attributes uses (RFC 7643 §3). */
export function schemasOf(type: ResourceType, attributes: Attributes): string[] {
  const extensions = type.extensions.map(({ schema }) => schema.id)
  return [type.schema.id, ...extensions.filter((urn) => attributes[urn] !== undefined)]
}

/**
 * The resource by its comparison keys: the same shape, each value replaced by what it is compared
 * by. It is stored beside the resource, so that a filter in SQL compares exactly as one in memory.
 *
 * @param keyOf what makes a key: `comparisonKey`, or what watches over it
 */
export function comparisonForm(
  type: ResourceType,
  attributes: Attributes,
  keyOf: KeyOf = comparisonKey,
): JsonObject {
  const form: Record<string, Json> = { schemas: schemasOf(type, attributes) }
  const add = (
    target: Record<string, Json>,
    definitions: readonly Attribute[],
    from: Attributes,
  ) => {
    for (const attribute of definitions) {
      const value = from[attribute.name]
      if (value !== undefined) target[attribute.name] = keysOf(attribute, value, keyOf)
    }
  }
  add(form, coreAttributes(type), attributes)
  for (const { schema } of type.extensions) {
    const container = attributes[schema.id]
    if (!isObject(container)) continue
    const held: Record<string, Json> = {}
    add(held, schema.attributes, container)
    form[schema.id] = held
  }
  return form
}

type KeyOf = (attribute: Attribute, value: Json) => Key | undefined

function keysOf(attribute: Attribute, value: Json, keyOf: KeyOf): Json {
  if (Array.isArray(value)) return value.map((element) => keysOf(attribute, element, keyOf))
  if (attribute.type !== 'complex') return keyOf(attribute, value) ?? null
  if (!isObject(value)) return null
  const keys: Record<string, Json> = {}
  for (const sub of attribute.subAttributes ?? []) {
    const member = value[sub.name]
    if (member !== undefined) keys[sub.name] = keysOf(sub, member, keyOf)
  }
  return keys
}

/**
 * Refuses a change of an immutable attribute that has a value (RFC 7643 §7): it may be set once,
 * and then only repeated.
 *
 * @throws ProtocolError mutability
 */
export function refuseImmutableChange(
  type: ResourceType,
  before: Attributes,
  after: Attributes,
): void {
  const compare = (definitions: readonly Attribute[], old: Attributes, next: Attributes) => {
    for (const { name, mutability, relation } of definitions) {
      if (mutability !== 'immutable' || relation || old[name] === undefined) continue
      if (!sameValue(old[name], next[name])) {
        throw new ProtocolError('mutability', `${name} is immutable and has a value already.`)
      }
    }
  }
  compare(coreAttributes(type), before, after)
  for (const { schema } of type.extensions) {
    const held = (from: Attributes) => {
      const container = from[schema.id]
      return isObject(container) ? container : {}
    }
    compare(schema.attributes, held(before), held(after))
  }
}
