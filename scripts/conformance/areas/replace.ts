// RFC 7644 §3.5.1: replacing with PUT.
import { area, interop, must } from '../check.ts'
import {
  entityTag,
  expectAnswer,
  expectElements,
  expectEqual,
  expectMember,
  expectMembers,
  expectSame,
  expectThat,
  expectUnassigned,
} from '../expect.ts'
import { isObject, objects, read } from '../json.ts'
import { ENTERPRISE_USER, GROUP, USER } from '../urns.ts'

export const replace = area('replace', 'Replacing with PUT', [
  must(
    'replacement-is-answered-with-the-resource',
    'RFC 7644 §3.5.1',
    'PUT is answered with 200 and the resource as it is then.',
    async (t) => {
      const user = await t.user({ title: 'old' })
      const body = { ...t.userBody(), userName: user.userName ?? '', title: 'new' }
      const answer = await t.put(`/Users/${user.id}`, body)
      expectAnswer(answer, '200')
      expectMember(answer, 'title', 'new')
      expectMember(await t.read(`/Users/${user.id}`), 'title', 'new')
    },
  ),
  must(
    'replacement-keeps-id-and-creation',
    'RFC 7644 §3.5.1',
    'PUT changes neither id nor meta.created.',
    async (t) => {
      const user = await t.user()
      const answer = await t.put(`/Users/${user.id}`, t.userBody({ title: 'new' }))
      expectAnswer(answer, '2xx')
      expectMember(answer, 'id', user.id)
      expectEqual(
        answer,
        'meta.created',
        read(answer.body, 'meta', 'created'),
        read(user, 'meta', 'created'),
      )
    },
  ),
  must(
    'replacement-moves-last-modified',
    'RFC 7643 §3.1',
    'PUT sets meta.lastModified to a later time.',
    async (t) => {
      const user = await t.user()
      // Clocks of servers may tell no more than milliseconds.
      await new Promise((resolve) => setTimeout(resolve, 5))
      const answer = await t.put(`/Users/${user.id}`, t.userBody({ title: 'new' }))
      const [before, after] = [user, answer.body].map((body) =>
        Date.parse(String(read(body, 'meta', 'lastModified'))),
      )
      expectThat(answer, 'a lastModified not before the old one', Number(after) >= Number(before))
    },
  ),
  must(
    'replacement-changes-the-version',
    'RFC 7644 §3.14',
    'PUT of something else gives another version.',
    async (t) => {
      const user = await t.user()
      const answer = await t.put(`/Users/${user.id}`, t.userBody({ title: 'new' }))
      const before = String(read(user, 'meta', 'version'))
      expectThat(answer, `another ETag than ${before}`, entityTag(answer) !== before, before)
    },
    'etag',
  ),
  must(
    'omitted-attributes-are-cleared',
    'RFC 7644 §3.5.1',
    'PUT clears the attributes that it leaves out.',
    async (t) => {
      const user = await t.user({
        title: 'T',
        nickName: 'N',
        emails: [{ value: t.email() }],
        name: { givenName: 'G' },
      })
      const answer = await t.put(`/Users/${user.id}`, t.userBody({ title: 'T' }))
      expectAnswer(answer, '2xx')
      const after = await t.read(`/Users/${user.id}`)
      for (const name of ['nickName', 'emails', 'name']) expectUnassigned(after, name)
    },
  ),
  must(
    'omitted-extension-is-cleared',
    'RFC 7643 §3',
    'PUT without the extension clears its data and its URN in schemas.',
    async (t) => {
      const user = await t.user({
        schemas: [USER, ENTERPRISE_USER],
        [ENTERPRISE_USER]: { department: 'D' },
      })
      expectAnswer(await t.put(`/Users/${user.id}`, t.userBody()), '2xx')
      const answer = await t.read(`/Users/${user.id}`)
      expectUnassigned(answer, ENTERPRISE_USER)
      expectMember(answer, 'schemas', [USER])
    },
  ),
  must(
    'read-only-values-are-ignored-in-a-replacement',
    'RFC 7644 §3.5.1',
    'id, meta and groups in the body of a PUT are ignored.',
    async (t) => {
      const user = await t.user()
      const group = await t.group()
      const answer = await t.put(
        `/Users/${user.id}`,
        t.userBody({
          id: 'other',
          meta: { resourceType: 'Group', created: '2001-01-01T00:00:00Z' },
          groups: [{ value: group.id }],
        }),
      )
      expectAnswer(answer, '200')
      expectMember(answer, 'id', user.id)
      expectMember(answer, 'meta.resourceType', 'User')
      expectUnassigned(await t.read(`/Users/${user.id}`), 'groups')
    },
  ),
  must(
    'replacement-needs-the-required-attributes',
    'RFC 7644 §3.5.1',
    'PUT without userName is answered with 400.',
    async (t) => {
      const user = await t.user()
      const { userName: _, ...body } = t.userBody()
      expectAnswer(await t.put(`/Users/${user.id}`, body), '400 invalidValue')
    },
  ),
  must(
    'replacement-of-a-group-needs-a-name',
    'RFC 7643 §4.2',
    'PUT of a group without displayName is answered with 400.',
    async (t) => {
      const group = await t.group()
      expectAnswer(await t.put(`/Groups/${group.id}`, { schemas: [GROUP] }), '400 invalidValue')
    },
  ),
  must(
    'replacement-keeps-names-unique',
    'RFC 7644 §3.3',
    'PUT of a userName that another user has is answered with 409.',
    async (t) => {
      const [user, other] = [await t.user(), await t.user()]
      const body = t.userBody({ userName: other.userName ?? '' })
      expectAnswer(await t.put(`/Users/${user.id}`, body), '409 uniqueness')
    },
  ),
  must(
    'own-name-in-another-case-is-no-conflict',
    'RFC 7643 §4.1.1',
    'PUT may change the case of its own userName.',
    async (t) => {
      const user = await t.user()
      const userName = String(user.userName).toUpperCase()
      const answer = await t.put(`/Users/${user.id}`, t.userBody({ userName }))
      expectAnswer(answer, '200')
      expectMember(answer, 'userName', userName)
    },
  ),
  must(
    'replacement-replaces-the-members',
    'RFC 7644 §3.5.1',
    'PUT of a group leaves exactly the members that it names.',
    async (t) => {
      const [a, b, c] = [await t.user(), await t.user(), await t.user()]
      const group = await t.group([a, b])
      const members = [{ value: b.id }, { value: c.id }]
      expectAnswer(await t.put(`/Groups/${group.id}`, t.groupBody({ members })), '2xx')
      const answer = await t.read(`/Groups/${group.id}`)
      const found = objects(read(answer.body, 'members')).map(({ value }) => String(value))
      expectSame(answer, 'members', found, [b.id, c.id])
      expectUnassigned(await t.read(`/Users/${a.id}`), 'groups')
    },
  ),
  must(
    'stale-if-match-stops-a-replacement',
    'RFC 7644 §3.14',
    'PUT with a stale If-Match is answered with 412 and changes nothing.',
    async (t) => {
      const user = await t.user({ title: 'old' })
      const body = t.userBody({ title: 'new' })
      const answer = await t.put(`/Users/${user.id}`, body, { 'If-Match': 'W/"stale"' })
      expectAnswer(answer, '412')
      expectMember(await t.read(`/Users/${user.id}`), 'title', 'old')
    },
    'etag',
  ),
  must(
    'current-if-match-lets-a-replacement-pass',
    'RFC 7644 §3.14',
    'PUT with the current version succeeds and gives a new one.',
    async (t) => {
      const user = await t.user()
      const version = String(read(user, 'meta', 'version'))
      const body = t.userBody({ title: 'new' })
      const answer = await t.put(`/Users/${user.id}`, body, { 'If-Match': version })
      expectAnswer(answer, '200')
      expectThat(answer, 'a new ETag', entityTag(answer) !== version, version)
    },
    'etag',
  ),
  must(
    'attributes-apply-to-replacement',
    'RFC 7644 §3.9',
    'attributes limits what the answer to PUT shows.',
    async (t) => {
      const user = await t.user()
      const answer = await t.put(
        `/Users/${user.id}?attributes=userName`,
        t.userBody({ title: 'T' }),
      )
      expectAnswer(answer, '200')
      expectThat(answer, 'a resource', isObject(answer.body))
      expectMembers(answer, 'the resource', answer.body, ['id', 'schemas', 'userName'])
    },
  ),
  interop(
    'what-was-read-can-be-put-back',
    'RFC 7644 §3.5.1',
    'PUT of the resource as GET gave it, readOnly members included, succeeds and changes nothing.',
    async (t) => {
      const user = await t.user({
        name: { givenName: 'G', middleName: '' },
        emails: [{ value: t.email(), display: 'E', type: 'work', primary: true }],
      })
      await t.group([user])
      const before = await t.read(`/Users/${user.id}`)
      const answer = await t.put(`/Users/${user.id}`, before.body ?? null)
      expectAnswer(answer, '200')
      const [found, wanted] = [answer.body, before.body].map((body) => {
        const { meta: _, ...rest } = isObject(body) ? body : {}
        return rest
      })
      expectEqual(answer, 'the resource', found, wanted)
    },
  ),
  must(
    'replacement-needs-the-right-schemas',
    'RFC 7643 §3',
    'PUT of a user whose schemas name only the group schema is answered with 400.',
    async (t) => {
      const user = await t.user()
      const answer = await t.put(`/Users/${user.id}`, t.userBody({ schemas: [GROUP] }))
      expectAnswer(answer, '400 invalidValue', '400 invalidSyntax')
    },
  ),
  must(
    'multi-valued-attributes-are-replaced-whole',
    'RFC 7644 §3.5.1',
    'PUT leaves exactly the values that it names.',
    async (t) => {
      const user = await t.user({ roles: [{ value: 'a' }, { value: 'b' }] })
      const body = t.userBody({ roles: [{ value: 'b' }, { value: 'c' }] })
      expectAnswer(await t.put(`/Users/${user.id}`, body), '2xx')
      const answer = await t.read(`/Users/${user.id}`)
      const values = objects(read(answer.body, 'roles')).map(({ value }) => value ?? null)
      expectElements(answer, 'the values of roles', values, ['b', 'c'])
    },
  ),
])
