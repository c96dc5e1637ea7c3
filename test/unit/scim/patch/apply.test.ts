import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import { sameValue } from '../../../../src/scim/resource/equality.ts'
import {
  ENTERPRISE,
  expectRefusal,
  GROUP,
  patchGroup,
  patchUser,
  USER,
  userResource,
} from '../support.ts'

const work = { value: 'ada@example.com', type: 'work', primary: true }
const home = { value: 'ada@home.org', type: 'home' }
const ada = {
  userName: 'ada',
  title: 'Countess',
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [work, home],
  [ENTERPRISE]: { department: 'D', employeeNumber: '1', manager: { value: 'u2' } },
}
const minimal = { userName: 'ada' }

const add = (path: string, value: Json) => ({ op: 'add', path, value })
const replace = (path: string, value: Json) => ({ op: 'replace', path, value })
const remove = (path: string) => ({ op: 'remove', path })

describe('a request', () => {
  test('without operations leaves everything as it is', () => {
    expect(patchUser(ada)).toBe(ada)
  })

  test('applies its operations one after the other', () => {
    expect(patchUser(ada, add('nickName', 'a'), replace('nickName', 'b'), remove('title'))).toEqual(
      {
        userName: 'ada',
        nickName: 'b',
        name: ada.name,
        emails: ada.emails,
        [ENTERPRISE]: ada[ENTERPRISE],
      },
    )
    expect(
      patchUser(
        minimal,
        add('emails', { type: 'work' }),
        replace('emails[type eq "work"].value', 'a@x'),
        add('emails[value eq "a@x"]', { display: 'A' }),
      ),
    ).toEqual({ userName: 'ada', emails: [{ type: 'work', value: 'a@x', display: 'A' }] })
  })

  test('fails as a whole where one operation does, and names it', () => {
    const before = structuredClone(ada)
    expectRefusal(
      () => patchUser(ada, replace('title', 'new'), remove('userName')),
      'mutability',
      'Operations[1]: userName is required',
    )
    expect(ada).toEqual(before)
  })

  test('may leave out for a while what is required in the end', () => {
    expectRefusal(() => patchUser(ada, replace('userName', '')), 'invalidValue', 'userName')
    expect(patchUser(ada, replace('userName', ''), replace('userName', 'x')).userName).toBe('x')
  })

  test.each<[string, Json, string]>([
    ['active', 'notabool', 'Operations[0]: active must be true or false'],
    ['emails', 5, 'Operations[0]: emails[0] must be an object'],
    ['addresses', 'str', 'Operations[0]: addresses[0] must be an object'],
    ['emails[type eq "work"]', [{ value: 'a' }, { value: 'b' }], 'must be an object'],
    [
      `${ENTERPRISE}:manager.$ref`,
      'https://evil/x',
      'manager.$ref must end with /Users and the id',
    ],
    ['name', 'x', 'Operations[0]: name must be an object'],
    ['title', {}, 'Operations[0]: title must be a string'],
    ['name.givenName', 5, 'Operations[0]: name.givenName must be a string'],
    ['emails.value', 5, 'Operations[0]: emails.value must be a string'],
    ['emails[type eq "work"].value', {}, 'Operations[0]: emails.value must be a string'],
    [`${ENTERPRISE}:department`, 5, `Operations[0]: ${ENTERPRISE}:department must be a string`],
    [ENTERPRISE, 'x', `${ENTERPRISE} must be an object`],
    ['title', 'a\0', 'Operations[0]: title contains U+0000'],
    [
      'emails',
      [
        { value: 'a', primary: true },
        { value: 'b', primary: true },
      ],
      'Two elements of Operations[0]: emails are primary',
    ],
  ])('refuses a value of the wrong type at %s: %j', (path, value, detail) => {
    for (const op of ['add', 'replace']) {
      expectRefusal(() => patchUser(ada, { op, path, value }), 'invalidValue', detail)
    }
  })

  test('ignores what the schema lacks and applies the rest', () => {
    expect(
      patchUser(minimal, replace('favouriteColour', 'red'), replace('title', 'Dr'), remove('x.y')),
    ).toEqual({ userName: 'ada', title: 'Dr' })
  })
})

describe('what only the server sets', () => {
  test.each<JsonObject>([
    replace('id', 'other'),
    replace('meta.created', '2001-01-01T00:00:00Z'),
    replace('meta', { resourceType: 'Group' }),
    add('meta.version', 'W/"9"'),
    replace('groups', []),
    add('groups', [{ value: 'g2' }]),
    replace('groups[value eq "g1"]', { value: 'g2' }),
    replace('groups[value eq "g1"].display', 'x'),
    replace('groups.display', 'x'),
    remove('groups'),
    remove('id'),
    remove('meta'),
    remove('schemas'),
    remove('groups[value eq "g1"]'),
    add(`${ENTERPRISE}:manager.displayName`, 'Fake'),
    replace('manager.displayName', 'Fake'),
    remove('manager.displayName'),
  ])('is refused where a path names it: %j', (operation) => {
    expectRefusal(
      () => patchUser(ada, operation),
      'mutability',
      'Operations[0]',
      'set by the service provider',
    )
  })

  test.each<JsonObject>([
    replace('id', 'u1'),
    add('id', 'u1'),
    replace('meta.created', '2026-01-01T00:00:00.000Z'),
    replace('meta', userResource(ada).meta ?? null),
    replace('groups', userResource(ada).groups ?? null),
    replace('manager.displayName', 'Grace'),
  ])('is let pass where nothing would change: %j', (operation) => {
    expect(patchUser(ada, operation)).toEqual(ada)
  })

  test('is ignored in a value without a path, as Okta sends it back', () => {
    const value = {
      id: 'other',
      schemas: [GROUP],
      meta: { version: 'x' },
      groups: [],
      'manager.displayName': 'Fake',
      title: 'T',
    }
    expect(patchUser(ada, { op: 'replace', value })).toEqual({ ...ada, title: 'T' })
    expect(patchUser(ada, { op: 'add', value })).toEqual({ ...ada, title: 'T' })
  })

  test('such as the name of the manager, cannot be written with the manager either', () => {
    expect(
      patchUser(ada, replace('manager', { value: 'u3', displayName: 'Fake', $ref: 'x' })),
    ).toEqual({ ...ada, [ENTERPRISE]: { ...ada[ENTERPRISE], manager: { value: 'u3' } } })
  })

  test('schemas may name any of its own, and no others', () => {
    expect(
      patchUser(minimal, add('schemas', [ENTERPRISE]), add(`${ENTERPRISE}:department`, 'D')),
    ).toEqual({ userName: 'ada', [ENTERPRISE]: { department: 'D' } })
    expect(patchUser(ada, replace('schemas', [USER, ENTERPRISE]))).toEqual(ada)
    expectRefusal(
      () => patchUser(ada, replace('schemas', [GROUP])),
      'invalidValue',
      'schemas',
      GROUP,
    )
  })

  test('the password is accepted and kept nowhere', () => {
    expect(patchUser(ada, replace('password', 'x'), remove('password'))).toEqual(ada)
    expect(patchUser(ada, { op: 'replace', value: { password: '1mz050nq' } })).toEqual(ada)
  })
})

describe('add (RFC 7644 §3.5.2.1)', () => {
  test('without a path merges attributes into the resource', () => {
    expect(
      patchUser(ada, {
        op: 'add',
        value: { nickname: 'B', emails: [{ value: 'n@x', type: 'other' }] },
      }),
    ).toEqual({ ...ada, nickName: 'B', emails: [work, home, { value: 'n@x', type: 'other' }] })
  })

  test('sets a simple attribute or replaces it', () => {
    expect(patchUser(minimal, add('title', 'T'))).toEqual({ userName: 'ada', title: 'T' })
    expect(patchUser(ada, add('title', 'T'))).toEqual({ ...ada, title: 'T' })
  })

  test('merges a complex attribute', () => {
    expect(patchUser(ada, add('name', { middleName: 'M', familyName: 'King' })).name).toEqual({
      givenName: 'Ada',
      familyName: 'King',
      middleName: 'M',
    })
    expect(patchUser(ada, add('name', {}))).toEqual(ada)
    expect(patchUser(ada, add('name', { GivenName: null })).name).toEqual({
      familyName: 'Lovelace',
    })
    expect(patchUser(ada, add('name', [{ middleName: 'M' }])).name).toEqual({
      ...ada.name,
      middleName: 'M',
    })
  })

  test('creates the complex attribute of a sub-attribute', () => {
    expect(patchUser(minimal, add('name.honorificPrefix', 'Dr.'))).toEqual({
      userName: 'ada',
      name: { honorificPrefix: 'Dr.' },
    })
  })

  test('appends to a multi-valued attribute, be it a list or one object', () => {
    const more = { value: 'n@x', type: 'other' }
    expect(patchUser(ada, add('emails', [more])).emails).toEqual([work, home, more])
    expect(patchUser(ada, add('emails', more)).emails).toEqual([work, home, more])
    expect(patchUser(minimal, add('emails', more)).emails).toEqual([more])
  })

  test('of what is there changes nothing', () => {
    expect(patchUser(ada, add('emails', [home, work]))).toEqual(ada)
    expect(patchUser(ada, add('emails', { TYPE: 'home', VALUE: 'ada@home.org' }))).toEqual(ada)
    expect(patchUser(ada, add('title', 'Countess'))).toEqual(ada)
    const more = { value: 'n@x' }
    expect(patchUser(minimal, add('emails', [more, more]), add('emails', more)).emails).toEqual([
      more,
    ])
  })

  test('at a value path completes every element that matches', () => {
    const other = { value: 'c@x', type: 'work' }
    const user = { ...ada, emails: [work, home, other] }
    expect(patchUser(user, add('emails[type eq "work"]', { display: 'W' })).emails).toEqual([
      { ...work, display: 'W' },
      home,
      { ...other, display: 'W' },
    ])
  })

  test.each<Json>([{}, { unknown: 1 }])('at a value path loses nothing for %j', (value) => {
    expect(patchUser(ada, add('emails[type eq "work"]', value))).toEqual(ada)
  })

  test.each(['add', 'replace'])(
    'or replace: %s of a part creates the element that is missing',
    (op) => {
      expect(
        patchUser(minimal, { op, path: 'addresses[type eq "Work"].country', value: 'US' }),
      ).toEqual({ userName: 'ada', addresses: [{ type: 'Work', country: 'US' }] })
      expect(
        patchUser(minimal, {
          op,
          path: 'emails[TYPE eq "work" and (primary eq "True" and display eq D)].value',
          value: 'a@x',
        }).emails,
      ).toEqual([{ type: 'work', primary: true, display: 'D', value: 'a@x' }])
      expect(
        patchUser(minimal, { op, path: 'roles[value eq "Admin"].value', value: 'Admin' }).roles,
      ).toEqual([{ value: 'Admin' }])
      expect(patchUser(minimal, { op, path: 'emails.type', value: 'work' }).emails).toEqual([
        { type: 'work' },
      ])
    },
  )

  test.each(['add', 'replace'])('or replace: %s of nothing creates no element', (op) => {
    for (const value of [null, '']) {
      expect(patchUser(ada, { op, path: 'phoneNumbers[type eq "mobile"].value', value })).toEqual(
        ada,
      )
      expect(patchUser(minimal, { op, path: 'emails.type', value })).toEqual(minimal)
    }
  })

  test.each([
    'emails[type ne "x" and type eq "other"].value',
    'emails[type eq "other" or type eq "third"].value',
    'emails[not (type pr)].value',
    'emails[type sw "oth"].value',
    'emails[type eq null].value',
  ])('of a part fails where the filter describes no element: %s', (path) => {
    for (const op of ['add', 'replace']) {
      expectRefusal(
        () =>
          patchUser(
            { ...minimal, emails: path.includes('ne') ? [work] : ada.emails },
            { op, path, value: 'v' },
          ),
        'noTarget',
        'Operations[0]: no element of emails',
      )
    }
  })

  test('of a whole element creates it from the filter', () => {
    expect(patchUser(ada, add('emails[type eq "other"]', { value: 'o@x' })).emails).toEqual([
      work,
      home,
      { type: 'other', value: 'o@x' },
    ])
  })

  test('reaches an extension by URN, as an attribute, as a container, as a member', () => {
    expect(patchUser(minimal, add(`${ENTERPRISE}:employeeNumber`, '9'))).toEqual({
      userName: 'ada',
      [ENTERPRISE]: { employeeNumber: '9' },
    })
    expect(patchUser(ada, add(ENTERPRISE, { DEPARTMENT: 'E', unknown: 1 }))).toEqual({
      ...ada,
      [ENTERPRISE]: { ...ada[ENTERPRISE], department: 'E' },
    })
    expect(patchUser(ada, { op: 'add', value: { [ENTERPRISE]: { costCenter: 'C' } } })).toEqual({
      ...ada,
      [ENTERPRISE]: { ...ada[ENTERPRISE], costCenter: 'C' },
    })
    expect(patchUser(minimal, add(`${ENTERPRISE}:manager.value`, 'u2'))).toEqual({
      userName: 'ada',
      [ENTERPRISE]: { manager: { value: 'u2' } },
    })
  })

  test('of null leaves the attribute without a value', () => {
    expect(patchUser(ada, add('title', null))).not.toHaveProperty('title')
    expect(patchUser(ada, add('name.givenName', null)).name).toEqual({ familyName: 'Lovelace' })
    expect(patchUser(ada, add('emails', null))).toEqual(ada)
    expect(patchUser(ada, add('emails', []))).toEqual(ada)
  })
})

describe('remove (RFC 7644 §3.5.2.2)', () => {
  test('takes a simple attribute away, and once more changes nothing', () => {
    const { title: _title, ...rest } = ada
    expect(patchUser(ada, remove('title'))).toEqual(rest)
    expect(patchUser(ada, remove('title'), remove('title'))).toEqual(rest)
    expect(patchUser(minimal, remove('name'), remove('emails'), remove(ENTERPRISE))).toEqual(
      minimal,
    )
  })

  test('takes a part of a complex attribute, and with the last part the whole', () => {
    expect(patchUser(ada, remove('name.givenName')).name).toEqual({ familyName: 'Lovelace' })
    expect(patchUser(ada, remove('name.givenName'), remove('name.familyName'))).not.toHaveProperty(
      'name',
    )
  })

  test('takes all elements where there is no filter', () => {
    expect(patchUser(ada, remove('emails'))).not.toHaveProperty('emails')
    expect(patchUser(ada, { ...remove('emails'), value: null })).not.toHaveProperty('emails')
  })

  test('takes the elements that match, and no others', () => {
    expect(
      patchUser(ada, remove('emails[type eq "work" and value ew "example.com"]')).emails,
    ).toEqual([home])
    expect(
      patchUser(ada, remove('emails[value co "ADA" and not (primary eq true)]')).emails,
    ).toEqual([work])
    expect(patchUser(ada, remove('emails[type pr]'))).not.toHaveProperty('emails')
    expect(patchUser(ada, remove('emails[type eq "other"]'))).toEqual(ada)
    // Both conditions hold of the two elements together, but of neither alone.
    expect(patchUser(ada, remove('emails[type eq "work" and value ew "home.org"]'))).toEqual(ada)
  })

  test('takes a part of the elements that match', () => {
    expect(patchUser(ada, remove('emails[type eq "work"].primary')).emails).toEqual([
      { value: 'ada@example.com', type: 'work' },
      home,
    ])
    expect(patchUser(ada, remove('emails[type eq "work"].display'))).toEqual(ada)
  })

  test('takes a part of all elements, and elements that are then empty', () => {
    expect(patchUser(ada, remove('emails.type')).emails).toEqual([
      { value: 'ada@example.com', primary: true },
      { value: 'ada@home.org' },
    ])
    expect(
      patchUser({ ...minimal, emails: [{ type: 'work' }, home] }, remove('emails.type')).emails,
    ).toEqual([{ value: 'ada@home.org' }])
  })

  test.each<[Json, Json[]]>([
    [[home], [work]],
    [home, [work]],
    [[{ value: 'ADA@HOME.ORG' }], [work]],
    [[{ VALUE: 'ada@home.org', foo: 1, $ref: null }], [work]],
    [['ada@home.org'], [work]],
    ['ada@home.org', [work]],
    [[{ primary: 'True' }], [home]],
    [[{ type: 'work', value: 'ada@home.org' }], [work, home]],
    [[{ value: 'nobody@x' }], [work, home]],
    [[{ type: 'work' }, { value: 'nobody@x' }], [home]],
    [[], [work, home]],
    [[{}], [work, home]],
    [[{ $ref: null }], [work, home]],
    [[{ foo: 1 }], [work, home]],
  ])('with a list takes what is listed: %j', (value, left) => {
    expect(patchUser(ada, { op: 'remove', path: 'emails', value }).emails).toEqual(left)
  })

  test('with a list that is none is refused', () => {
    expectRefusal(
      () => patchUser(ada, { op: 'remove', path: 'emails', value: [5] }),
      'invalidValue',
      'Operations[0]: emails must be an object',
    )
  })

  test('takes an attribute of an extension, and the whole', () => {
    expect(patchUser(ada, remove(`${ENTERPRISE}:employeeNumber`))[ENTERPRISE]).toEqual({
      department: 'D',
      manager: { value: 'u2' },
    })
    expect(patchUser(ada, remove(ENTERPRISE))).not.toHaveProperty([ENTERPRISE])
    expect(
      patchUser(
        { userName: 'ada', [ENTERPRISE]: { department: 'D' } },
        remove(`${ENTERPRISE}:department`),
      ),
    ).toEqual(minimal)
  })

  test('of what is required is refused', () => {
    expectRefusal(() => patchUser(ada, remove('userName')), 'mutability', 'userName is required')
    expectRefusal(
      () => patchGroup({ displayName: 'G' }, remove('displayName')),
      'mutability',
      'displayName is required',
    )
  })

  test('of active is left to the directory', () => {
    expect(patchUser({ ...minimal, active: false }, remove('active'))).toEqual(minimal)
  })
})

describe('replace (RFC 7644 §3.5.2.3)', () => {
  test('without a path replaces the attributes listed', () => {
    expect(
      patchUser(ada, { op: 'replace', value: { emails: [{ value: 'x' }], nickName: 'N' } }),
    ).toEqual({ ...ada, nickName: 'N', emails: [{ value: 'x' }] })
  })

  test('sets a simple attribute, whether it has a value or not', () => {
    expect(patchUser(minimal, replace('title', 'T'))).toEqual({ userName: 'ada', title: 'T' })
    expect(patchUser(ada, replace('title', 'T'))).toEqual({ ...ada, title: 'T' })
    expect(patchUser(ada, replace('title', null))).not.toHaveProperty('title')
  })

  test('keeps the parts of a complex attribute that it does not mention', () => {
    expect(patchUser(ada, replace('name', { familyName: 'King' })).name).toEqual({
      givenName: 'Ada',
      familyName: 'King',
    })
    expect(patchUser(ada, replace('name', null))).not.toHaveProperty('name')
  })

  test('replaces all elements where there is no filter', () => {
    expect(patchUser(ada, replace('emails', [{ value: 'x' }])).emails).toEqual([{ value: 'x' }])
    expect(patchUser(ada, replace('emails', { value: 'x' })).emails).toEqual([{ value: 'x' }])
    expect(patchUser(ada, replace('emails', []))).not.toHaveProperty('emails')
    expect(patchUser(minimal, replace('emails', [home])).emails).toEqual([home])
  })

  test('replaces every element that matches, and it as a whole', () => {
    const second = { value: 'b@x', type: 'work', display: 'B' }
    const user = { ...ada, emails: [work, home, second] }
    expect(
      patchUser(user, replace('emails[type eq "work"]', { value: 'v', type: 'work' })).emails,
    ).toEqual([{ value: 'v', type: 'work' }, home])
    expect(patchUser(ada, replace('emails[type eq "work"]', { value: 'v' })).emails).toEqual([
      { value: 'v' },
      home,
    ])
    expect(patchUser(ada, replace('emails[type eq "work"]', null)).emails).toEqual([home])
  })

  test('replaces a part of every element that matches, and keeps the others', () => {
    expect(patchUser(ada, replace('emails[type eq "work"].value', 'n@x')).emails).toEqual([
      { ...work, value: 'n@x' },
      home,
    ])
    expect(
      patchUser(ada, replace('emails[type eq "home" or type eq "WORK"].display', 'x')).emails,
    ).toEqual([
      { ...work, display: 'x' },
      { ...home, display: 'x' },
    ])
    expect(patchUser(ada, replace('emails[type eq "work"].primary', null)).emails).toEqual([
      { value: 'ada@example.com', type: 'work' },
      home,
    ])
  })

  test('replaces a part of all elements where there is no filter', () => {
    expect(patchUser(ada, replace('emails.type', 'other')).emails).toEqual([
      { ...work, type: 'other' },
      { ...home, type: 'other' },
    ])
  })

  test('of a whole element that is not there is refused', () => {
    for (const user of [ada, minimal]) {
      expectRefusal(
        () => patchUser(user, replace('emails[type eq "other"]', { value: 'o@x' })),
        'noTarget',
        'Operations[0]: no element of emails matches',
      )
    }
  })

  test('reaches an extension, and keeps what it does not mention', () => {
    expect(patchUser(ada, replace(`${ENTERPRISE}:department`, 'D2'))[ENTERPRISE]).toEqual({
      ...ada[ENTERPRISE],
      department: 'D2',
    })
    expect(
      patchUser(ada, replace(ENTERPRISE, { department: 'D2', manager: null }))[ENTERPRISE],
    ).toEqual({ department: 'D2', employeeNumber: '1' })
    expect(patchUser(ada, replace(ENTERPRISE, null))).not.toHaveProperty([ENTERPRISE])
  })

  test('of what is required by nothing is refused', () => {
    expectRefusal(() => patchUser(ada, replace('userName', null)), 'invalidValue', 'userName')
    expectRefusal(() => patchUser(ada, replace('userName', ' ')), 'invalidValue', 'userName')
    expectRefusal(
      () => patchGroup({ displayName: 'G' }, replace('displayName', '')),
      'invalidValue',
      'displayName',
    )
  })
})

describe('the primary element', () => {
  const demoted = { ...work, primary: false }

  test('that is added takes the mark from the old one', () => {
    const fresh = { type: 'home', value: 'h@example.com', primary: true }
    expect(patchUser(ada, add('emails', [fresh])).emails).toEqual([demoted, home, fresh])
  })

  test('that is chosen by a filter takes the mark from the old one', () => {
    for (const op of ['add', 'replace']) {
      expect(
        patchUser(ada, { op, path: 'emails[type eq "home"].primary', value: 'True' }).emails,
      ).toEqual([demoted, { ...home, primary: true }])
      expect(
        patchUser(ada, { op, path: 'emails[type eq "home"]', value: { ...home, primary: true } })
          .emails,
      ).toEqual([demoted, { ...home, primary: true }])
    }
  })

  test('that is created from a filter takes the mark from the old one', () => {
    const user = { ...ada, roles: [{ value: 'r', type: 'a', primary: true }] }
    expect(
      patchUser(user, replace('roles[type eq "b" and primary eq true].value', 's')).roles,
    ).toEqual([
      { value: 'r', type: 'a', primary: false },
      { value: 's', type: 'b', primary: true },
    ])
  })

  test('is one also where several elements were chosen', () => {
    expect(patchUser(ada, replace('emails.primary', true)).emails).toEqual([
      demoted,
      { ...home, primary: true },
    ])
    const plain = { ...minimal, emails: [{ value: 'a' }, { value: 'b' }] }
    expect(patchUser(plain, replace('emails.primary', true)).emails).toEqual([
      { value: 'a', primary: false },
      { value: 'b', primary: true },
    ])
  })

  test('keeps its mark where others change', () => {
    expect(patchUser(ada, replace('emails[type eq "work"].primary', true))).toEqual(ada)
    expect(patchUser(ada, add('emails', { value: 'n', primary: false })).emails).toEqual([
      work,
      home,
      { value: 'n', primary: false },
    ])
  })
})

describe('elements that become equal are one', () => {
  test.each([
    [
      [
        { value: 'a', type: 'work' },
        { value: 'a', type: 'home' },
      ],
    ],
    [
      [
        { value: 'a', type: 'home' },
        { value: 'a', type: 'work' },
      ],
    ],
  ])('whichever comes first: %j', (emails) => {
    expect(
      patchUser({ ...minimal, emails }, replace('emails[type eq "work"].type', 'home')).emails,
    ).toEqual([{ value: 'a', type: 'home' }])
  })

  test('also where one of them loses its mark', () => {
    const emails = [
      { value: 'a', primary: true },
      { value: 'a', primary: false },
    ]
    expect(
      patchUser({ ...minimal, emails }, add('emails', { value: 'b', primary: true })).emails,
    ).toEqual([
      { value: 'a', primary: false },
      { value: 'b', primary: true },
    ])
  })
})

describe('absent, null and false are one value of primary (RFC 7643 §2.4)', () => {
  const forms: readonly JsonObject[] = [
    {},
    { primary: null },
    { primary: false },
    { primary: 'False' },
  ]
  const admin = { value: 'Admin', type: 'Win' }
  test.each(forms)('%j', (form) => {
    const given = { ...admin, ...form }
    const held = { ...minimal, roles: [{ ...admin, primary: false }, { value: 'b' }] }
    const bare = { ...minimal, roles: [admin, { value: 'b' }] }
    const marked = { ...minimal, roles: [{ ...admin, primary: true }, { value: 'b' }] }
    for (const user of [held, bare, marked]) {
      expect(patchUser(user, add('roles', given))).toEqual(user)
      expect(patchUser(user, { op: 'remove', path: 'roles', value: [given] }).roles).toEqual([
        { value: 'b' },
      ])
    }
    for (const user of [held, bare]) {
      const same = patchUser(user, replace('roles', [given, { value: 'b' }]))
      expect(sameValue(same, user)).toBe(true)
      const path = 'roles[primary eq false and type eq "win"].display'
      expect(patchUser(user, replace(path, 'x')).roles).toMatchObject([{ display: 'x' }, {}])
    }
    expect(sameValue(patchUser(marked, replace('roles', [given, { value: 'b' }])), marked)).toBe(
      false,
    )
  })

  test('so a listed value that says no more than that removes nothing', () => {
    const value = [{ primary: false }, { primary: null }]
    expect(patchUser(ada, { op: 'remove', path: 'emails', value })).toEqual(ada)
    expect(
      patchUser(ada, { op: 'remove', path: 'emails', value: [{ primary: true }] }).emails,
    ).toEqual([home])
  })
})

describe('one type and value stand in one element (RFC 7643 §2.4)', () => {
  const stored = { value: 'a@x', type: 'work', display: 'A' }
  const user = { ...minimal, emails: [stored, home] }

  test.each<[string, JsonObject, Json]>([
    [
      'what is added completes it',
      add('emails', { value: 'a@x', type: 'work', primary: true }),
      [{ ...stored, primary: true }, home],
    ],
    [
      'in the case of what is added',
      add('emails', { value: 'A@X', type: 'Work' }),
      [{ ...stored, value: 'A@X', type: 'Work' }, home],
    ],
    [
      'of what is added at once the last wins',
      add('emails', [
        { value: 'b', display: 'B' },
        { value: 'a@x', type: 'work', display: 'C' },
        { value: 'b', display: 'D' },
      ]),
      [{ ...stored, display: 'C' }, home, { value: 'b', display: 'D' }],
    ],
    [
      'of what replaces, too',
      replace('emails', [stored, { ...stored, display: 'C' }]),
      [{ ...stored, display: 'C' }],
    ],
    [
      'what changes to it takes its place',
      replace('emails[type eq "home"]', {
        value: 'a@x',
        type: 'work',
        display: 'H',
      }),
      [{ ...stored, display: 'H' }],
    ],
    [
      'what has lost its type is the same as what never had one',
      {
        op: 'remove',
        path: 'emails.type',
      },
      [{ value: 'a@x', display: 'A' }, { value: home.value }],
    ],
  ])('%s', (_name, operation, emails) => {
    expect(patchUser(user, operation).emails).toEqual(emails)
  })

  test('and joins where the parts that differ go', () => {
    const emails = [
      { value: 'a', type: 'work', display: 'W' },
      { value: 'a', type: 'home', primary: true },
    ]
    expect(patchUser({ ...minimal, emails }, { op: 'remove', path: 'emails.type' }).emails).toEqual(
      [{ value: 'a', display: 'W', primary: true }],
    )
  })

  test('in a list that is built one by one as well', () => {
    const operations = ['a', 'b', 'A', 'c', 'B'].map((value) => add('roles', { value }))
    expect(patchUser(minimal, ...operations).roles).toEqual([
      { value: 'A' },
      { value: 'B' },
      { value: 'c' },
    ])
  })
})

test('a list grows to a thousand elements and no further', () => {
  const emails = Array.from({ length: 999 }, (_, at) => ({ value: `${at}` }))
  const user = { ...minimal, emails }
  expect(patchUser(user, add('emails', { value: 'x' })).emails).toHaveLength(1000)
  expectRefusal(
    () => patchUser(user, add('emails', [{ value: 'x' }, { value: 'y' }])),
    'invalidValue',
    'More than 1000 values',
  )
  expectRefusal(
    () => patchUser(user, add('emails', { value: 'x' }), add('emails[type eq "t"].value', 'y')),
    'invalidValue',
    'More than 1000 values',
  )
})

describe('remove of a single value takes it away, whatever value is sent along', () => {
  const removeWith = (path: string, value: Json) => ({ op: 'remove', path, value })

  test.each<[string, Json, string]>([
    ['title', 'Dr', 'title'],
    ['title', 7, 'title'],
    ['name', { givenName: 'Ada' }, 'name'],
    [ENTERPRISE, { department: 'D' }, ENTERPRISE],
  ])('%s with %j', (path, value, gone) => {
    const { [gone]: _gone, ...rest } = ada as JsonObject
    expect(patchUser(ada, removeWith(path, value))).toEqual(rest)
  })

  test('but not what only the server sets, even with its own value', () => {
    for (const [path, value] of [
      ['id', 'u1'],
      ['groups', null],
      ['schemas', [USER]],
    ] as const) {
      expectRefusal(() => patchUser(minimal, removeWith(path, value)), 'mutability', path)
    }
  })
})

describe('a listed element is removed where every part that is listed is equal', () => {
  const elements = [{ value: 'ab', type: 'c' }, { value: 'a' }]
  const left = (...value: readonly JsonObject[]) =>
    patchUser({ ...minimal, emails: elements }, { op: 'remove', path: 'emails', value }).emails

  test('and not where the parts are equal only when they are joined', () => {
    expect(left({ value: 'a', type: 'bc' })).toEqual(elements)
    expect(left({ value: 'a', type: 'bc' }, { value: 'ab', type: 'c' })).toEqual([{ value: 'a' }])
  })

  test('and a part that is absent is not an empty one', () => {
    expect(left({ value: 'a', type: '' })).toEqual(elements)
  })
})

test('elements that were equal before stay, where they are not touched', () => {
  const twins = { ...minimal, emails: [{ value: 'a' }, { value: 'a' }, { value: 'b' }] }
  expect(patchUser(twins, replace('emails[value eq "b"].type', 'work')).emails).toEqual([
    { value: 'a' },
    { value: 'a' },
    { value: 'b', type: 'work' },
  ])
})

test('clearing or adding nothing to an element that is not there creates none', () => {
  for (const operation of [
    replace('emails[type eq "other"].value', null),
    replace('emails[type eq "other"].value', ''),
    add('emails[type eq "other"]', null),
  ]) {
    expect(patchUser(ada, operation)).toEqual(ada)
  }
  expect(patchUser(minimal, replace('emails[type eq "other"].value', null))).toEqual(minimal)
})

test('a list that would be too long is told as such, however it grows', () => {
  const emails = Array.from({ length: 1000 }, (_, at) => ({ value: `u${at}` }))
  for (const primary of [false, true]) {
    const operation = add('emails', { value: 'new', primary })
    const patch = () => patchUser({ ...minimal, emails }, operation)
    expectRefusal(patch, 'invalidValue', 'More than 1000 values would be in the attribute')
  }
})
