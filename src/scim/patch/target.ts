/**
 * What a PATCH operation is aimed at: paths resolved against the schema, and operations without a
 * path taken apart into operations with one (RFC 7644 §3.5.2).
 */
import { comparisonKey } from '../comparison.ts'
import { ProtocolError, quote } from '../error.ts'
import { bindElementFilter, type Filter } from '../filter/bind.ts'
import { nameOf, parsePath } from '../filter/syntax.ts'
import { quoteFilter } from '../filter/token.ts'
import { isObject, type Json } from '../json.ts'
import { type Attribute, type Schema, subAttribute } from '../schema/attribute.ts'
import {
  type AttributePath,
  pathName,
  type ResourceType,
  resolve,
} from '../schema/resource-type.ts'
import { effortOfPath, MAXIMUM_EFFORT, newEffort, type Spend } from './effort.ts'
import type { PatchOperation } from './operation.ts'

/** An operation on one known attribute. */
export interface AttributeChange {
  readonly kind: 'attribute'
  readonly op: 'add' | 'remove' | 'replace'
  readonly path: AttributePath
  /** Selects elements of a multi-valued attribute. */
  readonly filter?: Filter
  /** Absent where the client sent none. */
  readonly value?: Json
  /** Whether the client named the attribute in `path`, and not as a member of the value. */
  readonly explicit: boolean
  readonly where: string
}

/** The removal of everything below an extension's URN. */
export interface ExtensionRemoval {
  readonly kind: 'extension'
  readonly schema: Schema
}

export type Change = AttributeChange | ExtensionRemoval

/**
 * Resolves operations into changes, in order. What names an attribute that the schema lacks is
 * left out, so that one unknown attribute does not hold up the others.
 *
 * @throws ProtocolError invalidPath for a malformed path, invalidValue for a value without a path
 *   that is no object, tooMany
 */
export function resolveOperations(
  type: ResourceType,
  operations: readonly PatchOperation[],
  // Applying the changes has an effort of its own, and both together shall be bounded.
  spend: Spend = newEffort((2 * MAXIMUM_EFFORT) / 3),
): Change[] {
  const targetOf = targetsOf(type, spend)
  return operations.flatMap((operation) =>
    operation.path === undefined
      ? takeApart(type, operation, targetOf)
      : resolveTarget(type, operation, operation.path, true, targetOf),
  )
}

/**
 * A value without a path: each member is an operation of its own. Entra ID writes paths as member
 * names here, such as `name.givenName` or `urn:…:User:employeeNumber`.
 */
function takeApart(type: ResourceType, operation: PatchOperation, targetOf: TargetOf): Change[] {
  const { value, where } = operation
  if (!isObject(value)) {
    throw new ProtocolError(
      'invalidValue',
      `${where} has no path, so its value must be an object of attributes, not ${quote(value)}.`,
    )
  }
  return Object.entries(value).flatMap(([name, member]) =>
    resolveTarget(type, { ...operation, value: member }, name, false, targetOf),
  )
}

/**
 * A schema's URN stands for all of its attributes: with it as path, or as the name of a member, the
 * members of the value are operations of their own, as without a path. An extension can be removed,
 * a core schema cannot.
 */
function takeSchemaApart(
  type: ResourceType,
  operation: PatchOperation,
  schema: Schema,
  targetOf: TargetOf,
): Change[] {
  const { op, where, value } = operation
  const isExtension = schema !== type.schema
  if (op === 'remove' || value === null || value === undefined) {
    if (isExtension) return [{ kind: 'extension', schema }]
    if (op === 'remove') {
      throw new ProtocolError(
        'noTarget',
        `${where} removes ${schema.id}, which is the whole ${type.name}; name the attribute in path.`,
      )
    }
  }
  if (!isObject(value)) {
    throw new ProtocolError(
      'invalidValue',
      `${where}: the value of ${schema.id} must be an object of its attributes, not ${quote(value)}.`,
    )
  }
  return Object.entries(value).flatMap(([name, member]) => {
    const qualified = isExtension && !/^urn:/i.test(name) ? `${schema.id}:${name}` : name
    return resolveTarget(type, { ...operation, value: member }, qualified, false, targetOf)
  })
}

/** What a path names: an attribute, perhaps some of its elements, or a schema. */
type Target =
  | Pick<AttributeChange, 'kind' | 'path' | 'filter'>
  | { readonly kind: 'schema'; readonly schema: Schema }

/** Finds what a path names; undefined where the schema has no such attribute. */
type TargetOf = (text: string, explicit: boolean, where: string) => Target | undefined

function resolveTarget(
  type: ResourceType,
  operation: PatchOperation,
  text: string,
  explicit: boolean,
  targetOf: TargetOf,
): Change[] {
  const { op, where, value } = operation
  const target = targetOf(text, explicit, where)
  if (target === undefined) return []
  if (target.kind === 'schema') return takeSchemaApart(type, operation, target.schema, targetOf)
  return [{ ...target, op, explicit, where, ...(value === undefined ? {} : { value }) }]
}

/** What a path costs that was read before in the same request, and one that selects by `value`. */
const EFFORT_OF_KNOWN = 1
const EFFORT_BY_VALUE = 12

/**
 * A path that selects elements by `value`, with a string that JSON writes as it is. Providers remove
 * members so, one operation for each, and one request may hold thousands of them.
 */
const BY_VALUE = /^([A-Za-z]+\[value eq )"([^"\\\p{Cc}]*)"\]$/u

/**
 * Finds what paths name, for the operations of one request. A path is read once; of those that select
 * by `value` the first is, and the others differ in the operand alone.
 */
function targetsOf(type: ResourceType, spend: Spend): TargetOf {
  const known = new Map<string, Target | undefined>()
  const once = (text: string, explicit: boolean, where: string): Target | undefined => {
    const key = `${explicit} ${text}`
    if (known.has(key)) {
      spend(EFFORT_OF_KNOWN)
      return known.get(key)
    }
    spend(effortOfPath(text))
    const target = findTarget(type, text, explicit, where)
    known.set(key, target)
    return target
  }
  return (text, explicit, where) => {
    const [, start, value] = BY_VALUE.exec(text) ?? []
    if (start === undefined || value === undefined || !value.isWellFormed()) {
      return once(text, explicit, where)
    }
    const like = once(`${start}""]`, explicit, where)
    if (like?.kind !== 'attribute' || like.filter?.kind !== 'compare') {
      return once(text, explicit, where)
    }
    spend(EFFORT_BY_VALUE)
    const { path } = like.filter
    const operand = comparisonKey(path.sub ?? path.attribute, value)
    return operand === undefined
      ? once(text, explicit, where)
      : { ...like, filter: { ...like.filter, operand, literal: value } }
  }
}

function findTarget(
  type: ResourceType,
  text: string,
  explicit: boolean,
  where: string,
): Target | undefined {
  // A member name that begins with no attribute is just an unknown one, whatever follows.
  if (!explicit && resolve(type, nameOf(text)) === undefined) return undefined
  const syntax = asPath(where, () => parsePath(text))
  const resolved = resolve(type, syntax.name)
  if (resolved === undefined) return undefined
  if (resolved.kind === 'schema') {
    if (syntax.filter === undefined) return { kind: 'schema', schema: resolved.schema }
    throw new ProtocolError(
      'invalidPath',
      `${where}: ${resolved.schema.id} has no elements that ${quoteFilter(text)} could select.`,
    )
  }
  const path = withSub(resolved.path, syntax.sub)
  if (path === undefined) return undefined
  if (syntax.filter === undefined) return { kind: 'attribute', path }
  const { attribute } = resolved.path
  if (resolved.path.sub !== undefined || !attribute.multiValued || attribute.type !== 'complex') {
    throw new ProtocolError(
      'invalidPath',
      `${where}: ${pathName(resolved.path)} has no elements that ${quoteFilter(text)} could select.`,
    )
  }
  const selects = syntax.filter
  const filter = asPath(where, () => bindElementFilter(selects, resolved.path))
  return { kind: 'attribute', path, filter }
}

/** Whatever is wrong with a path or its filter is invalidPath, and the operation is named. */
function asPath<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new ProtocolError('invalidPath', `${where}: ${error.reason.detail}`)
  }
}

function withSub(path: AttributePath, name: string | undefined): AttributePath | undefined {
  if (name === undefined) return path
  const sub: Attribute | undefined = subAttribute(path.attribute, name)
  return sub && { ...path, sub }
}
