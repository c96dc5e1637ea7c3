import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bindElementFilter, type Filter, readFilter } from '../../../../src/scim/filter/bind.ts'
import { elementMatches, matches } from '../../../../src/scim/filter/evaluate.ts'
import { parseFilter } from '../../../../src/scim/filter/syntax.ts'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import { comparisonForm, readResource } from '../../../../src/scim/resource/resource.ts'
import { groupType, resolve, userType } from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, USER } from '../support.ts'

/** A stored user by its comparison keys, with what the server knows of it. */
function form(id: string, created: string, body: JsonObject): JsonObject {
  const { attributes } = readResource(userType, { schemas: [USER], ...body })
  const at = Date.parse(created)
  return {
    ...comparisonForm(userType, attributes),
    id,
    meta: { resourceType: 'User', created: at, lastModified: at },
  }
}

const users: Readonly<Record<string, JsonObject>> = {
  F1: form('u1', '2026-01-01T00:00:00Z', {
    userName: 'Bjensen',
    externalId: 'Run',
    name: { givenName: 'Barbara', familyName: 'Jensen' },
    title: 'Tour Guide',
    userType: 'Employee',
    active: true,
    emails: [
      { value: 'bjensen@example.com', type: 'work', primary: true },
      { value: 'babs@jensen.org', type: 'home' },
    ],
    [ENTERPRISE]: {
      employeeNumber: '701984',
      department: 'Tour Operations',
      manager: { value: 'u2' },
    },
  }),
  F2: form('u2', '2026-02-01T00:00:00Z', {
    userName: 'jsmith',
    name: { givenName: 'John', familyName: "O'Malley" },
    userType: 'Intern',
    active: false,
    emails: [{ value: 'x@example.org', type: 'home' }],
  }),
  F3: form('u3', '2026-03-01T00:00:00.5Z', {
    userName: 'élodie',
    nickName: '100%_sure',
    displayName: 'back\\slash "quoted" (a and b) or [c]',
    userType: 'employee',
    title: null,
    emails: [],
  }),
  F4: form('u4', '2026-04-01T00:00:00Z', {
    userName: 'min',
    title: '',
    phoneNumbers: [{ value: '', primary: false }],
  }),
}

/** Who matches a filter. */
function who(text: string): string[] {
  const filter = readFilter(userType, text)
  return Object.keys(users).filter((name) => matches(filter, users[name] ?? {}))
}

test.each([
  // Equality, in any case where the attribute is not caseExact (RFC 7643 §2.2).
  ['title eq "Tour Guide"', ['F1']],
  ['title EQ "tour guide"', ['F1']],
  ['userType eq "EMPLOYEE"', ['F1', 'F3']],
  ['userName eq "ÉLODIE"', ['F3']],
  ['userName eq "E\u0301lodie"', ['F3']],
  ['userName eq "elodie"', []],
  ['userName eq jsmith', ['F2']],
  ['externalId eq "Run"', ['F1']],
  ['externalId eq "RUN"', []],
  ['id eq "u1"', ['F1']],
  ['id eq "U1"', []],
  ['meta.resourceType eq "User"', ['F1', 'F2', 'F3', 'F4']],
  ['meta.resourceType eq "user"', []],
  ['displayName eq "back\\\\slash \\"quoted\\" (a and b) or [c]"', ['F3']],
  ['title eq ""', ['F4']],
  // Inequality holds without a value, too.
  ['userType ne "Intern"', ['F1', 'F3', 'F4']],
  ['emails.type ne "work"', ['F1', 'F2', 'F3', 'F4']],
  ['emails.type ne "home"', ['F1', 'F3', 'F4']],
  ['active ne true', ['F2', 'F3', 'F4']],
  // Parts of strings, which are not patterns.
  ['name.familyName co "O\'Malley"', ['F2']],
  ['title sw "Tour"', ['F1']],
  ['title ew "Guide"', ['F1']],
  ['title sw "Tour Guide"', ['F1']],
  ['title ew "tour guide"', ['F1']],
  ['title co "GUIDE"', ['F1']],
  ['title sw "Guide"', []],
  ['title ew "Tour"', []],
  ['nickName co "%_"', ['F3']],
  ['nickName co "%%"', []],
  ['nickName sw "1__"', []],
  ['userName sw "BJENSEN"', ['F1']],
  ['userName co "É"', ['F3']],
  // Presence.
  ['title pr', ['F1']],
  ['title Pr', ['F1']],
  ['emails pr', ['F1', 'F2']],
  ['name pr', ['F1', 'F2']],
  ['meta pr', ['F1', 'F2', 'F3', 'F4']],
  ['emails.display pr', []],
  ['active pr', ['F1', 'F2']],
  ['manager pr', ['F1']],
  ['title eq null', ['F2', 'F3', 'F4']],
  ['title ne null', ['F1']],
  // Order: code points of the folded strings, and the course of time.
  ['userName gt "bjensen"', ['F2', 'F3', 'F4']],
  ['userName ge "BJENSEN"', ['F1', 'F2', 'F3', 'F4']],
  ['userName lt "min"', ['F1', 'F2']],
  ['userName le "min"', ['F1', 'F2', 'F4']],
  ['userName gt "z"', ['F3']],
  ['title lt "z"', ['F1', 'F4']],
  ['meta.created ge "2025-12-31T23:59:59Z"', ['F1', 'F2', 'F3', 'F4']],
  ['meta.created lt "2026-01-01T00:00:00Z"', []],
  ['meta.created le "2026-01-01T01:00:00+01:00"', ['F1']],
  ['meta.created eq "2026-02-01T01:00:00.000+01:00"', ['F2']],
  ['meta.created gt "2026-03-01T00:00:00.499999Z"', ['F3', 'F4']],
  ['meta.lastmodified ge "2026-03-31T22:00:00-02:00"', ['F4']],
  // Booleans.
  ['active eq false', ['F2']],
  ['active eq true', ['F1']],
  ['active eq "False"', ['F2']],
  ['active eq "TRUE"', ['F1']],
  // Logic.
  ['userType eq "Intern" or title pr', ['F1', 'F2']],
  ['not (title pr)', ['F2', 'F3', 'F4']],
  ['NOT(title pr)', ['F2', 'F3', 'F4']],
  ['(title pr or userType eq "Intern") and active eq false', ['F2']],
  ['title pr or userType eq "Intern" and active eq true', ['F1']],
  ['title pr AND userType Eq "Employee"', ['F1']],
  ['not (userType eq "Intern") and not (title pr)', ['F3', 'F4']],
  ['userName eq "min" or userName eq "JSMITH" or userName eq "nobody"', ['F2', 'F4']],
  // Several values: one is enough.
  ['emails.type eq "home"', ['F1', 'F2']],
  ['emails co "example.com"', ['F1']],
  ['emails eq "babs@jensen.org"', ['F1']],
  ['emails.value eq "BABS@JENSEN.ORG"', ['F1']],
  ['emails.type eq "work" and emails.value ew "org"', ['F1']],
  // One and the same element (RFC 7644 §3.4.2.2, table 5).
  ['emails[type eq "work" and value co "@example.com"]', ['F1']],
  ['emails[type eq "work" and value ew "org"]', []],
  ['emails[type eq "work" or (type eq "home" and value ew "example.org")]', ['F1', 'F2']],
  ['emails[not (type eq "work")]', ['F1', 'F2']],
  ['not (emails[type eq "work"])', ['F2', 'F3', 'F4']],
  ['emails[primary eq true]', ['F1']],
  // Without a value it is false, and false is as good as none (RFC 7643 §2.4).
  ['emails[primary eq false]', ['F1', 'F2']],
  ['emails.primary eq "False"', ['F1', 'F2']],
  ['emails[primary eq null]', ['F1', 'F2']],
  ['emails[not (primary pr)]', ['F1', 'F2']],
  ['emails[primary ne false]', ['F1']],
  ['emails[value sw "x@" and primary eq false]', ['F2']],
  ['emails.primary ne false', ['F1', 'F3', 'F4']],
  ['phoneNumbers pr', []],
  ['emails[primary ne true]', ['F1', 'F2']],
  ['emails[primary pr]', ['F1']],
  ['emails[type eq "work"].value eq "bjensen@example.com"', ['F1']],
  ['emails[type eq "home"].value eq "bjensen@example.com"', []],
  ['emails[type eq "work"].value eq "bjensen@example.com" and active eq true', ['F1']],
  // Schemas and extensions.
  [`schemas eq "${ENTERPRISE}"`, ['F1']],
  [`schemas eq "${USER}"`, ['F1', 'F2', 'F3', 'F4']],
  [`${ENTERPRISE}:employeeNumber eq "701984"`, ['F1']],
  [`${ENTERPRISE}:manager.value eq "u2"`, ['F1']],
  ['id eq "u1" and manager eq "u2"', ['F1']],
  ['manager eq "U2"', []],
  ['Name.FAMILYNAME eq "jensen"', ['F1']],
  [`${USER}:name.givenName eq "Barbara"`, ['F1']],
])('%s selects %j', (text, names) => {
  expect(who(text)).toEqual(names)
})

test('groups are found by their members', () => {
  const group = {
    ...comparisonForm(groupType, { displayName: 'Tour' }),
    id: 'g1',
    members: [
      { value: 'u1', type: 'user', display: 'barbara' },
      { value: 'u2', type: 'user', display: 'john' },
    ],
  }
  const found = (text: string) => matches(readFilter(groupType, text), group)
  for (const text of [
    'members.value eq "u1"',
    'members eq "u1"',
    'members[value eq "u1"]',
    'displayName eq "TOUR"',
    'id eq "g1" and members eq "u2"',
    'members[value eq "u1" and display eq "Barbara"]',
    'members.type eq "User"',
  ]) {
    expect([text, found(text)]).toEqual([text, true])
  }
  for (const text of [
    'members eq "u3"',
    'members[value eq "u1" and display eq "John"]',
    'id eq "g1" and members eq "u3"',
    'not (members pr)',
  ]) {
    expect([text, found(text)]).toEqual([text, false])
  }
})

describe('the laws of logic hold', () => {
  const leaf = fc
    .constantFrom(
      'title pr',
      'title eq "a"',
      'title ne "a"',
      'title co "a"',
      'title gt "a"',
      'active eq true',
      'active ne true',
      'emails.type eq "a"',
      'emails.value ne "b"',
      'emails[type eq "a" and value eq "b"]',
      'emails[not (type eq "a")]',
      'name.givenName sw "b"',
      'manager eq "a"',
    )
    .map((text) => readFilter(userType, text))
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.record({ kind: fc.constant('not' as const), filter: tie('filter') }),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }),
      }),
    ),
  }))
  const word = fc.constantFrom('a', 'b', 'ab', '')
  const resource: fc.Arbitrary<JsonObject> = fc.record(
    {
      title: word,
      active: fc.boolean(),
      name: fc.record({ givenName: word }, { requiredKeys: [] }),
      emails: fc.array(fc.record({ type: word, value: word }, { requiredKeys: [] }), {
        minLength: 1,
        maxLength: 3,
      }),
      [ENTERPRISE]: fc.constant({ manager: { value: 'a' } }),
    },
    { requiredKeys: [] },
  )
  const not = (inner: Filter): Filter => ({ kind: 'not', filter: inner })
  const law = (name: string, check: (f: Filter, g: Filter, on: JsonObject) => void) =>
    test(name, () => {
      fc.assert(fc.property(filter, filter, resource, check))
    })

  law('not not f is f', (f, _g, on) => {
    expect(matches(not(not(f)), on)).toBe(matches(f, on))
  })

  law('f or not f is always true, f and not f never', (f, _g, on) => {
    expect(matches({ kind: 'or', filters: [f, not(f)] }, on)).toBe(true)
    expect(matches({ kind: 'and', filters: [f, not(f)] }, on)).toBe(false)
  })

  law('De Morgan', (f, g, on) => {
    expect(matches(not({ kind: 'and', filters: [f, g] }), on)).toBe(
      matches({ kind: 'or', filters: [not(f), not(g)] }, on),
    )
    expect(matches(not({ kind: 'or', filters: [f, g] }), on)).toBe(
      matches({ kind: 'and', filters: [not(f), not(g)] }, on),
    )
  })

  law('and, or go by the truth of their terms', (f, g, on) => {
    const [a, b] = [matches(f, on), matches(g, on)]
    expect(matches({ kind: 'and', filters: [f, g] }, on)).toBe(a && b)
    expect(matches({ kind: 'or', filters: [f, g] }, on)).toBe(a || b)
  })

  test('membership is the chain of its alternatives', () => {
    const attribute = fc.constantFrom('title', 'emails.type', 'emails', 'active')
    fc.assert(
      fc.property(
        attribute,
        fc.array(fc.constantFrom('a', 'B', '', 'true', 'false'), { minLength: 2, maxLength: 5 }),
        resource,
        (name, operands, on) => {
          const given = name === 'active' ? operands.map((one) => String(one === 'true')) : operands
          const terms = given.map((operand) => `${name} eq "${operand}"`)
          const joined = readFilter(userType, terms.join(' or '))
          expect(joined.kind).toBe('in')
          const each = terms.map((term) => readFilter(userType, term))
          expect(matches(joined, on)).toBe(each.some((term) => matches(term, on)))
        },
      ),
    )
  })

  test('an element is selected as a resource that has only this element', () => {
    const resolved = resolve(userType, 'emails')
    if (resolved?.kind !== 'attribute') throw new Error('No attribute.')
    const inner = fc.constantFrom(
      'type eq "a"',
      'type ne "a" or value pr',
      'not (value co "b") and type pr',
      'value eq "a" or value eq "b"',
      'value gt ""',
    )
    const element = fc.record({ type: word, value: word }, { requiredKeys: [] })
    fc.assert(
      fc.property(inner, element, (text, one: Json) => {
        const alone = bindElementFilter(parseFilter(text), resolved.path)
        expect(elementMatches(alone, one)).toBe(
          matches(readFilter(userType, `emails[${text}]`), { emails: [one] }),
        )
      }),
    )
  })
})
