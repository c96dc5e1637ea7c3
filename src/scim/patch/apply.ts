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
import { canonicalText, identityOf, joined, sameValue, saysAllOf } from '../resource/equality.ts'
import {
  type Attributes,
  isWritten,
  readSchemas,
  refuseImmutableChange,
  requireAttributes,
} from '../resource/resource.ts'
import {
  idOfReference,
  isSingularReference,
  MAXIMUM_ELEMENTS,
  readSingle,
  readValue,
  tooManyElements,
  unwrapSingleton,
  type Value,
} from '../resource/value.ts'
import { type Attribute, subAttribute } from '../schema/attribute.ts'
import { pathName, type ResourceType } from '../schema/resource-type.ts'
import { EFFORT_OF_CHANGE, effortOfFilter, newEffort, type Spend } from './effort.ts'
import type { AttributeChange, Change } from './target.ts'

/**
 * Applies the changes one after the other.
 *
 * @param resource the whole resource as it is returned, for comparison with attempts to write what
 *   only the server writes
 * @param spend counts the work; shared by all operations of a bulk request
 * @throws ProtocolError mutability, noTarget, invalidValue, invalidPath or tooMany
 */
export function applyChanges(
  type: ResourceType,
  attributes: Attributes,
  changes: readonly Change[],
  resource: JsonObject,
  spend: Spend = newEffort(),
): Attributes {
  // What a change costs whatever it is about: one request may hold thousands.
  spend(EFFORT_OF_CHANGE * changes.length)
  const work = newWork(spend)
  const changed = changes.reduce<Attributes>(
    (current, change) =>
      change.kind === 'extension'
        ? without(current, change.schema.id)
        : applyToAttribute(type, current, change, resource, work),
    attributes,
  )
  requireAttributes(type, changed)
  refuseImmutableChange(type, attributes, changed)
  return changed
}

/** What is kept while one request is applied. Elements never change, so what was found out holds. */
interface Work {
  readonly spend: Spend
  /** An element by its comparison keys. */
  readonly keysOf: (attribute: Attribute, element: Json) => JsonObject
  /** A text that is equal for equal elements. */
  readonly textOf: (element: Json) => string
  /** A text that is equal for elements of one type and value. */
  readonly identityOf: (attribute: Attribute, element: JsonObject) => string
  /** How long the elements of a list are together. */
  readonly lengthOf: (elements: readonly Json[]) => number
  /** Where the elements of a list stand, by their identity. A longer list may take that over. */
  readonly placesOf: (attribute: Attribute, elements: readonly Json[]) => Map<string, number>
  readonly takeOver: (places: Map<string, number>, elements: readonly Json[]) => void
}

function newWork(spend: Spend): Work {
  const keys = new WeakMap<object, JsonObject>()
  const texts = new WeakMap<object, string>()
  const lengths = new WeakMap<object, number>()
  const identities = new WeakMap<object, string>()
  const placesOfLists = new WeakMap<object, Map<string, number>>()
  const ownIdentity = (attribute: Attribute, element: JsonObject) =>
    remembered(identities, element, () => {
      spend(4 + String(element.value ?? '').length / 4)
      return identityOf(attribute, element)
    })
  const textOf = (element: Json) => remembered(texts, element, () => canonicalText(element))
  return {
    spend,
    keysOf: (attribute, element) =>
      remembered(keys, element, () => elementKeys(attribute, element)),
    textOf,
    identityOf: ownIdentity,
    lengthOf: (elements) =>
      remembered(lengths, elements, () =>
        elements.reduce<number>((sum, element) => sum + textOf(element).length, 0),
      ),
    placesOf: (attribute, elements) => {
      if (!placesOfLists.has(elements)) spend(elements.length)
      return remembered(placesOfLists, elements, () => {
        const places = new Map<string, number>()
        elements.forEach((element, index) => {
          const identity = isObject(element) ? ownIdentity(attribute, element) : ''
          if (!places.has(identity)) places.set(identity, index)
        })
        return places
      })
    },
    takeOver: (places, elements) => placesOfLists.set(elements, places),
  }
}

function remembered<T>(known: WeakMap<object, T>, element: Json, find: () => T): T {
  if (typeof element !== 'object' || element === null) return find()
  const before = known.get(element)
  if (before !== undefined) return before
  const found = find()
  known.set(element, found)
  return found
}

function applyToAttribute(
  type: ResourceType,
  attributes: Attributes,
  change: AttributeChange,
  resource: JsonObject,
  work: Work,
): Attributes {
  const { attribute, sub, extension } = change.path
  if (!isWritten(attribute) || sub?.mutability === 'readOnly') {
    refuseReadOnly(type, change, resource)
    return attributes
  }
  const container = extension === undefined ? attributes : attributes[extension]
  const holder: Attributes = isObject(container) ? container : {}
  const next = nextValue(change, holder[attribute.name], work)
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
  const { attribute, sub, extension } = change.path
  if (attribute.mutability === 'writeOnly') return
  if (attribute.name === 'schemas' && change.op !== 'remove') {
    if (change.explicit) readSchemas(type, change.value)
    return
  }
  if (!change.explicit) return
  const container = extension === undefined ? resource : resource[extension]
  const held = isObject(container) ? container[attribute.name] : undefined
  const current = sub !== undefined && isObject(held) ? held[sub.name] : held
  const same = change.op !== 'remove' && sameValue(current ?? undefined, change.value ?? undefined)
  if (same) return
  throw new ProtocolError(
    'mutability',
    `${change.where}: ${pathName(change.path)} is set by the service provider; leave it out.`,
  )
}

function nextValue(change: AttributeChange, current: Value, work: Work): Value {
  const { attribute, sub } = change.path
  if (attribute.multiValued && attribute.type === 'complex') {
    return nextElements(change, Array.isArray(current) ? current : [], work)
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
    mergeElement(attribute, isObject(current) ? current : {}, namesIn(given), value),
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
  if (!isWritten(sub)) {
    // `manager.$ref` follows from `manager.value`, and leads to it.
    const { attribute } = change.path
    if (change.op === 'remove' || sub.name !== '$ref') return nonEmpty(current)
    const id = idOfReference(attribute, change.value, `${change.where}: ${attribute.name}`)
    return id === undefined ? nonEmpty(current) : withValue(current, 'value', id)
  }
  return settleSingle(change.path.attribute, withValue(current, sub.name, readGiven(change, sub)))
}

/** The elements of a multi-valued complex attribute. */
function nextElements(change: AttributeChange, elements: readonly Json[], work: Work): Value {
  const { sub } = change.path
  if (change.filter === undefined && sub === undefined)
    return wholeAttribute(change, elements, work)
  const selected = selectElements(change, elements, work)
  if (change.op === 'remove') return removeSelected(change, elements, selected, work)
  if (selected.size === 0) return addFromFilter(change, elements, work)
  const write = writer(change)
  const length = work.lengthOf(elements.filter((_, index) => selected.has(index)))
  work.spend(selected.size * costOfWriting(change.value) + length / 8)
  const changed = elements.map((element, index) =>
    selected.has(index) && isObject(element) ? write(element) : element,
  )
  return settle(change.path.attribute, changed, elements, selected, work)
}

/** A changed element is read, copied and compared as text, and holds the value once more. */
function costOfWriting(value: Json | undefined): number {
  return 80 + JSON.stringify(value ?? null).length / 8
}

function wholeAttribute(change: AttributeChange, elements: readonly Json[], work: Work): Value {
  const { attribute } = change.path
  if (change.op === 'remove') {
    // Without a value everything goes; with a list, the elements that it names.
    if (change.value === undefined || change.value === null) return undefined
    return removeListed(change, change.value, elements, work)
  }
  const value = readGiven(change, attribute)
  const given: readonly Json[] = Array.isArray(value) ? value : []
  if (change.op === 'replace') return nonEmptyList(given)
  work.spend(elements.length / 16 + 4 * given.length)
  const places = work.placesOf(attribute, elements)
  const changed = new Map<number, JsonObject>()
  let length = elements.length
  for (const one of given) {
    if (!isObject(one)) continue
    const at = places.get(work.identityOf(attribute, one)) ?? length
    const twin = elements[at]
    // What is there already is completed, and stays as it is where it says all of it.
    if (isObject(twin) && saysAllOf(twin, one)) continue
    changed.set(at, isObject(twin) ? joined(twin, one) : one)
    if (at === length) length += 1
  }
  if (changed.size === 0) return nonEmptyList(elements)
  const all: Json[] = [...elements]
  for (const [at, element] of changed) all[at] = element
  const touched = new Set(changed.keys())
  if (![...touched].some((index) => isPrimary(all[index]))) {
    // Nothing else changes, so that a long list can be built one by one.
    if (all.length > MAXIMUM_ELEMENTS) throw tooManyElements('the attribute')
    all.slice(elements.length).forEach((one, index) => {
      if (isObject(one)) places.set(work.identityOf(attribute, one), elements.length + index)
    })
    work.takeOver(places, all)
    return all
  }
  return settle(attribute, all, elements, touched, work)
}

/**
 * Removes the elements that are listed: an element is, when some listed value, or bare string,
 * equals it in every part that the listed value has.
 */
function removeListed(
  change: AttributeChange,
  value: Json,
  elements: readonly Json[],
  work: Work,
): Value {
  const { attribute } = change.path
  // Listed values that have the same parts are looked up together.
  const listed = new Map<string, { names: readonly string[]; texts: Set<string> }>()
  const list: readonly Json[] = Array.isArray(value) ? value : [value]
  for (const one of list) {
    const read = readSingle({ ...attribute, multiValued: true }, one, nameIn(change))
    const keys = elementKeys(attribute, read ?? null)
    // That something is not primary says nothing about it, said or not.
    const names = Object.keys(keys).filter((name) => name !== 'primary' || keys[name] === true)
    // What names nothing that the schema knows must not stand for every element.
    if (names.length === 0) continue
    const alike = listed.get(names.join()) ?? { names, texts: new Set() }
    listed.set(names.join(), alike)
    alike.texts.add(textOfParts(keys, names))
  }
  work.spend(listed.size * (elements.length * 2 + work.lengthOf(elements) / 16))
  const left = elements.filter((element) => {
    const keys = work.keysOf(attribute, element)
    return ![...listed.values()].some(({ names, texts }) => texts.has(textOfParts(keys, names)))
  })
  return nonEmptyList(left)
}

/** Some parts of an element as one text; no value holds U+0000, which stands for none. */
function textOfParts(keys: JsonObject, names: readonly string[]): string {
  return names.map((name) => keys[name] ?? '\0').join('\0')
}

function selectElements(
  { path: { attribute }, filter }: AttributeChange,
  elements: readonly Json[],
  work: Work,
): ReadonlySet<number> {
  const { length } = elements
  const filtering =
    filter === undefined ? 0 : effortOfFilter(filter, length, work.lengthOf(elements))
  work.spend(length + filtering)
  const selected = new Set<number>()
  elements.forEach((element, index) => {
    if (filter === undefined || elementMatches(filter, work.keysOf(attribute, element))) {
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
  work: Work,
): Value {
  const { attribute, sub } = change.path
  if (sub === undefined) return nonEmptyList(elements.filter((_, index) => !selected.has(index)))
  work.spend(work.lengthOf(elements.filter((_, index) => selected.has(index))) / 8)
  const left = elements.map((element, index) =>
    selected.has(index) && isObject(element) ? without(element, sub.name) : element,
  )
  return settle(attribute, left, elements, selected, work)
}

/** How elements change that the path selects. The value is read once, however many there are. */
function writer(change: AttributeChange): (element: JsonObject) => JsonObject {
  const { attribute, sub } = change.path
  const { given, completes } = elementIn(change)
  if (sub !== undefined) {
    const value = readValue(sub, given, nameIn(change))
    return (element) => withValue(element, sub.name, value)
  }
  const read = readSingle({ ...attribute, multiValued: true }, given, nameIn(change))
  const value = isObject(read) ? read : {}
  // `replace` of a whole element replaces it; `add` completes it.
  if (!completes || !isObject(given)) return () => value
  const named = namesIn(given)
  return (element) => mergeElement(attribute, element, named, value)
}

/**
 * What is given for the elements that a path selects, and whether it completes them. Some clients
 * wrap the one element in a list; a bare string is the value of the elements, which stay otherwise.
 */
function elementIn({ op, path, value = null }: AttributeChange): {
  readonly given: Json
  readonly completes: boolean
} {
  if (path.sub !== undefined) return { given: value, completes: false }
  const given = unwrapSingleton(value)
  const bare = typeof given === 'string' && subAttribute(path.attribute, 'value') !== undefined
  return { given: bare ? { value: given } : given, completes: bare || op === 'add' }
}

/** The member names of a complex value, in lower case. */
function namesIn(given: JsonObject): ReadonlySet<string> {
  return new Set(Object.keys(given).map((name) => name.toLowerCase()))
}

/** A complex value completed by another: named sub-attributes change, the others stay. */
function mergeElement(
  attribute: Attribute,
  current: JsonObject,
  named: ReadonlySet<string>,
  value: Value,
): JsonObject {
  const merged: Record<string, Json> = {}
  for (const { name } of attribute.subAttributes ?? []) {
    const next = isObject(value) ? value[name] : undefined
    const kept = named.has(name.toLowerCase()) ? undefined : current[name]
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
function addFromFilter(change: AttributeChange, elements: readonly Json[], work: Work): Value {
  const { attribute, sub } = change.path
  const described = change.filter === undefined ? {} : describe(change.filter)
  if (described === undefined || (sub === undefined && change.op === 'replace')) {
    throw new ProtocolError(
      'noTarget',
      `${change.where}: no element of ${pathName({ attribute })} matches the filter of the path.`,
    )
  }
  const created = writer(change)(described)
  // Clearing a part of an element that does not exist leaves nothing to create.
  const cleared = sub !== undefined && (created[sub.name] ?? '') === ''
  if (cleared) return nonEmptyList(elements)
  return settle(attribute, [...elements, created], elements, new Set([elements.length]), work)
}

/** The element that a conjunction of `eq` terms describes; undefined for any other filter. */
function describe(filter: Filter): JsonObject | undefined {
  if (filter.kind === 'and') {
    const parts = filter.filters.map(describe)
    return parts.every((part) => part !== undefined) ? Object.assign({}, ...parts) : undefined
  }
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return undefined
  const { sub } = filter.path
  return sub && isWritten(sub) ? { [sub.name]: filter.literal } : undefined
}

/**
 * Settles a list after a change: a newly primary element takes the mark from the others
 * (RFC 7644 §3.5.2), empty elements go, and elements that came to have one type and value are joined.
 */
function settle(
  attribute: Attribute,
  changed: readonly Json[],
  before: readonly Json[],
  touched: ReadonlySet<number>,
  work: Work,
): Value {
  work.spend(4 * changed.length)
  const becamePrimary = [...touched].filter((index) => {
    return isPrimary(changed[index]) && !isPrimary(before[index])
  })
  const winner = becamePrimary.at(-1)
  const settled: JsonObject[] = []
  // Where the elements so far stand by their identity, and whether the change touched them.
  const places = new Map<string, { readonly at: number; readonly isTouched: boolean }>()
  changed.forEach((element, index) => {
    if (!isObject(element) || Object.keys(element).length === 0) return
    const demoted = winner !== undefined && index !== winner && isPrimary(element)
    const next = demoted ? { ...element, primary: false } : element
    const isTouched = touched.has(index)
    const identity = work.identityOf(attribute, next)
    const twin = places.get(identity)
    const other = twin === undefined ? undefined : settled[twin.at]
    if (twin === undefined || other === undefined || !(twin.isTouched || isTouched || demoted)) {
      places.set(identity, { at: settled.push(next) - 1, isTouched: isTouched || demoted })
    } else if (isTouched) {
      settled[twin.at] = joined(other, next)
    } else {
      settled[twin.at] = joined(next, other)
    }
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
