/**
 * Evaluates a filter in memory: RFC 7644 §3.4.2.2. Value paths of PATCH use it, and it is the
 * measure for the SQL that `store/condition.ts` compiles the same filter to.
 */
import { compareKeys, type Key } from '../comparison.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { type Attribute, subAttribute } from '../schema/attribute.ts'
import type { AttributePath } from '../schema/resource-type.ts'
import type { Filter } from './bind.ts'
import type { Operator } from './syntax.ts'

/**
 * Whether a resource satisfies a filter.
 *
 * @param form the resource by its comparison keys, as `comparisonForm` makes it
 */
export function matches(filter: Filter, form: JsonObject): boolean {
  return evaluate(filter, (path) => valuesAt(form, path), form)
}

/**
 * Whether an element of a multi-valued attribute satisfies the filter of a value path.
 *
 * @param element the element by its comparison keys
 */
export function elementMatches(filter: Filter, element: Json): boolean {
  return evaluate(filter, ({ sub }) => within(element, sub), {})
}

function evaluate(
  filter: Filter,
  values: (path: AttributePath) => readonly Json[],
  form: JsonObject,
): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((term) => evaluate(term, values, form))
    case 'or':
      return filter.filters.some((term) => evaluate(term, values, form))
    case 'not':
      return !evaluate(filter.filter, values, form)
    case 'present':
      return values(filter.path).some((value) => isPresent(filter.path, value))
    case 'compare':
      return compare(filter.operator, values(filter.path), filter.operand)
    case 'in':
      return values(filter.path).some((value) => isKey(value) && filter.operands.includes(value))
    case 'constant':
      return filter.holds
    case 'element':
      return valuesAt(form, filter.path).some((element) => elementMatches(filter.filter, element))
  }
}

/** `ne` holds where any value differs, and where there is none at all. */
function compare(operator: Operator, values: readonly Json[], operand: Key): boolean {
  let none = true
  for (const value of values) {
    if (!isKey(value)) continue
    if (holds(operator, value, operand)) return true
    none = false
  }
  return none && operator === 'ne'
}

function isKey(value: Json): value is Key {
  return value !== null && typeof value !== 'object'
}

function holds(operator: Operator, key: Key, operand: Key): boolean {
  switch (operator) {
    case 'eq':
      return key === operand
    case 'ne':
      return key !== operand
    case 'co':
      return String(key).includes(String(operand))
    case 'sw':
      return String(key).startsWith(String(operand))
    case 'ew':
      return String(key).endsWith(String(operand))
    case 'gt':
      return compareKeys(key, operand) > 0
    case 'ge':
      return compareKeys(key, operand) >= 0
    case 'lt':
      return compareKeys(key, operand) < 0
    case 'le':
      return compareKeys(key, operand) <= 0
  }
}

/**
 * `pr`: a value that is neither empty nor what it is without one; of a complex one, some part
 * (RFC 7644 §3.4.2.2).
 */
function isPresent({ attribute, sub = attribute }: AttributePath, value: Json): boolean {
  if (!isObject(value)) return value !== null && value !== '' && value !== sub.assumed
  return Object.entries(value).some(([name, part]) => {
    const own = subAttribute(attribute, name)
    return isPresent({ attribute, ...(own && { sub: own }) }, part)
  })
}

/** The values that a path reaches: none, one, or one for each element. */
function valuesAt(form: JsonObject, { extension, attribute, sub }: AttributePath): readonly Json[] {
  const container = extension === undefined ? form : form[extension]
  const value = isObject(container) ? container[attribute.name] : undefined
  if (value === undefined) return []
  const elements: readonly Json[] = Array.isArray(value) ? value : [value]
  return sub === undefined ? elements : elements.flatMap((element) => within(element, sub))
}

function within(element: Json, sub: Attribute | undefined): readonly Json[] {
  if (sub === undefined) return [element]
  const value = (isObject(element) ? element[sub.name] : undefined) ?? sub.assumed
  return value === undefined ? [] : [value]
}
