// RFC 7644 §3.4.2.5 and §3.9: attributes and excludedAttributes.
import { area, interop, must, should } from '../check.ts'
import { type Answer, query, resourcesOf } from '../client.ts'
import type { Context, Resource } from '../context.ts'
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
import { ENTERPRISE_USER, SEARCH_REQUEST, USER } from '../urns.ts'

const ENT = ENTERPRISE_USER

function subject(t: Context): Promise<Resource> {
  return t.once('a user to look at', () =>
    t.user({
      schemas: [USER, ENT],
      displayName: 'Display',
      title: 'Title',
      name: { givenName: 'Given', familyName: 'Family' },
      emails: [{ value: t.email(), type: 'work', display: 'Work' }],
      [ENT]: { department: 'Department', costCenter: '4130' },
    }),
  )
}

/** GET of the user with these parameters shows these members. */
const shows =
  (parameters: Readonly<Record<string, string>>, ...names: readonly string[]) =>
  async (t: Context) => {
    const { id } = await subject(t)
    const answer = await t.read(query(`/Users/${id}`, parameters))
    expectThat(answer, 'a resource', isObject(answer.body))
    expectMembers(answer, 'the resource', answer.body, ['id', 'schemas', ...names])
  }

/** GET of the user with these parameters, for a closer look. */
async function view(t: Context, parameters: Readonly<Record<string, string>>): Promise<Answer> {
  const { id } = await subject(t)
  return t.read(query(`/Users/${id}`, parameters))
}

const NAMES = 'RFC 7644 §3.10'
const PARAMETERS = 'RFC 7644 §3.9'

export const projection = area('projection', 'Choosing attributes', [
  must(
    'attributes-name-what-is-shown',
    PARAMETERS,
    'attributes shows what it names, id and schemas.',
    shows({ attributes: 'userName' }, 'userName'),
  ),
  must(
    'attributes-list-with-commas',
    PARAMETERS,
    'attributes names several, with commas.',
    shows({ attributes: 'userName,name' }, 'userName', 'name'),
  ),
  interop(
    'attributes-tolerate-spaces',
    PARAMETERS,
    'Spaces after the commas do no harm.',
    shows({ attributes: 'userName, name' }, 'userName', 'name'),
  ),
  must(
    'attributes-ignore-case',
    NAMES,
    'Names are matched without regard to case.',
    shows({ attributes: 'USERNAME,Name' }, 'userName', 'name'),
  ),
  must(
    'attributes-name-sub-attributes',
    NAMES,
    'name.givenName shows only that of the name.',
    async (t) => {
      const answer = await view(t, { attributes: 'name.givenName' })
      expectMember(answer, 'name', { givenName: 'Given' })
    },
  ),
  must(
    'attributes-name-sub-attributes-of-elements',
    NAMES,
    'emails.value shows only that of each e-mail.',
    async (t) => {
      const answer = await view(t, { attributes: 'emails.value' })
      const [first] = objects(read(answer.body, 'emails'))
      expectThat(answer, 'an e-mail', first !== undefined)
      expectMembers(answer, 'the e-mail', first, ['value'])
    },
  ),
  must(
    'excluded-attributes-are-left-out',
    PARAMETERS,
    'excludedAttributes leaves out what it names and nothing else.',
    async (t) => {
      const answer = await view(t, { excludedAttributes: 'emails,name' })
      expectUnassigned(answer, 'emails')
      expectUnassigned(answer, 'name')
      expectMember(answer, 'title', 'Title')
      expectMember(answer, [ENT, 'department'], 'Department')
    },
  ),
  must(
    'attributes-always-returned-cannot-be-excluded',
    PARAMETERS,
    'excludedAttributes has no effect on id and schemas.',
    async (t) => {
      const { id } = await subject(t)
      const answer = await view(t, { excludedAttributes: 'id,schemas' })
      expectMember(answer, 'id', id)
      expectThat(answer, 'schemas', Array.isArray(read(answer.body, 'schemas')))
    },
  ),
  must(
    'sub-attributes-can-be-excluded',
    NAMES,
    'A sub-attribute is left out, its siblings are kept.',
    async (t) => {
      const answer = await view(t, { excludedAttributes: 'emails.type,name.familyName' })
      expectMember(answer, 'name', { givenName: 'Given' })
      const [first] = objects(read(answer.body, 'emails'))
      expectThat(answer, 'an e-mail', first !== undefined)
      expectMembers(answer, 'the e-mail', first, ['value', 'display'])
    },
  ),
  must(
    'extension-attributes-are-named-by-urn',
    NAMES,
    'An attribute of an extension is shown by its URN, whatever its case.',
    async (t) => {
      for (const urn of [ENT, ENT.toUpperCase()]) {
        const answer = await view(t, { attributes: `${urn}:department` })
        expectMember(answer, [ENT], { department: 'Department' })
        expectUnassigned(answer, 'userName')
      }
    },
  ),
  must(
    'extension-is-named-as-a-whole',
    NAMES,
    'The URN alone shows the whole extension.',
    async (t) => {
      const answer = await view(t, { attributes: ENT })
      expectMember(answer, [ENT], { department: 'Department', costCenter: '4130' })
      expectUnassigned(answer, 'userName')
    },
  ),
  must(
    'core-attributes-are-named-by-urn',
    NAMES,
    'A core attribute may be named by its URN, whatever its case.',
    async (t) => {
      await shows({ attributes: `${USER}:userName` }, 'userName')(t)
      await shows({ attributes: `${USER.toUpperCase()}:username` }, 'userName')(t)
    },
  ),
  must(
    'both-parameters-are-refused-or-settled',
    PARAMETERS,
    'attributes together with excludedAttributes is answered with 400, or one of them counts.',
    async (t) => {
      const { id } = await subject(t)
      const parameters = { attributes: 'userName', excludedAttributes: 'name' }
      const answer = await t.get(query(`/Users/${id}`, parameters))
      expectAnswer(answer, '200', '400 invalidValue', '400 invalidSyntax')
      if (answer.status === 200) expectUnassigned(answer, 'name')
    },
  ),
  should(
    'unknown-attributes-show-nothing',
    PARAMETERS,
    'A name that no schema has shows nothing more.',
    shows({ attributes: 'favouriteColour' }),
  ),
  should(
    'unknown-exclusions-leave-out-nothing',
    PARAMETERS,
    'Excluding a name that no schema has leaves out nothing.',
    async (t) => {
      const { id } = await subject(t)
      const whole = await t.read(`/Users/${id}`)
      const answer = await view(t, { excludedAttributes: 'favouriteColour' })
      expectEqual(answer, 'the resource', answer.body, whole.body)
    },
  ),
  must(
    'password-cannot-be-asked-for',
    'RFC 7643 §7',
    'What is never returned cannot be asked for.',
    shows({ attributes: 'password,userName' }, 'userName'),
  ),
  must(
    'meta-is-left-out-unless-asked-for',
    PARAMETERS,
    'meta is returned by default only; attributes without it leaves it out.',
    shows({ attributes: 'title' }, 'title'),
  ),
  must(
    'meta-can-be-asked-for',
    PARAMETERS,
    'meta is shown where it is named.',
    shows({ attributes: 'meta' }, 'meta'),
  ),
  must(
    'attributes-apply-to-lists',
    PARAMETERS,
    'attributes applies to each resource of a list.',
    async (t) => {
      const user = await subject(t)
      const filter = `userName eq "${user.userName}"`
      const answer = await t.read(query('/Users', { filter, attributes: 'userName' }))
      expectSame(
        answer,
        'the names found',
        resourcesOf(answer).map(({ userName }) => String(userName)),
        [String(user.userName)],
      )
      for (const one of resourcesOf(answer)) {
        expectMembers(answer, 'a resource', one, ['id', 'schemas', 'userName'])
      }
    },
    'filter',
  ),
  must(
    'excluded-attributes-apply-to-lists',
    PARAMETERS,
    'excludedAttributes applies to each resource of a list.',
    async (t) => {
      const user = await subject(t)
      const filter = `userName eq "${user.userName}"`
      const answer = await t.read(query('/Users', { filter, excludedAttributes: 'emails' }))
      const [first] = resourcesOf(answer)
      expectThat(answer, 'the user', first?.id === user.id)
      expectThat(answer, 'no emails', first.emails === undefined)
    },
    'filter',
  ),
  must(
    'attributes-apply-to-search',
    'RFC 7644 §3.4.3',
    'attributes as an array applies to each resource that a search finds.',
    async (t) => {
      const user = await subject(t)
      const filter = `userName eq "${user.userName}"`
      const body = { schemas: [SEARCH_REQUEST], filter, attributes: ['userName'] }
      const answer = await t.post('/Users/.search', body)
      expectAnswer(answer, '200')
      const [first] = resourcesOf(answer)
      expectThat(answer, 'the user', first?.id === user.id)
      expectMembers(answer, 'the resource', first, ['id', 'schemas', 'userName'])
    },
    'search',
  ),
  interop(
    'groups-are-listed-without-members',
    PARAMETERS,
    'A list of groups with excludedAttributes=members has no members, as Entra ID asks.',
    async (t) => {
      const group = await t.group([await t.user()])
      const filter = `displayName eq "${group.displayName}"`
      const answer = await t.read(query('/Groups', { filter, excludedAttributes: 'members' }))
      const [first] = resourcesOf(answer)
      expectThat(answer, 'the group', first?.id === group.id)
      expectThat(answer, 'no members', first.members === undefined, first)
      expectEqual(answer, 'displayName', first.displayName, group.displayName)
    },
    'filter',
  ),
  interop(
    'repeated-attributes-are-united-or-refused',
    PARAMETERS,
    'attributes twice shows what either names, or is answered with 400.',
    async (t) => {
      const { id } = await subject(t)
      const answer = await t.get(`/Users/${id}?attributes=title&attributes=userName`)
      expectAnswer(answer, '200', '400')
      if (answer.status === 400) return
      expectThat(answer, 'a resource', isObject(answer.body))
      expectMembers(answer, 'the resource', answer.body, ['id', 'schemas', 'title', 'userName'])
    },
  ),
  interop(
    'empty-attributes-do-no-harm',
    PARAMETERS,
    'attributes without a value shows the whole resource or the least.',
    async (t) => {
      const { id } = await subject(t)
      const answer = await t.read(`/Users/${id}?attributes=`)
      expectMember(answer, 'id', id)
    },
  ),
])
