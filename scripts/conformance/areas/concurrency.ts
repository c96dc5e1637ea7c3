// RFC 7644 §3.14 and RFC 9110 §9.2.2: requests at the same time, and requests repeated.
import { area, must, safe } from '../check.ts'
import { query, resourcesOf } from '../client.ts'
import { expectAnswer, expectEqual, expectMember, expectSame, expectThat } from '../expect.ts'
import { objects, read } from '../json.ts'

const CLIENTS = 10

export const concurrency = area('concurrency', 'Concurrency', [
  must(
    'one-of-several-replacements-wins',
    'RFC 7644 §3.14',
    'Of ten PUTs with the same If-Match exactly one succeeds.',
    async (t) => {
      const user = await t.user()
      const version = String(read(user, 'meta', 'version'))
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, (_, number) => {
          const body = t.userBody({ userName: user.userName ?? '', title: `t${number}` })
          return t.put(`/Users/${user.id}`, body, { 'If-Match': version })
        }),
      )
      const after = await t.read(`/Users/${user.id}`)
      const statuses = answers.map(({ status }) => status)
      const won = statuses.filter((status) => status === 200).length
      expectThat(after, 'one 200 among the answers', won === 1, statuses)
      const lost = statuses.filter((status) => status === 412).length
      expectThat(after, '412 for all others', lost === CLIENTS - 1, statuses)
    },
    'etag',
  ),
  safe(
    'members-added-at-the-same-time-are-all-kept',
    'RFC 7644 §3.5.2.1',
    'Ten members added by ten requests at the same time are all members, if all succeed.',
    async (t) => {
      const users = await Promise.all(Array.from({ length: CLIENTS }, () => t.user()))
      const group = await t.group()
      const answers = await Promise.all(
        users.map(({ id }) =>
          t.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value: [{ value: id }] }]),
        ),
      )
      for (const answer of answers) expectAnswer(answer, '2xx')
      const after = await t.read(`/Groups/${group.id}`)
      const members = objects(read(after.body, 'members')).map(({ value }) => String(value))
      expectSame(
        after,
        'members',
        members,
        users.map(({ id }) => id),
      )
    },
    'patch',
  ),
  safe(
    'different-changes-at-the-same-time-are-all-kept',
    'RFC 7644 §3.5.2',
    'Changes of different attributes at the same time are all kept, if all succeed.',
    async (t) => {
      const user = await t.user()
      const attributes = ['title', 'nickName', 'displayName', 'userType', 'locale', 'timezone']
      const answers = await Promise.all(
        attributes.map((path) =>
          t.patch(`/Users/${user.id}`, [{ op: 'replace', path, value: `new ${path}` }]),
        ),
      )
      for (const answer of answers) expectAnswer(answer, '2xx')
      const after = await t.read(`/Users/${user.id}`)
      for (const path of attributes) expectMember(after, path, `new ${path}`)
    },
    'patch',
  ),
  safe(
    'one-of-several-creations-wins',
    'RFC 7644 §3.3',
    'Of ten creations of the same userName at the same time exactly one succeeds.',
    async (t) => {
      const userName = t.unique('race')
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, () => t.post('/Users', t.userBody({ userName }))),
      )
      const found = await t.find('/Users', `userName eq "${userName}"`)
      const statuses = answers.map(({ status }) => status)
      const won = statuses.filter((status) => status < 300).length
      expectThat(found.answer, 'one success among the answers', won === 1, statuses)
      expectEqual(found.answer, 'the number of users', found.ids.length, 1)
    },
    'filter',
  ),
  must(
    'adding-again-is-safe',
    'RFC 7644 §3.5.2.1',
    'PATCH add of a member, sent twice, succeeds twice and leaves what the first left.',
    async (t) => {
      const user = await t.user()
      const group = await t.group()
      const operations = [{ op: 'add', path: 'members', value: [{ value: user.id }] }]
      const first = await t.change(`/Groups/${group.id}`, operations)
      const second = await t.change(`/Groups/${group.id}`, operations)
      expectEqual(second, 'the group', second.body, first.body)
    },
    'patch',
  ),
  must(
    'removing-again-is-safe',
    'RFC 7644 §3.5.2.2',
    'PATCH remove of a member, sent twice, succeeds twice and leaves what the first left.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      const operations = [{ op: 'remove', path: `members[value eq "${user.id}"]` }]
      const first = await t.change(`/Groups/${group.id}`, operations)
      const second = await t.change(`/Groups/${group.id}`, operations)
      expectEqual(second, 'the group', second.body, first.body)
    },
    'patch',
  ),
  must(
    'replacing-again-is-safe',
    'RFC 9110 §9.2.2',
    'PUT, sent twice, succeeds twice and leaves what the first left.',
    async (t) => {
      const user = await t.user()
      const body = t.userBody({ title: 'new' })
      expectAnswer(await t.put(`/Users/${user.id}`, body), '200')
      const first = await t.read(`/Users/${user.id}`)
      expectAnswer(await t.put(`/Users/${user.id}`, body), '200')
      const second = await t.read(`/Users/${user.id}`)
      // Whether writing the same again is a modification is left open.
      const [found, wanted] = [second, first].map((answer) => read(answer.body, 'title') ?? null)
      expectEqual(second, 'title', found, wanted)
      expectEqual(second, 'id', read(second.body, 'id'), read(first.body, 'id'))
    },
  ),
  safe(
    'writes-are-seen-at-once',
    'RFC 7644 §3.4',
    'What was written is seen by the next read, list and filter.',
    async (t) => {
      const user = await t.user()
      for (let round = 0; round < 10; round++) {
        const title = t.unique('Seen')
        const operation = { op: 'replace', path: 'title', value: title }
        expectMember(await t.change(`/Users/${user.id}`, [operation]), 'title', title)
        const list = await t.read(query('/Users', { filter: `title eq "${title}"` }))
        const ids = resourcesOf(list).map(({ id }) => String(id))
        expectSame(list, 'found', ids, [user.id])
      }
    },
    'patch',
    'filter',
  ),
])
