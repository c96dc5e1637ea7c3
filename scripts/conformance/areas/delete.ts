// RFC 7644 §3.6: deleting.
import { area, interop, must, should } from '../check.ts'
import { idsOf, query } from '../client.ts'
import type { Context } from '../context.ts'
import { expectAnswer, expectMember, expectSame, expectThat, expectUnassigned } from '../expect.ts'
import { objects, read } from '../json.ts'
import { SEARCH_REQUEST } from '../urns.ts'

/** A user that is gone. */
async function deleted(t: Context): Promise<string> {
  const { id } = await t.user()
  expectAnswer(await t.delete(`/Users/${id}`), '2xx')
  return `/Users/${id}`
}

export const deletion = area('delete', 'Deleting', [
  must(
    'deletion-is-answered-with-204',
    'RFC 7644 §3.6',
    'DELETE is answered with 204 and no body.',
    async (t) => {
      const { id } = await t.user()
      const answer = await t.delete(`/Users/${id}`)
      expectAnswer(answer, '204')
      expectThat(answer, 'no body', answer.text === '')
    },
  ),
  must(
    'deletion-of-a-group-is-answered-with-204',
    'RFC 7644 §3.6',
    'DELETE of a group is answered with 204.',
    async (t) => {
      const { id } = await t.group()
      expectAnswer(await t.delete(`/Groups/${id}`), '204')
      expectAnswer(await t.get(`/Groups/${id}`), '404')
    },
  ),
  must(
    'deleted-user-cannot-be-read',
    'RFC 7644 §3.6',
    'GET of it is answered with 404.',
    async (t) => expectAnswer(await t.get(await deleted(t)), '404'),
  ),
  must(
    'deleted-user-cannot-be-replaced',
    'RFC 7644 §3.6',
    'PUT of a deleted user is answered with 404.',
    async (t) => expectAnswer(await t.put(await deleted(t), t.userBody()), '404'),
  ),
  must(
    'deleted-user-cannot-be-changed',
    'RFC 7644 §3.6',
    'PATCH of a deleted user is answered with 404.',
    async (t) => {
      const operations = [{ op: 'replace', path: 'title', value: 'x' }]
      expectAnswer(await t.patch(await deleted(t), operations), '404')
    },
    'patch',
  ),
  interop(
    'second-deletion-is-not-found',
    'RFC 7644 §3.6',
    'DELETE of a deleted user is answered with 404, which clients take for success.',
    async (t) => expectAnswer(await t.delete(await deleted(t)), '404'),
  ),
  must(
    'unknown-id-cannot-be-deleted',
    'RFC 7644 §3.6',
    'DELETE of an unknown id is answered with 404.',
    async (t) => {
      expectAnswer(await t.delete(`/Users/${crypto.randomUUID()}`), '404')
      expectAnswer(await t.delete(`/Groups/${crypto.randomUUID()}`), '404')
    },
  ),
  must(
    'deleted-user-is-not-found-by-filters',
    'RFC 7644 §3.6',
    'A deleted user is in no list.',
    async (t) => {
      const [kept, gone] = [await t.user({ title: t.unique('Left') }), await t.user()]
      const filter = `id eq "${gone.id}" or id eq "${kept.id}"`
      const before = await t.find('/Users', filter)
      expectSame(before.answer, 'found before the deletion', before.ids, [kept.id, gone.id])
      expectAnswer(await t.delete(`/Users/${gone.id}`), '2xx')
      const after = await t.find('/Users', filter)
      expectSame(after.answer, 'found after the deletion', after.ids, [kept.id])
    },
    'filter',
  ),
  must(
    'deleted-user-is-not-found-by-search',
    'RFC 7644 §3.6',
    'A deleted user is not found by POST /.search.',
    async (t) => {
      const { id } = await t.user()
      expectAnswer(await t.delete(`/Users/${id}`), '2xx')
      const body = { schemas: [SEARCH_REQUEST], filter: `id eq "${id}"` }
      const answer = await t.post('/Users/.search', body)
      expectAnswer(answer, '200')
      expectSame(answer, 'found', idsOf(answer), [])
    },
    'search',
  ),
  must(
    'total-decreases-with-a-deletion',
    'RFC 7644 §3.6',
    'totalResults no longer counts a deleted user.',
    async (t) => {
      const title = t.unique('Counted')
      const path = query('/Users', { filter: `title eq "${title}"`, count: 0 })
      await t.user({ title })
      const { id } = await t.user({ title })
      expectMember(await t.read(path), 'totalResults', 2)
      expectAnswer(await t.delete(`/Users/${id}`), '2xx')
      expectMember(await t.read(path), 'totalResults', 1)
    },
    'filter',
  ),
  must(
    'deleted-user-leaves-its-groups',
    'RFC 7643 §4.2',
    'A deleted user is no member of a group any more.',
    async (t) => {
      const [kept, gone] = [await t.user(), await t.user()]
      const group = await t.group([kept, gone])
      expectAnswer(await t.delete(`/Users/${gone.id}`), '2xx')
      const answer = await t.read(`/Groups/${group.id}`)
      const members = objects(read(answer.body, 'members')).map(({ value }) => String(value))
      expectSame(answer, 'members', members, [kept.id])
    },
  ),
  must(
    'deleted-group-leaves-its-members',
    'RFC 7643 §4.1.2',
    'A deleted group is no longer among the groups of a user.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      expectAnswer(await t.delete(`/Groups/${group.id}`), '2xx')
      expectUnassigned(await t.read(`/Users/${user.id}`), 'groups')
    },
  ),
  should(
    'deleted-name-can-be-used-again',
    'RFC 7644 §3.6',
    'A deleted user does not count as a conflict.',
    async (t) => {
      const user = await t.user()
      expectAnswer(await t.delete(`/Users/${user.id}`), '2xx')
      const body = t.userBody({ userName: user.userName ?? '' })
      expectAnswer(await t.post('/Users', body), '201')
    },
  ),
  must(
    'deletion-honours-a-stale-if-match',
    'RFC 7644 §3.14',
    'DELETE with a stale If-Match is answered with 412 and deletes nothing.',
    async (t) => {
      const { id } = await t.user()
      expectAnswer(await t.delete(`/Users/${id}`, { 'If-Match': 'W/"stale"' }), '412')
      await t.read(`/Users/${id}`)
    },
    'etag',
  ),
  must(
    'deletion-honours-a-current-if-match',
    'RFC 7644 §3.14',
    'DELETE with the current version succeeds.',
    async (t) => {
      const { id } = await t.user()
      const version = String(read((await t.read(`/Users/${id}`)).body, 'meta', 'version'))
      expectAnswer(await t.delete(`/Users/${id}`, { 'If-Match': version }), '204')
    },
    'etag',
  ),
])
