import { describe, expect, test } from 'vitest'
import {
  type Beliefs,
  compare,
  ENTERPRISE_USER,
  type JsonObject,
  type Snapshot,
  USER,
} from '../../../scripts/simulate/compare.ts'

const ada = 'id-ada'
const zoe = 'id-zoe'
const core = 'id-core'

function believed(): Beliefs {
  return {
    run: 'run-',
    users: new Map([
      [
        ada,
        {
          id: ada,
          attributes: {
            userName: 'run-ada@example.com',
            externalId: 'run-1',
            active: true,
            name: { givenName: 'Ada', familyName: "O'Brien", middleName: null },
            emails: [
              { primary: true, type: 'work', value: 'run-ada@example.com' },
              { type: 'home', value: 'ada@home.example.net' },
            ],
            nickName: null,
            [ENTERPRISE_USER]: { department: 'R&D', manager: { value: zoe } },
          },
        },
      ],
      [
        zoe,
        {
          id: zoe,
          attributes: { userName: 'run-zoë@example.com', externalId: 'run-2', active: false },
        },
      ],
    ]),
    groups: new Map([
      [
        core,
        {
          id: core,
          attributes: { displayName: 'run-Core', externalId: 'team-1' },
          members: new Set([ada, zoe]),
        },
      ],
    ]),
  }
}

/** What an endpoint returns that has everything right, in an order and a detail of its own. */
function returned(): Snapshot & { ada: JsonObject; zoe: JsonObject; core: JsonObject } {
  const groups = [{ value: core, display: 'run-Core', type: 'direct' }]
  const users: JsonObject = {
    schemas: [USER, ENTERPRISE_USER],
    id: ada,
    userName: 'run-ada@example.com',
    externalId: 'run-1',
    active: true,
    name: { givenName: 'Ada', familyName: "O'Brien" },
    emails: [
      { type: 'home', value: 'ada@home.example.net' },
      { type: 'work', value: 'run-ada@example.com', primary: true },
    ],
    groups,
    [ENTERPRISE_USER]: { department: 'R&D', manager: { value: zoe, displayName: 'Zoë' } },
    meta: { resourceType: 'User' },
  }
  const other: JsonObject = {
    schemas: [USER],
    id: zoe,
    userName: 'run-zoë@example.com',
    externalId: 'run-2',
    active: false,
    groups,
  }
  const group: JsonObject = {
    id: core,
    displayName: 'run-Core',
    externalId: 'team-1',
    members: [{ value: zoe }, { value: ada }],
  }
  const foreign: JsonObject = { id: 'id-else', userName: 'somebody@else.example', groups: [] }
  return { users: [foreign, users, other], groups: [group], ada: users, zoe: other, core: group }
}

describe('the comparison of a directory with an endpoint', () => {
  test('finds nothing where both agree, whatever the order and whatever other runs left', () => {
    expect(compare(believed(), returned())).toEqual([])
  })

  test('lists a corrupted attribute and a lost member, from both sides', () => {
    const snapshot = returned()
    snapshot.ada.name = { givenName: 'Eda', familyName: "O'Brien" }
    snapshot.core.members = [{ value: ada }]
    expect(compare(believed(), snapshot)).toEqual([
      {
        resource: 'User run-ada@example.com',
        attribute: 'name.givenName',
        expected: '"Ada"',
        actual: '"Eda"',
      },
      {
        resource: 'Group run-Core',
        attribute: 'members',
        expected: '"id-zoe"',
        actual: '(absent)',
      },
    ])
    snapshot.zoe.groups = []
    expect(compare(believed(), snapshot)).toContainEqual({
      resource: 'User run-zoë@example.com',
      attribute: 'groups',
      expected: '"id-core"',
      actual: '(absent)',
    })
  })

  test.each<[string, (found: ReturnType<typeof returned>) => void, string, string, string]>([
    [
      'a string instead of a boolean',
      ({ ada }) => {
        ada.active = 'True'
      },
      'active',
      'true',
      '"True"',
    ],
    [
      'an e-mail of another type',
      ({ ada }) => {
        ada.emails = [{ type: 'work', value: 'run-ada@example.com', primary: true }]
      },
      'emails[type eq "home"]',
      '{"type":"home","value":"ada@home.example.net"}',
      '(absent)',
    ],
    [
      'an e-mail too many',
      ({ ada }) => {
        ada.emails = [...[ada.emails ?? []].flat(), { type: 'other', value: 'x' }]
      },
      'emails',
      '(absent)',
      '{"type":"other","value":"x"}',
    ],
    [
      'a changed value inside an e-mail',
      ({ ada }) => {
        ada.emails = [
          { type: 'home', value: 'ada@home.example.net' },
          { type: 'work', value: 'RUN-ADA@example.com', primary: true },
        ]
      },
      'emails[type eq "work"].value',
      '"run-ada@example.com"',
      '"RUN-ADA@example.com"',
    ],
    [
      'an attribute that was cleared',
      ({ ada }) => {
        ada.nickName = 'Babs'
      },
      'nickName',
      '(absent)',
      '"Babs"',
    ],
    [
      'an attribute of the extension',
      ({ ada }) => {
        ada[ENTERPRISE_USER] = { department: 'R&D', manager: 'id-zoe' }
      },
      `${ENTERPRISE_USER}:manager`,
      '{"value":"id-zoe"}',
      '"id-zoe"',
    ],
    [
      'a schema that is not named',
      ({ ada }) => {
        ada.schemas = [USER]
      },
      'schemas',
      ENTERPRISE_USER,
      `["${USER}"]`,
    ],
    [
      'the former name of a group',
      ({ ada }) => {
        ada.groups = [{ value: core, display: 'run-Old' }]
      },
      'groups[value eq "id-core"].display',
      '"run-Core"',
      '"run-Old"',
    ],
    [
      'a group the user is not in',
      ({ ada }) => {
        ada.groups = [{ value: core }, { value: 'id-other' }]
      },
      'groups',
      '(absent)',
      '"id-other"',
    ],
  ])('lists %s', (_what, corrupt, attribute, expected, actual) => {
    const snapshot = returned()
    corrupt(snapshot)
    expect(compare(believed(), snapshot)).toEqual([
      { resource: 'User run-ada@example.com', attribute, expected, actual },
    ])
  })

  test('lists an extra member and a member that is listed twice', () => {
    const snapshot = returned()
    snapshot.core.members = [{ value: ada }, { value: zoe }, { value: 'id-else' }, { value: ada }]
    expect(compare(believed(), snapshot)).toEqual([
      {
        resource: 'Group run-Core',
        attribute: 'members',
        expected: '(absent)',
        actual: '"id-else"',
      },
      {
        resource: 'Group run-Core',
        attribute: 'members',
        expected: 'id-ada once',
        actual: 'id-ada repeated',
      },
    ])
  })

  test('lists a missing user', () => {
    const snapshot = returned()
    snapshot.users = snapshot.users.filter((user) => user !== snapshot.zoe)
    expect(compare(believed(), snapshot)).toEqual([
      {
        resource: 'User run-zoë@example.com',
        attribute: '(resource)',
        expected: 'present',
        actual: 'missing',
      },
    ])
  })

  test('lists a resource that should be gone', () => {
    const beliefs = believed()
    beliefs.groups.delete(core)
    beliefs.users.delete(zoe)
    const snapshot = returned()
    snapshot.ada.groups = []
    expect(compare(beliefs, snapshot)).toEqual([
      {
        resource: 'User run-zoë@example.com',
        attribute: '(resource)',
        expected: 'absent',
        actual: 'present',
      },
      {
        resource: 'Group run-Core',
        attribute: '(resource)',
        expected: 'absent',
        actual: 'present',
      },
    ])
  })
})
