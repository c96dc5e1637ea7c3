// RFC 7644 §6: tenants know nothing of each other.
import { area, must, safe } from '../check.ts'
import { idsOf, query, resourcesOf } from '../client.ts'
import type { Context } from '../context.ts'
import { expectAnswer, expectEqual, expectMember, expectThat } from '../expect.ts'
import { isObject, type Json, read } from '../json.ts'
import { PATCH_OP, SEARCH_REQUEST } from '../urns.ts'

const ISOLATION = 'RFC 7644 §6'

/** An error without what names the resource asked for. */
function anonymous(body: Json | undefined, id: string): string {
  return JSON.stringify(isObject(body) ? body : null).replaceAll(id, '{id}')
}

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE'] as const

const foreign = METHODS.map((method) =>
  safe(
    `foreign-user-is-unknown-to-${method.toLowerCase()}`,
    'RFC 7644 §6.1',
    `${method} of a user of another tenant is answered like that of an id that nobody has.`,
    async (t) => {
      const user = await t.user({ title: 'Before' })
      const body = {
        GET: undefined,
        DELETE: undefined,
        PUT: t.userBody(),
        PATCH: { schemas: [PATCH_OP], Operations: [{ op: 'replace', path: 'title', value: 'x' }] },
      }[method]
      const nobody = crypto.randomUUID()
      const answer = await t.other.send(method, `/Users/${user.id}`, body)
      const unknown = await t.other.send(method, `/Users/${nobody}`, body)
      expectAnswer(answer, '404')
      const [found, wanted] = [anonymous(answer.body, user.id), anonymous(unknown.body, nobody)]
      expectEqual(answer, 'the error', found, wanted)
      expectMember(await t.read(`/Users/${user.id}`), 'title', 'Before')
    },
  ),
)

/** Expects that the other tenant does not see a user. */
async function unseen(t: Context, path: string): Promise<void> {
  const user = await t.user()
  const answer = await t.other.get(path)
  expectAnswer(answer, '200')
  expectThat(answer, 'nothing of the first tenant', !answer.text.includes(user.id))
  expectThat(answer, 'nothing of the run', !answer.text.includes(String(user.userName)))
}

export const tenancy = area(
  'tenancy',
  'Tenants',
  [
    safe(
      'lists-show-one-tenant',
      ISOLATION,
      'A list of users shows nobody of another tenant.',
      (t) => unseen(t, '/Users'),
    ),
    safe(
      'filters-find-one-tenant',
      ISOLATION,
      'A filter finds nobody of another tenant, neither by id nor by userName.',
      async (t) => {
        const user = await t.user()
        for (const filter of [`id eq "${user.id}"`, `userName eq "${user.userName}"`]) {
          const answer = await t.other.get(query('/Users', { filter }))
          expectMember(answer, 'totalResults', 0)
        }
      },
    ),
    safe(
      'groups-show-one-tenant',
      ISOLATION,
      'A list of groups shows none of another tenant.',
      async (t) => {
        const group = await t.group()
        const answer = await t.other.get('/Groups')
        expectAnswer(answer, '200')
        expectThat(answer, 'not the group', !answer.text.includes(group.id))
      },
    ),
    safe(
      'root-shows-one-tenant',
      ISOLATION,
      'A query of the root shows nothing of another tenant.',
      (t) => unseen(t, '/'),
      'root query',
    ),
    safe(
      'search-finds-one-tenant',
      ISOLATION,
      'A search finds nobody of another tenant.',
      async (t) => {
        const user = await t.user()
        const body = { schemas: [SEARCH_REQUEST], filter: `id eq "${user.id}"` }
        const answer = await t.other.post('/.search', body)
        expectAnswer(answer, '200')
        expectThat(answer, 'nobody found', idsOf(answer).length === 0)
      },
      'search',
    ),
    safe(
      'total-counts-one-tenant',
      ISOLATION,
      'totalResults of a tenant does not change with another.',
      async (t) => {
        const before = await t.other.get('/Users?count=0')
        await t.user()
        const after = await t.other.get('/Users?count=0')
        const [found, wanted] = [after, before].map(({ body }) => read(body, 'totalResults'))
        expectEqual(after, 'totalResults', found, wanted)
      },
    ),
    ...foreign,
    safe(
      'foreign-users-cannot-be-members',
      ISOLATION,
      'A user of another tenant does not become a member of a group.',
      async (t) => {
        const user = await t.user()
        const answer = await t.other.post('/Groups', t.groupBody({ members: [{ value: user.id }] }))
        expectAnswer(answer, '201', '400', '404')
        const members = read(answer.body, 'members')
        expectThat(answer, 'no member', !JSON.stringify(members ?? null).includes(user.id))
      },
    ),
    must(
      'names-are-unique-within-a-tenant-only',
      'RFC 7643 §7',
      'Two tenants may have users of the same userName.',
      async (t) => {
        const user = await t.user()
        const body = t.userBody({ userName: user.userName ?? '' })
        expectAnswer(await t.other.post('/Users', body), '201')
      },
    ),
    must(
      'external-ids-are-scoped-to-a-tenant',
      'RFC 7644 §6.2',
      'A filter by externalId finds nobody of another tenant.',
      async (t) => {
        const user = await t.user()
        const filter = `externalId eq "${user.externalId}"`
        const answer = await t.other.get(query('/Users', { filter }))
        expectAnswer(answer, '200')
        expectThat(answer, 'nobody found', resourcesOf(answer).length === 0)
      },
    ),
  ],
  ['other tenant'],
)
