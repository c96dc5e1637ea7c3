/** PATCH requests as identity providers send them. */
import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import { separateMembers } from '../../../../src/scim/patch/members.ts'
import { readOperations } from '../../../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../../../src/scim/patch/target.ts'
import { groupType } from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, expectRefusal, GROUP, patchBody, patchGroup, patchUser } from '../support.ts'

const work = { type: 'work', value: 'ada.lovelace@example.com', primary: true }
const home = { type: 'home', value: 'ada@home.org' }
const ada = {
  userName: 'ada.lovelace@example.com',
  active: true,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [work, home],
  [ENTERPRISE]: { employeeNumber: '1', department: 'D', manager: { value: 'u2' } },
}
const bare = { userName: 'b' }

describe('Okta', () => {
  test('deactivates without a path', () => {
    expect(patchUser(ada, { op: 'replace', value: { active: false } })).toEqual({
      ...ada,
      active: false,
    })
  })

  test('renames a group with its id in the value', () => {
    expect(
      patchGroup(
        { displayName: 'Old' },
        { op: 'replace', value: { id: 'g1', displayName: 'New' } },
      ),
    ).toEqual({ displayName: 'New' })
  })
})

describe('provisioning jobs of Azure AD', () => {
  test.each<[string, Json, Json]>([
    ['displayName', 'D', 'D'],
    ['active', 'False', false],
    ['externalId', 'e', 'e'],
    ['name.givenName', 'G', 'G'],
    [`${ENTERPRISE}:department`, 'X', 'X'],
    ['emails[type eq "work"].value', 'w@x', 'w@x'],
  ])('wrap the value of %s', (path, given, stored) => {
    for (const wrapped of [[{ $ref: null, value: given }], [{ value: given }]]) {
      const op = 'Replace'
      const plain = patchUser(ada, { op, path, value: stored })
      expect(patchUser(ada, { op, path, value: wrapped })).toEqual(plain)
      if (path.includes('[')) continue
      expect(patchUser(ada, { op: 'Add', value: { [path]: wrapped } })).toEqual(plain)
    }
  })

  test.each<[string, Json]>([
    ['displayName', [{ $ref: 'x', value: 'D' }]],
    ['displayName', [{ value: 'D', type: 'x' }]],
    ['displayName', [{ $ref: null }]],
    ['displayName', [{ value: 'D' }, { value: 'E' }]],
    ['displayName', [{ value: { value: 'D' } }]],
  ])('and nothing else is unwrapped: %s %j', (path, value) => {
    expectRefusal(() => patchUser(ada, { op: 'Replace', path, value }), 'invalidValue')
  })

  test('wrap one element in a list', () => {
    const value = { type: 'work', value: 'n@x' }
    for (const op of ['Add', 'Replace']) {
      const path = 'emails[type eq "work"]'
      expect(patchUser(ada, { op, path, value: [value] })).toEqual(
        patchUser(ada, { op, path, value }),
      )
    }
  })
})

describe('clients that send bare values', () => {
  test('mean elements with that value', () => {
    for (const op of ['add', 'replace']) {
      expect(
        patchUser(
          bare,
          { op, path: 'roles', value: ['viewer', '', 'Editor'] },
          { op, value: { emails: 'a@b.c' } },
        ),
      ).toEqual({
        ...bare,
        roles: [{ value: 'viewer' }, { value: 'Editor' }],
        emails: [{ value: 'a@b.c' }],
      })
    }
    expect(patchUser(ada, { op: 'remove', path: 'emails', value: home.value }).emails).toEqual([
      work,
    ])
  })

  test('change the value alone of what a path selects', () => {
    const path = 'emails[type eq "work"]'
    for (const value of ['n@x', ['n@x']]) {
      expect(patchUser(ada, { op: 'replace', path, value }).emails).toEqual([
        { ...work, value: 'n@x' },
        home,
      ])
    }
    const absent = 'emails[type eq "other"]'
    expectRefusal(() => patchUser(ada, { op: 'replace', path: absent, value: 'x' }), 'noTarget')
  })
})

describe('clients that send the reference alone', () => {
  test('mean the manager that it leads to', () => {
    const manager = { $ref: '../Users/u9' }
    for (const operation of [
      { op: 'add', path: 'manager', value: manager },
      { op: 'replace', path: `${ENTERPRISE}:manager`, value: [manager] },
      { op: 'replace', path: 'manager.$ref', value: manager.$ref },
      { op: 'add', value: { [ENTERPRISE]: { manager } } },
    ]) {
      expect(patchUser(ada, operation)[ENTERPRISE]).toEqual({
        ...ada[ENTERPRISE],
        manager: { value: 'u9' },
      })
    }
  })
})

describe('clients that leave quotes out', () => {
  test('mean the text as it is written', () => {
    expect(
      patchUser(
        bare,
        { op: 'add', path: 'phoneNumbers[value eq 007].type', value: 'work' },
        { op: 'add', path: 'phoneNumbers[value eq 007 and type eq work].display', value: 'D' },
        { op: 'add', path: 'phoneNumbers[value eq 49-123].type', value: 'home' },
        { op: 'remove', path: 'phoneNumbers[value eq 7]' },
      ),
    ).toEqual({
      ...bare,
      phoneNumbers: [
        { value: '007', type: 'work', display: 'D' },
        { value: '49-123', type: 'home' },
      ],
    })
  })
})

describe('Entra ID', () => {
  test.each<[JsonObject, boolean]>([
    [{ op: 'Replace', path: 'active', value: 'False' }, false],
    [{ op: 'Replace', path: 'active', value: 'false' }, false],
    [{ op: 'Replace', path: 'active', value: 'FALSE' }, false],
    [{ op: 'Replace', path: 'active', value: 'True' }, true],
    [{ op: 'Replace', path: 'active', value: false }, false],
    [{ op: 'Replace', value: { active: 'False' } }, false],
    [{ op: 'Replace', path: 'active', value: ['False'] }, false],
    [{ op: 'Add', path: 'active', value: 'False' }, false],
    [{ op: 'Add', path: 'ACTIVE', value: 'True' }, true],
  ])('spells booleans its own way: %j', (operation, active) => {
    expect(patchUser({ ...ada, active: !active }, operation)).toEqual({ ...ada, active })
  })

  test('adds single values that exist', () => {
    expect(
      patchUser(
        { ...ada, externalId: 'a', nickName: 'A' },
        { op: 'Add', path: 'nickName', value: 'Babs' },
        { op: 'Add', path: 'externalId', value: 'b' },
        { op: 'Add', path: 'displayName', value: 'D' },
      ),
    ).toEqual({ ...ada, externalId: 'b', nickName: 'Babs', displayName: 'D' })
  })

  test('renames a user', () => {
    expect(
      patchUser(ada, { op: 'Replace', path: 'userName', value: 'new.name@example.com' }).userName,
    ).toBe('new.name@example.com')
    expect(
      patchUser(ada, { op: 'replace', value: { userName: 'new.name@example.com' } }).userName,
    ).toBe('new.name@example.com')
  })

  test('writes to elements that do not exist', () => {
    expect(
      patchUser(
        bare,
        { op: 'Replace', path: 'emails[type eq "work"].value', value: 'b@example.com' },
        { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '555' },
        { op: 'Add', path: 'addresses[type eq "work"].country', value: 'NL' },
        { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'Delft' },
        { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Admin' },
        { op: 'Replace', path: 'title', value: 'Dr' },
      ),
    ).toEqual({
      userName: 'b',
      emails: [{ type: 'work', value: 'b@example.com' }],
      phoneNumbers: [{ type: 'mobile', value: '555' }],
      addresses: [{ type: 'work', country: 'NL', locality: 'Delft' }],
      roles: [{ primary: true, value: 'Admin' }],
      title: 'Dr',
    })
  })

  test('replaces a part of one element only', () => {
    expect(
      patchUser(
        ada,
        {
          op: 'Replace',
          path: 'emails[type eq "work"].value',
          value: 'updatedEmail@microsoft.com',
        },
        { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      ),
    ).toEqual({
      ...ada,
      emails: [{ ...work, value: 'updatedEmail@microsoft.com' }, home],
      name: { givenName: 'Ada', familyName: 'updatedFamilyName' },
    })
  })

  test('writes dotted and qualified member names', () => {
    expect(
      patchUser(
        ada,
        { op: 'replace', path: 'emails[type eq "work"].value', value: 'Test@test.microsoft.com' },
        {
          op: 'replace',
          value: {
            displayName: 'Bjfe',
            'name.givenName': 'Kkom',
            'name.familyName': 'Unua',
            [`${ENTERPRISE}:employeeNumber`]: 'Aklq',
          },
        },
      ),
    ).toEqual({
      ...ada,
      displayName: 'Bjfe',
      name: { givenName: 'Kkom', familyName: 'Unua' },
      emails: [{ ...work, value: 'Test@test.microsoft.com' }, home],
      [ENTERPRISE]: { employeeNumber: 'Aklq', department: 'D', manager: { value: 'u2' } },
    })
  })

  test.each<JsonObject>([
    { op: 'add', path: `${ENTERPRISE}:manager`, value: { value: 'u3' } },
    { op: 'Add', path: `${ENTERPRISE}:manager`, value: 'u3' },
    {
      op: 'Add',
      path: 'manager',
      value: [{ $ref: 'http://example.com/scim/Users/u3', value: 'u3' }],
    },
    { op: 'replace', path: `${ENTERPRISE}.manager`, value: 'u3' },
    { op: 'replace', value: { [`${ENTERPRISE}:manager`]: { value: 'u3', displayName: 'X' } } },
    { op: 'replace', value: { [ENTERPRISE]: { manager: { value: 'u3' } } } },
    { op: 'replace', value: { manager: 'u3' } },
  ])('sets the manager in many ways: %j', (operation) => {
    expect(patchUser(ada, operation)).toEqual({
      ...ada,
      [ENTERPRISE]: { employeeNumber: '1', department: 'D', manager: { value: 'u3' } },
    })
    expect(patchUser(bare, operation)).toEqual({
      userName: 'b',
      [ENTERPRISE]: { manager: { value: 'u3' } },
    })
  })

  test.each<JsonObject>([
    { op: 'replace', path: `${ENTERPRISE}:manager`, value: { value: '' } },
    { op: 'Replace', path: `${ENTERPRISE}:manager`, value: '' },
    { op: 'Replace', path: `${ENTERPRISE}:manager`, value: null },
    { op: 'Remove', path: `${ENTERPRISE}:manager` },
    { op: 'Replace', path: `${ENTERPRISE}:manager.value`, value: '' },
    { op: 'Remove', path: 'manager.value' },
    { op: 'replace', value: { [ENTERPRISE]: { manager: { value: '' } } } },
  ])('removes the manager in many ways: %j', (operation) => {
    expect(patchUser(ada, operation)).toEqual({
      ...ada,
      [ENTERPRISE]: { employeeNumber: '1', department: 'D' },
    })
    expect(patchUser(bare, operation)).toEqual(bare)
  })

  test('clears optional values with "" and null', () => {
    const user = {
      ...ada,
      title: 'T',
      nickName: 'N',
      phoneNumbers: [{ type: 'mobile', value: '555' }],
    }
    const { nickName: _nickName, ...rest } = user
    expect(
      patchUser(
        user,
        { op: 'replace', path: 'title', value: '' },
        { op: 'replace', path: 'nickName', value: null },
        { op: 'replace', path: 'phoneNumbers[type eq "mobile"].value', value: '' },
        { op: 'replace', path: `${ENTERPRISE}:department`, value: null },
      ),
    ).toEqual({
      ...rest,
      title: '',
      phoneNumbers: [{ type: 'mobile', value: '' }],
      [ENTERPRISE]: { employeeNumber: '1', manager: { value: 'u2' } },
    })
  })

  test('writes names and operations in any case', () => {
    expect(
      patchUser(
        ada,
        { op: 'REPLACE', path: 'Name.GivenName', value: 'X' },
        { op: 'replace', path: 'EMAILS[TYPE EQ "work"].VALUE', value: 'x@example.com' },
        {
          op: 'Replace',
          path: 'urn:ietf:params:scim:schemas:core:2.0:User:displayName',
          value: 'Y',
        },
      ),
    ).toEqual({
      ...ada,
      name: { givenName: 'X', familyName: 'Lovelace' },
      emails: [{ ...work, value: 'x@example.com' }, home],
      displayName: 'Y',
    })
    expect(
      patchUser(
        { ...bare, emails: [{ type: 'other', value: 'o' }], addresses: [{ type: 'other' }] },
        { op: 'Replace', path: 'emails[type eq "other"].Value', value: 'z@x' },
        { op: 'Replace', path: 'addresses[type eq "other"].Formatted', value: 'L' },
      ),
    ).toEqual({
      userName: 'b',
      emails: [{ type: 'other', value: 'z@x' }],
      addresses: [{ type: 'other', formatted: 'L' }],
    })
  })

  test('assigns roles whose value is JSON', () => {
    const value = '{"id":"1","value":"Admin","displayName":"Admin"}'
    expect(patchUser(bare, { op: 'Add', path: 'roles', value: [{ value }] }).roles).toEqual([
      { value },
    ])
  })

  test.each<[JsonObject, string]>([
    [{ op: 'Replace', path: 'externalId', value: 'new-ext' }, 'new-ext'],
    [{ op: 'Add', path: 'externalId', value: 'new-ext2' }, 'new-ext2'],
    [{ op: 'replace', value: { externalId: 'new-ext3' } }, 'new-ext3'],
  ])("sets a group's externalId: %j", (operation, externalId) => {
    expect(patchGroup({ displayName: 'G', externalId: 'old' }, operation)).toEqual({
      displayName: 'G',
      externalId,
    })
  })

  test('renames a group', () => {
    expect(
      patchGroup({ displayName: 'G' }, { op: 'Replace', path: 'displayName', value: 'Renamed' }),
    ).toEqual({ displayName: 'Renamed' })
  })
})

test('authentik replaces a group by all that it knows of it, without its members', () => {
  const operation = {
    op: 'replace',
    value: { schemas: [GROUP], id: 'g1', displayName: 'New', externalId: 'pk' },
  }
  expect(patchGroup({ displayName: 'Old' }, operation)).toEqual({
    displayName: 'New',
    externalId: 'pk',
  })
  const changes = resolveOperations(groupType, readOperations(patchBody(operation)))
  expect(separateMembers(changes).members).toEqual([])
})

test("Microsoft's validator fills a bare user with one operation for each value", () => {
  const add = (path: string, value: Json) => ({ op: 'add', path, value })
  expect(
    patchUser(
      bare,
      add('active', true),
      add('emails[type eq "work"].value', 'w@x'),
      add('emails[type eq "work"].primary', true),
      add('addresses[type eq "work"].formatted', 'F'),
      add('addresses[type eq "work"].primary', true),
      add('phoneNumbers[type eq "work"].value', '1'),
      add('phoneNumbers[type eq "work"].primary', true),
      add('phoneNumbers[type eq "mobile"].value', '2'),
      add('roles[primary eq "True"].display', 'RD'),
      add('roles[primary eq "True"].value', 'RV'),
      add('roles[primary eq "True"].type', 'RT'),
      add(`${ENTERPRISE}:costCenter`, 'C'),
      add('name.formatted', 'N'),
    ),
  ).toEqual({
    userName: 'b',
    active: true,
    emails: [{ type: 'work', value: 'w@x', primary: true }],
    addresses: [{ type: 'work', formatted: 'F', primary: true }],
    phoneNumbers: [
      { type: 'work', value: '1', primary: true },
      { type: 'mobile', value: '2' },
    ],
    roles: [{ primary: true, display: 'RD', value: 'RV', type: 'RT' }],
    [ENTERPRISE]: { costCenter: 'C' },
    name: { formatted: 'N' },
  })
})
