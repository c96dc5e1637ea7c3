// RFC 7644 §3.4.1: reading one resource.
import { area, interop, must } from '../check.ts'
import { expectAnswer, expectEqual, expectMembers, expectThat } from '../expect.ts'
import { isObject, read as readJson } from '../json.ts'

export const read = area('read', 'Reading', [
  must(
    'created-resource-can-be-read',
    'RFC 7644 §3.4.1',
    'GET gives the representation that the creation gave.',
    async (t) => {
      const created = await t.post('/Users', t.userBody({ title: 'T', active: true }))
      const answer = await t.read(`/Users/${readJson(created.body, 'id')}`)
      expectEqual(answer, 'the resource', answer.body, created.body)
    },
  ),
  must(
    'created-group-can-be-read',
    'RFC 7644 §3.4.1',
    'GET gives the group that the creation gave.',
    async (t) => {
      const created = await t.post('/Groups', t.groupBody({ members: [] }))
      const answer = await t.read(`/Groups/${readJson(created.body, 'id')}`)
      expectEqual(answer, 'the group', answer.body, created.body)
    },
  ),
  must(
    'unknown-user-is-not-found',
    'RFC 7644 §3.4.1',
    'An unknown id is answered with 404.',
    async (t) => expectAnswer(await t.get(`/Users/${crypto.randomUUID()}`), '404'),
  ),
  must(
    'unknown-group-is-not-found',
    'RFC 7644 §3.4.1',
    'An unknown id of a group is answered with 404.',
    async (t) => expectAnswer(await t.get(`/Groups/${crypto.randomUUID()}`), '404'),
  ),
  must(
    'id-of-another-type-is-not-found',
    'RFC 7644 §3.4.1',
    'The id of a user is no id of a group, nor the other way round.',
    async (t) => {
      const [user, group] = [await t.user(), await t.group()]
      expectAnswer(await t.get(`/Groups/${user.id}`), '404')
      expectAnswer(await t.get(`/Users/${group.id}`), '404')
    },
  ),
  must('ids-are-case-exact', 'RFC 7643 §3.1', 'An id in another case is another id.', async (t) => {
    const { id } = await t.user()
    const other = id === id.toUpperCase() ? id.toLowerCase() : id.toUpperCase()
    if (other === id) return t.skip('The ids of the server have no letters.')
    expectAnswer(await t.get(`/Users/${other}`), '404')
  }),
  interop(
    'filter-on-a-single-resource-does-no-harm',
    'RFC 7644 §3.4.2.1',
    'A filter on GET of one resource is honoured or ignored.',
    async (t) => {
      const { id } = await t.user()
      expectAnswer(await t.get(`/Users/${id}?filter=userName%20pr`), '200')
    },
  ),
  must(
    'attributes-apply-to-reading',
    'RFC 7644 §3.9',
    'attributes limits what GET of one resource shows.',
    async (t) => {
      const { id } = await t.user({ title: 'T' })
      const answer = await t.read(`/Users/${id}?attributes=userName`)
      expectThat(answer, 'a resource', isObject(answer.body))
      expectMembers(answer, 'the resource', answer.body, ['id', 'schemas', 'userName'])
    },
  ),
])
