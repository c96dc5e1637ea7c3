/**
 * Compiles a filter to SQL that selects exactly what `scim/filter/evaluate.ts` accepts.
 *
 * What D1 imposes: no LIKE, at most 100 parameters (equal ones are shared, see `render`), and
 * expressions at most 100 deep, hence balanced trees and negations pushed down to the leaves. Every
 * leaf is 0 or 1 and never NULL, so that a negated leaf is its complement.
 *
 * What the planner needs: a leaf on an indexed column repeats the namespace, or an `or` of two such
 * leaves would scan the namespace; and what can begin with an index says so with `id in (…)`.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Key } from '../scim/comparison.ts'
import type { Filter } from '../scim/filter/bind.ts'
import type { Operator } from '../scim/filter/syntax.ts'
import type { Attribute } from '../scim/schema/attribute.ts'
import { GROUP } from '../scim/schema/group.ts'
import type { AttributePath } from '../scim/schema/resource-type.ts'
import type { Namespace } from '../tenancy/namespace.ts'

/** A column or expression that holds the comparison key of a singular attribute. */
interface Scalar {
  readonly expression: SQL
  /** Whether an index leads to it; then it is compared bare. */
  readonly indexed: boolean
}

/** The elements of a multi-valued attribute as rows. */
interface Elements {
  /** What follows `select 1 from`. */
  readonly rows: SQL
  /** The key of a sub-attribute; of the element itself where the attribute is not complex. */
  readonly sub: (name: string | undefined) => SQL
  /** The resources that have an element with one of these values, found by an index. */
  readonly withValue?: (values: SQL) => SQL
}

/** Where the attributes of a resource type are in the tables. */
interface Source {
  readonly namespace: SQL
  readonly scalar: (path: AttributePath) => Scalar
  readonly elements: (path: AttributePath) => Elements
}

/** Compiles a filter over users to a condition on the row `u`. */
export function compileUserFilter(namespace: Namespace, filter: Filter): SQL {
  return compile(userSource(namespace), filter, false, countLeaves(filter))
}

/** Compiles a filter over groups to a condition on the row `t`. */
export function compileGroupFilter(namespace: Namespace, filter: Filter): SQL {
  return compile(groupSource(namespace), filter, false, countLeaves(filter))
}

/** The attributes of users that one user of a namespace has at most. */
export const uniqueOfUser: ReadonlySet<string> = new Set(['id', 'userName', 'externalId'])
/** The same of groups, whose externalId is not unique. */
export const uniqueOfGroup: ReadonlySet<string> = new Set(['id', 'displayName'])

/** Whether one resource at most can satisfy a filter, as its form shows. */
export function selectsOne(filter: Filter, unique: ReadonlySet<string>): boolean {
  if (filter.kind === 'and') return filter.filters.some((term) => selectsOne(term, unique))
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return false
  const { attribute, sub, extension } = filter.path
  return sub === undefined && extension === undefined && unique.has(attribute.name)
}

function userSource(namespace: Namespace): Source {
  const columns: Readonly<Record<string, Scalar>> = {
    id: { expression: sql.raw('u.id'), indexed: true },
    userName: { expression: sql.raw('u.user_name_key'), indexed: true },
    externalId: { expression: sql.raw('u.external_id'), indexed: true },
    active: { expression: sql.raw('u.active'), indexed: false },
    'meta.resourceType': { expression: sql.raw(`'User'`), indexed: false },
    'meta.created': { expression: sql.raw('u.created_at'), indexed: false },
    'meta.lastModified': { expression: sql.raw('u.last_modified'), indexed: false },
  }
  return {
    namespace: sql`u.namespace = ${namespace}`,
    scalar: (path) =>
      columns[columnName(path)] ?? {
        expression: sql.raw(`json_extract(u.folded, '${jsonPath(path)}')`),
        indexed: false,
      },
    elements: (path) => {
      if (path.attribute.name === 'groups') return groupsOfUser(namespace)
      const { sub: _part, ...whole } = path
      const list: Elements = {
        rows: sql.raw(`json_each(u.folded, '${jsonPath(whole)}') x`),
        sub: (name) =>
          sql.raw(name === undefined ? 'x.value' : `json_extract(x.value, '$."${name}"')`),
      }
      if (path.attribute.name !== 'emails') return list
      return {
        ...list,
        withValue: (values) => sql`u.id in (select e.user_id from user_email e
          where e.namespace = ${namespace} and e.value_key in (${values}))`,
      }
    },
  }
}

function groupsOfUser(namespace: Namespace): Elements {
  const expressions: Readonly<Record<string, string>> = {
    value: 'm.team_id',
    display: 'g.display_name_key',
    type: `'direct'`,
  }
  return {
    rows: sql`membership m
      cross join team g on g.namespace = m.namespace and g.id = m.team_id
        and m.namespace = ${namespace} and m.user_id = u.id`,
    sub: (name) => sql.raw(expressions[name ?? 'value'] ?? 'null'),
    withValue: (values) => sql`u.id in (select m.user_id from membership m
      where m.namespace = ${namespace} and m.team_id in (${values}))`,
  }
}

function groupSource(namespace: Namespace): Source {
  const columns: Readonly<Record<string, Scalar>> = {
    id: { expression: sql.raw('t.id'), indexed: true },
    displayName: { expression: sql.raw('t.display_name_key'), indexed: true },
    externalId: { expression: sql.raw('t.external_id'), indexed: true },
    'meta.resourceType': { expression: sql.raw(`'Group'`), indexed: false },
    'meta.created': { expression: sql.raw('t.created_at'), indexed: false },
    'meta.lastModified': { expression: sql.raw('t.last_modified'), indexed: false },
  }
  return {
    namespace: sql`t.namespace = ${namespace}`,
    scalar: (path) => columns[columnName(path)] ?? { expression: sql.raw('null'), indexed: false },
    elements: (path) =>
      path.attribute.name === 'members'
        ? membersOfGroup(namespace)
        : {
            rows: sql`json_each(${JSON.stringify([GROUP])}) x`,
            sub: () => sql.raw('x.value'),
          },
  }
}

function membersOfGroup(namespace: Namespace): Elements {
  const expressions: Readonly<Record<string, string>> = {
    value: 'm.user_id',
    display: `coalesce(json_extract(p.folded, '$.displayName'), p.user_name_key)`,
    type: `'user'`,
  }
  return {
    rows: sql`membership m
      cross join user p on p.namespace = m.namespace and p.id = m.user_id
        and m.namespace = ${namespace} and m.team_id = t.id`,
    sub: (name) => sql.raw(expressions[name ?? 'value'] ?? 'null'),
    withValue: (values) => sql`t.id in (select m.team_id from membership m
      where m.namespace = ${namespace} and m.user_id in (${values}))`,
  }
}

function columnName({ extension, attribute, sub }: AttributePath): string {
  const name = sub === undefined ? attribute.name : `${attribute.name}.${sub.name}`
  return extension === undefined ? name : `${extension}:${name}`
}

/** The path inside the folded JSON. Names come from the schema, never from a request. */
function jsonPath({ extension, attribute, sub }: AttributePath): string {
  return ['$', extension, attribute.name, sub?.name]
    .filter((name) => name !== undefined)
    .map((name, index) => (index === 0 ? name : `"${name}"`))
    .join('.')
}

function countLeaves(filter: Filter): number {
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
const RANGE_LEAVES = 16

function compile(source: Source, filter: Filter, negated: boolean, leaves: number): SQL {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const terms = filter.filters.map((term) => compile(source, term, negated, leaves))
      return balance(terms, (filter.kind === 'and') === negated ? 'or' : 'and')
    }
    case 'not':
      return compile(source, filter.filter, !negated, leaves)
    default: {
      const leaf = compileLeaf(source, filter, leaves)
      return negated ? sql`not ${leaf}` : leaf
    }
  }
}

/** Joins terms in a tree of logarithmic depth. */
function balance(terms: readonly SQL[], connective: 'and' | 'or'): SQL {
  const [only] = terms
  if (terms.length <= 1) return only ?? sql`1`
  const half = terms.length >> 1
  const left = balance(terms.slice(0, half), connective)
  const right = balance(terms.slice(half), connective)
  return connective === 'and' ? sql`(${left} and ${right})` : sql`(${left} or ${right})`
}

type Leaf = Exclude<Filter, { readonly kind: 'and' | 'or' | 'not' }>

function compileLeaf(source: Source, filter: Leaf, leaves: number): SQL {
  const { path } = filter
  if (filter.kind === 'element') return compileElement(source, filter, leaves)
  if (path.attribute.multiValued) return compileElementLeaf(source, filter)
  const scalar = source.scalar(path)
  switch (filter.kind) {
    case 'present':
      return presentScalar(source, path)
    case 'compare':
      return compareScalar(source, scalar, filter.operator, filter.operand, leaves <= RANGE_LEAVES)
    case 'in': {
      const list = listOf(filter.operands)
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
    return present(source.scalar(path).expression)
  }
  const parts = attribute.subAttributes.filter(({ computed }) => computed !== true)
  return balance(
    parts.map((part) => present(source.scalar({ ...path, sub: part }).expression)),
    'or',
  )
}

function present(expression: SQL): SQL {
  return sql`(${expression} is not null and ${expression} <> '')`
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

function listOf(operands: readonly Key[]): SQL {
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
        : some(present(key))
    case 'in':
      return (
        findByValue(elements, sub, listOf(filter.operands)) ??
        some(sql`${key} in (${listOf(filter.operands)})`)
      )
    case 'compare': {
      const { operator, operand } = filter
      if (operator === 'ne') {
        return sql`(not ${some(sql`${key} is not null`)} or ${some(compareKey(key, 'ne', operand))})`
      }
      const found = operator === 'eq' ? findByValue(elements, sub, sql`${operand}`) : undefined
      return found ?? some(compareKey(key, operator, operand))
    }
  }
}

function anyPresent(elements: Elements, attribute: Attribute): SQL {
  const parts = (attribute.subAttributes ?? []).filter((sub) => sub.unfilterable !== true)
  return balance(
    parts.map((part) => present(elements.sub(part.name))),
    'or',
  )
}

function findByValue(elements: Elements, sub: Attribute | undefined, values: SQL): SQL | undefined {
  return sub?.name === 'value' ? elements.withValue?.(values) : undefined
}

/** A value path: one and the same element satisfies all of its filter. */
function compileElement(
  source: Source,
  { path, filter }: Extract<Leaf, { kind: 'element' }>,
  leaves: number,
): SQL {
  const elements = source.elements(path)
  const within: Source = {
    namespace: sql`1`,
    scalar: ({ sub }) => ({ expression: elements.sub(sub?.name), indexed: false }),
    elements: () => elements,
  }
  const condition = compile(within, singular(filter), false, leaves)
  const exists = sql`exists (select 1 from ${elements.rows} where ${condition})`
  const value = requiredValue(filter)
  const found = value === undefined ? undefined : elements.withValue?.(sql`${value}`)
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
      return filter
    default:
      return {
        ...filter,
        path: { ...filter.path, attribute: { ...filter.path.attribute, multiValued: false } },
      }
  }
}

/** The `value` that every matching element must have, where the filter says so. */
function requiredValue(filter: Filter): Key | undefined {
  if (filter.kind === 'and') {
    for (const term of filter.filters) {
      const value = requiredValue(term)
      if (value !== undefined) return value
    }
    return undefined
  }
  const equal = filter.kind === 'compare' && filter.operator === 'eq'
  return equal && filter.path.sub?.name === 'value' ? filter.operand : undefined
}
