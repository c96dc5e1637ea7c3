/**
 * Compiles a filter to a condition in SQL that selects exactly what `scim/filter/evaluate.ts` accepts.
 *
 * What D1 imposes: no LIKE, at most 100 parameters (equal ones are shared, see `render`), and
 * expressions at most 100 deep, hence balanced trees and negations pushed down to the leaves. Every
 * leaf is 0 or 1 and never NULL, so that a negated leaf is its complement.
 *
 * What the planner needs: a leaf on an indexed column repeats the namespace, or an `or` of two such
 * leaves would scan the namespace. It knows nothing of how long a range is, so a range that shall not
 * lead is hidden in an expression.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Key } from '../scim/comparison.ts'
import type { Filter } from '../scim/filter/bind.ts'
import type { Operator } from '../scim/filter/syntax.ts'
import type { Attribute } from '../scim/schema/attribute.ts'
import { type AttributePath, pathName } from '../scim/schema/resource-type.ts'
import type { Elements, Scalar, Source } from './source.ts'

/** How many comparisons a filter has. */
export function countLeaves(filter: Filter): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, term) => sum + countLeaves(term), 0)
    case 'not':
    case 'element':
      return countLeaves(filter.filter)
    default:
      return 1
  }
}

/** Above this many leaves a prefix is compared with one parameter and not with the two of a range. */
export const RANGE_LEAVES = 16

/**
 * The condition on the row of a source.
 *
 * @param leaves how many comparisons the whole filter has, which share the parameters
 */
export function compile(source: Source, filter: Filter, negated: boolean, leaves: number): SQL {
  return inBrackets(compileTerm(source, filter, negated, leaves))
}

/** A condition, and by what its parts are joined where it has parts and no brackets around it. */
interface Term {
  readonly condition: SQL
  readonly joined?: 'and' | 'or'
}

function compileTerm(source: Source, filter: Filter, negated: boolean, leaves: number): Term {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      // The parser of libSQL's SQLite remembers 100 symbols: what is deep must stand on the left.
      const terms = filter.filters
        .toSorted((a, b) => depthOf(b) - depthOf(a))
        .map((term) => compileTerm(source, term, negated, leaves))
      return join(terms, (filter.kind === 'and') === negated ? 'or' : 'and')
    }
    case 'not':
      return compileTerm(source, filter.filter, !negated, leaves)
    case 'constant':
      return { condition: filter.holds === negated ? sql`0` : sql`1` }
    default: {
      const leaf = compileLeaf(source, filter, leaves)
      return { condition: negated ? sql`not ${leaf}` : leaf }
    }
  }
}

function depthOf(filter: Filter): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return 1 + Math.max(...filter.filters.map(depthOf))
    case 'not':
      return depthOf(filter.filter)
    default:
      return 0
  }
}

function inBrackets({ condition, joined }: Term): SQL {
  return joined === undefined ? condition : sql`(${condition})`
}

/** Joins terms in a tree of logarithmic depth, with as few brackets as that takes. */
function join(terms: readonly Term[], joined: 'and' | 'or'): Term {
  const [only] = terms
  if (terms.length <= 1) return only ?? { condition: sql`1` }
  const half = Math.ceil(terms.length / 2)
  const first = join(terms.slice(0, half), joined)
  const second = join(terms.slice(half), joined)
  const left = joined === 'and' && first.joined === 'or' ? inBrackets(first) : first.condition
  const right = inBrackets(second)
  return {
    condition: joined === 'and' ? sql`${left} and ${right}` : sql`${left} or ${right}`,
    joined,
  }
}

/** Whether any of the conditions holds. */
function anyOf(conditions: readonly SQL[]): SQL {
  return inBrackets(
    join(
      conditions.map((condition) => ({ condition })),
      'or',
    ),
  )
}

/** A part of a filter that is about one path. */
export type Leaf = Exclude<Filter, { readonly kind: 'and' | 'or' | 'not' | 'constant' }>

function compileLeaf(source: Source, filter: Leaf, leaves: number): SQL {
  const { path } = filter
  if (filter.kind === 'element') return compileElement(source, filter, leaves)
  if (path.attribute.multiValued) return compileElementLeaf(source, filter)
  const scalar = source.scalar(path)
  switch (filter.kind) {
    case 'present':
      return presentScalar(source, path)
    case 'compare': {
      const { operator, operand } = filter
      // The planner would rather walk through the namespace in order than use an index that is
      // not unique.
      const found =
        scalar.shared && operator === 'eq' ? findBy(source, path, sql`${operand}`) : undefined
      const indexed = scalar.indexed && (operator === 'eq' || source.ranged?.(path) !== false)
      const compared = { ...scalar, indexed }
      return found ?? compareScalar(source, compared, operator, operand, leaves <= RANGE_LEAVES)
    }
    case 'in': {
      const list = listOf(filter.operands)
      const found = pathName(path) === 'id' ? undefined : findBy(source, path, list)
      if (found !== undefined) return found
      return scalar.indexed
        ? sql`(${source.namespace} and ${scalar.expression} is not null
            and ${scalar.expression} in (${list}))`
        : sql`ifnull(${scalar.expression} in (${list}), 0)`
    }
  }
}

/** Some part of the attribute has a value; meta always has. */
function presentScalar(source: Source, path: AttributePath): SQL {
  const { attribute, sub } = path
  if (attribute.name === 'meta') return sql`1`
  if (sub !== undefined || attribute.subAttributes === undefined) {
    return presentPart(sub ?? attribute, source.scalar(path).expression)
  }
  const parts = attribute.subAttributes.filter(({ computed }) => computed !== true)
  return anyOf(parts.map((part) => present(source.scalar({ ...path, sub: part }).expression)))
}

/** Not `is not null`, which the planner takes for a range of an index. */
function present(expression: SQL): SQL {
  return sql`ifnull(${expression} <> '', 0)`
}

function compareScalar(
  source: Source,
  { expression, indexed }: Scalar,
  operator: Operator,
  operand: Key,
  ranges: boolean,
): SQL {
  if (operator === 'ne') return sql`ifnull(${expression} <> ${operand}, 1)`
  if (!indexed) return sql`ifnull(${compareKey(expression, operator, operand)}, 0)`
  const condition =
    operator === 'sw' && ranges
      ? startsWith(expression, String(operand))
      : compareKey(expression, operator, operand)
  return sql`(${source.namespace} and ${expression} is not null and ${condition})`
}

/** The comparison of one key; NULL where the expression is. */
function compareKey(expression: SQL, operator: Operator, operand: Key): SQL {
  switch (operator) {
    case 'eq':
      return sql`${expression} = ${operand}`
    case 'ne':
      return sql`${expression} <> ${operand}`
    case 'gt':
      return sql`${expression} > ${operand}`
    case 'ge':
      return sql`${expression} >= ${operand}`
    case 'lt':
      return sql`${expression} < ${operand}`
    case 'le':
      return sql`${expression} <= ${operand}`
    case 'co':
      return operand === ''
        ? sql`${expression} is not null`
        : sql`instr(${expression}, ${operand}) > 0`
    case 'sw':
      return sql`substr(${expression}, 1, length(${operand})) = ${operand}`
    case 'ew':
      // substr(x, -0) would be the whole text.
      return operand === ''
        ? sql`${expression} is not null`
        : sql`substr(${expression}, -length(${operand})) = ${operand}`
  }
}

/** A prefix as a range, which an index serves. */
function startsWith(expression: SQL, prefix: string): SQL {
  const points = [...prefix]
  const last = points.pop()?.codePointAt(0)
  if (last === undefined) return sql`1`
  // The next code point after the last one of the prefix; surrogates are none.
  const next = last === 0xd7ff ? 0xe000 : last + 1
  if (next > 0x10ffff) return sql`${expression} >= ${prefix}`
  const end = points.join('') + String.fromCodePoint(next)
  return sql`${expression} >= ${prefix} and ${expression} < ${end}`
}

/** Selects operands that stand in one parameter however many they are. */
export function listOf(operands: readonly Key[]): SQL {
  return sql`select j.value from json_each(${JSON.stringify(operands)}) j`
}

/** A comparison of a multi-valued attribute outside brackets: any element will do. */
function compileElementLeaf(source: Source, filter: Exclude<Leaf, { kind: 'element' }>): SQL {
  const { attribute, sub } = filter.path
  const elements = source.elements(filter.path)
  const some = (condition: SQL) => sql`exists (select 1 from ${elements.rows} where ${condition})`
  const key = elements.sub(sub?.name)
  switch (filter.kind) {
    case 'present':
      return sub === undefined && attribute.subAttributes !== undefined
        ? some(anyPresent(elements, attribute))
        : some(presentPart(sub ?? attribute, key))
    case 'in':
      return (
        findBy(source, filter.path, listOf(filter.operands)) ??
        some(sql`${key} in (${listOf(filter.operands)})`)
      )
    case 'compare': {
      const { operator, operand } = filter
      if (operator === 'ne') {
        return sql`(not ${some(sql`${key} is not null`)} or ${some(compareKey(key, 'ne', operand))})`
      }
      const found = operator === 'eq' ? findBy(source, filter.path, sql`${operand}`) : undefined
      return found ?? some(compareKey(key, operator, operand))
    }
  }
}

/** What is as it would be without a value counts for none; the key of such a part is 0 or 1. */
function presentPart({ assumed }: Attribute, key: SQL): SQL {
  return assumed === undefined ? present(key) : key
}

function anyPresent(elements: Elements, attribute: Attribute): SQL {
  const parts = (attribute.subAttributes ?? []).filter((sub) => sub.unfilterable !== true)
  return anyOf(parts.map((part) => presentPart(part, elements.sub(part.name))))
}

/** That the attribute has one of the values, by an index. */
function findBy(source: Source, path: AttributePath, values: SQL): SQL | undefined {
  const select = source.holders(path, values)
  return select && sql`(${source.namespace} and ${source.id} in (${select}))`
}

/** A value path: one and the same element satisfies all of its filter. */
function compileElement(
  source: Source,
  { path, filter }: Extract<Leaf, { kind: 'element' }>,
  leaves: number,
): SQL {
  const required = requiredValue(filter)
  const found = required && findBy(source, required.path, sql`${required.operand}`)
  if (found !== undefined && required === filter) return found
  const elements = source.elements(path)
  const within: Source = {
    namespace: sql`1`,
    id: sql`null`,
    scalar: ({ sub }) => ({ expression: elements.sub(sub?.name), indexed: false }),
    elements: () => elements,
    holders: () => undefined,
  }
  const condition = compile(within, singular(filter), false, leaves)
  // SQLite adds the depth of a condition once more for each subquery around it, unless that is
  // what an outer one reads from.
  const exists = sql`exists (
    select 1 from (select ${condition} as ok from ${elements.rows}) where ok)`
  return found === undefined ? exists : sql`(${found} and ${exists})`
}

/** The filter of a value path, its attribute seen as one element. */
function singular(filter: Filter): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map(singular) }
    case 'not':
      return { ...filter, filter: singular(filter.filter) }
    case 'element':
    case 'constant':
      return filter
    default:
      return {
        ...filter,
        path: { ...filter.path, attribute: { ...filter.path.attribute, multiValued: false } },
      }
  }
}

/** The comparison of `value` that every matching element must satisfy, where the filter has one. */
export function requiredValue(filter: Filter): Extract<Filter, { kind: 'compare' }> | undefined {
  if (filter.kind === 'and') {
    for (const term of filter.filters) {
      const required = requiredValue(term)
      if (required !== undefined) return required
    }
    return undefined
  }
  const equal = filter.kind === 'compare' && filter.operator === 'eq'
  return equal && filter.path.sub?.name === 'value' ? filter : undefined
}
