/**
 * Gives the names of a filter their meaning: finds the attributes, checks operators and operands
 * against their types, and turns operands into comparison keys (RFC 7644 §3.4.2.2).
 */
import { comparisonKey, type Key, parseDateTime } from '../comparison.ts'
import { ProtocolError, quote } from '../error.ts'
import { type Attribute, subAttribute } from '../schema/attribute.ts'
import {
  type AttributePath,
  pathName,
  type ResourceType,
  resolve,
} from '../schema/resource-type.ts'
import { type Literal, type Operator, parseFilter, type Syntax } from './syntax.ts'

/** A filter whose every name and operand is known to fit the schema. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  /** The attribute has a value that is not empty. */
  | { readonly kind: 'present'; readonly path: AttributePath }
  /** Some value of the attribute compares so; for `ne`, also an attribute without a value. */
  | {
      readonly kind: 'compare'
      readonly path: AttributePath
      readonly operator: Operator
      readonly operand: Key
      /** The operand as the client wrote it: PATCH creates elements from it. */
      readonly literal: string | number | boolean
    }
  /** Some value of the attribute equals one of the operands. */
  | { readonly kind: 'in'; readonly path: AttributePath; readonly operands: readonly Key[] }
  /** What holds, or not, for every resource of the type. */
  | { readonly kind: 'constant'; readonly holds: boolean }
  /** One and the same element of the attribute satisfies the filter, whose paths carry `sub`. */
  | { readonly kind: 'element'; readonly path: AttributePath; readonly filter: Filter }

/** How many comparisons a filter may hold. */
export const MAXIMUM_TERMS = 64
/** How many operands a chain `a eq x or a eq y or …` may hold; it counts as one comparison. */
export const MAXIMUM_ALTERNATIVES = 150

/** Where names are looked up: a resource type, or the elements of one of its attributes. */
interface Scope {
  readonly find: (name: string) => AttributePath | undefined
  /** The same name in other types that the request covers; it is then unassigned in this one. */
  readonly findElsewhere?: (name: string) => AttributePath | undefined
  /** What the names belong to, for the error. */
  readonly owner: string
  readonly insideElement: boolean
}

/**
 * Parses a filter over the resources of one type and binds it.
 *
 * @throws ProtocolError invalidFilter
 */
export function readFilter(type: ResourceType, text: string): Filter {
  return bindFilter(parseFilter(text), type)
}

/**
 * Parses a filter over the resources of several types at once and binds it to each. An attribute
 * that only another of them has counts as unassigned (RFC 7644 §3.4.2.1).
 *
 * @throws ProtocolError invalidFilter, also for an attribute that none of the types has
 */
export function readFilters(
  types: readonly ResourceType[],
  text: string,
): ReadonlyMap<ResourceType, Filter> {
  const syntax = parseFilter(text)
  return new Map(types.map((type) => [type, bindFilter(syntax, type, types)]))
}

/**
 * Binds the syntax of a filter over resources of one type.
 *
 * @param covered all types that the request covers
 * @throws ProtocolError invalidFilter
 */
export function bindFilter(
  syntax: Syntax,
  type: ResourceType,
  covered: readonly ResourceType[] = [type],
): Filter {
  const findIn = (within: ResourceType, name: string) => {
    const resolved = resolve(within, name)
    return resolved?.kind === 'attribute' ? resolved.path : undefined
  }
  const find = (name: string) => findIn(type, name)
  const findElsewhere = (name: string) => {
    for (const other of covered) {
      const path = findIn(other, name)
      if (path !== undefined) return path
    }
    return undefined
  }
  const owner = covered.map(({ name }) => `a ${name}`).join(' or ')
  return bindWithin(syntax, { find, findElsewhere, owner, insideElement: false })
}

/**
 * Binds the syntax of a filter over the elements of one multi-valued attribute, as in a value path.
 *
 * @throws ProtocolError invalidFilter
 */
export function bindElementFilter(syntax: Syntax, path: AttributePath): Filter {
  return bindWithin(syntax, elementScope(path))
}

function bindWithin(syntax: Syntax, scope: Scope): Filter {
  const filter = bind(syntax, scope)
  if (countTerms(filter) > MAXIMUM_TERMS) {
    throw new ProtocolError(
      'invalidFilter',
      `The filter holds more than ${MAXIMUM_TERMS} comparisons; ask in several requests.`,
    )
  }
  return filter
}

function countTerms(filter: Filter): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, term) => sum + countTerms(term), 0)
    case 'not':
    case 'element':
      return countTerms(filter.filter)
    case 'present':
    case 'compare':
    case 'in':
    case 'constant':
      return 1
  }
}

function elementScope(path: AttributePath): Scope {
  return {
    find: (name) => {
      const sub = subAttribute(path.attribute, name)
      return sub && { ...path, sub }
    },
    owner: `an element of ${pathName(path)}`,
    insideElement: true,
  }
}

function bind(syntax: Syntax, scope: Scope): Filter {
  const { findElsewhere } = scope
  if ('name' in syntax && scope.find(syntax.name) === undefined && findElsewhere !== undefined) {
    const { findElsewhere: _only, ...elsewhere } = { ...scope, find: findElsewhere }
    return unassigned(bind(syntax, elsewhere))
  }
  switch (syntax.kind) {
    case 'and':
      return { kind: 'and', filters: syntax.terms.map((term) => bind(term, scope)) }
    case 'or':
      return joinAlternatives(syntax.terms.map((term) => bind(term, scope)))
    case 'not':
      return { kind: 'not', filter: bind(syntax.term, scope) }
    case 'present':
      return { kind: 'present', path: find(syntax.name, scope) }
    case 'compare':
      return bindComparison(syntax.name, syntax.operator, syntax.operand, scope)
    case 'element':
      return bindElement(syntax, scope)
  }
}

/** What a filter says of a resource whose type lacks the attribute: it has no value. */
function unassigned(filter: Filter): Filter {
  if (filter.kind === 'not') return { kind: 'not', filter: unassigned(filter.filter) }
  return { kind: 'constant', holds: filter.kind === 'compare' && filter.operator === 'ne' }
}

/** `a eq x or a eq y` becomes one membership test, which costs one comparison in SQL. */
function joinAlternatives(filters: readonly Filter[]): Filter {
  const [first] = filters
  const operands: Key[] = []
  for (const filter of filters) {
    const joins =
      filter.kind === 'compare' &&
      filter.operator === 'eq' &&
      first?.kind === 'compare' &&
      samePath(filter.path, first.path)
    if (!joins) return { kind: 'or', filters }
    operands.push(filter.operand)
  }
  if (first?.kind !== 'compare') return { kind: 'or', filters }
  if (operands.length > MAXIMUM_ALTERNATIVES) {
    throw new ProtocolError(
      'invalidFilter',
      `The filter lists more than ${MAXIMUM_ALTERNATIVES} alternatives; ask in several requests.`,
    )
  }
  return { kind: 'in', path: first.path, operands }
}

function samePath(a: AttributePath, b: AttributePath): boolean {
  return a.extension === b.extension && a.attribute === b.attribute && a.sub === b.sub
}

function bindElement(syntax: Syntax & { kind: 'element' }, scope: Scope): Filter {
  if (scope.insideElement) {
    throw new ProtocolError(
      'invalidFilter',
      `${syntax.name}[…] stands inside another pair of brackets; value paths do not nest.`,
    )
  }
  const path = find(syntax.name, scope)
  if (path.sub !== undefined || !path.attribute.multiValued || path.attribute.type !== 'complex') {
    throw new ProtocolError(
      'invalidFilter',
      `${pathName(path)} has no elements that ${syntax.name}[…] could select; only multi-valued ` +
        'complex attributes have.',
    )
  }
  const inner = elementScope(path)
  const filter = bind(syntax.filter, inner)
  if (syntax.comparison === undefined) return { kind: 'element', path, filter }
  return {
    kind: 'element',
    path,
    filter: { kind: 'and', filters: [filter, bind(syntax.comparison, inner)] },
  }
}

function find(name: string, scope: Scope): AttributePath {
  const path = scope.find(name)
  if (path === undefined) {
    throw new ProtocolError(
      'invalidFilter',
      `${quote(name)} is no attribute of ${scope.owner}; see /Schemas for those that are.`,
    )
  }
  const attribute = path.sub ?? path.attribute
  if (attribute.unfilterable || attribute.returned === 'never') {
    throw new ProtocolError('invalidFilter', `${pathName(path)} cannot be filtered by.`)
  }
  return path
}

function bindComparison(name: string, operator: Operator, operand: Literal, scope: Scope): Filter {
  const path = comparable(find(name, scope))
  if (operand.kind === 'null' && operator === 'eq') {
    return { kind: 'not', filter: { kind: 'present', path } }
  }
  if (operand.kind === 'null' && operator === 'ne') return { kind: 'present', path }
  const attribute = path.sub ?? path.attribute
  if (!operatorsOf(attribute).includes(operator)) {
    throw new ProtocolError(
      'invalidFilter',
      `${pathName(path)} is ${attribute.type}, which ${operator} does not compare.`,
    )
  }
  const literal = typedOperand(attribute, operand)
  const key = comparisonKey(attribute, literal)
  if (literal === undefined || key === undefined) {
    throw new ProtocolError(
      'invalidFilter',
      `${pathName(path)} is ${attribute.type} and cannot be compared with ${OPERAND[operand.kind]}; ` +
        `write ${NEEDED[attribute.type]} behind ${operator}.`,
    )
  }
  return { kind: 'compare', path, operator, operand: key, literal }
}

/** Operands as errors name them: what they say is about people, and errors are written down. */
const OPERAND: Readonly<Record<Literal['kind'], string>> = {
  string: 'a string',
  word: 'a word without quotes',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
}

/** What each type is compared with. */
const NEEDED: Readonly<Record<Attribute['type'], string>> = {
  string: 'a string in double quotes',
  reference: 'a string in double quotes',
  binary: 'a string in double quotes',
  boolean: 'true or false',
  integer: 'an integer',
  decimal: 'a number',
  dateTime: 'a time such as "2026-01-31T12:00:00Z"',
  complex: 'a sub-attribute',
}

/** A complex attribute is compared by its `value`, where it has one (RFC 7644 §3.4.2.2). */
function comparable(path: AttributePath): AttributePath {
  if (path.sub !== undefined || path.attribute.type !== 'complex') return path
  const value = subAttribute(path.attribute, 'value')
  if (value === undefined) {
    throw new ProtocolError(
      'invalidFilter',
      `${pathName(path)} is complex; compare one of its sub-attributes, such as ` +
        `${pathName(path)}.${path.attribute.subAttributes?.[0]?.name}.`,
    )
  }
  return { ...path, sub: value }
}

const EQUALITY: readonly Operator[] = ['eq', 'ne']
const ORDER: readonly Operator[] = ['gt', 'ge', 'lt', 'le']
const TEXT: readonly Operator[] = ['co', 'sw', 'ew']

/** Booleans and binaries have no order, and only strings have parts (RFC 7644 §3.4.2.2). */
function operatorsOf(attribute: Attribute): readonly Operator[] {
  switch (attribute.type) {
    case 'string':
    case 'reference':
      return [...EQUALITY, ...ORDER, ...TEXT]
    case 'binary':
      return [...EQUALITY, ...TEXT]
    case 'integer':
    case 'decimal':
    case 'dateTime':
      return [...EQUALITY, ...ORDER]
    case 'boolean':
      return EQUALITY
    case 'complex':
      return []
  }
}

/** The operand as a value of the attribute's type; undefined where it is of another type. */
function typedOperand(
  attribute: Attribute,
  operand: Literal,
): string | number | boolean | undefined {
  switch (attribute.type) {
    case 'boolean': {
      if (operand.kind === 'boolean') return operand.value
      // Entra ID filters with "True" in quotes.
      const text = operand.kind === 'string' ? operand.value.toLowerCase() : ''
      return text === 'true' ? true : text === 'false' ? false : undefined
    }
    case 'integer':
    case 'decimal':
      return operand.kind === 'number' ? operand.value : undefined
    case 'dateTime': {
      const text = operand.kind === 'string' || operand.kind === 'word' ? operand.value : ''
      return parseDateTime(text) === undefined ? undefined : text
    }
    case 'string':
    case 'reference':
    case 'binary':
      if (operand.kind === 'null') return undefined
      // A number or boolean is a text here, as it is written: 7.0 is not 7.
      return 'text' in operand ? operand.text : operand.value
    case 'complex':
      return undefined
  }
}
