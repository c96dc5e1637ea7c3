// What identity providers really send, beyond the words of the RFCs.
import { area, interop } from '../check.ts'
import { idsOf, query, resourcesOf } from '../client.ts'
import { CROWD } from '../context.ts'
import {
  expectAnswer,
  expectEqual,
  expectMember,
  expectSame,
  expectThat,
  expectUnassigned,
} from '../expect.ts'
import { element, objects, read } from '../json.ts'
import { ENTERPRISE_USER, GROUP, PATCH_OP, USER } from '../urns.ts'

const PATCHING = 'RFC 7644 §3.5.2'

export const providers = area('providers', 'Identity providers', [
  interop(
    'entra-tests-the-connection',
    'RFC 7644 §3.4.2',
    'Entra ID looks for a random userName and expects an empty list.',
    async (t) => {
      const filter = `userName eq "${crypto.randomUUID()}"`
      const answer = await t.read(query('/Users', { filter }))
      expectMember(answer, 'totalResults', 0)
      expectMember(answer, 'Resources', [])
    },
  ),
  interop(
    'entra-creates-a-user',
    'RFC 7644 §3.3',
    'Entra ID sends both schemas, meta with resourceType only, and empty roles.',
    async (t) => {
      const externalId = t.unique('entra')
      const answer = await t.post('/Users', {
        schemas: [USER, ENTERPRISE_USER],
        externalId,
        userName: t.unique('entra'),
        active: true,
        emails: [{ primary: true, type: 'work', value: t.email() }],
        meta: { resourceType: 'User' },
        name: { formatted: 'Given Family', familyName: 'Family', givenName: 'Given' },
        roles: [],
      })
      expectAnswer(answer, '201')
      expectMember(answer, 'externalId', externalId)
      expectUnassigned(answer, 'roles')
    },
  ),
  interop(
    'entra-creates-a-group',
    'RFC 7644 §3.3',
    'Entra ID sends a schema of its own with a group, which the server leaves out.',
    async (t) => {
      const answer = await t.post('/Groups', {
        schemas: [
          GROUP,
          'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
        ],
        externalId: t.unique('entra'),
        displayName: t.unique('entra'),
        meta: { resourceType: 'Group' },
      })
      expectAnswer(answer, '201')
      expectMember(answer, 'schemas', [GROUP])
    },
  ),
  interop(
    'entra-adds-a-member',
    PATCHING,
    'Entra ID adds members with "$ref": null and op Add.',
    async (t) => {
      const user = await t.user()
      const group = await t.group()
      const answer = await t.change(`/Groups/${group.id}`, [
        { op: 'Add', path: 'members', value: [{ $ref: null, value: user.id }] },
      ])
      const member = element(read(answer.body, 'members'), 'value', user.id)
      expectThat(answer, 'the member', member !== undefined)
      const right = String(member.$ref).endsWith(`/Users/${user.id}`)
      expectThat(answer, 'a $ref to the user', right, member)
    },
    'patch',
  ),
  interop(
    'entra-removes-a-member',
    PATCHING,
    'Entra ID removes members with a list as value.',
    async (t) => {
      const [a, b] = [await t.user(), await t.user()]
      const group = await t.group([a, b])
      const answer = await t.change(`/Groups/${group.id}`, [
        { op: 'Remove', path: 'members', value: [{ $ref: null, value: a.id }] },
      ])
      const ids = objects(read(answer.body, 'members')).map(({ value }) => String(value))
      expectSame(answer, 'members', ids, [b.id])
    },
    'patch',
  ),
  interop(
    'member-as-a-plain-id-is-added-or-refused',
    PATCHING,
    "Microsoft's validator adds a member with the id as value; it is added, or refused with 400.",
    async (t) => {
      const user = await t.user()
      const group = await t.group()
      const operation = { op: 'add', path: 'members', value: user.id }
      const answer = await t.patch(`/Groups/${group.id}`, [operation])
      expectAnswer(answer, '200', '204', '400 invalidValue')
      if (answer.status === 400) return
      const after = await t.read(`/Groups/${group.id}`)
      const ids = objects(read(after.body, 'members')).map(({ value }) => String(value))
      expectSame(after, 'members', ids, [user.id])
    },
    'patch',
  ),
  interop(
    'entra-looks-up-a-group',
    'RFC 7644 §3.9',
    'Entra ID looks for a group by name, without members.',
    async (t) => {
      const group = await t.group([await t.user()])
      const filter = `displayName eq "${group.displayName}"`
      const answer = await t.read(query('/Groups', { excludedAttributes: 'members', filter }))
      expectSame(answer, 'found', idsOf(answer), [group.id])
    },
  ),
  interop(
    'entra-deactivates-and-restores',
    PATCHING,
    'Entra ID sends "False" and "True"; the user stays in lists in between.',
    async (t) => {
      const user = await t.user({ active: true })
      const replace = (value: string) => [{ op: 'Replace', path: 'active', value }]
      const inactive = await t.change(`/Users/${user.id}`, replace('False'))
      expectMember(inactive, 'active', false)
      const { answer, ids } = await t.find('/Users', `userName eq "${user.userName}"`)
      expectSame(answer, 'found', ids, [user.id])
      expectMember(await t.change(`/Users/${user.id}`, replace('True')), 'active', true)
    },
    'patch',
  ),
  interop(
    'entra-sends-dotted-members',
    PATCHING,
    'Entra ID sends a replace without path whose members are paths.',
    async (t) => {
      const user = await t.user({ name: { givenName: 'Old', familyName: 'Family' } })
      const value = {
        displayName: 'New',
        'name.givenName': 'New',
        [`${ENTERPRISE_USER}:department`]: 'D',
      }
      const answer = await t.change(`/Users/${user.id}`, [{ op: 'replace', value }])
      expectMember(answer, 'displayName', 'New')
      expectMember(answer, 'name', { givenName: 'New', familyName: 'Family' })
      expectMember(answer, [ENTERPRISE_USER, 'department'], 'D')
    },
    'patch',
  ),
  interop(
    'entra-sets-a-manager-by-its-id',
    'RFC 7643 §4.3',
    'Entra ID sets manager to a plain id.',
    async (t) => {
      const [user, boss] = [await t.user(), await t.user()]
      const operation = { op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: boss.id }
      const answer = await t.change(`/Users/${user.id}`, [operation])
      expectMember(answer, [ENTERPRISE_USER, 'manager', 'value'], boss.id)
    },
    'patch',
  ),
  interop(
    'okta-imports-page-by-page',
    'RFC 7644 §3.4.2.4',
    'Okta reads pages of 100 with the same total on each, as integers.',
    async (t) => {
      const { filter, ids } = await t.crowd()
      const found: string[] = []
      for (const startIndex of [1, 101]) {
        const answer = await t.read(query('/Users', { filter, startIndex, count: 100 }))
        expectMember(answer, 'totalResults', CROWD)
        expectMember(answer, 'startIndex', startIndex)
        expectMember(answer, 'itemsPerPage', resourcesOf(answer).length)
        found.push(...idsOf(answer))
      }
      expectEqual(
        await t.read(query('/Users', { filter, count: 1 })),
        'ids',
        found.length,
        ids.length,
      )
    },
  ),
  interop(
    'okta-tests-the-connection',
    'RFC 7644 §3.4.2.4',
    'Okta asks for two users and expects integers in the envelope.',
    async (t) => {
      const answer = await t.read('/Users?startIndex=1&count=2')
      for (const name of ['totalResults', 'startIndex', 'itemsPerPage']) {
        const value = read(answer.body, name)
        expectThat(answer, `an integer ${name}`, Number.isInteger(value), value ?? null)
      }
      expectThat(answer, 'at most two resources', resourcesOf(answer).length <= 2)
    },
  ),
  interop(
    'okta-looks-up-a-user',
    'RFC 7644 §3.4.2.2',
    'Okta looks for a userName with startIndex and count.',
    async (t) => {
      const user = await t.user()
      const filter = `userName eq "${user.userName}"`
      const answer = await t.read(query('/Users', { filter, startIndex: 1, count: 100 }))
      expectSame(answer, 'found', idsOf(answer), [user.id])
    },
  ),
  interop(
    'okta-replaces-a-user',
    'RFC 7644 §3.5.1',
    'Okta puts back the whole user with id, meta and empty groups.',
    async (t) => {
      const user = await t.user()
      const answer = await t.put(`/Users/${user.id}`, {
        schemas: [USER],
        id: user.id,
        externalId: user.externalId ?? null,
        userName: user.userName ?? null,
        name: { givenName: 'Given', middleName: '', familyName: 'Family' },
        emails: [{ primary: true, value: t.email(), type: 'work', display: 'Work' }],
        active: true,
        groups: [],
        meta: { resourceType: 'User' },
      })
      expectAnswer(answer, '200')
      expectMember(answer, 'name.givenName', 'Given')
    },
  ),
  interop(
    'okta-pushes-a-group',
    PATCHING,
    'Okta creates a group without members and replaces them with values that have a display.',
    async (t) => {
      const [a, b] = [await t.user(), await t.user()]
      const created = await t.post('/Groups', t.groupBody({ members: [] }))
      expectAnswer(created, '201')
      const path = `/Groups/${read(created.body, 'id')}`
      const value = [a, b].map(({ id, userName = '' }) => ({ value: id, display: userName }))
      const answer = await t.change(path, [{ op: 'replace', path: 'members', value }])
      const ids = objects(read(answer.body, 'members')).map(({ value: id }) => String(id))
      expectSame(answer, 'members', ids, [a.id, b.id])
    },
    'patch',
  ),
  interop(
    'okta-renames-a-group',
    PATCHING,
    'Okta renames a group with a replace without path that repeats its id.',
    async (t) => {
      const group = await t.group()
      const displayName = t.unique('okta')
      const answer = await t.change(`/Groups/${group.id}`, [
        { op: 'replace', value: { id: group.id, displayName } },
      ])
      expectMember(answer, 'displayName', displayName)
    },
    'patch',
  ),
  interop(
    'okta-moves-members-in-one-request',
    PATCHING,
    'Okta removes one member by filter and adds another in one request.',
    async (t) => {
      const [a, b] = [await t.user(), await t.user()]
      const group = await t.group([a])
      const answer = await t.change(`/Groups/${group.id}`, [
        { op: 'remove', path: `members[value eq "${a.id}"]` },
        { op: 'add', path: 'members', value: [{ value: b.id }] },
      ])
      const ids = objects(read(answer.body, 'members')).map(({ value }) => String(value))
      expectSame(answer, 'members', ids, [b.id])
    },
    'patch',
  ),
  interop(
    'okta-expects-a-conflict',
    'RFC 7644 §3.3',
    'Okta wants 409 with an Error whose status is a text.',
    async (t) => {
      const { userName = '' } = await t.user()
      const answer = await t.post('/Users', t.userBody({ userName }))
      expectAnswer(answer, '409')
      expectMember(answer, 'status', '409')
    },
  ),
  interop(
    'plain-clients-are-served',
    'RFC 9110 §5.1',
    'Clients that send application/json, no Accept and lower-case header names are served.',
    async (t) => {
      const headers = { accept: undefined, Accept: undefined, 'content-type': 'application/json' }
      expectAnswer(await t.post('/Users', t.userBody(), headers), '201')
    },
  ),
  interop(
    'roles-with-texts-for-booleans-are-understood',
    'RFC 7643 §2.3.2',
    'primary given as "True" is returned as true, type and value as they were sent.',
    async (t) => {
      const type = 'WindowsAzureActiveDirectoryRole'
      const user = await t.user({ roles: [{ value: 'admin', primary: 'True', type }] })
      const answer = await t.read(`/Users/${user.id}`)
      const [role] = objects(read(answer.body, 'roles'))
      expectEqual(answer, 'roles[0]', role, { value: 'admin', primary: true, type })
    },
  ),
  interop(
    'sub-attributes-in-another-case-are-understood',
    'RFC 7644 §3.10',
    'emails[type eq "other"].Value and addresses[type eq "other"].Formatted change the attribute.',
    async (t) => {
      const user = await t.user({
        emails: [{ value: t.email(), type: 'other' }],
        addresses: [{ formatted: 'Old', type: 'other' }],
      })
      const value = t.email()
      const answer = await t.change(`/Users/${user.id}`, [
        { op: 'Replace', path: 'emails[type eq "other"].Value', value },
        { op: 'Replace', path: 'addresses[type eq "other"].Formatted', value: 'New' },
      ])
      const [email] = objects(read(answer.body, 'emails'))
      expectEqual(answer, 'emails[0]', email, { value, type: 'other' })
      const [address] = objects(read(answer.body, 'addresses'))
      expectEqual(answer, 'addresses[0]', address, { formatted: 'New', type: 'other' })
    },
    'patch',
  ),
  interop(
    'members-without-references-are-completed',
    'RFC 7643 §4.2',
    'PUT of a group with plain member values is answered with references.',
    async (t) => {
      const user = await t.user()
      const group = await t.group()
      const body = t.groupBody({ members: [{ value: user.id }] })
      const answer = await t.put(`/Groups/${group.id}`, body)
      expectAnswer(answer, '200', '204')
      const after = await t.read(`/Groups/${group.id}`)
      const [member] = objects(read(after.body, 'members'))
      const right = String(member?.$ref).endsWith(`/Users/${user.id}`)
      expectThat(after, 'a $ref to the user', right, member ?? null)
    },
  ),
  interop(
    'upper-case-operations-are-understood',
    PATCHING,
    'op is understood in any case.',
    async (t) => {
      const { id } = await t.user()
      const answer = await t.send('PATCH', `/Users/${id}`, {
        schemas: [PATCH_OP],
        Operations: [{ op: 'REPLACE', path: 'title', value: 'x' }],
      })
      expectAnswer(answer, '2xx')
      expectMember(await t.read(`/Users/${id}`), 'title', 'x')
    },
    'patch',
  ),
])
