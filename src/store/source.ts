/** Where the attributes of users and groups are in the tables, for filters and orders over them. */
import { type SQL, sql } from 'drizzle-orm'
import { subAttribute } from '../scim/schema/attribute.ts'
import { GROUP } from '../scim/schema/group.ts'
import { type AttributePath, pathName } from '../scim/schema/resource-type.ts'
import type { Namespace } from '../tenancy/namespace.ts'

/** A column or expression that holds the comparison key of a singular attribute. */
export interface Scalar {
  readonly expression: SQL
  /** Whether an index leads to it; then it is compared bare. */
  readonly indexed: boolean
  /** Whether several resources may hold the same key although an index leads to it. */
  readonly shared?: true
}

/** The elements of a multi-valued attribute as rows. */
export interface Elements {
  /** What follows `select 1 from`. */
  readonly rows: SQL
  /** The key of a sub-attribute; of the element itself where the attribute is not complex. */
  readonly sub: (name: string | undefined) => SQL
}

/** Where the attributes of a resource type are in the tables. */
export interface Source {
  readonly namespace: SQL
  /** The id of the resource. */
  readonly id: SQL
  readonly scalar: (path: AttributePath) => Scalar
  readonly elements: (path: AttributePath) => Elements
  /** Selects the ids of those that have one of the values; undefined where no index finds them. */
  readonly holders: (path: AttributePath, values: SQL) => SQL | undefined
  /** Whether a range of an index may lead to the resources; absent where the planner may choose. */
  readonly ranged?: (path: AttributePath) => boolean
}

/** Users, as rows `u`. */
export function userSource(namespace: Namespace): Source {
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
        sub: (name) => {
          if (name === undefined) return sql.raw('x.value')
          const key = `json_extract(x.value, '$."${name}"')`
          const assumes = subAttribute(path.attribute, name)?.assumed === false
          return sql.raw(assumes ? `ifnull(${key}, 0)` : key)
        },
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

/** Groups, as rows `t`. */
export function groupSource(namespace: Namespace): Source {
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
