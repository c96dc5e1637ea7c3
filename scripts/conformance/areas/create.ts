// RFC 7644 §3.3: creating resources.
import { area, interop, must, should } from '../check.ts'
import {
  expectAnswer,
  expectEqual,
  expectMember,
  expectMembers,
  expectSame,
  expectThat,
  expectUnassigned,
} from '../expect.ts'
import { isObject, objects, read } from '../json.ts'
import { ENTERPRISE_USER, GROUP, USER } from '../urns.ts'

export const create = area('create', 'Creating', [
  must(
    'creation-is-answered-with-201',
    'RFC 7644 §3.3',
    'A successful creation is answered with 201.',
    async (t) => expectAnswer(await t.post('/Users', t.userBody()), '201'),
  ),
  must(
    'creation-of-a-group-is-answered-with-201',
    'RFC 7644 §3.3',
    'A successful creation of a group is answered with 201.',
    async (t) => expectAnswer(await t.post('/Groups', t.groupBody()), '201'),
  ),
  must(
    'creation-has-a-location',
    'RFC 7644 §3.3',
    'The answer to a creation has a Location header, equal to meta.location.',
    async (t) => {
      for (const answer of [
        await t.post('/Users', t.userBody()),
        await t.post('/Groups', t.groupBody()),
      ]) {
        expectAnswer(answer, '2xx')
        const location = answer.header('Location')
        expectThat(answer, 'a Location header', location !== undefined, '(absent)')
        expectMember(answer, 'meta.location', location)
      }
    },
  ),
  should(
    'creation-returns-the-representation',
    'RFC 7644 §3.3',
    'The answer to a creation is the whole resource.',
    async (t) => {
      const body = t.userBody({ title: 'T' })
      const answer = await t.post('/Users', body)
      expectAnswer(answer, '2xx')
      expectMember(answer, 'schemas', [USER])
      expectMember(answer, 'userName', body.userName ?? '')
      expectMember(answer, 'title', 'T')
      expectThat(answer, 'an id', typeof read(answer.body, 'id') === 'string')
      expectThat(answer, 'meta', isObject(read(answer.body, 'meta')))
    },
  ),
  must(
    'resource-type-comes-from-the-endpoint',
    'RFC 7644 §3.3.1',
    'meta.resourceType is that of the endpoint.',
    async (t) => {
      const user = await t.post('/Users', t.userBody())
      expectMember(user, 'meta.resourceType', 'User')
      const group = await t.post('/Groups', t.groupBody())
      expectMember(group, 'meta.resourceType', 'Group')
    },
  ),
  must(
    'refused-creation-creates-nothing',
    'RFC 7644 §3.3',
    'After a conflict there is still only one user of the name.',
    async (t) => {
      const { userName = '' } = await t.user()
      expectAnswer(await t.post('/Users', t.userBody({ userName })), '409')
      const { answer, ids } = await t.find('/Users', `userName eq "${userName}"`)
      expectEqual(answer, 'the number of users found', ids.length, 1)
    },
    'filter',
  ),
  must(
    'attributes-apply-to-creation',
    'RFC 7644 §3.9',
    'attributes limits what the answer to a creation shows.',
    async (t) => {
      const answer = await t.post('/Users?attributes=userName', t.userBody({ title: 'T' }))
      expectAnswer(answer, '2xx')
      expectThat(answer, 'a resource', isObject(answer.body))
      expectMembers(answer, 'the resource', answer.body, ['id', 'schemas', 'userName'])
    },
  ),
  must(
    'excluded-attributes-apply-to-creation',
    'RFC 7644 §3.9',
    'excludedAttributes limits what the answer to a creation shows.',
    async (t) => {
      const answer = await t.post('/Users?excludedAttributes=title', t.userBody({ title: 'T' }))
      expectAnswer(answer, '2xx')
      expectUnassigned(answer, 'title')
      expectThat(answer, 'a userName', read(answer.body, 'userName') !== undefined)
    },
  ),
  must(
    'extension-data-is-created',
    'RFC 7643 §3.3',
    'Data of the enterprise extension is stored and its URN listed in schemas.',
    async (t) => {
      const user = await t.user({
        schemas: [USER, ENTERPRISE_USER],
        [ENTERPRISE_USER]: { department: 'D' },
      })
      const answer = await t.read(`/Users/${user.id}`)
      expectMember(answer, [ENTERPRISE_USER, 'department'], 'D')
      const listed = read(answer.body, 'schemas')
      expectSame(answer, 'schemas', Array.isArray(listed) ? listed.map(String) : [], [
        USER,
        ENTERPRISE_USER,
      ])
    },
  ),
  must(
    'group-is-created-with-members',
    'RFC 7644 §3.3',
    'A group is created with its members, each with $ref and, if given, type.',
    async (t) => {
      const [a, b] = [await t.user(), await t.user()]
      const group = await t.group([a, b])
      const answer = await t.read(`/Groups/${group.id}`)
      const members = objects(read(answer.body, 'members'))
      expectSame(
        answer,
        'members',
        members.map(({ value }) => String(value)),
        [a.id, b.id],
      )
      for (const member of members) {
        const right = String(member.$ref).endsWith(`/Users/${member.value}`)
        expectThat(answer, `a $ref to ${member.value}`, right, member)
        expectThat(answer, 'type User', (member.type ?? 'User') === 'User', member)
      }
    },
  ),
  must(
    'members-are-described-by-the-server',
    'RFC 7643 §4.2',
    '$ref, type and display of a member that a client sends do not override the truth.',
    async (t) => {
      const user = await t.user()
      const lies = { $ref: 'https://attacker.example/x', type: 'Group', display: 'zzz' }
      const body = t.groupBody({ members: [{ value: user.id, ...lies }] })
      const answer = await t.post('/Groups', body)
      expectAnswer(answer, '201', '400 invalidValue')
      if (answer.status !== 201) return
      const [member] = objects(read(answer.body, 'members'))
      const right = member === undefined || !/attacker/.test(String(member.$ref))
      expectThat(answer, 'another $ref than the one sent', right, member ?? null)
      expectThat(answer, 'not type Group', member?.type !== 'Group', member ?? null)
    },
  ),
  interop(
    'unknown-members-are-skipped-or-refused',
    'RFC 7644 §3.3',
    'A member id that does not exist is refused or left out; the others are kept.',
    async (t) => {
      const user = await t.user()
      const members = [{ value: crypto.randomUUID() }, { value: user.id }]
      const answer = await t.post('/Groups', t.groupBody({ members }))
      expectAnswer(answer, '201', '400', '404')
      if (answer.status !== 201) return
      const found = objects(read(answer.body, 'members')).map(({ value }) => String(value))
      expectThat(answer, 'the known member', found.includes(user.id), found)
    },
  ),
  interop(
    'null-reference-of-a-member-is-tolerated',
    'RFC 7643 §4.2',
    'A member with $ref null and unknown sub-attributes is accepted.',
    async (t) => {
      const user = await t.user()
      const members = [{ $ref: null, value: user.id, colour: 'red' }]
      expectAnswer(await t.post('/Groups', t.groupBody({ members })), '201')
    },
  ),
  interop(
    'nulls-are-accepted',
    'RFC 7643 §2.5',
    'Every optional attribute may be null.',
    async (t) => {
      const nulls = Object.fromEntries(
        [
          ...['name', 'displayName', 'nickName', 'profileUrl', 'title', 'userType', 'locale'],
          ...['preferredLanguage', 'timezone', 'emails', 'phoneNumbers', 'ims', 'photos'],
          ...['addresses', 'entitlements', 'roles', 'x509Certificates'],
        ].map((name) => [name, null]),
      )
      const extension = { department: null, manager: null, costCenter: null }
      const body = t.userBody({
        schemas: [USER, ENTERPRISE_USER],
        ...nulls,
        [ENTERPRISE_USER]: extension,
      })
      const answer = await t.post('/Users', body)
      expectAnswer(answer, '201')
      expectUnassigned(answer, 'title')
    },
  ),
  must(
    'long-values-are-kept-or-refused',
    'RFC 7644 §3.3',
    'A value of 64 KiB is kept whole, or refused.',
    async (t) => {
      const displayName = 'x'.repeat(64 * 1024)
      const answer = await t.post('/Users', t.userBody({ displayName }))
      expectAnswer(answer, '201', '400', '413')
      if (answer.status === 201) {
        const stored = read(answer.body, 'displayName')
        expectThat(answer, 'the whole value', stored === displayName, 'another value')
      }
    },
  ),
  must(
    'too-large-a-body-is-refused',
    'RFC 9110 §15.5.14',
    'A body beyond all limits is answered with 413.',
    async (t) => {
      const body = t.userBody({ displayName: 'x'.repeat(12 * 1024 * 1024) })
      expectAnswer(await t.post('/Users', body), '413')
    },
  ),
  must(
    'group-needs-its-schema',
    'RFC 7643 §3',
    'A group whose schemas name only the user schema is refused.',
    async (t) => {
      const answer = await t.post('/Groups', t.groupBody({ schemas: [USER] }))
      expectAnswer(answer, '400 invalidValue', '400 invalidSyntax')
    },
  ),
  must(
    'group-lists-its-schema',
    'RFC 7643 §4.2',
    'A group has the schema of groups.',
    async (t) => {
      expectMember(await t.post('/Groups', t.groupBody()), 'schemas', [GROUP])
    },
  ),
  must(
    'ids-are-never-given-twice',
    'RFC 7643 §3.1',
    'Each resource has an id of its own.',
    async (t) => {
      const ids = [(await t.user()).id, (await t.user()).id, (await t.group()).id]
      const answer = await t.read(`/Users/${ids[0]}`)
      expectEqual(answer, 'the number of ids', new Set(ids).size, 3)
    },
  ),
])
