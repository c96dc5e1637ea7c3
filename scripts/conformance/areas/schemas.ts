// RFC 7643 §2 to §4: attributes, common attributes, users, groups, the enterprise extension.
import { area, interop, must, should } from '../check.ts'
import { type Answer, idsOf, query, resourcesOf } from '../client.ts'
import type { Context } from '../context.ts'
import {
  expectAnswer,
  expectElements,
  expectEqual,
  expectMember,
  expectSame,
  expectThat,
  expectUnassigned,
} from '../expect.ts'
import {
  canonical,
  element,
  isUnassigned,
  type Json,
  type JsonObject,
  objects,
  read,
  walk,
} from '../json.ts'
import { ENTERPRISE_USER, GROUP, USER } from '../urns.ts'

/** A value for every attribute that a client may write, each with something easily lost. */
const FULL: JsonObject = {
  name: {
    formatted: 'Rear Admiral Grace Brewster Hopper, PhD',
    familyName: 'Hopper',
    givenName: 'Grace',
    middleName: 'Brewster',
    honorificPrefix: 'Rear Admiral',
    honorificSuffix: 'PhD',
  },
  displayName: ' Grace  Hopper ',
  nickName: 'Amazing "Grace"',
  profileUrl: 'https://people.example/Grace?x=1&y=%20',
  title: 'Director',
  userType: 'Employee',
  preferredLanguage: 'da, en-gb;q=0.8, en;q=0.7',
  locale: 'en-US',
  timezone: 'America/New_York',
  active: true,
  phoneNumbers: [
    { value: 'tel:+1-201-555-0123', display: 'Desk', type: 'work', primary: true },
    { value: '5555555555', type: 'mobile' },
  ],
  ims: [{ value: 'grace', display: 'Chat', type: 'xmpp', primary: true }],
  photos: [{ value: 'https://people.example/G.png', display: 'G', type: 'photo', primary: true }],
  addresses: [
    {
      formatted: '1 Main St\nArlington',
      streetAddress: '1 Main St',
      locality: 'Arlington',
      region: 'VA',
      postalCode: '22201',
      country: 'US',
      type: 'work',
      primary: true,
    },
  ],
  entitlements: [{ value: 'seat', display: 'Seat', type: 'licence', primary: true }],
  roles: [{ value: 'admin', display: 'Admin', type: 'app', primary: true }],
}

const ENTERPRISE: JsonObject = {
  employeeNumber: '701984',
  costCenter: '4130',
  organization: 'Universal Studios',
  division: 'Theme Park',
  department: 'Tour Operations',
}

function fullUser(t: Context): Promise<Answer> {
  return t.once('a user with every attribute', async () => {
    const user = await t.user({
      ...FULL,
      schemas: [USER, ENTERPRISE_USER],
      emails: [{ value: t.email(), display: 'Navy', type: 'work', primary: true }],
      [ENTERPRISE_USER]: ENTERPRISE,
    })
    return t.read(`/Users/${user.id}`)
  })
}

const roundTrips = Object.entries(FULL).map(([name, value]) =>
  must(
    `user-keeps-${kebab(name)}`,
    'RFC 7643 §4.1',
    `A user's ${name} is returned as it was sent.`,
    async (t) => {
      const answer = await fullUser(t)
      if (Array.isArray(value)) expectElements(answer, name, read(answer.body, name), value)
      else expectMember(answer, name, value)
    },
  ),
)

const enterpriseRoundTrips = Object.entries(ENTERPRISE).map(([name, value]) =>
  must(
    `enterprise-user-keeps-${kebab(name)}`,
    'RFC 7643 §4.3',
    `${name} of the enterprise extension is returned as it was sent.`,
    async (t) => expectMember(await fullUser(t), [ENTERPRISE_USER, name], value),
  ),
)

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** A user with this value of one attribute, as GET returns it. */
async function stored(t: Context, more: JsonObject): Promise<Answer> {
  const user = await t.user(more)
  return t.read(`/Users/${user.id}`)
}

/** POST /Users with this body has to be refused. */
const refuses = (more: JsonObject) => async (t: Context) => {
  expectAnswer(await t.post('/Users', t.userBody(more)), '400 invalidValue', '400 invalidSyntax')
}

export const schemas = area('schemas', 'Resources and their attributes', [
  must(
    'attribute-names-ignore-case-in-bodies',
    'RFC 7643 §2.1',
    'Attribute names in a body are matched without regard to case and returned as the schema writes them.',
    async (t) => {
      const answer = await t.post('/Users', {
        SCHEMAS: [USER],
        USERNAME: t.unique('case'),
        externalid: t.unique('ext'),
        displayname: 'Case',
      })
      expectAnswer(answer, '201')
      expectMember(answer, 'displayName', 'Case')
      expectThat(answer, 'a member userName', read(answer.body, 'userName') !== undefined)
    },
  ),
  must(
    'null-and-empty-array-mean-unassigned',
    'RFC 7643 §2.5',
    'null, an empty array and absence are the same state: unassigned.',
    async (t) => {
      const answer = await stored(t, { title: null, phoneNumbers: [] })
      expectUnassigned(answer, 'title')
      expectUnassigned(answer, 'phoneNumbers')
    },
  ),
  must(
    'unassigned-attributes-are-not-present',
    'RFC 7643 §2.5',
    'An attribute set to null or to an empty array does not match pr.',
    async (t) => {
      const user = await t.user({ title: null, phoneNumbers: [] })
      for (const filter of ['title pr', 'phoneNumbers pr']) {
        const found = await t.find('/Users', filter)
        expectThat(found.answer, `no match of ${filter}`, !found.ids.includes(user.id))
      }
    },
    'filter',
  ),
  must(
    'booleans-are-json-literals',
    'RFC 7643 §2.3.2',
    'A boolean is returned as true or false, not as a text.',
    async (t) => expectMember(await stored(t, { active: true }), 'active', true),
  ),
  must(
    'text-for-a-complex-attribute-is-refused',
    'RFC 7643 §2.3.8',
    'A complex attribute given as a text is refused.',
    refuses({ name: 'Barbara' }),
  ),
  must(
    'object-for-a-text-attribute-is-refused',
    'RFC 7643 §2.3.1',
    'A text attribute given as an object is refused.',
    refuses({ title: { a: 1 } }),
  ),
  must(
    'word-for-a-boolean-is-refused',
    'RFC 7643 §2.3.2',
    'A boolean given as any other word is refused.',
    refuses({ active: 'sometimes' }),
  ),
  must(
    'numbers-as-elements-of-a-complex-attribute-are-refused',
    'RFC 7643 §2.4',
    'Elements of a complex multi-valued attribute given as numbers are refused.',
    refuses({ emails: [5] }),
  ),
  must(
    'external-id-is-case-exact',
    'RFC 7643 §3.1',
    'externalId is compared with regard to case.',
    async (t) => {
      const word = t.unique('exact')
      const lower = await t.user({ externalId: word })
      const upper = await t.user({ externalId: word.toUpperCase() })
      const { answer, ids } = await t.find('/Users', `externalId eq "${word}"`)
      expectThat(answer, 'the user with this case', ids.includes(lower.id))
      expectThat(answer, 'not the user with the other case', !ids.includes(upper.id))
    },
    'filter',
  ),
  must(
    'external-id-is-never-generated',
    'RFC 7643 §3.1',
    'externalId comes from the client only; a server that wants one asks for it.',
    async (t) => {
      const { externalId: _, ...body } = t.userBody()
      const answer = await t.post('/Users', body)
      expectAnswer(answer, '201', '400 invalidValue')
      expectUnassigned(answer, 'externalId')
    },
  ),
  must(
    'id-is-issued-by-the-server',
    'RFC 7643 §3.1',
    'An id that the client sends is ignored.',
    async (t) => {
      const wanted = t.unique('my-id')
      const user = await t.user({ id: wanted })
      const answer = await t.get(`/Users/${wanted}`)
      expectThat(answer, 'another id than the one sent', user.id !== wanted, user.id)
      expectAnswer(answer, '404')
    },
  ),
  must(
    'meta-of-the-client-is-ignored',
    'RFC 7643 §3.1',
    'meta is assigned by the server alone.',
    async (t) => {
      const answer = await t.post(
        '/Users',
        t.userBody({
          meta: {
            resourceType: 'Group',
            created: '2001-01-01T00:00:00Z',
            lastModified: '2001-01-01T00:00:00Z',
            location: 'https://attacker.example/Users/1',
            version: 'W/"x"',
          },
        }),
      )
      expectAnswer(answer, '2xx')
      expectMember(answer, 'meta.resourceType', 'User')
      const meta = read(answer.body, 'meta')
      const text = canonical(meta)
      expectThat(answer, 'none of the values sent', !/2001-01-01|attacker/.test(text), meta ?? null)
    },
  ),
  must(
    'meta-has-its-members',
    'RFC 7643 §3.1',
    'A resource has meta with resourceType, created, lastModified and location.',
    async (t) => {
      const user = await t.user()
      const answer = await t.read(`/Users/${user.id}`)
      for (const name of ['resourceType', 'created', 'lastModified', 'location']) {
        const value = read(answer.body, 'meta', name)
        expectThat(answer, `a text in meta.${name}`, typeof value === 'string', value ?? null)
      }
    },
  ),
  must(
    'meta-has-a-version',
    'RFC 7643 §3.1',
    'Where ETags are supported, meta has a version.',
    async (t) => {
      const user = await t.user()
      const answer = await t.read(`/Users/${user.id}`)
      const version = read(answer.body, 'meta', 'version')
      expectThat(answer, 'a text in meta.version', typeof version === 'string', version ?? null)
    },
    'etag',
  ),
  must(
    'meta-times-are-date-times',
    'RFC 7643 §2.3.5',
    'meta.created and meta.lastModified are xsd:dateTime with a time zone, created now.',
    async (t) => {
      const user = await t.user()
      const answer = await t.read(`/Users/${user.id}`)
      for (const name of ['created', 'lastModified']) {
        const value = String(read(answer.body, 'meta', name))
        const wellFormed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
        expectThat(answer, `a date-time in meta.${name}`, wellFormed, value)
        const recent = Date.parse(value) >= Date.parse(t.startedAt)
        expectThat(answer, `meta.${name} from ${t.startedAt} on`, recent, value)
      }
    },
  ),
  must(
    'location-is-an-absolute-uri-below-the-base',
    'RFC 7643 §3.1',
    'meta.location is the URI of the resource, and GET of it gives the resource.',
    async (t) => {
      const user = await t.user()
      const answer = await t.read(`/Users/${user.id}`)
      const location = String(read(answer.body, 'meta', 'location'))
      expectThat(answer, 'an absolute URI', URL.canParse(location), location)
      const path = new URL(location).pathname
      const here = new URL(t.base).pathname.replace(/\/$/, '')
      expectEqual(answer, 'the path of meta.location', path, `${here}/Users/${user.id}`)
      expectMember(await t.read(path.slice(here.length)), 'id', user.id)
    },
  ),
  must(
    'schemas-are-listed-once',
    'RFC 7643 §3',
    'schemas lists the URNs in use, each once.',
    async (t) => {
      const answer = await t.post(
        '/Users',
        t.userBody({
          schemas: [USER, USER, ENTERPRISE_USER],
          [ENTERPRISE_USER]: { department: 'D' },
        }),
      )
      expectAnswer(answer, '201', '400 invalidValue', '400 invalidSyntax')
      if (answer.status === 201) {
        expectElements(answer, 'schemas', read(answer.body, 'schemas'), [USER, ENTERPRISE_USER])
      }
    },
  ),
  must(
    'order-of-schemas-does-not-matter',
    'RFC 7643 §3',
    'The extension may come before the core schema in schemas.',
    async (t) => {
      const answer = await t.post(
        '/Users',
        t.userBody({ schemas: [ENTERPRISE_USER, USER], [ENTERPRISE_USER]: { department: 'D' } }),
      )
      expectAnswer(answer, '201')
      expectMember(answer, [ENTERPRISE_USER, 'department'], 'D')
    },
  ),
  must(
    'schemas-of-another-type-are-refused',
    'RFC 7643 §3',
    'A user whose schemas name only the group schema is refused.',
    async (t) => {
      const answer = await t.post('/Users', t.userBody({ schemas: [GROUP] }))
      expectAnswer(answer, '400 invalidValue', '400 invalidSyntax')
    },
  ),
  must(
    'two-primary-values-are-refused',
    'RFC 7643 §2.4',
    'primary is true for at most one value of an attribute.',
    async (t) => {
      const emails = [
        { value: t.email(), primary: true },
        { value: t.email(), primary: true },
      ]
      expectAnswer(await t.post('/Users', t.userBody({ emails })), '400 invalidValue')
    },
  ),
  must(
    'absent-primary-means-false',
    'RFC 7643 §2.4',
    'A value without primary is not the primary one.',
    async (t) => {
      const answer = await stored(t, { emails: [{ value: t.email(), type: 'work' }] })
      const [first] = objects(read(answer.body, 'emails'))
      expectThat(answer, 'no primary, or false', (first?.primary ?? false) === false)
      const id = String(read(answer.body, 'id'))
      const found = await t.find('/Users', 'emails[primary eq true]')
      expectThat(found.answer, 'no match of primary eq true', !found.ids.includes(id))
    },
    'filter',
  ),
  must(
    'elements-keep-their-sub-attributes',
    'RFC 7643 §2.4',
    'Each value of a multi-valued attribute keeps its type.',
    async (t) => {
      const emails = [
        { value: t.email(), type: 'work' },
        { value: t.email(), type: 'home' },
      ]
      const answer = await stored(t, { emails })
      const found = objects(read(answer.body, 'emails')).map(
        ({ value, type }) => `${type} ${value}`,
      )
      expectSame(
        answer,
        'emails',
        found,
        emails.map(({ value, type }) => `${type} ${value}`),
      )
    },
  ),
  must(
    'password-is-never-returned',
    'RFC 7643 §4.1.1',
    'A password is in no answer: creation, reading, listing, replacing, changing.',
    async (t) => {
      const password = 'Pa55-word!x'
      const body = t.userBody({ password })
      const answers = [await t.post('/Users', body)]
      const path = `/Users/${read(answers[0]?.body, 'id')}`
      answers.push(
        await t.get(path),
        await t.get(`${path}?attributes=password`),
        await t.get(query('/Users', { filter: `userName eq "${body.userName}"` })),
        await t.put(path, { ...body, title: 'T' }),
        await t.patch(path, [{ op: 'replace', path: 'title', value: 'U' }]),
      )
      for (const answer of answers) {
        expectAnswer(answer, '2xx')
        const holds = { password: false }
        walk(answer.body, (name) => {
          if (name.toLowerCase() === 'password') holds.password = true
        })
        expectThat(answer, 'no member password', !holds.password)
        expectThat(answer, 'not the password itself', !answer.text.includes(password))
      }
    },
  ),
  must(
    'extension-attributes-live-in-their-container',
    'RFC 7643 §3.3',
    'An attribute of an extension at the top level is not taken for the extension.',
    async (t) => {
      const answer = await t.post('/Users', t.userBody({ employeeNumber: '1' }))
      expectAnswer(answer, '201', '400 invalidValue', '400 invalidSyntax')
      expectUnassigned(answer, ENTERPRISE_USER, 'employeeNumber')
    },
  ),
  should(
    'unknown-attributes-are-ignored-or-refused',
    'RFC 7644 §3.3',
    'An attribute that no schema defines is not stored.',
    async (t) => {
      const answer = await t.post('/Users', t.userBody({ favouriteColour: 'mauve' }))
      expectAnswer(answer, '201', '400 invalidValue', '400 invalidSyntax')
      if (answer.status === 201) expectUnassigned(answer, 'favouriteColour')
    },
  ),
  must('user-name-is-required', 'RFC 7643 §4.1.1', 'A user needs a userName.', async (t) => {
    const { userName: _, ...body } = t.userBody()
    expectAnswer(await t.post('/Users', body), '400 invalidValue')
  }),
  must('empty-user-name-is-refused', 'RFC 7643 §4.1.1', 'A userName is not empty.', async (t) => {
    expectAnswer(await t.post('/Users', t.userBody({ userName: '' })), '400 invalidValue')
  }),
  must('null-user-name-is-refused', 'RFC 7643 §4.1.1', 'A userName is not null.', async (t) => {
    expectAnswer(await t.post('/Users', t.userBody({ userName: null })), '400 invalidValue')
  }),
  must(
    'blank-user-name-is-refused',
    'RFC 7643 §4.1.1',
    'A userName is more than white space.',
    async (t) => {
      expectAnswer(await t.post('/Users', t.userBody({ userName: '   ' })), '400 invalidValue')
    },
  ),
  must(
    'user-name-is-unique-without-regard-to-case',
    'RFC 7643 §4.1.1',
    'Two users do not share a userName, whatever its case.',
    async (t) => {
      const userName = t.unique('Joe')
      await t.user({ userName })
      const body = t.userBody({ userName: userName.toUpperCase() })
      expectAnswer(await t.post('/Users', body), '409 uniqueness')
    },
  ),
  should(
    'country-is-kept-or-refused',
    'RFC 7643 §4.1.2',
    'A country that is no code of two letters is refused or kept, never changed.',
    async (t) => {
      const body = t.userBody({ addresses: [{ type: 'work', country: 'USA' }] })
      const answer = await t.post('/Users', body)
      expectAnswer(answer, '201', '400 invalidValue')
      if (answer.status !== 201) return
      const [first] = objects(read(answer.body, 'addresses'))
      expectEqual(answer, 'country', first?.country, 'USA')
    },
  ),
  interop(
    'locale-with-underscore-is-accepted',
    'RFC 7643 §4.1.1',
    'A locale written en_US is accepted and kept.',
    async (t) => expectMember(await stored(t, { locale: 'en_US' }), 'locale', 'en_US'),
  ),
  must(
    'certificates-are-kept',
    'RFC 7643 §4.1.2',
    'An x509 certificate is returned as it was sent.',
    async (t) => {
      const value =
        'MIIBszCCAV2gAwIBAgIJAJ+/x9ZVhXQMMA0GCSqGSIb3DQEBCwUAMBExDzANBgNVBAMMBnRlc3RlcjA='
      const answer = await stored(t, { x509Certificates: [{ value }] })
      const [first] = objects(read(answer.body, 'x509Certificates'))
      expectEqual(answer, 'x509Certificates[0].value', first?.value, value)
    },
  ),
  must(
    'groups-of-a-user-are-derived',
    'RFC 7643 §4.1.2',
    'groups shows the groups of a user with value, $ref and, if given, type and display.',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      const answer = await t.read(`/Users/${user.id}`)
      const entry = element(read(answer.body, 'groups'), 'value', group.id)
      expectThat(answer, 'an entry of groups for the group', entry !== undefined)
      const reference = String(entry.$ref)
      expectThat(
        answer,
        'a $ref to the group',
        reference.endsWith(`/Groups/${group.id}`),
        reference,
      )
      expectThat(answer, 'type direct', (entry.type ?? 'direct') === 'direct', entry)
      const display = entry.display ?? group.displayName
      expectEqual(answer, 'display', display, group.displayName)
    },
  ),
  must(
    'groups-of-a-user-cannot-be-written',
    'RFC 7643 §4.1.2',
    'groups is readOnly: what a client sends there changes no membership.',
    async (t) => {
      const group = await t.group()
      await t.user({ groups: [{ value: group.id }] })
      const answer = await t.read(`/Groups/${group.id}`)
      expectUnassigned(answer, 'members')
    },
  ),
  must(
    'group-display-name-is-required',
    'RFC 7643 §4.2',
    'A group needs a displayName (erratum 5368).',
    async (t) => expectAnswer(await t.post('/Groups', { schemas: [GROUP] }), '400 invalidValue'),
  ),
  must(
    'empty-group-display-name-is-refused',
    'RFC 7643 §4.2',
    'The displayName of a group is not empty.',
    async (t) => {
      expectAnswer(await t.post('/Groups', t.groupBody({ displayName: '' })), '400 invalidValue')
    },
  ),
  should(
    'name-of-the-manager-is-derived',
    'RFC 7643 §4.3',
    'manager.displayName is readOnly.',
    async (t) => {
      const boss = await t.user({ displayName: 'Boss' })
      const answer = await stored(t, {
        schemas: [USER, ENTERPRISE_USER],
        [ENTERPRISE_USER]: { manager: { value: boss.id, displayName: 'Fake' } },
      })
      const manager = read(answer.body, ENTERPRISE_USER, 'manager')
      expectEqual(answer, 'manager.value', read(manager, 'value'), boss.id)
      const display = read(manager, 'displayName')
      const right = isUnassigned(display) || display === 'Boss'
      expectThat(answer, 'no displayName, or that of the manager', right, display ?? null)
    },
  ),
  should(
    'manager-has-a-reference',
    'RFC 7643 §4.3',
    'manager.$ref is the URI of the manager.',
    async (t) => {
      const boss = await t.user()
      const answer = await stored(t, {
        schemas: [USER, ENTERPRISE_USER],
        [ENTERPRISE_USER]: { manager: { value: boss.id } },
      })
      const reference = read(answer.body, ENTERPRISE_USER, 'manager', '$ref')
      const right = String(reference).endsWith(`/Users/${boss.id}`)
      expectThat(answer, `a $ref that ends with /Users/${boss.id}`, right, reference ?? null)
    },
  ),
  must(
    'values-are-kept-verbatim',
    'RFC 7643 §2.3.1',
    'Case and form of a value are kept, even where comparison ignores them.',
    async (t) => {
      const value = t.email().replace('mail', 'Mail').replace('example', 'EXAMPLE')
      const answer = await stored(t, { emails: [{ value }] })
      const [first] = objects(read(answer.body, 'emails'))
      expectEqual(answer, 'emails[0].value', first?.value, value)
    },
  ),
  must(
    'texts-are-unicode',
    'RFC 7643 §2.3.1',
    'A text may hold any character, also beyond the basic plane.',
    async (t) => {
      const displayName = '名前 𝒳 👩‍👩‍👧 Zoe\u0308'
      expectMember(await stored(t, { displayName }), 'displayName', displayName)
    },
  ),
  must(
    'user-keeps-emails',
    'RFC 7643 §4.1.2',
    "A user's emails are returned as they were sent.",
    async (t) => {
      const emails = [{ value: t.email(), display: 'Navy', type: 'work', primary: true }]
      const answer = await stored(t, { emails })
      expectElements(answer, 'emails', read(answer.body, 'emails'), emails)
    },
  ),
  must(
    'user-keeps-external-id',
    'RFC 7643 §3.1',
    'externalId is returned as it was sent.',
    async (t) => {
      const externalId = t.unique('Ext/é %')
      expectMember(await stored(t, { externalId }), 'externalId', externalId)
    },
  ),
  ...roundTrips,
  ...enterpriseRoundTrips,
  must(
    'enterprise-user-is-listed-in-schemas',
    'RFC 7643 §3.3',
    'A user with data of the extension lists its URN in schemas.',
    async (t) => {
      const answer = await fullUser(t)
      const listed: Json[] = [USER, ENTERPRISE_USER]
      expectElements(answer, 'schemas', read(answer.body, 'schemas'), listed)
    },
  ),
  must(
    'lists-hold-the-same-representation',
    'RFC 7643 §3',
    'A resource looks the same in a list as by itself.',
    async (t) => {
      const single = await fullUser(t)
      const userName = read(single.body, 'userName')
      const list = await t.read(query('/Users', { filter: `userName eq "${userName}"` }))
      expectSame(list, 'the ids found', idsOf(list), [String(read(single.body, 'id'))])
      expectEqual(list, 'the resource in the list', resourcesOf(list)[0], single.body)
    },
    'filter',
  ),
])
