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
import { type AttributePath, pathName } from '../scim/schema/resource-type.ts'
import type { Namespace } from '../tenancy/namespace.ts'

/** A column or expression that holds the comparison key of a singular attribute. */
interface Scalar {
  readonly expression: SQL
  /** Whether an index leads to it; then it is compared bare. */
  readonly indexed: boolean
  /** Whether several resources may hold the same key although an index leads to it. */
  readonly shared?: true
}

/** The elements of a multi-valued attribute as rows. */
interface Elements {
  /** What follows `select 1 from`. */
  readonly rows: SQL
  /** The key of a sub-attribute; of the element itself where the attribute is not complex. */
  readonly sub: (name: string | undefined) => SQL
}

/** Where the attributes of a resource type are in the tables. */
interface Source {
  readonly namespace: SQL
  /** The id of the resource. */
  readonly id: SQL
  readonly scalar: (path: AttributePath) => Scalar
  readonly elements: (path: AttributePath) => Elements
  /** Selects the ids of those that have one of the values; undefined where no index finds them. */
  readonly holders: (path: AttributePath, values: SQL) => SQL | undefined
}

/** Compiles a filter over users to a condition on the row `u`. */
export function compileUserFilter(namespace: Namespace, filter: Filter): SQL {
  return compileWhole(userSource(namespace), filter)
}

/** Compiles a filter over groups to a condition on the row `t`. */
export function compileGroupFilter(namespace: Namespace, filter: Filter): SQL {
  return compileWhole(groupSource(namespace), filter)
}

/**
 * A condition that is false only where an index tells that no more users match than the first page
 * shows, so that they need not be counted.
 */
export function moreUsersThan(count: number, namespace: Namespace, filter: Filter): SQL {
  return moreThan(count, userSource(namespace), filter)
}

/** The same for groups. */
export function moreGroupsThan(count: number, namespace: Namespace, filter: Filter): SQL {
  return moreThan(count, groupSource(namespace), filter)
}

function moreThan(count: number, source: Source, filter: Filter): SQL {
  const selects = candidates(source, filter)
  if (selects === undefined) return sql`1`
  return sql`(${union(selects)} limit 1 offset ${count}) is not null`
}

function compileWhole(source: Source, filter: Filter): SQL {
  const condition = compile(source, filter, false, countLeaves(filter))
  const selects = candidates(source, filter)
  // One index is used as it is; several, joined by `or`, are not unless the ids are named.
  if (selects === undefined || selects.length === 1) return condition
  return sql`(${source.id} in (${union(selects)}) and ${condition})`
}

/** How many selects D1 allows in one union. */
const MAXIMUM_UNION = 5

function union(selects: readonly SQL[]): SQL {
  return sql.join([...selects], sql` union all `)
}

/** Selects ids among which are all that satisfy a filter; undefined where no index finds them. */
function candidates(source: Source, filter: Filter): readonly SQL[] | undefined {
  switch (filter.kind) {
    case 'and':
      return filter.filters
        .map((term) => candidates(source, term))
        .filter((selects) => selects !== undefined)
        .sort((a, b) => a.length - b.length)[0]
    case 'or': {
      const selects = filter.filters.map((term) => candidates(source, term))
      const all = selects.every((some) => some !== undefined) ? selects.flat() : []
      return all.length > 0 && all.length <= MAXIMUM_UNION ? all : undefined
    }
    case 'compare':
      return filter.operator === 'eq'
        ? held(source, filter.path, sql`${filter.operand}`)
        : undefined
    case 'in':
      return held(source, filter.path, listOf(filter.operands))
    case 'element': {
      const required = requiredValue(filter.filter)
      return required && held(source, required.path, sql`${required.operand}`)
    }
    default:
      return undefined
  }
}

/**
 * How a filter makes the database look for what it accepts. What it looks at counts once for each
 * pass: comparisons with multi-valued attributes each look at all values of a resource for themselves.
 */
export type Reach =
  /** At what an index leads to, which is few. */
  | { readonly kind: 'found' }
  /** At a range of an index; the condition on the row says which. */
  | { readonly kind: 'range'; readonly condition: SQL; readonly passes: number }
  /** At everything; so many times at the groups or members of each as well. */
  | { readonly kind: 'all'; readonly passes: number; readonly joins: number }

/** How a filter over users makes the database look, for the row `u`. */
export function reachOfUsers(namespace: Namespace, filter: Filter): Reach {
  return reachOf(userSource(namespace), filter)
}

/** How a filter over groups makes the database look, for the row `t`. */
export function reachOfGroups(namespace: Namespace, filter: Filter): Reach {
  return reachOf(groupSource(namespace), filter)
}

function reachOf(source: Source, filter: Filter): Reach {
  if (candidates(source, filter) !== undefined) return { kind: 'found' }
  const leaves = countLeaves(filter)
  const terms = filter.kind === 'and' ? filter.filters : [filter]
  // No row is looked at under a condition that is false before it.
  if (terms.some((term) => term.kind === 'constant' && !term.holds)) return { kind: 'found' }
  const range = terms.find((term) => isRange(source, term, leaves))
  const passes = Math.max(
    1,
    countPaths(filter, ({ attribute }) => attribute.multiValued),
  )
  if (range !== undefined) {
    return { kind: 'range', condition: compile(source, range, false, leaves), passes }
  }
  const joins = countPaths(filter, ({ attribute }) => OTHERS.has(attribute.name))
  return { kind: 'all', passes, joins }
}

/** Whether a comparison is a range of an index, as it is compiled. */
function isRange(source: Source, filter: Filter, leaves: number): boolean {
  if (filter.kind !== 'compare' || filter.path.attribute.multiValued) return false
  const { indexed, shared } = source.scalar(filter.path)
  if (!indexed || shared) return false
  return filter.operator === 'sw' ? leaves <= RANGE_LEAVES : RANGES.has(filter.operator)
}

const RANGES: ReadonlySet<Operator> = new Set(['gt', 'ge', 'lt', 'le'])

/** What is about the groups of a user or the members of a group. */
const OTHERS: ReadonlySet<string> = new Set(['groups', 'members'])

/** How many parts of a filter are about such a path. */
function countPaths(filter: Filter, counts: (path: AttributePath) => boolean): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, term) => sum + countPaths(term, counts), 0)
    case 'not':
      return countPaths(filter.filter, counts)
    case 'constant':
      return 0
    default:
      return counts(filter.path) ? 1 : 0
  }
}

function held(source: Source, path: AttributePath, values: SQL): readonly SQL[] | undefined {
  const select = source.holders(path, values)
  return select && [select]
}

/**
 * The key that a list of users is sorted by: that of a singular attribute, or of the primary or
 * else the first element of a multi-valued one. NULL where there is no value.
 */
export function compileUserSort(namespace: Namespace, path: AttributePath | undefined): SQL {
  return compileSort(userSource(namespace), path)
}

/** The same for groups. */
export function compileGroupSort(namespace: Namespace, path: AttributePath | undefined): SQL {
  return compileSort(groupSource(namespace), path)
}

function compileSort(source: Source, path: AttributePath | undefined): SQL {
  if (path === undefined) return sql`null`
  const { attribute, sub } = path
  if (!attribute.multiValued) return sortKey(source.scalar(path).expression)
  const elements = source.elements(path)
  const hasPrimary = attribute.subAttributes?.some(({ name }) => name === 'primary') === true
  const key = elements.sub(sub?.name)
  const order = hasPrimary ? sql`coalesce(${elements.sub('primary')}, 0) desc` : key
  return sql`(select ${sortKey(key)} from ${elements.rows} order by ${order} limit 1)`
}

/**
 * An empty string is no value (RFC 7644 §3.4.2.2, `pr`). Of a long one the beginning is enough to
 * sort by, since ids break ties; a cursor, which is part of a URL, holds it.
 */
function sortKey(key: SQL): SQL {
  return sql`case typeof(${key}) when 'text' then nullif(substr(${key}, 1, 256), '') else ${key} end`
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
    id: sql`u.id`,
    scalar: (path) =>
      columns[pathName(path)] ?? {
        expression: sql.raw(`json_extract(u.folded, '${jsonPath(path)}')`),
        indexed: false,
      },
    elements: (path) => {
      if (path.attribute.name === 'groups') return groupsOfUser(namespace)
      const { sub: _part, ...whole } = path
      return {
        rows: sql.raw(`json_each(u.folded, '${jsonPath(whole)}') x`),
        sub: (name) =>
          sql.raw(name === undefined ? 'x.value' : `json_extract(x.value, '$."${name}"')`),
      }
    },
    holders: (path, values) => {
      switch (pathName(path)) {
        case 'id':
          return inColumn(namespace, 'user', 'id', values)
        case 'userName':
          return inColumn(namespace, 'user', 'user_name_key', values)
        case 'externalId':
          return inColumn(namespace, 'user', 'external_id', values)
        case 'emails.value':
          return sql`select e.user_id from user_email e
            where e.namespace = ${namespace} and e.value_key in (${values})`
        case 'groups.value':
          return sql`select m.user_id from membership m
            where m.namespace = ${namespace} and m.team_id in (${values})`
      }
      return undefined
    },
  }
}

function inColumn(namespace: Namespace, table: string, column: string, values: SQL): SQL {
  return sql`select y.id from ${sql.raw(table)} y
    where y.namespace = ${namespace} and ${sql.raw(`y.${column}`)} in (${values})`
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
  }
}

function groupSource(namespace: Namespace): Source {
  const columns: Readonly<Record<string, Scalar>> = {
    id: { expression: sql.raw('t.id'), indexed: true },
    displayName: { expression: sql.raw('t.display_name_key'), indexed: true },
    externalId: { expression: sql.raw('t.external_id'), indexed: true, shared: true },
    'meta.resourceType': { expression: sql.raw(`'Group'`), indexed: false },
    'meta.created': { expression: sql.raw('t.created_at'), indexed: false },
    'meta.lastModified': { expression: sql.raw('t.last_modified'), indexed: false },
  }
  return {
    namespace: sql`t.namespace = ${namespace}`,
    id: sql`t.id`,
    scalar: (path) => columns[pathName(path)] ?? { expression: sql.raw('null'), indexed: false },
    elements: (path) =>
      path.attribute.name === 'members'
        ? membersOfGroup(namespace)
        : {
            rows: sql`json_each(${JSON.stringify([GROUP])}) x`,
            sub: () => sql.raw('x.value'),
          },
    holders: (path, values) => {
      switch (pathName(path)) {
        case 'id':
          return inColumn(namespace, 'team', 'id', values)
        case 'displayName':
          return inColumn(namespace, 'team', 'display_name_key', values)
        case 'externalId':
          return inColumn(namespace, 'team', 'external_id', values)
        case 'members.value':
          return sql`select m.team_id from membership m
            where m.namespace = ${namespace} and m.user_id in (${values})`
      }
      return undefined
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
  }
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

type Leaf = Exclude<Filter, { readonly kind: 'and' | 'or' | 'not' | 'constant' }>

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
      return found ?? compareScalar(source, scalar, operator, operand, leaves <= RANGE_LEAVES)
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
    return present(source.scalar(path).expression)
  }
  const parts = attribute.subAttributes.filter(({ computed }) => computed !== true)
  return anyOf(parts.map((part) => present(source.scalar({ ...path, sub: part }).expression)))
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

function anyPresent(elements: Elements, attribute: Attribute): SQL {
  const parts = (attribute.subAttributes ?? []).filter((sub) => sub.unfilterable !== true)
  return anyOf(parts.map((part) => present(elements.sub(part.name))))
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
function requiredValue(filter: Filter): Extract<Filter, { kind: 'compare' }> | undefined {
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
