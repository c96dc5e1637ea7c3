/**
 * Reading attribute values: JSON in, the resource's own form out (RFC 7643 §2.3 to §2.5).
 *
 * The form: members under their schema names, only attributes that have a value, nothing that the
 * server derives. Strings are kept verbatim.
 */

import { parseDateTime } from '../comparison.ts'
import { ProtocolError, quote } from '../error.ts'
import { isObject, type Json, type JsonObject, membersOf } from '../json.ts'
import { type Attribute, subAttribute } from '../schema/attribute.ts'
import { resourceTypes } from '../schema/resource-type.ts'
import { joinTwins } from './equality.ts'

/** The value of an attribute in the resource's own form; undefined stands for “unassigned”. */
export type Value = Json | undefined

const ARTICLE: Readonly<Record<Attribute['type'], string>> = {
  string: 'a string',
  boolean: 'true or false',
  integer: 'an integer',
  decimal: 'a number',
  dateTime: 'a date and time such as "2026-01-31T12:00:00Z"',
  binary: 'a string of base64',
  reference: 'a string',
  complex: 'an object',
}

function wrongType(attribute: Attribute, value: Json, where: string): ProtocolError {
  return new ProtocolError(
    'invalidValue',
    `${where} must be ${ARTICLE[attribute.type]}, not ${quote(value)}.`,
  )
}

/** How many values a multi-valued attribute may hold; the members of a group are not stored so. */
export const MAXIMUM_ELEMENTS = 1000

/** The refusal of a longer list. */
export function tooManyElements(where: string): ProtocolError {
  return new ProtocolError(
    'invalidValue',
    `More than ${MAXIMUM_ELEMENTS} values would be in ${where}; that is the most it may hold.`,
  )
}

/**
 * Reads the value of an attribute. null, an empty array and an empty object are “unassigned”.
 *
 * @param where the name of the attribute as the client knows it, for the error
 * @throws ProtocolError invalidValue
 */
export function readValue(attribute: Attribute, value: Json, where: string): Value {
  if (!attribute.multiValued) return readSingle(attribute, value, where)
  // One object in place of a list of one: what several clients send (RFC 7644 §3.5.2.1 allows it).
  const list: readonly Json[] = Array.isArray(value) ? value : [value]
  if (list.length > MAXIMUM_ELEMENTS) throw tooManyElements(where)
  const read: Json[] = []
  list.forEach((element, index) => {
    const one = readSingle(attribute, element, `${where}[${index}]`)
    if (one !== undefined) read.push(one)
  })
  const elements = joinTwins(attribute, read)
  if (elements.filter((element) => isObject(element) && element.primary === true).length > 1) {
    throw new ProtocolError(
      'invalidValue',
      `Two elements of ${where} are primary; mark one at most (RFC 7643 §2.4).`,
    )
  }
  return elements.length === 0 ? undefined : elements
}

/** Reads one value: that of a singular attribute, or one element of a multi-valued one. */
export function readSingle(attribute: Attribute, given: Json, where: string): Value {
  const value = attribute.multiValued
    ? wrapBareValue(attribute, given)
    : unwrapReference(attribute, unwrapSingleton(unwrapValueObject(attribute, given)))
  if (value === null) return undefined
  switch (attribute.type) {
    case 'complex':
      if (!isObject(value)) throw wrongType(attribute, value, where)
      return readComplex(attribute, value, where)
    case 'boolean':
      return readBoolean(attribute, value, where)
    case 'integer':
    case 'decimal': {
      if (value === '') return undefined
      const fits =
        typeof value === 'number' && (attribute.type === 'decimal' || Number.isInteger(value))
      if (!fits) throw wrongType(attribute, value, where)
      return value
    }
    case 'dateTime':
      if (value === '') return undefined
      if (typeof value !== 'string' || parseDateTime(value) === undefined) {
        throw wrongType(attribute, value, where)
      }
      return value
    case 'string':
    case 'reference':
    case 'binary':
      if (typeof value !== 'string') throw wrongType(attribute, value, where)
      refuseUnstorable(value, where)
      return value
  }
}

/** Reads the sub-attributes of a complex value; unknown and server-derived ones are dropped. */
function readComplex(attribute: Attribute, value: JsonObject, where: string): Value {
  const given = membersOf(value)
  const read: Record<string, Json> = {}
  for (const sub of attribute.subAttributes ?? []) {
    const member = given.get(sub.name.toLowerCase())
    if (member === undefined || sub.computed) continue
    const subValue = readValue(sub, member, `${where}.${sub.name}`)
    if (subValue !== undefined) read[sub.name] = subValue
  }
  if (isSingularReference(attribute) && (given.get('value') ?? null) === null) {
    const id = idOfReference(attribute, given.get('$ref'), where)
    if (id !== undefined) return { ...read, value: id }
  }
  if (isEmptyReference(attribute, read)) return undefined
  return Object.keys(read).length === 0 ? undefined : read
}

/** Entra ID and others write booleans as "True" and "False". */
function readBoolean(attribute: Attribute, value: Json, where: string): Value {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') {
    if (value.toLowerCase() === 'true') return true
    if (value.toLowerCase() === 'false') return false
    if (value === '') return undefined
  }
  throw wrongType(attribute, value, where)
}

/** Entra ID wraps the value of a singular attribute in a list of one. */
export function unwrapSingleton(value: Json): Json {
  if (!Array.isArray(value) || value.length !== 1) return value
  const [only = null] = value
  return only
}

/** Provisioning jobs of Azure AD from before Entra ID send `[{"$ref":null,"value":"x"}]` for "x". */
function unwrapValueObject(attribute: Attribute, value: Json): Json {
  if (attribute.type === 'complex' || !Array.isArray(value)) return value
  const [only, another] = value
  if (!isObject(only) || another !== undefined) return value
  const { value: inner, $ref = null, ...others } = only
  return inner === undefined || $ref !== null || Object.keys(others).length > 0 ? value : inner
}

/** Clients written by hand send `"roles":["viewer"]` and `"emails":"a@b.c"`: bare values of elements. */
function wrapBareValue(attribute: Attribute, value: Json): Json {
  if (typeof value !== 'string' || subAttribute(attribute, 'value') === undefined) return value
  return value === '' ? null : { value }
}

/**
 * The id in a reference to a resource, for clients that send nothing else, such as
 * `{"$ref":"../Users/2819c223"}` (RFC 7643 §8.3). A deployment has several host names, so what counts is the end of
 * the path: the endpoint of a type to which the attribute may refer, and the id.
 *
 * @throws ProtocolError invalidValue where it leads elsewhere
 */
export function idOfReference(
  attribute: Attribute,
  reference: Json | undefined,
  where: string,
): string | undefined {
  if (reference === undefined || reference === null || reference === '') return undefined
  const types = subAttribute(attribute, '$ref')?.referenceTypes ?? []
  const endpoints = resourceTypes
    .filter(({ name }) => types.includes(name))
    .map(({ endpoint }) => endpoint)
  if (typeof reference === 'string' && !/[?#]/.test(reference)) {
    const slash = reference.lastIndexOf('/')
    const path = `/${reference.slice(0, Math.max(slash, 0))}`
    const id = decoded(reference.slice(slash + 1))
    if (id !== '' && endpoints.some((endpoint) => path.endsWith(endpoint))) {
      refuseUnstorable(id, `${where}.$ref`)
      return id
    }
  }
  throw new ProtocolError(
    'invalidValue',
    `${where}.$ref must end with ${endpoints.join(' or ')} and the id, not be ${quote(reference)}; ` +
      'or send the id as value.',
  )
}

/** A segment of a path without its escapes; empty where these are malformed. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

/** Whether an attribute points to another resource by a `value` sub-attribute, as manager does. */
export function isSingularReference(attribute: Attribute): boolean {
  return (
    !attribute.multiValued && attribute.subAttributes?.some(({ name }) => name === 'value') === true
  )
}

/** Entra ID sends the manager as a bare id. */
function unwrapReference(attribute: Attribute, value: Json): Json {
  return typeof value === 'string' && isSingularReference(attribute) ? { value } : value
}

/** Microsoft's validator removes the manager by writing an empty id. */
function isEmptyReference(attribute: Attribute, value: JsonObject): boolean {
  return isSingularReference(attribute) && (value.value === undefined || value.value === '')
}

/**
 * Strings get no format check, but a NUL would cut the value off in SQL functions and half a
 * surrogate pair would come back as U+FFFD.
 *
 * @throws ProtocolError invalidValue
 */
export function refuseUnstorable(text: string, where: string): void {
  if (text.includes('\0')) {
    throw new ProtocolError('invalidValue', `${where} contains U+0000, which cannot be stored.`)
  }
  if (!text.isWellFormed()) {
    throw new ProtocolError(
      'invalidValue',
      `${where} contains half of a surrogate pair, which is no Unicode text.`,
    )
  }
}

/** Whether a text says nothing. One definition for all values by which somebody is known. */
export function isBlank(text: string): boolean {
  return text.trim() === ''
}
