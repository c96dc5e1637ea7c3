/** The worst that is known of searches by POST and of bulk requests; measured by worst.ts. */
import {
  BULK_REQUEST,
  type BulkEntry,
  type BulkOperation,
  readBulkRequest,
  referencesOf,
  resolveReferences,
} from '../../src/scim/bulk.ts'
import { readFilters } from '../../src/scim/filter/bind.ts'
import { parseJson } from '../../src/scim/json.ts'
import { readPage, readSearchRequest, SEARCH_REQUEST } from '../../src/scim/list.ts'
import { applyChanges } from '../../src/scim/patch/apply.ts'
import { MAXIMUM_EFFORT, newEffort, type Spend } from '../../src/scim/patch/effort.ts'
import {
  readMemberIds,
  reduceMemberChanges,
  separateMembers,
} from '../../src/scim/patch/members.ts'
import { PATCH_OP, readOperations } from '../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../src/scim/patch/target.ts'
import { sameValue } from '../../src/scim/resource/equality.ts'
import { readProjection } from '../../src/scim/resource/projection.ts'
import { type Attributes, readResource } from '../../src/scim/resource/resource.ts'
import { groupType, type ResourceType, userType } from '../../src/scim/schema/resource-type.ts'
import { readSort } from '../../src/scim/sort.ts'
import { accountColumns } from '../../src/store/account.ts'
import { render } from '../../src/store/database.ts'
import {
  compileGroupFilter,
  compileUserFilter,
  moreGroupsThan,
  moreUsersThan,
  reachOfGroups,
  reachOfUsers,
} from '../../src/store/query.ts'
import { parseNamespace } from '../../src/tenancy/namespace.ts'
import { times, type WorstCase } from './worst.ts'

const MEBIBYTE = 1024 * 1024

const parsed = parseNamespace('default')
if (!parsed.ok) throw new Error(parsed.advice)
const { namespace } = parsed

/** Reads a SearchRequest, and makes its statements. */
function search(body: string, types: readonly ResourceType[]): void {
  const { filter, sortBy, sortOrder, attributes, excludedAttributes, ...page } = readSearchRequest(
    parseJson(body),
  )
  readPage(page)
  readSort(types, sortBy, sortOrder)
  for (const [type, bound] of filter === undefined ? [] : readFilters(types, filter)) {
    if (type === userType) {
      reachOfUsers(namespace, bound)
      render(compileUserFilter(namespace, bound))
      render(moreUsersThan(200, namespace, bound))
    } else {
      reachOfGroups(namespace, bound)
      render(compileGroupFilter(namespace, bound))
      render(moreGroupsThan(200, namespace, bound))
    }
  }
  for (const type of types) readProjection(type, attributes, excludedAttributes)
}

/** POST to /.search, /Users/.search and /Groups/.search. */
export function searches(): WorstCase[] {
  const long = (text: string, size: number) => text.repeat(Math.floor(size / text.length))
  const deep = (word: string, inner: string) => `${`${word}(`.repeat(49)}${inner}${')'.repeat(49)}`
  const terms = (count: number, attribute: string, operator: string, length: number) =>
    times(count, (at) => `${attribute} ${operator} "${`${at}`.padEnd(length, 'x')}"`)
  const filters: readonly (readonly [string, string])[] = [
    ['64 long terms', terms(64, 'displayName', 'co', 220).join(' or ')],
    ['64 long terms of ids', terms(64, 'id', 'ne', 220).join(' and ')],
    ['150 alternatives', terms(150, 'displayName', 'eq', 80).join(' or ')],
    ['parentheses 49 deep', deep('', terms(60, 'id', 'eq', 200).join(' or '))],
    ['not, 49 deep', deep('not ', terms(60, 'displayName', 'sw', 200).join(' and '))],
    ['parentheses that never end', long('(', 16_000)],
    ['words without an operator', long('displayName ', 16_000)],
    ['a string of marks', `displayName eq "a${long('\u0345\u0301\u0323', 7000)}"`],
    ['a filter of 1 MiB', `displayName eq "${long('x', MEBIBYTE - 200)}"`],
    [
      'and, or, not in turn',
      times(20, (at) => `(not (displayName eq "${at}" and (id sw "${at}" or id pr)))`).join(' or '),
    ],
    [
      'value paths',
      times(30, (at) => `members[value eq "${at}" and display co "${at}"]`).join(' or '),
    ],
    [
      'value paths of users',
      times(30, (at) => `emails[type eq "${at}" or value pr]`).join(' and '),
    ],
  ]
  const others: readonly (readonly [string, object])[] = [
    ['a million commas', { attributes: long(',', MEBIBYTE - 200) }],
    ['many attributes', { attributes: times(100_000, (at) => `a${at}`).join() }],
    ['many attributes with filters', { attributes: times(90_000, (at) => `a${at}[`).join() }],
    ['an attribute of brackets', { attributes: long('[', MEBIBYTE - 200) }],
    ['a list of attributes', { excludedAttributes: times(90_000, (at) => `a.${at}`) }],
    ['long URNs', { attributes: times(999, (at) => `urn:${long('ietf:', 1000)}${at}`).join() }],
    ['a sortBy of 1 MiB', { sortBy: long('a.', MEBIBYTE - 200) }],
    ['a sortBy of spaces', { sortBy: `${long(' ', MEBIBYTE - 200)}x` }],
    ['a startIndex of spaces', { startIndex: `${long(' ', MEBIBYTE - 200)}x` }],
    ['a count of digits', { count: long('9', MEBIBYTE - 200) }],
  ]
  const scopes = [
    ['/.search', [userType, groupType]],
    ['/Users/.search', [userType]],
    ['/Groups/.search', [groupType]],
  ] as const
  const all = [...filters.map(([name, filter]) => [name, { filter }] as const), ...others]
  return scopes.flatMap(([path, types]) =>
    all.map(([name, members]) => {
      const body = JSON.stringify({ schemas: [SEARCH_REQUEST], ...members })
      return { name: `POST ${path}: ${name}`, body, run: () => search(body, types) }
    }),
  )
}

/** What operations without regard to the size of the body may do; see http/scim/bulk.ts. */
const USUAL_EFFORT = 2048

/** Everything that a bulk request makes of its body, but for the database. */
function bulk(body: string, stored: Attributes): void {
  const { entries } = readBulkRequest(parseJson(body), Number.POSITIVE_INFINITY)
  const size = Math.max(1, Buffer.byteLength(body) / MEBIBYTE)
  const spend = newEffort(MAXIMUM_EFFORT * size + USUAL_EFFORT * entries.length)
  const operations = entries.flatMap((entry: BulkEntry) => (entry.ok ? [entry.operation] : []))
  const ids = new Map(operations.map(({ bulkId = '' }, at) => [bulkId, `u${at}`]))
  for (const operation of operations) {
    const refers = referencesOf(operation).size > 0
    const resolved = refers ? resolveReferences(operation, (bulkId) => ids.get(bulkId)) : operation
    try {
      carryOut(resolved, stored, spend)
    } catch (error) {
      // The failure of one leaves the others alone.
      if (!(error instanceof Error && 'reason' in error)) throw error
    }
  }
}

function carryOut({ method, type, data = null }: BulkOperation, stored: Attributes, spend: Spend) {
  if (method === 'DELETE') return
  if (method === 'PATCH') {
    const changes = resolveOperations(type, readOperations(data), spend)
    if (type === userType) {
      const next = applyChanges(type, stored, changes, stored, spend)
      // What changes nothing is not written.
      if (!sameValue(next, stored)) accountColumns(next)
    } else reduceMemberChanges(separateMembers(changes).members, [], undefined, spend)
    return
  }
  const { attributes, relations } = readResource(type, data)
  if (type === userType) accountColumns(attributes)
  else readMemberIds(relations.get('members') ?? null, 'members')
}

/** Bulk requests of a thousand operations. */
export function bulks(): WorstCase[] {
  const person = (at: number) => ({ userName: `u${at}`, externalId: `x${at}` })
  const post = (at: number, path: string, data: object) => ({
    ...{ method: 'POST', path, bulkId: `b${at}`, data },
  })
  const change = (at: number, operations: readonly object[]) => ({
    ...{ method: 'PATCH', path: `/Users/u${at}` },
    data: { schemas: [PATCH_OP], Operations: operations },
  })
  const references = (from: number, count: number) =>
    times(count, (one) => ({ value: `bulkId:b${(from + one) % 1000}` }))
  const quoted = (from: number, count: number) =>
    times(count, (one) => `value eq "bulkId:b${(from + one) % 1000}"`).join(' or ')
  const nested = (depth: number, inner: object): object =>
    depth === 0 ? inner : { x: nested(depth - 1, inner) }
  const emails = times(1000, (at) => ({ value: `u${at}`, type: `t${at}` }))
  const many = readResource(userType, { ...person(0), emails }).attributes
  const few = readResource(userType, person(0)).attributes
  const all: readonly (readonly [string, (at: number) => object, Attributes?])[] = [
    ['nothing', () => ({})],
    ['people', (at) => post(at, '/Users', person(at))],
    ['deletions', (at) => ({ method: 'DELETE', path: `/Users/u${at}` })],
    ['a chain of references', (at) => post(at, '/Groups', group(at, references(at + 1, 1)))],
    ['a circle of references', (at) => post(at, '/Groups', group(at, references(at + 999, 1)))],
    ['groups of 35 references', (at) => post(at, '/Groups', group(at, references(at, 35)))],
    ['groups of 350 references', (at) => post(at, '/Groups', group(at, references(at, 350)))],
    [
      'references in filters',
      (at) => ({
        ...{ method: 'PATCH', path: '/Groups/g1' },
        data: patchOf([{ op: 'remove', path: `members[${quoted(at, 30)}]` }]),
      }),
    ],
    [
      'references that never end',
      (at) => post(at, '/Users', { ...person(at), title: '"bulkId:'.repeat(50) }),
    ],
    [
      'references nested 40 deep',
      (at) => post(at, '/Users', { ...person(at), ...nested(40, { value: 'bulkId:b1' }) }),
    ],
    [
      'PATCH of all addresses',
      (at) => change(at, [{ op: 'replace', path: 'emails.type', value: `${at}` }]),
      many,
    ],
    [
      'PATCH that selects none of 1000 addresses, by 2 terms',
      (at) => change(at, [{ op: 'remove', path: `emails[type eq "x" or type co "y${at}"]` }]),
      many,
    ],
    [
      'PATCH of one of 1000 addresses',
      (at) => change(at, [{ op: 'replace', path: `emails[value eq "u${at}"].type`, value: 'x' }]),
      many,
    ],
    [
      'PATCH of 20 operations each',
      (at) =>
        change(
          at,
          times(20, () => ({ op: 'replace', path: 'title', value: `${at}` })),
        ),
    ],
    [
      'PATCH of 20 deep paths each',
      (at) =>
        change(
          at,
          times(20, () => ({
            op: 'remove',
            path: `emails[${'('.repeat(48)}type pr${')'.repeat(48)}]`,
          })),
        ),
    ],
  ]
  function group(at: number, members: readonly object[]) {
    return { displayName: `g${at}`, members }
  }
  const patchOf = (operations: readonly object[]) => ({
    ...{ schemas: [PATCH_OP], Operations: operations },
  })
  const bodyOf = (operations: readonly object[]) =>
    JSON.stringify({ schemas: [BULK_REQUEST], Operations: operations })
  const huge = times(1000, (at) => ({ op: 'add', path: 'emails', value: { value: `new ${at}` } }))
  return [
    ...all.map(([name, make, stored = few]) => {
      const body = bodyOf(times(1000, make))
      return { name: `POST /Bulk, 1000 times: ${name}`, body, run: () => bulk(body, stored) }
    }),
    ...[1, 10, 100].map((count) => {
      const body = bodyOf(times(count, (at) => change(at, huge)))
      const name = `POST /Bulk, ${count} times: PATCH of 1000 operations`
      return { name, body, run: () => bulk(body, many) }
    }),
  ]
}
