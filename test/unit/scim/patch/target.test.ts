import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/scim/json.ts'
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
  const { kind, ...rest } = change
  if (change.kind === 'extension') return { ...rest, schema: change.schema.id }
  const { path, filter, ...more } = change
  return { ...more, kind, path: pathName(path), filtered: filter !== undefined }
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
    expect(resolved(userType, { op: 'remove', path: ENTERPRISE.toUpperCase() })).toEqual([
      { op: 'remove', schema: ENTERPRISE, where: 'Operations[0]' },
    ])
  })

  test.each([
    'favouriteColour',
    'favouriteColour[type eq "x"].y',
    'name.nope',
    'emails[type eq "work"].nope',
    'members',
    'emails.nope',
    `${USER}`,
    `${USER}:employeeNumber`,
    `${GROUP}:displayName`,
    `${ENTERPRISE}:nope`,
    `${ENTERPRISE}[type eq "x"]`,
    `${USER}[type eq "x"].y`,
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
  ])('that is malformed is refused: %j', (path) => {
    expectRefusal(() => atPath(path), 'invalidPath', 'Operations[0]: The path')
  })

  test.each([
    ['userName[value eq "x"]', 'userName'],
    ['name[familyName eq "Jensen"].givenName', 'name'],
    ['manager[value eq "x"]', 'manager'],
    ['schemas[value eq "x"]', 'schemas'],
    ['emails.value[type eq "x"]', 'emails.value'],
  ])('selects elements only where there are some: %s', (path, name) => {
    expectRefusal(() => atPath(path), 'invalidPath', 'Operations[0]', `${name} has no elements`)
  })

  test.each([
    ['emails[bogus eq "x"].value', '"bogus" is no attribute of an element of emails'],
    ['emails[primary gt true]', 'emails.primary is boolean'],
    ['emails[type eq 5]', 'emails.type is string'],
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
      { schema: ENTERPRISE, value: { department: 'D' } },
    ])
  })

  test('may nest the core attributes below their URN', () => {
    expect(takeApart({ [USER]: { title: 'T' } })).toEqual([
      { kind: 'attribute', path: 'title', filtered: false, explicit: false, value: 'T' },
    ])
    expect(takeApart({ [USER]: 'x' })).toEqual([])
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
