/**
 * The worst that a body of 1 MiB can make the protocol do, and what that takes: milliseconds of CPU,
 * which shall stay below 50, and how often one could have parsed the same body as JSON meanwhile.
 * A shorter body counts as one of 1 MiB.
 *
 *     node scripts/bench/worst.ts [part of a name]
 */
import { isObject, type Json, parseJson } from '../../src/scim/json.ts'
import { applyChanges } from '../../src/scim/patch/apply.ts'
import {
  readMemberIds,
  reduceMemberChanges,
  separateMembers,
} from '../../src/scim/patch/members.ts'
import { PATCH_OP, readOperations } from '../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../src/scim/patch/target.ts'
import { type Attributes, readResource } from '../../src/scim/resource/resource.ts'
import { groupType, userType } from '../../src/scim/schema/resource-type.ts'
import { accountColumns } from '../../src/store/account.ts'
import { bulks, searches } from './worst-requests.ts'

const MEBIBYTE = 1024 * 1024

/** A body, and what is done with it. */
export interface WorstCase {
  readonly name: string
  readonly body: string
  /** Does what a request does between the body and the statements. It may refuse the body. */
  readonly run: () => void
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: Math.max(0, Math.floor(count)) }, (_, index) => make(index))

const elements = (count: number, length: number) =>
  times(count, (at) => ({
    value: `u${at}`.padEnd(length, 'x'),
    display: `d${at}`.padEnd(length, 'y'),
    type: `t${at}`,
  }))

const ADA = { userName: 'ada', externalId: 'ada' }

function attributesOf(body: object): Attributes {
  return readResource(userType, body as Json).attributes
}

function create(body: string): void {
  accountColumns(readResource(userType, parseJson(body)).attributes)
}

function patchUser(body: string, stored: Attributes): void {
  const changes = resolveOperations(userType, readOperations(parseJson(body)))
  accountColumns(applyChanges(userType, stored, changes, stored))
}

function createGroup(body: string): void {
  const { relations } = readResource(groupType, parseJson(body))
  readMemberIds(relations.get('members') ?? null, 'members')
}

const patchOf = (operations: readonly object[]) =>
  JSON.stringify({ schemas: [PATCH_OP], Operations: operations })

/** A PATCH of so many operations; absent where it would be too large to be read. */
function repeated(
  count: number,
  operation: (at: number) => object,
  limit = MEBIBYTE,
): string | undefined {
  // The first ones are the shortest, so this is what there is at least.
  if (count * JSON.stringify(operation(0)).length > limit) return undefined
  const body = patchOf(times(count, operation))
  return body.length > limit ? undefined : body
}

/** Letters that take long to fold, for what they are or for how many follow each other. */
const LETTERS = {
  capitals: 'É',
  'capitals that grow': 'İ',
  'marks out of order': '\u0301\u0323',
  'letters with a mark': 'a\u0301',
  'letters with thirty marks': `a${'\u0345\u0362\u035c\u0301\u0327\u0334'.repeat(5)}`,
  'marks that are two': '\u0f73',
  'vowels that join': '\u{16d68}',
  'notes that are three': '\u{1d160}',
  jamo: '\u1100\u1161\u11a8',
  'wide letters': '\uff21',
  'wide and narrow letters': '\uff21a',
}

/** Bodies that are read as they are. */
function bodies(): WorstCase[] {
  const user = (more: object) => JSON.stringify({ ...ADA, ...more })
  const lists = ['emails', 'phoneNumbers', 'ims', 'photos', 'entitlements', 'roles']
  const plain: readonly (readonly [string, string])[] = [
    ['lists that nest', '['.repeat(MEBIBYTE)],
    ['many small objects', JSON.stringify({ x: times(MEBIBYTE / 3, () => ({})) })],
    [
      'objects of 999 members',
      JSON.stringify(times(90, () => Object.fromEntries(times(999, (at) => [`k${at}`, 1])))),
    ],
    ['escaped names', `{${times(900, (at) => `"${'\\u0062'.repeat(190)}${at}":1`).join()}}`],
    ['backslashes', user({ title: '\\'.repeat(MEBIBYTE / 2 - 99) })],
    ['escaped quotes', user({ title: '\\"'.repeat(MEBIBYTE / 4 - 99) })],
    [
      'huge numbers',
      user({ x: times(MEBIBYTE / 20, () => 1) }).replaceAll(',1', ',1e308999999999999'),
    ],
    ...Object.entries(LETTERS).flatMap(([name, letters]) => {
      const bytes = Buffer.byteLength(letters)
      const text = (size: number) => letters.repeat((size - 99) / bytes)
      const emails = (count: number) =>
        times(count, (at) => ({ value: `${at}${text(MEBIBYTE / count)}` }))
      return [
        [`a userName of ${name}`, user({ userName: text(MEBIBYTE) })],
        [`a type of ${name}`, user({ emails: [{ value: 'a', type: text(MEBIBYTE) }] })],
        [`16 addresses of ${name}`, user({ emails: emails(16) })],
        [`16 addresses of ${name}, half a MiB`, user({ emails: emails(32).slice(16) })],
        [`800 addresses of ${name}`, user({ emails: emails(800) })],
      ] as const
    }),
    ['a thousand addresses', user({ emails: elements(1000, 300) })],
    [
      'a thousand values of each attribute',
      user(Object.fromEntries(lists.map((name) => [name, elements(1000, 40)]))),
    ],
  ]
  const members = JSON.stringify({
    displayName: 'G',
    members: times(26_000, (at) => ({ value: `u${String(at).padStart(24, '0')}` })),
  })
  return [
    ...plain.map(([name, body]) => ({ name, body, run: () => create(body) })),
    { name: 'members', body: members, run: () => createGroup(members) },
  ]
}

/** PATCH of a user whose list is as long as that. */
function patches(stored: number, length: number): WorstCase[] {
  const before = attributesOf({ ...ADA, emails: elements(stored, length) })
  const one = (at: number) => `emails[value eq "${`u${at % stored}`.padEnd(length, 'x')}"]`
  const term = (at: number) => `display co "${'y'.repeat(length / 4)}${at}"`
  const all: readonly (readonly [string, (at: number) => object])[] = [
    ['change one', (at) => ({ op: 'replace', path: `${one(at)}.display`, value: `${at}` })],
    ['make one primary', (at) => ({ op: 'replace', path: `${one(at)}.primary`, value: true })],
    ['change all', (at) => ({ op: 'replace', path: 'emails.type', value: `${at}` })],
    ['select none', () => ({ op: 'remove', path: 'emails[type eq "x"]' })],
    [
      'select none by sixty terms',
      () => ({ op: 'remove', path: `emails[${times(60, term).join(' or ')}]` }),
    ],
    [
      'remove what nobody has',
      () => ({ op: 'remove', path: 'emails', value: [{ value: 'x' }, { type: 'x' }] }),
    ],
    [
      'add what is there',
      (at) => ({ op: 'add', path: 'emails', value: elements(stored, length)[at % stored] }),
    ],
    ['add one by one', (at) => ({ op: 'add', path: 'emails', value: { value: `new ${at}` } })],
    ['replace title', (at) => ({ op: 'replace', path: 'title', value: `${at}` })],
    ['replace titles without a path', (at) => ({ op: 'replace', value: { title: `${at}` } })],
  ]
  return all.flatMap(([name, operation]) =>
    // As many as the effort lets pass are worse than as many as it refuses.
    [10, 30, 100, 300, 1000, 3000, 10_000, 20_000].flatMap((count) => {
      const body = repeated(count, operation)
      if (body === undefined) return []
      return {
        name: `PATCH, ${count} times: ${name}, of ${stored} of ${length} characters`,
        body,
        run: () => patchUser(body, before),
      }
    }),
  )
}

/** PATCH whose paths or values are what takes long. */
function paths(): WorstCase[] {
  const before = attributesOf({ ...ADA, emails: elements(10, 4) })
  const chain = (at: number) => times(36, (term) => `value eq "${at}${term}"`).join(' or ')
  const nested = (at: number, word: string) =>
    `${`${word}(`.repeat(48)}value eq "${at}"${')'.repeat(48)}`
  const all: readonly (readonly [string, (at: number) => object])[] = [
    ['long paths', (at) => ({ op: 'remove', path: `emails[${chain(at)}]` })],
    ['paths that are too long', (at) => ({ op: 'remove', path: `9${'a'.repeat(1000)}${at}` })],
    ['deep paths', (at) => ({ op: 'remove', path: `emails[${nested(at, '')}]` })],
    ['deep paths of not', (at) => ({ op: 'remove', path: `emails[${nested(at, 'not ')}]` })],
    [
      'paths in values',
      (at) => ({
        op: 'add',
        value: Object.fromEntries(
          times(25, (part) => [`emails[type eq "t${part}"].value`, `${at}`]),
        ),
      }),
    ],
    [
      'names in values',
      (at) => ({
        op: 'add',
        value: Object.fromEntries(times(35, (part) => [`name.x${part}`, `${at}`])),
      }),
    ],
  ]
  return all.flatMap(([name, operation]) =>
    [100, 300, 1000, 3000, 10_000].flatMap((count) => {
      const body = repeated(count, operation)
      if (body === undefined) return []
      return { name: `PATCH, ${count} ${name}`, body, run: () => patchUser(body, before) }
    }),
  )
}

/** PATCH of a group with so many members. */
function memberships(count: number): WorstCase[] {
  const current = times(count, (at) => ({
    value: `u${String(at).padStart(24, '0')}`,
    type: 'user',
    display: `person number ${at}`,
  }))
  const all: readonly (readonly [string, (at: number) => object])[] = [
    ['by display', (at) => ({ op: 'remove', path: `members[display co "zzz${at}"]` })],
    [
      'added',
      (at) => ({
        op: 'add',
        path: 'members',
        value: times(25, (one) => ({ value: `u${at}-${one}` })),
      }),
    ],
    [
      'added one by one',
      (at) => ({ op: 'add', path: 'members', value: [{ value: `u${at}`.padEnd(25, 'x') }] }),
    ],
    [
      'removed one by one',
      (at) => ({ op: 'remove', path: `members[value eq "${`u${at}`.padEnd(25, 'x')}"]` }),
    ],
  ]
  return all.flatMap(([name, operation]) =>
    [1, 10, 100, 1000, 20_000].flatMap((operations) => {
      const body = repeated(operations, operation, 10 * MEBIBYTE)
      if (body === undefined) return []
      const run = () => {
        const changes = resolveOperations(groupType, readOperations(parseJson(body)))
        reduceMemberChanges(separateMembers(changes).members, current)
      }
      return { name: `PATCH, ${operations} times: members ${name}, of ${count}`, body, run }
    }),
  )
}

/** All that was found to be bad. */
function worstCases(): WorstCase[] {
  const lists = [
    [10, 10],
    [100, 4],
    [100, 4000],
    [1000, 4],
    [1000, 400],
  ] as const
  return [
    ...bodies(),
    ...lists.flatMap(([stored, length]) => patches(stored, length)),
    ...paths(),
    ...[1000, 100_000].flatMap(memberships),
    ...searches(),
    ...bulks(),
  ]
}

/** The CPU that a task takes, in milliseconds. */
function cpuOf(task: () => void): number {
  const before = process.cpuUsage()
  task()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The least of a few runs, so that neither compilation nor a neighbour counts. */
const least = (task: () => void) => Math.min(...times(4, () => cpuOf(task)))

/** What one case takes. */
export interface Measurement {
  readonly name: string
  readonly outcome: string
  /** CPU for each MiB of the body, in milliseconds. */
  readonly milliseconds: number
  /** The same for JSON.parse alone; 0 where the body is no JSON. */
  readonly parsing: number
}

/** Measures one case. */
function measure({ name, body, run }: WorstCase): Measurement {
  let outcome = 'done'
  const attempt = () => {
    try {
      run()
    } catch (error) {
      const reason = isObject((error as { reason?: Json }).reason)
        ? (error as { reason: { scimType?: string; kind: string } }).reason
        : undefined
      if (reason === undefined) throw error
      outcome = reason.scimType ?? reason.kind
    }
  }
  const size = Math.max(1, Buffer.byteLength(body) / MEBIBYTE)
  const isJson = outcome === 'done' && !body.startsWith('[[')
  const parsing = isJson ? least(() => JSON.parse(body)) / size : 0
  return { name, milliseconds: least(attempt) / size, parsing, outcome }
}

/** Measures all cases whose name holds that part. */
export function measureWorst(part = ''): Measurement[] {
  return worstCases()
    .filter(({ name }) => name.includes(part))
    .map(measure)
}

if (import.meta.main) {
  const [, , part = ''] = process.argv
  const measured = measureWorst(part).sort((a, b) => b.milliseconds - a.milliseconds)
  const rounded = (value: number) => Number(value.toFixed(1))
  console.table(
    measured.slice(0, 25).map(({ milliseconds, parsing, ...rest }) => ({
      ...rest,
      'ms of CPU a MiB': rounded(milliseconds),
      'of that, JSON.parse': rounded(parsing),
    })),
  )
}
