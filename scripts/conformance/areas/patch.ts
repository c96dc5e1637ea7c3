// RFC 7644 §3.5.2: changing with PATCH.
import { area, type Check, interop, may, must } from '../check.ts'
import type { Answer } from '../client.ts'
import type { Context, Resource } from '../context.ts'
import {
  type Allowed,
  expectAnswer,
  expectEqual,
  expectMember,
  expectMembers,
  expectSame,
  expectThat,
  expectUnassigned,
} from '../expect.ts'
import { element, isObject, type Json, type JsonObject, objects, read } from '../json.ts'
import { ENTERPRISE_USER, GROUP, PATCH_OP, USER } from '../urns.ts'

const ENT = ENTERPRISE_USER

/** A user with something at every place that operations aim at. */
function rich(t: Context, more: JsonObject = {}): Promise<Resource> {
  return t.user({
    schemas: [USER, ENT],
    title: 'Title',
    name: { givenName: 'Given', familyName: 'Family', middleName: 'Middle' },
    emails: [
      { value: t.email(), type: 'work', display: 'Work', primary: true },
      { value: t.email(), type: 'home', display: 'Home' },
    ],
    addresses: [{ type: 'home', locality: 'Liège', country: 'BE' }],
    [ENT]: { department: 'Department', costCenter: '4130' },
    ...more,
  })
}

/** Operations that succeed, and what is then expected of the user. */
const changes =
  (operations: readonly JsonObject[], expectation: (answer: Answer, before: Resource) => void) =>
  async (t: Context) => {
    const user = await rich(t)
    expectation(await t.change(`/Users/${user.id}`, operations), user)
  }

/** An operation that is refused and changes nothing. */
const refuses =
  (operation: JsonObject, ...allowed: readonly Allowed[]) =>
  async (t: Context) => {
    const user = await rich(t)
    const before = await t.read(`/Users/${user.id}`)
    expectAnswer(await t.patch(`/Users/${user.id}`, [operation]), ...allowed)
    const after = await t.read(`/Users/${user.id}`)
    expectEqual(after, 'the user', after.body, before.body)
  }

/** The sub-attribute of the element with this type. */
function typed(answer: Answer, attribute: string, type: string, sub: string): Json | undefined {
  return element(read(answer.body, attribute), 'type', type)?.[sub]
}

function memberIds(answer: Answer): string[] {
  return objects(read(answer.body, 'members')).map(({ value }) => String(value))
}

/** A group of two, an operation, and who is in it afterwards. */
const membership =
  (
    operations: (a: Resource, b: Resource, c: Resource) => readonly JsonObject[],
    expected: (a: Resource, b: Resource, c: Resource) => readonly Resource[],
  ) =>
  async (t: Context) => {
    const [a, b, c] = [await t.user(), await t.user(), await t.user()]
    const group = await t.group([a, b])
    const answer = await t.change(`/Groups/${group.id}`, operations(a, b, c))
    expectSame(
      answer,
      'members',
      memberIds(answer),
      expected(a, b, c).map(({ id }) => id),
    )
  }

const MALFORMED_PATHS: Readonly<Record<string, string>> = {
  'unclosed-bracket': 'emails[type eq "work"',
  'double-dot': 'name..x',
  'leading-dot': '.x',
  'array-index': 'emails[0].value',
  'space-in-the-path': 'a b',
  'empty-brackets': 'emails[].value',
  'trailing-dot': 'name.',
}

const malformedPaths = Object.entries(MALFORMED_PATHS).map(([name, path]) =>
  must(
    `malformed-path-with-${name}-is-refused`,
    'RFC 7644 §3.12',
    `The path ${path} is answered with 400 invalidPath or invalidFilter.`,
    refuses({ op: 'replace', path, value: 'x' }, '400 invalidPath', '400 invalidFilter'),
  ),
)

const UNKNOWN_OPERATIONS: Readonly<Record<string, JsonObject>> = {
  'the-operation-move': { op: 'move', path: 'title', value: 'x' },
  'the-operation-copy': { op: 'copy', path: 'title', value: 'x' },
  'the-operation-test': { op: 'test', path: 'title', value: 'x' },
  'an-empty-operation': { op: '', path: 'title', value: 'x' },
  'a-missing-operation': { path: 'title', value: 'x' },
}

const unknownOperations = Object.entries(UNKNOWN_OPERATIONS).map(([name, operation]) =>
  must(
    `${name}-is-refused`,
    'RFC 7644 §3.5.2',
    'op is add, remove or replace; everything else is answered with 400.',
    refuses(operation, '400 invalidSyntax', '400 invalidValue'),
  ),
)

const READ_ONLY_PATHS: Readonly<Record<string, Json>> = {
  id: 'other',
  'meta.created': '2001-01-01T00:00:00Z',
  meta: { resourceType: 'Group' },
  groups: [{ value: 'x' }],
}

const readOnlyPaths = Object.entries(READ_ONLY_PATHS).map(([path, value]) =>
  must(
    `read-only-${path.replace('.', '-')}-cannot-be-changed`,
    'RFC 7644 §3.5.2',
    `replace of ${path} is answered with 400 mutability.`,
    refuses({ op: 'replace', path, value }, '400 mutability'),
  ),
)

const WRONG_VALUES: Readonly<Record<string, JsonObject>> = {
  'word-for-active': { op: 'replace', path: 'active', value: 'notabool' },
  'number-for-emails': { op: 'replace', path: 'emails', value: 5 },
  'text-for-name': { op: 'replace', path: 'name', value: 'x' },
  'object-for-title': { op: 'replace', path: 'title', value: { a: 1 } },
}

const wrongValues = Object.entries(WRONG_VALUES).map(([name, operation]) =>
  must(
    `${name}-is-refused-in-a-change`,
    'RFC 7644 §3.5.2',
    'The value of an operation has the type of the attribute.',
    refuses(operation, '400 invalidValue', '400 invalidSyntax'),
  ),
)

const general: Check[] = [
  must(
    'change-is-answered-with-200-or-204',
    'RFC 7644 §3.5.2',
    'PATCH is answered with 200 and the resource, or with 204 and no body.',
    async (t) => {
      const user = await rich(t)
      const operation = { op: 'replace', path: 'title', value: 'new' }
      const answer = await t.patch(`/Users/${user.id}`, [operation])
      expectAnswer(answer, '200', '204')
      if (answer.status === 200) expectMember(answer, 'title', 'new')
      else expectThat(answer, 'no body', answer.text === '')
    },
  ),
  must(
    'attributes-ask-for-a-body',
    'RFC 7644 §3.5.2',
    'PATCH with attributes is answered with 200 and what they name.',
    async (t) => {
      const user = await rich(t)
      const operation = { op: 'replace', path: 'title', value: 'new' }
      const answer = await t.patch(`/Users/${user.id}?attributes=userName`, [operation])
      expectAnswer(answer, '200')
      expectThat(answer, 'a resource', isObject(answer.body))
      expectMembers(answer, 'the resource', answer.body, ['id', 'schemas', 'userName'])
    },
  ),
  must(
    'excluded-attributes-apply-to-a-change',
    'RFC 7644 §3.9',
    'PATCH of a group with excludedAttributes=members shows none, or has no body.',
    async (t) => {
      const group = await t.group([await t.user()])
      const path = `/Groups/${group.id}?excludedAttributes=members`
      const operation = { op: 'replace', path: 'displayName', value: t.unique('new') }
      const answer = await t.patch(path, [operation])
      expectAnswer(answer, '200', '204')
      expectUnassigned(answer, 'members')
    },
  ),
  must(
    'absent-operations-change-nothing',
    'RFC 7643 §2.5',
    'A PATCH without Operations changes nothing: it succeeds, as with an empty list, or is 400.',
    async (t) => {
      const { id } = await t.user()
      const before = await t.get(`/Users/${id}`)
      const answer = await t.send('PATCH', `/Users/${id}`, { schemas: [PATCH_OP] })
      expectAnswer(answer, '200', '204', '400 invalidSyntax', '400 invalidValue')
      const after = await t.get(`/Users/${id}`)
      expectEqual(after, 'the resource', after.body, before.body)
    },
  ),
  must(
    'operations-are-an-array',
    'RFC 7644 §3.5.2',
    'Operations as an object is answered with 400.',
    async (t) => {
      const { id } = await t.user()
      const Operations = { op: 'replace', path: 'title', value: 'x' }
      const answer = await t.send('PATCH', `/Users/${id}`, { schemas: [PATCH_OP], Operations })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
  ),
  must(
    'change-of-another-schema-is-refused',
    'RFC 7644 §3.5.2',
    'A PATCH whose schemas name something else than PatchOp is answered with 400.',
    async (t) => {
      const { id } = await t.user()
      const Operations = [{ op: 'replace', path: 'title', value: 'x' }]
      const answer = await t.send('PATCH', `/Users/${id}`, { schemas: [USER], Operations })
      expectAnswer(answer, '400 invalidSyntax', '400 invalidValue')
    },
  ),
  interop(
    'change-without-schemas-is-refused-or-understood',
    'RFC 7644 §3.5.2',
    'A PATCH that lacks schemas is answered with 400, or carried out as meant.',
    async (t) => {
      const { id } = await t.user()
      const Operations = [{ op: 'replace', path: 'title', value: 'x' }]
      const answer = await t.send('PATCH', `/Users/${id}`, { Operations })
      expectAnswer(answer, '200', '204', '400 invalidSyntax', '400 invalidValue')
      if (answer.status < 300) expectMember(await t.read(`/Users/${id}`), 'title', 'x')
    },
  ),
  ...unknownOperations,
  interop(
    'members-of-a-change-ignore-case',
    'RFC 7643 §2.1',
    'op, path, value and Operations are matched without regard to case, as the words of op are.',
    async (t) => {
      const { id } = await t.user()
      const answer = await t.send('PATCH', `/Users/${id}`, {
        schemas: [PATCH_OP],
        operations: [{ OP: 'Replace', Path: 'title', VALUE: 'x' }],
      })
      expectAnswer(answer, '2xx')
      expectMember(await t.read(`/Users/${id}`), 'title', 'x')
    },
  ),
  interop(
    'empty-operations-do-no-harm',
    'RFC 7644 §3.5.2',
    'A PATCH with no operation changes nothing, or is answered with 400.',
    async (t) => {
      const { id } = await t.user()
      expectAnswer(await t.patch(`/Users/${id}`, []), '200', '204', '400')
    },
  ),
  must(
    'operations-apply-in-their-order',
    'RFC 7644 §3.5.2',
    'Each operation works on what the one before has left.',
    changes(
      [
        { op: 'add', path: 'nickName', value: 'a' },
        { op: 'replace', path: 'nickName', value: 'b' },
        { op: 'remove', path: 'title' },
      ],
      (answer) => {
        expectMember(answer, 'nickName', 'b')
        expectUnassigned(answer, 'title')
      },
    ),
  ),
  must(
    'change-is-atomic',
    'RFC 7644 §3.5.2',
    'Where one operation fails, none of them has an effect.',
    async (t) => {
      const user = await rich(t)
      const before = await t.read(`/Users/${user.id}`)
      const answer = await t.patch(`/Users/${user.id}`, [
        { op: 'replace', path: 'title', value: 'new' },
        { op: 'remove', path: 'userName' },
      ])
      expectAnswer(answer, '400')
      const after = await t.read(`/Users/${user.id}`)
      expectEqual(after, 'the user', after.body, before.body)
    },
  ),
  must(
    'required-attribute-cannot-be-removed',
    'RFC 7644 §3.5.2.2',
    'remove of userName is answered with 400 mutability.',
    refuses({ op: 'remove', path: 'userName' }, '400 mutability', '400 invalidValue'),
  ),
  must(
    'paths-ignore-case',
    'RFC 7644 §3.10',
    'Attribute names and URNs in a path are matched without regard to case.',
    changes(
      [
        { op: 'replace', path: 'TITLE', value: 'a' },
        { op: 'replace', path: 'Name.GIVENNAME', value: 'b' },
        { op: 'replace', path: `${USER.toUpperCase()}:nickname`, value: 'c' },
      ],
      (answer) => {
        expectMember(answer, 'title', 'a')
        expectMember(answer, 'name.givenName', 'b')
        expectMember(answer, 'nickName', 'c')
      },
    ),
  ),
  ...malformedPaths,
  interop(
    'unknown-attribute-in-a-path-is-refused-or-ignored',
    'RFC 7644 §3.12',
    'A path that names an attribute no schema has is refused or ignored, never stored.',
    async (t) => {
      const user = await rich(t)
      const operation = { op: 'add', path: 'favouriteColour', value: 'mauve' }
      const answer = await t.patch(`/Users/${user.id}`, [operation])
      expectAnswer(answer, '200', '204', '400 invalidPath', '400 noTarget')
      const after = await t.read(`/Users/${user.id}`)
      expectThat(after, 'nothing of it', !after.text.includes('mauve'))
    },
  ),
  ...readOnlyPaths,
  must(
    'change-keeps-names-unique',
    'RFC 7644 §3.3',
    'replace of userName with that of another user is answered with 409.',
    async (t) => {
      const [user, other] = [await t.user(), await t.user()]
      const operation = { op: 'replace', path: 'userName', value: other.userName ?? '' }
      expectAnswer(await t.patch(`/Users/${user.id}`, [operation]), '409 uniqueness')
    },
  ),
  must(
    'own-name-may-change-its-case',
    'RFC 7643 §4.1.1',
    'replace of userName with the same in another case succeeds.',
    async (t) => {
      const user = await t.user()
      const value = String(user.userName).toUpperCase()
      const operation = { op: 'replace', path: 'userName', value }
      expectMember(await t.change(`/Users/${user.id}`, [operation]), 'userName', value)
    },
  ),
  ...wrongValues,
  must(
    'members-that-are-numbers-are-refused',
    'RFC 7644 §3.5.2',
    'add of a number to members is answered with 400.',
    async (t) => {
      const group = await t.group()
      const operation = { op: 'add', path: 'members', value: [5] }
      const answer = await t.patch(`/Groups/${group.id}`, [operation])
      expectAnswer(answer, '400 invalidValue', '400 invalidSyntax')
    },
  ),
  must(
    'add-needs-a-value',
    'RFC 7644 §3.5.2.1',
    'add without a value is answered with 400.',
    refuses({ op: 'add', path: 'title' }, '400 invalidValue', '400 invalidSyntax'),
  ),
  must(
    'replace-needs-a-value',
    'RFC 7644 §3.5.2.3',
    'replace without a value is answered with 400.',
    refuses({ op: 'replace', path: 'title' }, '400 invalidValue', '400 invalidSyntax'),
  ),
  must(
    'change-of-an-unknown-user-is-not-found',
    'RFC 7644 §3.5.2',
    'PATCH of an unknown id is answered with 404.',
    async (t) => {
      const operations = [{ op: 'replace', path: 'title', value: 'x' }]
      expectAnswer(await t.patch(`/Users/${crypto.randomUUID()}`, operations), '404')
      expectAnswer(await t.patch(`/Groups/${crypto.randomUUID()}`, operations), '404')
    },
  ),
]

const add: Check[] = [
  must(
    'add-without-path-merges',
    'RFC 7644 §3.5.2.1',
    'add without a path sets single values and appends to multi-valued attributes.',
    async (t) => {
      const user = await rich(t)
      const value = { nickName: 'B', emails: [{ value: t.email(), type: 'other' }] }
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'add', value }])
      expectMember(answer, 'nickName', 'B')
      expectMember(answer, 'title', 'Title')
      const kinds = objects(read(answer.body, 'emails')).map(({ type }) => String(type))
      expectSame(answer, 'the types of emails', kinds, ['work', 'home', 'other'])
    },
  ),
  must(
    'add-sets-a-simple-attribute',
    'RFC 7644 §3.5.2.1',
    'add sets an attribute that has no value.',
    changes([{ op: 'add', path: 'nickName', value: 'N' }], (answer) =>
      expectMember(answer, 'nickName', 'N'),
    ),
  ),
  must(
    'add-replaces-a-simple-attribute',
    'RFC 7644 §3.5.2.1',
    'add to an attribute that holds one value replaces it.',
    changes([{ op: 'add', path: 'title', value: 'N' }], (answer) =>
      expectMember(answer, 'title', 'N'),
    ),
  ),
  must(
    'add-merges-into-a-complex-attribute',
    'RFC 7644 §3.5.2.1',
    'add to a single complex attribute keeps its other sub-attributes.',
    changes([{ op: 'add', path: 'name', value: { honorificPrefix: 'Dr' } }], (answer) => {
      expectMember(answer, 'name.honorificPrefix', 'Dr')
      expectMember(answer, 'name.givenName', 'Given')
      expectMember(answer, 'name.familyName', 'Family')
    }),
  ),
  must(
    'add-of-a-sub-attribute-makes-its-parent',
    'RFC 7644 §3.5.2.1',
    'add of name.honorificPrefix to a user without a name makes the name.',
    async (t) => {
      const user = await t.user()
      const operation = { op: 'add', path: 'name.honorificPrefix', value: 'Dr.' }
      const answer = await t.change(`/Users/${user.id}`, [operation])
      expectMember(answer, 'name.honorificPrefix', 'Dr.')
    },
  ),
  must(
    'add-appends-an-array',
    'RFC 7644 §3.5.2.1',
    'add of an array to a multi-valued attribute appends its elements.',
    changes([{ op: 'add', path: 'roles', value: [{ value: 'a' }, { value: 'b' }] }], (answer) => {
      const values = objects(read(answer.body, 'roles')).map(({ value }) => String(value))
      expectSame(answer, 'the values of roles', values, ['a', 'b'])
    }),
  ),
  must(
    'add-appends-a-single-object',
    'RFC 7644 §3.5.2.1',
    'add of one object to a multi-valued attribute appends it.',
    async (t) => {
      const user = await rich(t)
      const value = { value: t.email(), type: 'other' }
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'add', path: 'emails', value }])
      const kinds = objects(read(answer.body, 'emails')).map(({ type }) => String(type))
      expectSame(answer, 'the types of emails', kinds, ['work', 'home', 'other'])
    },
  ),
  must(
    'add-to-matching-elements',
    'RFC 7644 §3.5.2.1',
    'add to emails[type eq "home"] changes that element and keeps its other sub-attributes.',
    changes(
      [{ op: 'add', path: 'emails[type eq "home"]', value: { display: 'New' } }],
      (answer) => {
        expectEqual(answer, 'display', typed(answer, 'emails', 'home', 'display'), 'New')
        const value = typed(answer, 'emails', 'home', 'value')
        expectThat(answer, 'the value kept', typeof value === 'string')
        expectEqual(answer, 'display of work', typed(answer, 'emails', 'work', 'display'), 'Work')
      },
    ),
  ),
  interop(
    'add-makes-the-element-a-filter-describes',
    'RFC 7644 §3.5.2.1',
    'add of addresses[type eq "work"].country without such an address makes one.',
    changes([{ op: 'add', path: 'addresses[type eq "work"].country', value: 'US' }], (answer) => {
      expectEqual(answer, 'country', typed(answer, 'addresses', 'work', 'country'), 'US')
      expectEqual(answer, 'country of home', typed(answer, 'addresses', 'home', 'country'), 'BE')
    }),
  ),
  must(
    'add-of-an-extension-attribute',
    'RFC 7644 §3.5.2',
    'An attribute of an extension is added by its URN, which schemas then lists.',
    async (t) => {
      const user = await t.user()
      const operation = { op: 'add', path: `${ENT}:employeeNumber`, value: '9' }
      const answer = await t.change(`/Users/${user.id}`, [operation])
      expectMember(answer, [ENT, 'employeeNumber'], '9')
      const listed = read(answer.body, 'schemas')
      expectThat(answer, 'the URN in schemas', Array.isArray(listed) && listed.includes(ENT))
    },
  ),
  must(
    'add-of-an-extension-as-a-whole',
    'RFC 7644 §3.5.2',
    'An extension is added by its URN as path, or as member of a value without path.',
    async (t) => {
      const user = await t.user()
      const answer = await t.change(`/Users/${user.id}`, [
        { op: 'add', path: ENT, value: { department: 'D' } },
        { op: 'add', value: { [ENT]: { costCenter: 'C' } } },
      ])
      expectMember(answer, [ENT, 'department'], 'D')
      expectMember(answer, [ENT, 'costCenter'], 'C')
    },
  ),
  must(
    'add-of-a-sub-attribute-of-an-extension',
    'RFC 7644 §3.5.2',
    'A sub-attribute of an extension is added by its path.',
    async (t) => {
      const [user, boss] = [await t.user(), await t.user()]
      const operation = { op: 'add', path: `${ENT}:manager.value`, value: boss.id }
      const answer = await t.change(`/Users/${user.id}`, [operation])
      expectMember(answer, [ENT, 'manager', 'value'], boss.id)
    },
  ),
  interop(
    'add-of-null-unassigns-or-is-refused',
    'RFC 7643 §2.5',
    'add of null leaves the attribute without a value, or is answered with 400.',
    async (t) => {
      const user = await rich(t)
      const answer = await t.patch(`/Users/${user.id}`, [{ op: 'add', path: 'title', value: null }])
      expectAnswer(answer, '200', '204', '400 invalidValue')
      const after = await t.read(`/Users/${user.id}`)
      if (answer.status === 400) expectMember(after, 'title', 'Title')
      else expectUnassigned(after, 'title')
    },
  ),
  must(
    'add-of-members',
    'RFC 7644 §3.5.2.1',
    'add of a member keeps the others.',
    membership(
      (_a, _b, c) => [{ op: 'add', path: 'members', value: [{ value: c.id }] }],
      (a, b, c) => [a, b, c],
    ),
  ),
  must(
    'add-of-members-without-path',
    'RFC 7644 §3.5.2.1',
    'add of members without a path keeps the others.',
    membership(
      (_a, _b, c) => [{ op: 'add', value: { members: [{ value: c.id }] } }],
      (a, b, c) => [a, b, c],
    ),
  ),
  must(
    'add-of-a-present-value-changes-nothing',
    'RFC 7644 §3.5.2.1',
    'add of a member who is one already leaves one membership.',
    membership(
      (a) => [
        { op: 'add', path: 'members', value: [{ value: a.id }] },
        { op: 'add', path: 'members', value: [{ value: a.id }] },
      ],
      (a, b) => [a, b],
    ),
  ),
]

const remove: Check[] = [
  must(
    'remove-needs-a-path',
    'RFC 7644 §3.5.2.2',
    'remove without a path is answered with 400 noTarget.',
    refuses({ op: 'remove' }, '400 noTarget'),
  ),
  must(
    'remove-with-a-value-needs-a-path',
    'RFC 7644 §3.5.2.2',
    'remove with a value but without a path is answered with 400 noTarget.',
    refuses({ op: 'remove', value: { title: 'Title' } }, '400 noTarget'),
  ),
  must(
    'remove-with-an-empty-path-is-refused',
    'RFC 7644 §3.5.2.2',
    'remove with an empty path is answered with 400.',
    refuses({ op: 'remove', path: '' }, '400 noTarget', '400 invalidPath'),
  ),
  must(
    'remove-of-a-simple-attribute',
    'RFC 7644 §3.5.2.2',
    'remove leaves the attribute without a value.',
    changes([{ op: 'remove', path: 'title' }], (answer) => expectUnassigned(answer, 'title')),
  ),
  must(
    'remove-of-nothing-succeeds',
    'RFC 7644 §3.5.2.2',
    'remove of an attribute that has no value changes nothing.',
    changes([{ op: 'remove', path: 'nickName' }], (answer) =>
      expectMember(answer, 'title', 'Title'),
    ),
  ),
  must(
    'remove-of-a-sub-attribute',
    'RFC 7644 §3.5.2.2',
    'remove of a sub-attribute keeps the others.',
    changes([{ op: 'remove', path: 'name.middleName' }], (answer) =>
      expectMember(answer, 'name', { givenName: 'Given', familyName: 'Family' }),
    ),
  ),
  must(
    'remove-of-the-last-sub-attribute-unassigns',
    'RFC 7643 §2.5',
    'A complex attribute whose last sub-attribute was removed has no value.',
    async (t) => {
      const user = await t.user({ name: { givenName: 'G' } })
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'remove', path: 'name.givenName' }])
      const name = read(answer.body, 'name')
      const empty = name === undefined || name === null || Object.keys(name).length === 0
      expectThat(answer, 'no name', empty, name ?? null)
    },
  ),
  must(
    'remove-of-all-values',
    'RFC 7644 §3.5.2.2',
    'remove of a multi-valued attribute removes all values.',
    changes([{ op: 'remove', path: 'emails' }], (answer) => expectUnassigned(answer, 'emails')),
  ),
  must(
    'remove-of-matching-elements',
    'RFC 7644 §3.5.2.2',
    'remove with a value filter removes the matching elements only.',
    changes(
      [{ op: 'remove', path: 'emails[type eq "work" and value ew "example.com"]' }],
      (answer) => {
        const kinds = objects(read(answer.body, 'emails')).map(({ type }) => String(type))
        expectSame(answer, 'the types of emails', kinds, ['home'])
      },
    ),
  ),
  must(
    'remove-of-a-sub-attribute-of-matching-elements',
    'RFC 7644 §3.5.2.2',
    'remove of emails[type eq "work"].display keeps the element.',
    changes([{ op: 'remove', path: 'emails[type eq "work"].display' }], (answer) => {
      const work = element(read(answer.body, 'emails'), 'type', 'work')
      expectThat(answer, 'the work e-mail', work !== undefined)
      expectThat(answer, 'no display', (work.display ?? null) === null, work)
      expectEqual(answer, 'display of home', typed(answer, 'emails', 'home', 'display'), 'Home')
    }),
  ),
  must(
    'remove-with-compound-filters',
    'RFC 7644 §3.5.2',
    'Value filters in a path know co, not and parentheses.',
    changes(
      [{ op: 'remove', path: 'emails[value co "example" and not (primary eq true)]' }],
      (answer) => {
        const kinds = objects(read(answer.body, 'emails')).map(({ type }) => String(type))
        expectSame(answer, 'the types of emails', kinds, ['work'])
      },
    ),
  ),
  must(
    'remove-of-a-member-by-filter',
    'RFC 7644 §3.5.2.2',
    'remove of members[value eq "…"] ends that membership only.',
    membership(
      (a) => [{ op: 'remove', path: `members[value eq "${a.id}"]` }],
      (_a, b) => [b],
    ),
  ),
  must(
    'remove-of-all-members',
    'RFC 7644 §3.5.2.2',
    'remove of members without value or filter ends all memberships.',
    membership(
      () => [{ op: 'remove', path: 'members' }],
      () => [],
    ),
  ),
  interop(
    'remove-of-members-by-value',
    'RFC 7644 §3.5.2.2',
    'remove of members with a list of values ends those memberships only, as Entra ID asks.',
    membership(
      (a) => [{ op: 'remove', path: 'members', value: [{ value: a.id }] }],
      (_a, b) => [b],
    ),
  ),
  interop(
    'remove-of-members-by-a-single-object',
    'RFC 7644 §3.5.2.2',
    'remove of members with one object as value ends that membership only.',
    membership(
      (a) => [{ op: 'remove', path: 'members', value: { value: a.id } }],
      (_a, b) => [b],
    ),
  ),
  interop(
    'remove-of-members-by-plain-ids',
    'RFC 7644 §3.5.2.2',
    'remove of members with a list of ids ends those memberships only.',
    membership(
      (a) => [{ op: 'remove', path: 'members', value: [a.id] }],
      (_a, b) => [b],
    ),
  ),
  must(
    'remove-of-an-absent-member-succeeds',
    'RFC 7644 §3.5.2.2',
    'remove of somebody who is no member changes nothing.',
    membership(
      (_a, _b, c) => [{ op: 'remove', path: `members[value eq "${c.id}"]` }],
      (a, b) => [a, b],
    ),
  ),
  must(
    'remove-of-an-extension-attribute',
    'RFC 7644 §3.5.2',
    'An attribute of an extension is removed by its URN.',
    changes([{ op: 'remove', path: `${ENT}:department` }], (answer) => {
      expectMember(answer, [ENT], { costCenter: '4130' })
    }),
  ),
  must(
    'remove-of-an-extension-as-a-whole',
    'RFC 7644 §3.5.2',
    'An extension is removed by its URN as path.',
    changes([{ op: 'remove', path: ENT }], (answer) => {
      expectUnassigned(answer, ENT)
      expectMember(answer, 'title', 'Title')
    }),
  ),
  may(
    'remove-of-a-sub-attribute-of-all-values',
    'RFC 7644 §3.5.2.2',
    'remove of emails.display removes it from all elements, or is answered with 400.',
    async (t) => {
      const user = await rich(t)
      const answer = await t.patch(`/Users/${user.id}`, [{ op: 'remove', path: 'emails.display' }])
      expectAnswer(answer, '200', '204', '400 invalidPath', '400 noTarget')
      if (answer.status === 400) return
      const after = await t.read(`/Users/${user.id}`)
      const shown = objects(read(after.body, 'emails')).map(({ display }) => display ?? null)
      expectEqual(after, 'the display of emails', shown, [null, null])
    },
  ),
]

const replace: Check[] = [
  interop(
    'a-manager-by-reference-alone-is-kept-or-refused',
    'RFC 7643 §4.3',
    'A manager of whom only $ref is sent is kept, or it is answered with 400; never is success answered and nobody kept.',
    async (t) => {
      const [user, boss] = [await t.user(), await t.user()]
      const value = { $ref: `../Users/${boss.id}` }
      const answer = await t.patch(`/Users/${user.id}`, [
        { op: 'add', path: `${ENT}:manager`, value },
      ])
      expectAnswer(answer, '200', '204', '400 invalidValue')
      const after = await t.read(`/Users/${user.id}`)
      if (answer.status === 400) expectUnassigned(after, ENT)
      else expectMember(after, [ENT, 'manager', 'value'], boss.id)
    },
  ),
  interop(
    'a-false-primary-is-as-good-as-none',
    'RFC 7643 §2.4',
    'add of an element that is there already, apart from a primary that is false, changes nothing.',
    async (t) => {
      const role = { value: 'Admin', type: 'Win' }
      const user = await t.user({ roles: [{ ...role, primary: false }] })
      const before = await t.read(`/Users/${user.id}`)
      expectAnswer(
        await t.patch(`/Users/${user.id}`, [{ op: 'add', path: 'roles', value: [role] }]),
        '200',
        '204',
      )
      const after = await t.read(`/Users/${user.id}`)
      expectEqual(after, 'the roles', read(after.body, 'roles'), read(before.body, 'roles'))
    },
  ),
  interop(
    'one-type-and-value-stand-in-one-element',
    'RFC 7643 §2.4',
    'A list in which one type and value stand twice is returned with it once, or answered with 400.',
    async (t) => {
      const role = { value: 'Admin', type: 'Win' }
      const [created, user] = [
        await t.post('/Users', t.userBody({ roles: [role, role] })),
        await t.user(),
      ]
      expectAnswer(created, '201', '400 invalidValue')
      const operation = { op: 'replace', path: 'roles', value: [role, role] }
      const changed = await t.patch(`/Users/${user.id}`, [operation])
      expectAnswer(changed, '200', '204', '400 invalidValue')
      for (const answer of [created, await t.read(`/Users/${user.id}`)]) {
        if (answer.status === 400 || changed.status === 400) continue
        const values = objects(read(answer.body, 'roles')).map(({ value }) => String(value))
        expectSame(answer, 'the values of roles', values, ['Admin'])
      }
    },
  ),
  interop(
    'the-own-schema-as-path-is-applied-or-refused',
    'RFC 7644 §3.5.2',
    "With the URN of the resource's schema as path, the value is applied as without a path, or it is answered with 400; never is success answered and nothing done.",
    async (t) => {
      const [user, group] = [await rich(t), await t.group()]
      const toUser = { op: 'replace', path: USER, value: { title: 'New' } }
      const toGroup = { op: 'add', path: GROUP, value: { members: [{ value: user.id }] } }
      const first = await t.patch(`/Users/${user.id}`, [toUser])
      expectAnswer(first, '200', '204', '400 invalidPath')
      const title = first.status === 400 ? 'Title' : 'New'
      expectMember(await t.read(`/Users/${user.id}`), 'title', title)
      const second = await t.patch(`/Groups/${group.id}`, [toGroup])
      expectAnswer(second, '200', '204', '400 invalidPath')
      const members = second.status === 400 ? [] : [user.id]
      const after = await t.read(`/Groups/${group.id}`)
      expectSame(after, 'the members', memberIds(after), members)
    },
  ),
  interop(
    'the-own-schema-is-not-removed',
    'RFC 7644 §3.5.2.2',
    "remove with the URN of the resource's schema as path is refused.",
    refuses({ op: 'remove', path: USER }, '400 noTarget', '400 invalidPath', '400 mutability'),
  ),
  interop(
    'an-empty-part-of-a-urn-is-refused',
    'RFC 7644 §3.10',
    'A path with a URN that ends in a colon, or with two colons in a row, is malformed.',
    async (t) => {
      const user = await t.user()
      for (const path of [`${USER}:`, `${USER}::title`, `${ENT}::department`]) {
        const operation = { op: 'replace', path, value: 'x' }
        expectAnswer(await t.patch(`/Users/${user.id}`, [operation]), '400 invalidPath')
      }
    },
  ),
  must(
    'replace-without-path-replaces-what-it-names',
    'RFC 7644 §3.5.2.3',
    'replace without a path replaces the attributes in its value and no others.',
    async (t) => {
      const user = await rich(t)
      const emails = [{ value: t.email(), type: 'other' }]
      const value = { emails, nickName: 'N' }
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'replace', value }])
      const kinds = objects(read(answer.body, 'emails')).map(({ type }) => String(type))
      expectSame(answer, 'the types of emails', kinds, ['other'])
      expectMember(answer, 'nickName', 'N')
      expectMember(answer, 'title', 'Title')
    },
  ),
  must(
    'replace-of-a-simple-attribute',
    'RFC 7644 §3.5.2.3',
    'replace gives the attribute the new value.',
    changes([{ op: 'replace', path: 'title', value: 'N' }], (answer) =>
      expectMember(answer, 'title', 'N'),
    ),
  ),
  must(
    'replace-of-nothing-is-add',
    'RFC 7644 §3.5.2.3',
    'replace of an attribute without a value is an add.',
    changes([{ op: 'replace', path: 'nickName', value: 'N' }], (answer) =>
      expectMember(answer, 'nickName', 'N'),
    ),
  ),
  must(
    'replace-of-a-sub-attribute-keeps-the-others',
    'RFC 7644 §3.5.2.3',
    'replace of name.givenName keeps the rest of the name.',
    changes([{ op: 'replace', path: 'name.givenName', value: 'N' }], (answer) => {
      expectMember(answer, 'name.givenName', 'N')
      expectMember(answer, 'name.familyName', 'Family')
    }),
  ),
  must(
    'replace-of-all-values',
    'RFC 7644 §3.5.2.3',
    'replace of a multi-valued attribute leaves exactly the new values.',
    async (t) => {
      const user = await rich(t)
      const value = [{ value: t.email(), type: 'other' }]
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'replace', path: 'emails', value }])
      const kinds = objects(read(answer.body, 'emails')).map(({ type }) => String(type))
      expectSame(answer, 'the types of emails', kinds, ['other'])
    },
  ),
  must(
    'replace-of-members',
    'RFC 7644 §3.5.2.3',
    'replace of members leaves exactly the new ones.',
    membership(
      (_a, b, c) => [{ op: 'replace', path: 'members', value: [{ value: b.id }, { value: c.id }] }],
      (_a, b, c) => [b, c],
    ),
  ),
  must(
    'replace-of-matching-elements',
    'RFC 7644 §3.5.2.3',
    'replace of roles[type eq "x"] replaces every matching element and no other.',
    async (t) => {
      const user = await t.user({
        roles: [
          { value: 'a', type: 'x' },
          { value: 'b', type: 'x' },
          { value: 'c', type: 'y' },
        ],
      })
      const value = { value: 'v', type: 'x' }
      const operation = { op: 'replace', path: 'roles[type eq "x"]', value }
      const answer = await t.change(`/Users/${user.id}`, [operation])
      const roles = objects(read(answer.body, 'roles')).map(({ value }) => String(value))
      // Two equal values may become one.
      expectSame(answer, 'the values of roles', [...new Set(roles)], ['v', 'c'])
    },
  ),
  must(
    'replace-of-a-sub-attribute-of-matching-elements',
    'RFC 7644 §3.5.2.3',
    'replace of emails[type eq "work"].value changes that value and nothing else.',
    async (t) => {
      const user = await rich(t)
      const value = t.email()
      const operation = { op: 'replace', path: 'emails[type eq "work"].value', value }
      const answer = await t.change(`/Users/${user.id}`, [operation])
      const work = element(read(answer.body, 'emails'), 'type', 'work')
      const expected = { value, type: 'work', display: 'Work', primary: true }
      expectEqual(answer, 'the work e-mail', work, expected)
      const [, home] = objects(user.emails)
      expectEqual(
        answer,
        'the home e-mail',
        element(read(answer.body, 'emails'), 'type', 'home'),
        home,
      )
    },
  ),
  must(
    'replace-without-a-match-has-no-target',
    'RFC 7644 §3.5.2.3',
    'replace with a value filter that matches nothing is answered with 400 noTarget.',
    refuses(
      { op: 'replace', path: 'emails[type eq "fax"]', value: { value: 'x@example.com' } },
      '400 noTarget',
    ),
  ),
  may(
    'replace-of-a-sub-attribute-of-all-values',
    'RFC 7644 §3.5.2',
    'replace of emails.display changes all elements, or is answered with 400.',
    async (t) => {
      const user = await rich(t)
      const operation = { op: 'replace', path: 'emails.display', value: 'x' }
      const answer = await t.patch(`/Users/${user.id}`, [operation])
      expectAnswer(answer, '200', '204', '400 invalidPath', '400 noTarget')
      if (answer.status === 400) return
      const after = await t.read(`/Users/${user.id}`)
      const shown = objects(read(after.body, 'emails')).map(({ display }) => display ?? null)
      expectEqual(after, 'the display of emails', shown, ['x', 'x'])
    },
  ),
  must(
    'replace-of-an-extension-attribute',
    'RFC 7644 §3.5.2.3',
    'replace of an attribute of an extension keeps the others.',
    changes([{ op: 'replace', path: `${ENT}:department`, value: 'D2' }], (answer) => {
      expectMember(answer, [ENT, 'department'], 'D2')
      expectMember(answer, [ENT, 'costCenter'], '4130')
    }),
  ),
  interop(
    'replace-of-active-without-path',
    'RFC 7644 §3.5.2.3',
    'replace of {active: false} without a path deactivates, as Okta asks.',
    changes([{ op: 'replace', value: { active: false } }], (answer) =>
      expectMember(answer, 'active', false),
    ),
  ),
  interop(
    'replace-of-active-as-a-text',
    'RFC 7643 §2.3.2',
    'replace of active with the text "False" deactivates, as Entra ID asks.',
    changes([{ op: 'replace', path: 'active', value: 'False' }], (answer) =>
      expectMember(answer, 'active', false),
    ),
  ),
  must(
    'replace-with-alternatives-in-the-filter',
    'RFC 7644 §3.5.2',
    'Value filters in a path know or.',
    changes(
      [
        {
          op: 'replace',
          path: 'emails[type eq "home" or type eq "other"].display',
          value: 'x',
        },
      ],
      (answer) => {
        expectEqual(answer, 'display of home', typed(answer, 'emails', 'home', 'display'), 'x')
        expectEqual(answer, 'display of work', typed(answer, 'emails', 'work', 'display'), 'Work')
      },
    ),
  ),
  must(
    'filter-on-a-simple-attribute-is-refused',
    'RFC 7644 §3.5.2',
    'A value filter on an attribute that is not complex is answered with 400.',
    refuses(
      { op: 'replace', path: 'userName[value eq "x"]', value: 'y' },
      '400 invalidPath',
      '400 noTarget',
      '400 invalidFilter',
    ),
  ),
  interop(
    'filter-on-a-single-complex-attribute-is-refused-or-applied',
    'RFC 7644 §3.5.2',
    'A value filter on name is answered with 400, or applied where it matches.',
    async (t) => {
      const user = await rich(t)
      const path = 'name[familyName eq "Family"].givenName'
      const answer = await t.patch(`/Users/${user.id}`, [{ op: 'replace', path, value: 'N' }])
      expectAnswer(answer, '200', '204', '400 invalidPath', '400 noTarget', '400 invalidFilter')
    },
  ),
  must(
    'two-primary-values-in-a-change-are-refused',
    'RFC 7643 §2.4',
    'replace with two primary values is answered with 400 and changes nothing.',
    refuses(
      {
        op: 'replace',
        path: 'roles',
        value: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      },
      '400 invalidValue',
    ),
  ),
  must(
    'new-primary-value-takes-over',
    'RFC 7644 §3.5.2',
    'Where an operation makes a value primary, the one before is primary no longer.',
    async (t) => {
      const user = await rich(t)
      const value = [{ value: t.email(), type: 'other', primary: true }]
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'add', path: 'emails', value }])
      const primary = objects(read(answer.body, 'emails')).filter((one) => one.primary === true)
      expectSame(
        answer,
        'the types of primary e-mails',
        primary.map(({ type }) => String(type)),
        ['other'],
      )
    },
  ),
  must(
    'schemas-cannot-become-those-of-another-type',
    'RFC 7643 §3',
    'replace of schemas with that of groups is answered with 400.',
    refuses(
      { op: 'replace', path: 'schemas', value: [GROUP] },
      '400 invalidValue',
      '400 mutability',
      '400 invalidSyntax',
    ),
  ),
  must(
    'schemas-cannot-be-removed',
    'RFC 7643 §3',
    'remove of schemas is answered with 400.',
    refuses({ op: 'remove', path: 'schemas' }, '400 mutability', '400 invalidValue'),
  ),
  must(
    'schemas-may-be-added-with-the-data',
    'RFC 7643 §3',
    'add of a URN to schemas followed by the data of the extension succeeds.',
    async (t) => {
      const user = await t.user()
      const answer = await t.change(`/Users/${user.id}`, [
        { op: 'add', path: 'schemas', value: [ENT] },
        { op: 'add', path: `${ENT}:department`, value: 'D' },
      ])
      expectMember(answer, [ENT, 'department'], 'D')
    },
  ),
]

export const patch = area(
  'patch',
  'Changing with PATCH',
  [...general, ...add, ...remove, ...replace],
  ['patch'],
)
