/**
 * A filter selects in SQL exactly what it accepts in memory, whatever the filter and the resources
 * (RFC 7644 §3.4.2.2); and the largest filters that the parser lets pass are within the limits of
 * D1.
 */
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { fold } from '../../src/scim/comparison.ts'
import { type Filter, readFilter } from '../../src/scim/filter/bind.ts'
import { matches } from '../../src/scim/filter/evaluate.ts'
import { isObject, type Json, type JsonObject } from '../../src/scim/json.ts'
import { renderGroup, renderUser } from '../../src/scim/resource/render.ts'
import { comparisonForm, readResource } from '../../src/scim/resource/resource.ts'
import { ENTERPRISE_USER } from '../../src/scim/schema/enterprise-user.ts'
import { groupType, userType } from '../../src/scim/schema/resource-type.ts'
import { readSort } from '../../src/scim/sort.ts'
import { accountColumns } from '../../src/store/account.ts'
import type { Database } from '../../src/store/database.ts'
import { listResources } from '../../src/store/listing.ts'
import type { Place } from '../../src/store/page.ts'
import { body, filterText, type Known, leafNames, moment, text } from './filter-arbitrary.ts'
import {
  addUnmanagedUser,
  held,
  listing,
  listTeams,
  listUsers,
  makeTenant,
  type Open,
  type Tenant,
} from './tenant.ts'

const USERS = 150
const TEAMS = 25
const BASE = 'https://scim.example/base'
const seed = 20_260_101

/** A resource by its id and its comparison keys. */
interface Candidate {
  readonly id: string
  readonly form: JsonObject
}

const userId = (at: number) => `u${String(at).padStart(4, '0')}`
const teamId = (at: number) => `g${String(at).padStart(4, '0')}`

/** Puts the same people into the tables, each under an id that the shift moves on. */
async function seedUsers(tenant: Tenant, shift = 0): Promise<void> {
  const bodies = fc.sample(fc.tuple(body(userType), moment, moment, text), {
    numRuns: USERS,
    seed,
  })
  const idOf = (at: number) => userId((at + shift) % USERS)
  const taken = new Set<string>()
  for (const [at, [generated, created, modified, name]] of bodies.entries()) {
    const managed = (generated[ENTERPRISE_USER] as JsonObject | undefined)?.manager
    const { attributes: read } = readResource(userType, {
      ...generated,
      userName: `${name}${at}`,
      ...(at % 3 === 0 ? {} : { externalId: `External ${name}${at}` }),
      ...(managed === undefined || at % 2 === 0
        ? {}
        : {
            [ENTERPRISE_USER]: {
              ...(generated[ENTERPRISE_USER] as JsonObject),
              manager: { value: userId(at - 1) },
            },
          }),
    })
    const { email } = accountColumns(read).keys
    // The account e-mail is unique; the others are not.
    const { emails: _taken, ...withoutEmails } = read
    const attributes = email !== null && taken.has(email) ? withoutEmails : read
    if (email !== null) taken.add(email)
    await addUnmanagedUser(tenant, idOf(at), attributes)
    await tenant.database.batch('write', [
      sql`update user set created_at = ${created}, last_modified = ${modified}
        where namespace = ${tenant.namespace} and id = ${idOf(at)}`,
    ])
  }
}

async function seedTeams(tenant: Tenant, shift = 0): Promise<void> {
  const { namespace } = tenant
  const idOf = (at: number) => teamId((at + shift) % TEAMS)
  const member = fc.nat(USERS - 1).map(userId)
  const teams = fc.sample(
    fc.tuple(text, fc.option(text), moment, moment, fc.uniqueArray(member, { maxLength: 20 })),
    { numRuns: TEAMS, seed },
  )
  for (const [at, [name, externalId, created, modified, members]] of teams.entries()) {
    const displayName = `${name}${at}`
    await tenant.database.batch('write', [
      sql`insert into team (namespace, id, revision, managed, display_name, display_name_key,
          external_id, members, created_at, last_modified)
        values (${namespace}, ${idOf(at)}, 1, 1, ${displayName}, ${fold(displayName)},
          ${externalId === '' ? null : externalId}, ${members.length}, ${created}, ${modified})`,
      sql`insert into membership (namespace, team_id, user_id)
        select ${namespace}, ${idOf(at)}, j.value from json_each(${JSON.stringify(members)}) j`,
    ])
  }
  await tenant.database.batch('write', [
    sql`update namespace set teams = ${TEAMS} where name = ${namespace}`,
  ])
}

/** The names of all attributes and sub-attributes in a form. */
function paths(value: Json, prefix = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((element) => paths(element, prefix))
  if (!isObject(value)) return [prefix]
  return Object.entries(value).flatMap(([name, member]) =>
    paths(member, prefix === '' ? name : `${prefix}.${name}`),
  )
}

/** What the filter accepts in memory. */
function accepted(all: readonly Candidate[], filter: Filter): string[] {
  return all.filter(({ form }) => matches(filter, form)).map(({ id }) => id)
}

export function filterContract(name: string, open: Open, runs = 400): void {
  describe(`filters on ${name}`, () => {
    let database: Database
    let tenant: Tenant
    let prefixed: Tenant
    let users: readonly Candidate[]
    let teams: readonly Candidate[]
    let knownOfUsers: Known
    let knownOfTeams: Known

    beforeAll(async () => {
      database = await open()
      tenant = await makeTenant(database)
      prefixed = await makeTenant(database)
      await seedUsers(tenant)
      await seedTeams(tenant)
      // A neighbour whose names stand for other ids, and ids for other names, must not show.
      const neighbour = await makeTenant(database)
      await seedUsers(neighbour, 1)
      await seedTeams(neighbour, 1)
      const page = listing(undefined, 1, 1000)
      const stored = await listUsers(tenant.caller(), page)
      const storedTeams = await listTeams(tenant.caller(), page, true)
      users = stored.users.map((user) => ({
        id: user.id,
        form: comparisonForm(userType, renderUser(BASE, user)),
      }))
      teams = storedTeams.teams.map((team) => ({
        id: team.id,
        form: comparisonForm(groupType, renderGroup(BASE, team)),
      }))
      const strings = (values: readonly unknown[]) =>
        values.filter((value) => typeof value === 'string')
      const addresses = stored.users.flatMap(({ attributes }) =>
        Array.isArray(attributes.emails)
          ? attributes.emails.map((element: JsonObject) => element.value)
          : [],
      )
      knownOfUsers = {
        id: users.map(({ id }) => id),
        userName: strings(stored.users.map(({ attributes }) => attributes.userName)),
        externalId: strings(stored.users.map(({ attributes }) => attributes.externalId)),
        'emails.value': strings(addresses),
        'groups.value': teams.map(({ id }) => id),
        'groups.display': strings(
          storedTeams.teams.map(({ attributes }) => attributes.displayName),
        ),
        'manager.value': users.map(({ id }) => id),
      }
      knownOfTeams = {
        id: teams.map(({ id }) => id),
        displayName: strings(storedTeams.teams.map(({ attributes }) => attributes.displayName)),
        externalId: strings(storedTeams.teams.map(({ attributes }) => attributes.externalId)),
        'members.value': users.map(({ id }) => id),
        'members.display': strings(
          storedTeams.teams.flatMap(({ members = [] }) => members.map(({ display }) => display)),
        ),
      }
    })

    test('the users of these tests have a bit of everything', () => {
      const held = new Set(users.flatMap(({ form }) => paths(form)))
      const lacking = leafNames(userType).filter((name) => !held.has(name))
      expect(lacking).toEqual([])
    })

    async function selectedUsers(filter: Filter, startIndex = 1, count = 1000) {
      const list = await listUsers(tenant.caller(), listing(filter, startIndex, count))
      return { ids: list.users.map(({ id }) => id), total: list.total }
    }

    async function selectedTeams(filter: Filter, startIndex = 1, count = 1000) {
      const list = await listTeams(
        tenant.caller(),
        listing(filter, startIndex, count),
        startIndex % 2 === 0,
      )
      return { ids: list.teams.map(({ id }) => id), total: list.total }
    }

    const page = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 5 }))

    test('a filter selects the users that it accepts', async () => {
      expect(users).toHaveLength(USERS)
      let telling = 0
      await fc.assert(
        fc.asyncProperty(filterText(userType, knownOfUsers), page, async (written, part) => {
          const filter = readFilter(userType, written)
          const ids = accepted(users, filter)
          if (ids.length > 0 && ids.length < USERS) telling += 1
          const [startIndex, count] = part
          expect(await selectedUsers(filter)).toEqual({ ids, total: ids.length })
          expect(await selectedUsers(filter, startIndex, count)).toEqual({
            ids: ids.slice(startIndex - 1, startIndex - 1 + count),
            total: ids.length,
          })
        }),
        { numRuns: runs, seed },
      )
      expect(telling).toBeGreaterThan(runs / 4)
    })

    test('a filter selects the groups that it accepts', async () => {
      expect(teams).toHaveLength(TEAMS)
      let telling = 0
      await fc.assert(
        fc.asyncProperty(filterText(groupType, knownOfTeams), page, async (written, part) => {
          const filter = readFilter(groupType, written)
          const ids = accepted(teams, filter)
          if (ids.length > 0 && ids.length < TEAMS) telling += 1
          const [startIndex, count] = part
          expect(await selectedTeams(filter)).toEqual({ ids, total: ids.length })
          expect(await selectedTeams(filter, startIndex, count)).toEqual({
            ids: ids.slice(startIndex - 1, startIndex - 1 + count),
            total: ids.length,
          })
        }),
        { numRuns: runs, seed },
      )
      expect(telling).toBeGreaterThan(runs / 4)
    })

    test('the size of a page does not change the total', async () => {
      for (const team of teams.slice(0, 8)) {
        const filter = readFilter(userType, `groups.value eq "${team.id}"`)
        const ids = accepted(users, filter)
        for (let count = 0; count <= ids.length + 1; count++) {
          expect(await selectedUsers(filter, 1, count)).toEqual({
            ids: ids.slice(0, count),
            total: ids.length,
          })
        }
      }
      for (const user of users.slice(0, 20)) {
        const filter = readFilter(groupType, `members[value eq "${user.id}"]`)
        const ids = accepted(teams, filter)
        for (let count = 0; count <= ids.length + 1; count++) {
          expect(await selectedTeams(filter, 1, count)).toEqual({
            ids: ids.slice(0, count),
            total: ids.length,
          })
        }
      }
    })

    test('a prefix may end at either edge of the code points', async () => {
      const edges = ['\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}']
      for (const [at, edge] of edges.entries()) {
        await addUnmanagedUser(prefixed, userId(at * 2), { userName: `x${edge}` })
        await addUnmanagedUser(prefixed, userId(at * 2 + 1), { userName: `x${edge}y` })
      }
      for (const [at, edge] of edges.entries()) {
        const filter = readFilter(userType, `userName sw ${JSON.stringify(`x${edge}`)}`)
        const found = await listUsers(prefixed.caller(), listing(filter))
        expect(found.users.map(({ id }) => id)).toEqual([userId(at * 2), userId(at * 2 + 1)])
      }
    })

    /** Runs a filter that is as large as the parser allows. */
    async function expectEqualUsers(written: string): Promise<void> {
      const filter = readFilter(userType, written)
      const ids = accepted(users, filter)
      expect(await selectedUsers(filter)).toEqual({ ids, total: ids.length })
      expect((await selectedUsers(filter, 2, 1)).total).toBe(ids.length)
    }

    /** The filter between brackets, each pair one level deeper. */
    const nest = (levels: number, wrap: (inner: string, level: number) => string, core: string) =>
      Array.from({ length: levels }).reduce<string>((inner, _, level) => wrap(inner, level), core)

    const costly = [
      (at: number) => `emails[type eq "work" and not (value sw "a${at}")]`,
      (at: number) => `addresses pr and not (name pr) or title co "${at}"`,
      (at: number) => `groups[display co "${at}" or value eq "${teamId(at)}"]`,
      (at: number) => `not (emails.value eq "a${at}" or groups.value eq "${teamId(at)}")`,
      (at: number) => `userName sw "a${at}"`,
      (at: number) => `${ENTERPRISE_USER}:manager.value ew "${at}"`,
      (at: number) => `meta.created gt "2026-01-01T00:00:00.${String(at).padStart(3, '0')}Z"`,
      (at: number) => `addresses.formatted ne "${at}"`,
    ]

    test('a filter may nest fifty levels deep', async () => {
      await expectEqualUsers(nest(49, (inner) => `(${inner})`, 'title co "a"'))
      await expectEqualUsers(nest(49, (inner) => `not (${inner})`, 'title co "a"'))
      await expectEqualUsers(nest(49, (inner) => `not (${inner})`, 'addresses pr'))
      await expectEqualUsers(nest(47, (inner) => `not (${inner})`, 'emails[not (value co "a")]'))
    })

    test('a filter may nest as deep as its comparisons reach', async () => {
      const leaves = [
        'title co "a"',
        'addresses pr',
        'emails.type ne "work"',
        'groups.display ew "1"',
        'name pr',
      ]
      for (const leaf of leaves) {
        const alternating = (inner: string, level: number) =>
          level % 2 === 0 ? `(${inner} or ${leaf})` : `(${inner} and ${leaf})`
        await expectEqualUsers(nest(49, alternating, leaf))
        const negated = (inner: string, level: number) =>
          level % 2 === 0 ? `not (${inner} or ${leaf})` : `not (${leaf} and ${inner})`
        await expectEqualUsers(nest(49, negated, leaf))
        // Two connectives for each pair of brackets.
        const both = (inner: string) => `(${leaf} or ${leaf} and not (${inner}))`
        await expectEqualUsers(nest(24, both, leaf))
        const element = nest(22, (inner) => `not (${inner} and value co "a")`, 'value co "a"')
        await expectEqualUsers(nest(24, alternating, `emails[${element}]`))
        const within = leaf.startsWith('title') ? 'value co "a"' : 'type eq "work"'
        await expectEqualUsers(
          `emails[${nest(46, (inner) => `not (${inner} and ${within})`, within)}]`,
        )
      }
    })

    test('a filter over groups may nest as deep, also where members are shown', async () => {
      for (const leaf of ['displayName co "1"', 'members.display co "a"', 'members.value pr']) {
        const alternating = (inner: string, level: number) =>
          level % 2 === 0 ? `(${inner} or ${leaf})` : `(${leaf} and not (${inner}))`
        const filter = readFilter(groupType, nest(32, alternating, leaf))
        const ids = accepted(teams, filter)
        expect(await selectedTeams(filter)).toEqual({ ids, total: ids.length })
        expect(await selectedTeams(filter, 2)).toEqual({ ids: ids.slice(1), total: ids.length })
      }
    })

    test('the largest filters may be sorted, shown with members, and span both types', async () => {
      const types = [userType, groupType]
      const alternating = (inner: string, level: number) =>
        level % 2 === 0 ? `(${inner} or displayName co "a")` : `(displayName pr and ${inner})`
      const wide = Array.from({ length: 64 }, (_, at) => `displayName co "${at}"`).join(' or ')
      for (const written of [nest(49, alternating, 'id pr'), wide]) {
        const filters = new Map(types.map((type) => [type, readFilter(type, written)]))
        const [ofUsers, ofTeams] = types.map((type) => filters.get(type))
        if (ofUsers === undefined || ofTeams === undefined) throw new Error('No filters')
        const ids = [...accepted(teams, ofTeams), ...accepted(users, ofUsers)]
        for (const order of [undefined, 'descending']) {
          const sort = order && readSort(types, 'displayName', order)
          const found: string[] = []
          let place: Place | undefined
          do {
            const cut = { kind: 'after', place, count: 60 } as const
            const selection = held({ filters, sort: sort || undefined, cut })
            const page = await listResources(tenant.caller(), types, selection, true)
            expect(page.total).toBe(ids.length)
            for (const one of page.resources) {
              found.push(one.type === 'User' ? one.user.id : one.team.id)
            }
            place = page.next
          } while (place !== undefined)
          expect(sort ? found.toSorted() : found).toEqual(ids)
        }
      }
    })

    test('64 comparisons of any kind are taken', async () => {
      for (const make of costly) {
        const each = readFilter(userType, make(1))
        const size = JSON.stringify(each).match(/"kind":"(?:compare|present|in)"/g)?.length ?? 1
        const list = Array.from({ length: Math.floor(64 / size) }, (_, at) => `(${make(at)})`)
        await expectEqualUsers(list.join(' or '))
        await expectEqualUsers(list.join(' and '))
        await expectEqualUsers(list.map((one, at) => (at % 2 ? one : `not ${one}`)).join(' or '))
      }
    })

    test('150 alternatives are taken', async () => {
      const ids = Array.from({ length: 150 }, (_, at) => at)
      const chain = (attribute: string, literal: (at: number) => string) =>
        ids.map((at) => `${attribute} eq "${literal(at)}"`).join(' or ')
      const chains = [
        chain('id', userId),
        chain('userName', (at) => `a${at}`),
        chain('emails.value', (at) => `a${at}`),
        chain('groups.value', teamId),
        chain('title', (at) => `a${at}`),
        chain('meta.created', (at) => `2026-01-01T00:00:00.${String(at).padStart(3, '0')}Z`),
      ]
      for (const one of chains) await expectEqualUsers(one)
      await expectEqualUsers(`emails[${chain('value', (at) => `a${at}`)}]`)
      const [byId = '', , emails = '', , titles = ''] = chains
      await expectEqualUsers(`not (${byId}) and not (${emails}) and not (${titles})`)
      await expectEqualUsers(`(${byId}) or (${emails}) or not (${titles})`)
    })

    test('unions of index lookups stay within what one statement may hold', async () => {
      const term = (at: number) => `userName eq "a${at}" or emails.value eq "b${at}"`
      for (const terms of [1, 2, 3, 6, 16, 31]) {
        const list = Array.from({ length: terms }, (_, at) => term(at)).join(' or ')
        await expectEqualUsers(list)
        await expectEqualUsers(`(${list}) and active eq true`)
      }
    })

    test('the namespace of a filter cannot be left by its operands', async () => {
      await expectEqualUsers(`id eq "' or 1=1 --" or userName eq "?1"`)
      await expectEqualUsers(`title eq "\\") or (\\"1\\" eq \\"1"`)
    })
  })
}
