import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import { readOperations } from '../../../../src/scim/patch/operation.ts'
import { type Change, resolveOperations } from '../../../../src/scim/patch/target.ts'
import {
  groupType,
  pathName,
  type ResourceType,
  userType,
} from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, expectRefusal, GROUP, patchBody, USER } from '../support.ts'

function resolved(type: ResourceType, ...operations: readonly Json[]): unknown[] {
  return resolveOperations(type, readOperations(patchBody(...operations))).map(shape)
}

/** A change without the definitions of its attributes: their names stand for them. */
function shape(change: Change): unknown {
  if (change.kind === 'extension') return { kind: change.kind, schema: change.schema.id }
  const { path, filter, ...more } = change
  return { ...more, path: pathName(path), filtered: filter !== undefined }
}

const atPath = (path: string) => resolved(userType, { op: 'add', path, value: 'x' })

describe('a path', () => {
  test.each<[string, string, boolean]>([
    ['title', 'title', false],
    ['USERNAME', 'userName', false],
    ['Name.GIVENNAME', 'name.givenName', false],
    ['URN:ietf:params:scim:schemas:core:2.0:user:Title', 'title', false],
    [`${USER}:name.givenName`, 'name.givenName', false],
    [`${ENTERPRISE}:employeeNumber`, `${ENTERPRISE}:employeeNumber`, false],
    [`${ENTERPRISE}:manager.value`, `${ENTERPRISE}:manager.value`, false],
    [`${ENTERPRISE}.manager`, `${ENTERPRISE}:manager`, false],
    ['manager', `${ENTERPRISE}:manager`, false],
    ['emails', 'emails', false],
    ['emails.type', 'emails.type', false],
    ['emails[type eq "work"]', 'emails', true],
    ['EMAILS[TYPE EQ "work"].VALUE', 'emails.value', true],
    [`${USER}:emails[type eq work].value`, 'emails.value', true],
    ['groups[value eq "x"]', 'groups', true],
  ])('%s leads to %s', (path, name, filtered) => {
    expect(atPath(path)).toEqual([
      {
        kind: 'attribute',
        op: 'add',
        path: name,
        filtered,
        explicit: true,
        value: 'x',
        where: 'Operations[0]',
      },
    ])
  })

  test('to a whole extension is one change', () => {
    const whole = { op: 'remove', path: ENTERPRISE.toUpperCase() }
    expect(resolved(userType, whole)).toEqual([{ kind: 'extension', schema: ENTERPRISE }])
  })

  test.each([
    'favouriteColour',
    'favouriteColour[type eq "x"].y',
    'name.nope',
    'emails[type eq "work"].nope',
    'members',
    'emails.nope',
    `${USER}:employeeNumber`,
    `${GROUP}:displayName`,
    `${ENTERPRISE}:nope`,
    'urn:example:other:2.0:User:x',
    'constructor.prototype',
  ])('to what the schema lacks is ignored: %s', (path) => {
    expect(atPath(path)).toEqual([])
  })

  test.each([
    '',
    'emails[type eq "work"',
    'emails[type eq "work"].',
    'name..x',
    '.x',
    'emails[0].value',
    'a b',
    "emails[type eq 'work']",
    '__proto__.x',
    'title pr',
    `${USER}:`,
    `${USER}::title`,
    `${ENTERPRISE}:`,
    `${ENTERPRISE}::department`,
    'urn:example:other:',
    'urn::example:x',
    `${USER}:[type eq "work"]`,
  ])('that is malformed is refused: %j', (path) => {
    expectRefusal(() => atPath(path), 'invalidPath', 'Operations[0]: The path')
  })

  test.each([
    ['userName[value eq "x"]', 'userName'],
    ['name[familyName eq "Jensen"].givenName', 'name'],
    ['manager[value eq "x"]', 'manager'],
    ['schemas[value eq "x"]', 'schemas'],
    ['emails.value[type eq "x"]', 'emails.value'],
    [`${ENTERPRISE}[type eq "x"]`, ENTERPRISE],
    [`${USER}[type eq "x"].y`, USER],
  ])('selects elements only where there are some: %s', (path, name) => {
    expectRefusal(() => atPath(path), 'invalidPath', 'Operations[0]', `${name} has no elements`)
  })

  test.each([
    ['emails[bogus eq "x"].value', '"bogus" is no attribute of an element of emails'],
    ['emails[primary gt true]', 'emails.primary is boolean'],
    ['emails[type gt null]', 'emails.type is string'],
    ['emails[type[value pr]]', 'type[…] stands inside'],
  ])('with a filter that does not fit is refused: %s', (path, detail) => {
    expectRefusal(() => atPath(path), 'invalidPath', `Operations[0]: ${detail}`)
  })
})

describe('a value without a path', () => {
  const takeApart = (value: Json) =>
    resolved(userType, { op: 'replace', value }).map((change) => {
      const { where: _where, op: _op, ...rest } = change as Record<string, Json>
      return rest
    })

  test('is taken apart into changes of its members, in order', () => {
    expect(takeApart({ displayName: 'D', emails: [{ value: 'a@x' }], ACTIVE: false })).toEqual([
      { kind: 'attribute', path: 'displayName', filtered: false, explicit: false, value: 'D' },
      {
        kind: 'attribute',
        path: 'emails',
        filtered: false,
        explicit: false,
        value: [{ value: 'a@x' }],
      },
      { kind: 'attribute', path: 'active', filtered: false, explicit: false, value: false },
    ])
  })

  test('may have paths for member names, as Entra ID writes them', () => {
    expect(
      takeApart({
        'name.givenName': 'K',
        [`${ENTERPRISE}:employeeNumber`]: 'A',
        'emails[type eq "work"].value': 'e@x',
        [ENTERPRISE]: { department: 'D' },
      }),
    ).toEqual([
      { kind: 'attribute', path: 'name.givenName', filtered: false, explicit: false, value: 'K' },
      {
        kind: 'attribute',
        path: `${ENTERPRISE}:employeeNumber`,
        filtered: false,
        explicit: false,
        value: 'A',
      },
      { kind: 'attribute', path: 'emails.value', filtered: true, explicit: false, value: 'e@x' },
      {
        kind: 'attribute',
        path: `${ENTERPRISE}:department`,
        filtered: false,
        explicit: false,
        value: 'D',
      },
    ])
  })

  test('may nest the core attributes below their URN', () => {
    expect(takeApart({ [USER]: { title: 'T' } })).toEqual([
      { kind: 'attribute', path: 'title', filtered: false, explicit: false, value: 'T' },
    ])
  })

  test('loses members that begin with no attribute, however they go on', () => {
    expect(
      takeApart(
        JSON.parse(
          '{"favouriteColour":1,"a b":2,"":3,"x[":4,"nope[0].y":5,"__proto__":{"title":6}}',
        ),
      ),
    ).toEqual([])
  })

  test('is refused where an attribute is followed by a malformed path', () => {
    expectRefusal(
      () => takeApart({ 'emails[type eq': 'x' }),
      'invalidPath',
      'Operations[0]: The path "emails[type eq"',
    )
  })

  test.each<Json>(['x', null, 5, true, [{ title: 'x' }]])('is an object, not %j', (value) => {
    expectRefusal(() => takeApart(value), 'invalidValue', 'Operations[0] has no path')
  })
})

describe("a schema's URN as path", () => {
  test.each<[string, JsonObject]>([
    [USER, { title: 'T', 'name.givenName': 'G', nope: 1 }],
    [USER.toUpperCase(), { [`${USER}:title`]: 'T', [USER]: { name: { givenName: 'G' } } }],
    [ENTERPRISE, { department: 'D', 'manager.value': 'm', nope: 1 }],
    [ENTERPRISE, { [`${ENTERPRISE}:department`]: 'D', [ENTERPRISE]: { manager: 'm' } }],
    [USER, { [ENTERPRISE]: { department: 'D' }, id: 'x' }],
  ])('%s with a value is as good as none: %j', (path, value) => {
    for (const op of ['add', 'replace']) {
      const below = path === ENTERPRISE ? { [ENTERPRISE]: value } : value
      const changes = resolved(userType, { op, path, value })
      expect(changes).toEqual(resolved(userType, { op, value: below }))
      expect(changes.length).toBeGreaterThan(0)
    }
  })

  test.each<[string, Json]>([
    [USER, 'x'],
    [USER, null],
    [USER, []],
    [USER, [{ title: 'x' }]],
    [ENTERPRISE, 'x'],
    [ENTERPRISE, 5],
  ])('%s needs an object for a value, not %j', (path, value) => {
    for (const operation of [
      { op: 'replace', path, value },
      { op: 'replace', value: { [path]: value } },
    ]) {
      expectRefusal(
        () => resolved(userType, operation),
        'invalidValue',
        `Operations[0]: the value of ${path} must be an object of its attributes`,
      )
    }
  })

  test('cannot be removed, unless it is that of an extension', () => {
    for (const [type, path] of [
      [userType, USER],
      [groupType, GROUP],
    ] as const) {
      expectRefusal(
        () => resolved(type, { op: 'remove', path }),
        'noTarget',
        `Operations[0] removes ${path}`,
      )
      expectRefusal(
        () => resolved(type, { op: 'remove', path, value: { externalId: 'x' } }),
        'noTarget',
      )
    }
    for (const op of ['add', 'replace']) {
      expect(resolved(userType, { op, path: ENTERPRISE, value: null })).toEqual([
        { kind: 'extension', schema: ENTERPRISE },
      ])
    }
  })
})

test('every change knows its operation', () => {
  expect(
    resolved(
      groupType,
      { op: 'replace', value: { id: 'g1', displayName: 'New', members: [] } },
      { op: 'remove', path: 'members[value eq "u1"]' },
    ),
  ).toEqual([
    {
      kind: 'attribute',
      op: 'replace',
      path: 'id',
      filtered: false,
      explicit: false,
      value: 'g1',
      where: 'Operations[0]',
    },
    {
      kind: 'attribute',
      op: 'replace',
      path: 'displayName',
      filtered: false,
      explicit: false,
      value: 'New',
      where: 'Operations[0]',
    },
    {
      kind: 'attribute',
      op: 'replace',
      path: 'members',
      filtered: false,
      explicit: false,
      value: [],
      where: 'Operations[0]',
    },
    {
      kind: 'attribute',
      op: 'remove',
      path: 'members',
      filtered: true,
      explicit: true,
      where: 'Operations[1]',
    },
  ])
})
