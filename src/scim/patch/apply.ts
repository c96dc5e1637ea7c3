/**
 * Applies changes to the attributes of a resource: RFC 7644 §3.5.2.1 (add), §3.5.2.2 (remove),
 * §3.5.2.3 (replace). Pure: the resource given stays as it is, and one bad change means that
 * nothing comes back at all.
 */
import { comparisonKey } from '../comparison.ts'
import { ProtocolError } from '../error.ts'
import type { Filter } from '../filter/bind.ts'
import { elementMatches } from '../filter/evaluate.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import {
  type Attributes,
  isWritten,
  readExtension,
  readSchemas,
  requireAttributes,
} from '../resource/resource.ts'
import {
  canonicalText,
  isSingularReference,
  MAXIMUM_ELEMENTS,
  readSingle,
  readValue,
  sameValue,
  tooManyElements,
  type Value,
} from '../resource/value.ts'
import type { Attribute } from '../schema/attribute.ts'
import { pathName, type ResourceType } from '../schema/resource-type.ts'
import type { AttributeChange, Change, ExtensionChange } from './target.ts'

/**
 * Applies the changes one after the other.
 *
 * @param resource the whole resource as it is returned, for comparison with attempts to write what
 *   only the server writes
 * @throws ProtocolError mutability, noTarget, invalidValue or invalidPath
 */
export function applyChanges(
  type: ResourceType,
  attributes: Attributes,
  changes: readonly Change[],
  resource: JsonObject,
): Attributes {
  const changed = changes.reduce<Attributes>(
    (current, change) =>
      change.kind === 'extension'
        ? applyToExtension(current, change)
        : applyToAttribute(type, current, change, resource),
    attributes,
  )
  requireAttributes(type, changed)
  return changed
}

function applyToExtension(attributes: Attributes, change: ExtensionChange): Attributes {
  const { schema, op, value } = change
  if (op === 'remove' || value === null || value === undefined)
    return without(attributes, schema.id)
  const read = readExtension(schema.id, schema.attributes, value)
  const stored = attributes[schema.id]
  // Both add and replace leave alone what the value does not mention, and null unassigns.
  const named = isObject(value) ? Object.keys(value).map((name) => name.toLowerCase()) : []
  const kept = Object.entries(isObject(stored) ? stored : {}).filter(
    ([name]) => !named.includes(name.toLowerCase()),
  )
  return withValue(attributes, schema.id, nonEmpty({ ...Object.fromEntries(kept), ...read }))
}

function applyToAttribute(
  type: ResourceType,
  attributes: Attributes,
  change: AttributeChange,
  resource: JsonObject,
): Attributes {
  const { attribute, extension } = change.path
  if (!isWritten(attribute)) {
    refuseReadOnly(type, change, resource)
    return attributes
  }
  const container = extension === undefined ? attributes : attributes[extension]
  const holder: Attributes = isObject(container) ? container : {}
  const next = nextValue(change, holder[attribute.name])
  if (next === undefined && attribute.required) {
    throw change.op === 'remove'
      ? new ProtocolError(
          'mutability',
          `${change.where}: ${attribute.name} is required and cannot be removed.`,
        )
      : new ProtocolError('invalidValue', `${change.where}: ${attribute.name} must have a value.`)
  }
  const changed = withValue(holder, attribute.name, next)
  return extension === undefined ? changed : withValue(attributes, extension, nonEmpty(changed))
}

/**
 * What only the server writes. An explicit path with another value is refused; a member of a value
 * without path is ignored, as Okta and others send back the `id` they were given. `schemas` may
 * name any of the resource type's own.
 */
function refuseReadOnly(type: ResourceType, change: AttributeChange, resource: JsonObject): void {
  const { attribute, sub } = change.path
  if (attribute.mutability === 'writeOnly') return
  if (attribute.name === 'schemas' && change.op !== 'remove') {
    if (change.explicit) readSchemas(type, change.value)
    return
  }
  if (!change.explicit) return
  const held = resource[attribute.name]
  const current = sub !== undefined && isObject(held) ? held[sub.name] : held
  const same = change.op !== 'remove' && sameValue(current ?? undefined, change.value ?? undefined)
  if (same) return
  throw new ProtocolError(
    'mutability',
    `${change.where}: ${pathName(change.path)} is set by the service provider; leave it out.`,
  )
}

function nextValue(change: AttributeChange, current: Value): Value {
  const { attribute, sub } = change.path
  if (attribute.multiValued && attribute.type === 'complex') {
    return nextElements(change, Array.isArray(current) ? current : [])
  }
  if (sub === undefined) return nextSingle(change, current)
  return nextSub(change, sub, isObject(current) ? current : {})
}

/** A singular attribute, or a multi-valued one of simple values, as a whole. */
function nextSingle(change: AttributeChange, current: Value): Value {
  const { attribute } = change.path
  const value = readGiven(change, attribute)
  const given = unwrapList(change.value)
  if (change.op === 'remove' || attribute.type !== 'complex' || !isObject(given)) return value
  // A complex value is merged: sub-attributes that it does not mention stay (§3.5.2.1, §3.5.2.3).
  return settleSingle(
    attribute,
    mergeElement(attribute, isObject(current) ? current : {}, given, value),
  )
}

/** A manager without an id is no manager. */
function settleSingle(attribute: Attribute, value: JsonObject): Value {
  const missing = value.value === undefined || value.value === ''
  return isSingularReference(attribute) && missing ? undefined : nonEmpty(value)
}

function unwrapList(value: Json | undefined): Json | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** The given value as the attribute's own; nothing for remove, null and, thus, “unassigned”. */
function readGiven(change: AttributeChange, attribute: Attribute): Value {
  if (change.op === 'remove' || change.value === undefined) return undefined
  return readValue(attribute, change.value, nameIn(change))
}

function nameIn(change: AttributeChange): string {
  return `${change.where}: ${pathName(change.path)}`
}

function nextSub(change: AttributeChange, sub: Attribute, current: JsonObject): Value {
  refuseComputedSub(change, sub)
  if (!isWritten(sub)) return nonEmpty(current)
  return settleSingle(change.path.attribute, withValue(current, sub.name, readGiven(change, sub)))
}

/** `manager.displayName` and its like are the server's; what merely mirrors them is let pass. */
function refuseComputedSub(change: AttributeChange, sub: Attribute): void {
  if (sub.mutability !== 'readOnly' || !change.explicit) return
  throw new ProtocolError(
    'mutability',
    `${nameIn(change)} is set by the service provider; leave it out.`,
  )
}

/** The elements of a multi-valued complex attribute. */
function nextElements(change: AttributeChange, elements: readonly Json[]): Value {
  const { attribute, sub } = change.path
  if (change.filter === undefined && sub === undefined) return wholeAttribute(change, elements)
  const selected = selectElements(attribute, elements, change.filter)
  if (change.op === 'remove') {
    return removeSelected(change, elements, selected)
  }
  if (selected.size === 0) return addFromFilter(change, elements)
  if (sub !== undefined && (change.value === null || change.value === undefined)) {
    return removeSelected(change, elements, selected)
  }
  const changed = elements.map((element, index) =>
    selected.has(index) && isObject(element) ? changeElement(change, element) : element,
  )
  return settle(changed, elements, selected)
}

function wholeAttribute(change: AttributeChange, elements: readonly Json[]): Value {
  const { attribute } = change.path
  if (change.op === 'remove') {
    // Without a value everything goes; with a list, the elements that it names.
    if (change.value === undefined || change.value === null) return undefined
    const listed = Array.isArray(change.value) ? change.value : [change.value]
    return nonEmptyList(elements.filter((element) => !listed.some((one) => names(one, element))))
  }
  const value = readGiven(change, attribute)
  const given: readonly Json[] = Array.isArray(value) ? value : []
  if (change.op === 'replace') return nonEmptyList(given)
  const present = new Set(elements.map(canonicalText))
  const added = given.filter((one) => !present.has(canonicalText(one)))
  const first = elements.length
  return settle([...elements, ...added], elements, new Set(added.map((_, index) => first + index)))
}

/** Whether a listed value, or bare string, means this element: every part that it has is equal. */
function names(listed: Json, element: Json): boolean {
  if (!isObject(element)) return sameValue(listed, element)
  if (!isObject(listed)) return element.value === listed
  return Object.entries(listed).every(
    ([name, value]) => value === null || sameValue(element[name], value),
  )
}

function selectElements(
  attribute: Attribute,
  elements: readonly Json[],
  filter: Filter | undefined,
): ReadonlySet<number> {
  const selected = new Set<number>()
  elements.forEach((element, index) => {
    if (filter === undefined || elementMatches(filter, elementKeys(attribute, element))) {
      selected.add(index)
    }
  })
  return selected
}

function elementKeys(attribute: Attribute, element: Json): JsonObject {
  if (!isObject(element)) return {}
  const keys: Record<string, Json> = {}
  for (const sub of attribute.subAttributes ?? []) {
    const key = comparisonKey(sub, element[sub.name])
    if (key !== undefined) keys[sub.name] = key
  }
  return keys
}

function removeSelected(
  change: AttributeChange,
  elements: readonly Json[],
  selected: ReadonlySet<number>,
): Value {
  const { sub } = change.path
  const left = elements.flatMap((element, index) => {
    if (!selected.has(index)) return [element]
    const rest = sub !== undefined && isObject(element) ? without(element, sub.name) : {}
    return Object.keys(rest).length === 0 ? [] : [rest]
  })
  return nonEmptyList(left)
}

/** Changes one element that the path selects. */
function changeElement(change: AttributeChange, element: JsonObject): Json {
  const { attribute, sub } = change.path
  const given = change.value ?? null
  if (sub !== undefined) {
    return withValue(element, sub.name, readValue(sub, given, nameIn(change)))
  }
  const value = readSingle({ ...attribute, multiValued: true }, given, nameIn(change))
  if (!isObject(value)) return {}
  // `replace` of a whole element replaces it; `add` completes it.
  return change.op === 'replace' ? value : mergeElement(attribute, element, given, value)
}

/** A complex value completed by another: named sub-attributes change, the others stay. */
function mergeElement(
  attribute: Attribute,
  current: JsonObject,
  given: Json | undefined,
  value: Value,
): JsonObject {
  const named = isObject(given) ? Object.keys(given).map((name) => name.toLowerCase()) : []
  const merged: Record<string, Json> = {}
  for (const { name } of attribute.subAttributes ?? []) {
    const next = isObject(value) ? value[name] : undefined
    const kept = named.includes(name.toLowerCase()) ? undefined : current[name]
    const chosen = next ?? kept
    if (chosen !== undefined) merged[name] = chosen
  }
  return merged
}

/**
 * No element matches. A sub-attribute, or an `add`, creates the element that the filter describes,
 * as Entra ID expects (RFC 7644 §3.5.2.1: what does not exist is added); to replace a whole element
 * that is not there is an error (§3.5.2.3).
 */
function addFromFilter(change: AttributeChange, elements: readonly Json[]): Value {
  const { attribute, sub } = change.path
  const described = change.filter === undefined ? {} : describe(change.filter, attribute)
  if (described === undefined || (sub === undefined && change.op === 'replace')) {
    throw new ProtocolError(
      'noTarget',
      `${change.where}: no element of ${pathName({ attribute })} matches the filter of the path.`,
    )
  }
  const created = changeElement({ ...change, op: 'add' }, described)
  // Writing “unassigned” to a part of an element that does not exist leaves nothing to create.
  const written = isObject(created) && !sameValue(created, described)
  if (sub !== undefined && !written) return nonEmptyList(elements)
  return settle([...elements, created], elements, new Set([elements.length]))
}

/** The element that a conjunction of `eq` terms describes; undefined for any other filter. */
function describe(filter: Filter, attribute: Attribute): JsonObject | undefined {
  if (filter.kind === 'and') {
    const parts = filter.filters.map((term) => describe(term, attribute))
    return parts.every((part) => part !== undefined) ? Object.assign({}, ...parts) : undefined
  }
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return undefined
  const { sub } = filter.path
  return sub && isWritten(sub) ? { [sub.name]: filter.literal } : undefined
}

/**
 * Settles a list after a change: a newly primary element takes the mark from the others
 * (RFC 7644 §3.5.2), empty elements go, and elements that became equal collapse into one.
 */
function settle(
  changed: readonly Json[],
  before: readonly Json[],
  touched: ReadonlySet<number>,
): Value {
  const becamePrimary = [...touched].filter((index) => {
    const old = before[index]
    return isPrimary(changed[index]) && !(index < before.length && isPrimary(old))
  })
  const winner = becamePrimary.at(-1)
  const settled: Json[] = []
  const seen = new Set<string>()
  changed.forEach((element, index) => {
    if (!isObject(element) || Object.keys(element).length === 0) return
    const demoted = winner !== undefined && index !== winner && isPrimary(element)
    const next = demoted ? { ...element, primary: false } : element
    const text = canonicalText(next)
    if (!(touched.has(index) && seen.has(text))) settled.push(next)
    seen.add(text)
  })
  if (settled.length > MAXIMUM_ELEMENTS) throw tooManyElements('the attribute')
  return nonEmptyList(settled)
}

function isPrimary(element: Json | undefined): boolean {
  return isObject(element) && element.primary === true
}

function nonEmpty(object: JsonObject): JsonObject | undefined {
  return Object.keys(object).length === 0 ? undefined : object
}

function nonEmptyList(list: readonly Json[]): readonly Json[] | undefined {
  return list.length === 0 ? undefined : list
}

function without(object: JsonObject, name: string): JsonObject {
  const { [name]: _removed, ...rest } = object
  return rest
}

function withValue(object: JsonObject, name: string, value: Value): JsonObject {
  return value === undefined ? without(object, name) : { ...object, [name]: value }
}
