// RFC 7643 §4.1.2 and §4.2: groups and who is in them.
import { area, interop, must, should } from '../check.ts'
import type { Answer } from '../client.ts'
import {
  expectAnswer,
  expectEqual,
  expectMember,
  expectSame,
  expectThat,
  expectUnassigned,
} from '../expect.ts'
import { objects, read } from '../json.ts'
import { GROUP } from '../urns.ts'

/** The ids in a multi-valued attribute. */
function valuesOf(answer: Answer, attribute: 'members' | 'groups'): string[] {
  return objects(read(answer.body, attribute)).map(({ value }) => String(value))
}

export const groups = area('groups', 'Groups and memberships', [
  must(
    'memberships-agree-on-both-sides',
    'RFC 7643 §4.1.2',
    'members of a group and groups of a user agree after each change.',
    async (t) => {
      const user = await t.user()
      const group = await t.group()
      const added = await t.change(`/Groups/${group.id}`, [
        { op: 'add', path: 'members', value: [{ value: user.id }] },
      ])
      expectSame(added, 'members', valuesOf(added, 'members'), [user.id])
      const inside = await t.read(`/Users/${user.id}`)
      expectSame(inside, 'groups', valuesOf(inside, 'groups'), [group.id])
      const removed = await t.change(`/Groups/${group.id}`, [
        { op: 'remove', path: `members[value eq "${user.id}"]` },
      ])
      expectSame(removed, 'members', valuesOf(removed, 'members'), [])
      const outside = await t.read(`/Users/${user.id}`)
      expectSame(outside, 'groups', valuesOf(outside, 'groups'), [])
    },
    'patch',
  ),
  must(
    'user-may-be-in-several-groups',
    'RFC 7643 §4.1.2',
    'groups shows all groups of a user.',
    async (t) => {
      const user = await t.user()
      const [a, b] = [await t.group([user]), await t.group([user])]
      const answer = await t.read(`/Users/${user.id}`)
      expectSame(answer, 'groups', valuesOf(answer, 'groups'), [a.id, b.id])
    },
  ),
  must(
    'same-member-is-in-a-group-once',
    'RFC 7643 §2.4',
    'A group created with the same member twice has them once, or is refused.',
    async (t) => {
      const user = await t.user()
      const members = [{ value: user.id }, { value: user.id }]
      const answer = await t.post('/Groups', t.groupBody({ members }))
      expectAnswer(answer, '201', '400 invalidValue')
      if (answer.status !== 201) return
      const after = await t.read(`/Groups/${read(answer.body, 'id')}`)
      expectSame(after, 'members', valuesOf(after, 'members'), [user.id])
    },
  ),
  must(
    'adding-a-member-again-changes-nothing',
    'RFC 7644 §3.5.2.1',
    'add of an existing member succeeds and keeps the version.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      const before = await t.read(`/Groups/${group.id}`)
      const after = await t.change(`/Groups/${group.id}`, [
        { op: 'add', path: 'members', value: [{ value: user.id }] },
      ])
      expectEqual(after, 'the group', after.body, before.body)
    },
    'patch',
  ),
  interop(
    'group-without-members-is-created',
    'RFC 7643 §4.2',
    'A group is created without members, or with an empty list of them.',
    async (t) => {
      const displayName = t.unique('empty')
      for (const body of [{ schemas: [GROUP], displayName }, t.groupBody({ members: [] })]) {
        const answer = await t.post('/Groups', body)
        expectAnswer(answer, '201')
        expectUnassigned(await t.read(`/Groups/${read(answer.body, 'id')}`), 'members')
      }
    },
  ),
  must(
    'group-without-its-last-member-is-valid',
    'RFC 7643 §2.5',
    'A group whose last member was removed has no members and does not match members pr.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      const answer = await t.change(`/Groups/${group.id}`, [{ op: 'remove', path: 'members' }])
      expectUnassigned(answer, 'members')
      const found = await t.find('/Groups', `id eq "${group.id}" and members pr`)
      expectSame(found.answer, 'found by members pr', found.ids, [])
    },
    'patch',
    'filter',
  ),
  must(
    'group-can-be-renamed',
    'RFC 7644 §3.5.2.3',
    'A new displayName of a group is shown there and in groups of its members.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      const displayName = t.unique('renamed')
      const operation = { op: 'replace', path: 'displayName', value: displayName }
      expectMember(await t.change(`/Groups/${group.id}`, [operation]), 'displayName', displayName)
      const answer = await t.read(`/Users/${user.id}`)
      const [entry] = objects(read(answer.body, 'groups'))
      const display = entry?.display ?? displayName
      expectEqual(answer, 'groups[0].display', display, displayName)
    },
    'patch',
  ),
  should(
    'display-of-a-member-is-the-name-of-the-user',
    'RFC 7643 §2.4',
    "display of a member, where it is given, is the user's displayName, or userName.",
    async (t) => {
      const user = await t.user({ displayName: 'Shown' })
      const group = await t.group([user])
      const answer = await t.read(`/Groups/${group.id}`)
      const [member] = objects(read(answer.body, 'members'))
      const display = member?.display ?? 'Shown'
      const right = display === 'Shown' || display === user.userName
      expectThat(answer, 'display Shown', right, display)
    },
  ),
  must(
    'inactive-users-stay-members',
    'RFC 7643 §4.1.1',
    'A user who is deactivated stays in its groups.',
    async (t) => {
      const user = await t.user({ active: true })
      const group = await t.group([user])
      await t.change(`/Users/${user.id}`, [{ op: 'replace', path: 'active', value: false }])
      const answer = await t.read(`/Groups/${group.id}`)
      expectSame(answer, 'members', valuesOf(answer, 'members'), [user.id])
    },
    'patch',
  ),
  must(
    'many-members-are-kept',
    'RFC 7643 §4.2',
    'A group keeps a hundred members, added in one operation.',
    async (t) => {
      const { ids } = await t.crowd()
      const group = await t.group()
      const value = ids.map((id) => ({ value: id }))
      const operation = { op: 'add', path: 'members', value }
      const answer = await t.change(`/Groups/${group.id}`, [operation])
      expectSame(answer, 'members', valuesOf(answer, 'members'), ids)
    },
    'patch',
  ),
  must(
    'members-of-groups-in-lists-are-shown',
    'RFC 7644 §3.4.2',
    'A list of groups shows their members.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      const { answer } = await t.find('/Groups', `id eq "${group.id}"`)
      const [found] = objects(read(answer.body, 'Resources'))
      const ids = objects(found?.members).map(({ value }) => String(value))
      expectSame(answer, 'members', ids, [user.id])
    },
    'filter',
  ),
])
