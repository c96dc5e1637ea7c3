// RFC 7644 §3.4.2.2 with the errata 4690 and 7322: filters.
import { area, type Check, interop, must, type Reference, should } from '../check.ts'
import { query, resourcesOf } from '../client.ts'
import type { Context, People, Person } from '../context.ts'
import { type Allowed, expectAnswer, expectEqual, expectSame, expectThat } from '../expect.ts'
import { read } from '../json.ts'
import { ENTERPRISE_USER, GROUP, USER } from '../urns.ts'

const ENT = ENTERPRISE_USER
const FILTERING: Reference = 'RFC 7644 §3.4.2.2'
const EVERYBODY: readonly Person[] = ['barbara', 'john', 'elodie', 'minimal']

type Filters = string | readonly string[] | ((people: People, t: Context) => string)

/** Each of the filters finds these of the four people, whoever else it finds. */
export const matches =
  (filters: Filters, ...expected: readonly Person[]) =>
  async (t: Context): Promise<void> => {
    const people = await t.people()
    const made = typeof filters === 'function' ? filters(people, t) : filters
    for (const filter of typeof made === 'string' ? [made] : made) {
      const { answer, ids } = await t.find('/Users', filter)
      const found = EVERYBODY.filter((person) => ids.includes(people[person].id))
      expectSame(answer, `found by ${filter}`, found, expected)
    }
  }

/** The filter is answered with 400 invalidFilter, or what else is allowed. */
const refused =
  (filter: string, path = '/Users', ...others: readonly Allowed[]) =>
  async (t: Context): Promise<void> => {
    expectAnswer(await t.get(query(path, { filter })), '400 invalidFilter', ...others)
  }

/** Filters that the grammar does not know, by what is wrong with them. */
const INVALID: Readonly<Record<string, string>> = {
  'an-empty-filter': '',
  'an-attribute-alone': 'userName',
  'a-comparison-without-value': 'userName eq',
  'a-comparison-without-attribute': 'eq "x"',
  'an-unknown-operator': 'userName regex "x"',
  'a-value-in-single-quotes': "userName eq 'x'",
  'an-unclosed-text': 'userName eq "x',
  'an-unclosed-parenthesis': '(userName pr',
  'an-unopened-parenthesis': 'userName pr)',
  'an-and-without-right-side': 'userName pr and',
  'an-and-without-left-side': 'and userName pr',
  'two-expressions-without-operator': 'userName pr userName pr',
  'an-unclosed-bracket': 'emails[type eq "work"',
  'empty-brackets': 'emails[]',
  'something-after-the-end': 'userName eq "x" garbage',
  'an-operator-of-programming-languages': 'userName == "x"',
  'a-value-before-its-operator': '"x" eq userName',
  'not-without-parentheses': 'not title pr',
  'a-bad-escape': 'userName eq "\\x"',
  'empty-parentheses': '()',
  'a-trailing-dot': 'name. pr',
}

const invalid = Object.entries(INVALID).map(([name, filter]) =>
  must(
    `filter-with-${name}-is-refused`,
    FILTERING,
    `The filter ${filter === '' ? 'of no characters' : filter} is answered with 400 invalidFilter.`,
    refused(filter),
  ),
)

const unquoted = ['x', 'tru', 'nobody-is-called-so', '4711', '007', '1e5', '49-123'].map((word) =>
  should(
    `unquoted-${word}-is-refused-or-a-text`,
    FILTERING,
    `userName eq ${word} is answered with 400 invalidFilter or taken for a text; it is never ignored.`,
    async (t) => {
      await t.people()
      const answer = await t.get(query('/Users', { filter: `userName eq ${word}` }))
      expectAnswer(answer, '200', '400 invalidFilter')
      const total = read(answer.body, 'totalResults') ?? 0
      expectThat(answer, 'nobody found', answer.status === 400 || total === 0, total)
    },
  ),
)

const grammar: Check[] = [
  must(
    'eq-finds-equal-texts',
    FILTERING,
    'eq finds equal texts.',
    matches('title eq "Tour Guide"', 'barbara'),
  ),
  must(
    'operators-ignore-case',
    FILTERING,
    'Operators are matched without regard to case.',
    matches(
      ['title EQ "Tour Guide"', 'title Pr', 'title pr AND userType Eq "Employee"'],
      'barbara',
    ),
  ),
  must(
    'not-ignores-case',
    FILTERING,
    'not is matched without regard to case.',
    matches('NOT (title pr)', 'john', 'elodie', 'minimal'),
  ),
  must(
    'attributes-ignore-case-in-filters',
    'RFC 7644 §3.10',
    'Attributes, sub-attributes and URNs in a filter are matched without regard to case.',
    matches(
      ['TITLE pr', 'Name.FAMILYNAME eq "Jensen"', `${USER.toUpperCase()}:TITLE pr`],
      'barbara',
    ),
  ),
  must('ne-finds-other-texts', FILTERING, 'ne finds other values.', async (t) => {
    const people = await t.people()
    const { answer, ids } = await t.find('/Users', 'userType ne "Intern"')
    expectThat(
      answer,
      'Barbara and Élodie',
      [people.barbara, people.elodie].every(({ id }) => ids.includes(id)),
    )
    expectThat(answer, 'not John', !ids.includes(people.john.id))
  }),
  must(
    'co-finds-parts',
    FILTERING,
    'co finds texts that contain another.',
    matches('name.familyName co "O\'Malley"', 'john'),
  ),
  must(
    'sw-finds-beginnings',
    FILTERING,
    'sw finds texts that start with another, and the text itself.',
    matches(['title sw "Tour"', 'title sw "Tour Guide"'], 'barbara'),
  ),
  must(
    'ew-finds-ends',
    FILTERING,
    'ew finds texts that end with another.',
    matches('title ew "Guide"', 'barbara'),
  ),
  must(
    'wildcards-are-ordinary-characters',
    FILTERING,
    '% and _ in a value mean themselves.',
    matches(['nickName co "%_"', 'nickName eq "100%_sure"', 'nickName sw "100%_"'], 'elodie'),
  ),
  must(
    'wildcards-match-nothing-else',
    FILTERING,
    '% and _ in a value stand for no other characters.',
    matches(['title co "T%G"', 'title sw "T_ur"', 'title eq "Tour%"']),
  ),
  must(
    'pr-finds-simple-values',
    FILTERING,
    'pr finds attributes with a value.',
    matches('title pr', 'barbara'),
  ),
  must(
    'pr-finds-multi-valued-attributes',
    FILTERING,
    'pr finds multi-valued attributes with a value.',
    matches('emails pr', 'barbara', 'john'),
  ),
  must(
    'pr-finds-complex-attributes',
    FILTERING,
    'pr finds complex attributes with a value.',
    matches('name pr', 'barbara', 'john'),
  ),
  must(
    'pr-of-meta-finds-everybody',
    FILTERING,
    'pr of meta finds every resource.',
    matches('meta pr', ...EVERYBODY),
  ),
  must(
    'pr-of-absent-sub-attributes-finds-nobody',
    FILTERING,
    'pr of a sub-attribute that nobody has finds nobody.',
    matches('emails.display pr'),
  ),
  must(
    'texts-compare-in-order',
    FILTERING,
    'gt, ge, lt and le compare texts in lexical order.',
    async (t) => {
      const nick = t.unique('Order')
      const [a, b, c] = [
        await t.user({ nickName: nick, title: `${nick}a` }),
        await t.user({ nickName: nick, title: `${nick}b` }),
        await t.user({ nickName: nick, title: `${nick}c` }),
      ]
      const cases: [string, string[]][] = [
        [`title gt "${nick}a"`, [b.id, c.id]],
        [`title ge "${nick}a"`, [a.id, b.id, c.id]],
        [`title lt "${nick}b"`, [a.id]],
        [`title le "${nick}b"`, [a.id, b.id]],
      ]
      for (const [comparison, expected] of cases) {
        const filter = `nickName eq "${nick}" and ${comparison}`
        const { answer, ids } = await t.find('/Users', filter)
        expectSame(answer, `found by ${filter}`, ids, expected)
      }
    },
  ),
  must(
    'date-times-compare-in-time',
    FILTERING,
    'Comparison of date-times is chronological.',
    async (t) => {
      await matches((_people) => `meta.created ge "${t.startedAt}"`, ...EVERYBODY)(t)
      await matches((_people) => `meta.created lt "${t.startedAt}"`)(t)
    },
  ),
  must(
    'date-times-compare-across-time-zones',
    'RFC 7643 §2.3.5',
    'A date-time with an offset is the same moment as in UTC.',
    async (t) => {
      const shifted = new Date(Date.parse(t.startedAt) + 3_600_000).toISOString()
      const local = shifted.replace('Z', '+01:00')
      await matches(() => `meta.created ge "${local}"`, ...EVERYBODY)(t)
    },
  ),
  must('eq-finds-booleans', FILTERING, 'eq compares booleans.', matches('active eq false', 'john')),
  must(
    'eq-true-finds-active-users',
    FILTERING,
    'active eq true finds who was created active.',
    async (t) => {
      const people = await t.people()
      const { answer, ids } = await t.find('/Users', 'active eq true')
      expectThat(answer, 'Barbara', ids.includes(people.barbara.id))
      expectThat(answer, 'not John', !ids.includes(people.john.id))
    },
  ),
  must(
    'booleans-have-no-order',
    FILTERING,
    'gt on a boolean is answered with 400 invalidFilter.',
    refused('active gt true'),
  ),
  interop(
    'boolean-as-a-text-is-compared-or-refused',
    FILTERING,
    'active eq "False" finds inactive users, or is answered with 400.',
    async (t) => {
      const { john } = await t.people()
      const answer = await t.get(query('/Users', { filter: 'active eq "False"' }))
      expectAnswer(answer, '200', '400 invalidFilter')
      if (answer.status !== 200) return
      const { ids } = await t.find('/Users', 'active eq "False"')
      expectThat(answer, 'John', ids.includes(john.id))
    },
  ),
  must(
    'or-unites',
    FILTERING,
    'or finds what either side finds.',
    matches('userType eq "Intern" or title pr', 'barbara', 'john'),
  ),
  must(
    'and-intersects',
    FILTERING,
    'and finds what both sides find.',
    matches('userType eq "employee" and title pr', 'barbara'),
  ),
  must(
    'not-negates',
    FILTERING,
    'not finds what its expression does not, with or without a space before the parenthesis.',
    matches(['not (title pr)', 'not(title pr)'], 'john', 'elodie', 'minimal'),
  ),
  must(
    'parentheses-group',
    FILTERING,
    'Parentheses group expressions.',
    matches('(title pr or userType eq "Intern") and active eq false', 'john'),
  ),
  must(
    'and-binds-closer-than-or',
    FILTERING,
    'and comes before or.',
    matches('title pr or userType eq "Intern" and active eq true', 'barbara'),
  ),
  must(
    'not-binds-closest',
    FILTERING,
    'not comes before and.',
    matches('not (active eq false) and title pr', 'barbara'),
  ),
  must(
    'eq-ignores-case-where-the-schema-does',
    FILTERING,
    'A text that is not case-exact is compared without regard to case.',
    matches('userType eq "EMPLOYEE"', 'barbara', 'elodie'),
  ),
  must(
    'co-and-sw-ignore-case-where-the-schema-does',
    FILTERING,
    'co, sw and ew ignore case too.',
    matches(['title co "GUIDE"', 'title sw "tOUR"', 'title ew "guide"'], 'barbara'),
  ),
  must(
    'lookup-of-a-user-name-ignores-case',
    'RFC 7643 §4.1.1',
    'userName is looked up without regard to case.',
    matches((_people, t) => `userName eq "bJENSEN-${t.run.toUpperCase()}"`, 'barbara'),
  ),
  must(
    'case-is-ignored-beyond-ascii',
    'RFC 7643 §2.3.1',
    'Letters with accents are compared without regard to case.',
    matches((_people, t) => `userName eq "ÉLODIE-${t.run}"`, 'elodie'),
  ),
  must(
    'external-id-is-compared-with-case',
    'RFC 7643 §3.1',
    'externalId is compared with regard to case.',
    async (t) => {
      await matches(`externalId eq "run-${t.run}"`, 'barbara')(t)
      await matches(`externalId eq "RUN-${t.run.toUpperCase()}"`)(t)
    },
  ),
  must(
    'resource-type-is-compared-with-case',
    'RFC 7643 §3.1',
    'meta.resourceType is compared with regard to case.',
    matches('meta.resourceType eq "user"'),
  ),
  must(
    'resource-type-can-be-filtered',
    FILTERING,
    'meta.resourceType eq "User" finds every user.',
    matches('meta.resourceType eq "User"', ...EVERYBODY),
  ),
  must(
    'id-can-be-filtered',
    FILTERING,
    'id eq finds the resource.',
    matches(({ john }) => `id eq "${john.id}"`, 'john'),
  ),
  must(
    'id-is-compared-with-case',
    'RFC 7643 §3.1',
    'id is compared with regard to case.',
    async (t) => {
      const { john } = await t.people()
      const other =
        john.id === john.id.toUpperCase() ? john.id.toLowerCase() : john.id.toUpperCase()
      if (other === john.id) return t.skip('The ids of the server have no letters.')
      await matches(`id eq "${other}"`)(t)
    },
  ),
  must(
    'escapes-in-values-are-json',
    'RFC 8259 §7',
    'A value is a JSON string: escaped quotes, backslashes, and operators inside are text.',
    matches('displayName eq "back\\\\slash \\"quoted\\" (a and b) or [c]"', 'elodie'),
  ),
  must(
    'unicode-escapes-in-values-are-json',
    'RFC 8259 §7',
    'A character may be written as \\u escape.',
    matches((_people, t) => `userName eq "\\u00e9lodie-${t.run}"`, 'elodie'),
  ),
  must(
    'any-value-of-several-matches',
    FILTERING,
    'A multi-valued attribute matches if any of its values does.',
    matches('emails.type eq "home"', 'barbara', 'john'),
  ),
  must(
    'multi-valued-attribute-means-its-value',
    FILTERING,
    'A comparison of a complex multi-valued attribute looks at value.',
    async (t) => {
      await matches(`emails co "${t.run}@example.com"`, 'barbara')(t)
      await matches(`emails eq "babs.${t.run}@jensen.org"`, 'barbara')(t)
    },
  ),
  must(
    'single-complex-attribute-has-no-value',
    FILTERING,
    'A comparison of name without a sub-attribute is answered with 400 invalidFilter.',
    refused('name eq "Jensen"'),
  ),
  must(
    'brackets-look-at-one-element',
    FILTERING,
    'All conditions in brackets hold for one and the same element.',
    async (t) => {
      await matches('emails[type eq "work" and value co "@example.com"]', 'barbara')(t)
      await matches('emails[type eq "home" and value co "@example.com"]')(t)
    },
  ),
  must(
    'brackets-know-or-and-parentheses',
    FILTERING,
    'or and parentheses work inside brackets (erratum 7322).',
    matches(
      'emails[type eq "work" or (type eq "home" and value ew "example.org")]',
      'barbara',
      'john',
    ),
  ),
  must(
    'brackets-know-not',
    FILTERING,
    'not works inside brackets (erratum 7322).',
    matches('emails[not (type eq "work")]', 'barbara', 'john'),
  ),
  must(
    'brackets-combine-with-other-expressions',
    FILTERING,
    'An expression in brackets is combined like any other.',
    matches('emails[type eq "home"] and active eq false', 'john'),
  ),
  must(
    'brackets-do-not-nest',
    FILTERING,
    'Brackets inside brackets are answered with 400 invalidFilter (erratum 4690).',
    refused('emails[type eq "work" and emails[value pr]]'),
  ),
  interop(
    'sub-attribute-after-brackets-is-compared',
    FILTERING,
    'emails[type eq "work"].value eq "…" finds the user, as Entra ID asks.',
    matches(
      (_people, t) => `emails[type eq "work"].value eq "bjensen.${t.run}@example.com"`,
      'barbara',
    ),
  ),
  must(
    'schemas-can-be-filtered',
    FILTERING,
    'schemas eq finds who has the extension.',
    matches(`schemas eq "${ENT}"`, 'barbara'),
  ),
  must(
    'extension-attributes-can-be-filtered',
    'RFC 7644 §3.10',
    'Attributes of an extension are named by its URN.',
    async (t) => {
      await matches(`${ENT}:employeeNumber eq "701984-${t.run}"`, 'barbara')(t)
      await matches(({ john }) => `${ENT}:manager.value eq "${john.id}"`, 'barbara')(t)
    },
  ),
  must(
    'core-attributes-can-be-named-by-urn',
    'RFC 7644 §3.10',
    'Core attributes may be named by their URN, with sub-attributes.',
    matches(`${USER}:name.givenName eq "Barbara"`, 'barbara'),
  ),
  must(
    'urn-alone-is-refused',
    'RFC 7644 §3.10',
    'The URN of the schema without an attribute is answered with 400 invalidFilter.',
    refused(`${USER} eq "x"`),
  ),
  interop(
    'ne-of-several-values-looks-at-each',
    FILTERING,
    'emails.type ne "work" finds who has an e-mail of another type.',
    async (t) => {
      const { barbara, john } = await t.people()
      const { answer, ids } = await t.find('/Users', 'emails.type ne "work"')
      expectThat(answer, 'Barbara and John', ids.includes(barbara.id) && ids.includes(john.id))
    },
  ),
  ...invalid,
  ...unquoted,
  interop(
    'a-number-without-quotes-is-compared-as-it-is-written',
    FILTERING,
    'nickName eq 007 finds "007" and not "7", or is answered with 400 invalidFilter.',
    async (t) => {
      const [bond] = [await t.user({ nickName: '007' }), await t.user({ nickName: '7' })]
      const answer = await t.get(query('/Users', { filter: 'nickName eq 007' }))
      expectAnswer(answer, '200', '400 invalidFilter')
      const ids = answer.status === 400 ? [bond.id] : resourcesOf(answer).map(({ id }) => id)
      expectSame(answer, 'who is found', ids.map(String), [bond.id])
    },
  ),
  must(
    'plus-means-space-in-a-query',
    'RFC 7644 §3.4.2.2',
    '+ and %20 in a query string both mean a space.',
    async (t) => {
      const { barbara } = await t.people()
      const answer = await t.get('/Users?filter=title+eq+%22Tour+Guide%22')
      expectAnswer(answer, '200')
      const ids = resourcesOf(answer).map(({ id }) => id)
      expectThat(answer, 'Barbara', ids.includes(barbara.id), ids.map(String))
    },
  ),
  must(
    'unknown-attribute-of-users-is-refused',
    FILTERING,
    'An attribute that users do not have is answered with 400 invalidFilter, or matches nobody.',
    async (t) => {
      await t.people()
      const answer = await t.get(query('/Users', { filter: 'favouriteColour eq "mauve"' }))
      expectAnswer(answer, '200', '400 invalidFilter')
      const total = read(answer.body, 'totalResults') ?? 0
      expectThat(answer, 'nobody found', answer.status === 400 || total === 0, total)
    },
  ),
  must(
    'attribute-of-users-is-unknown-to-groups',
    FILTERING,
    'userName in a filter on groups is answered with 400 invalidFilter, or matches none.',
    async (t) => {
      await t.group()
      const answer = await t.get(query('/Groups', { filter: 'userName pr' }))
      expectAnswer(answer, '200', '400 invalidFilter')
      const total = read(answer.body, 'totalResults') ?? 0
      expectThat(answer, 'no group found', answer.status === 400 || total === 0, total)
    },
  ),
  should(
    'more-spaces-than-needed-do-no-harm',
    FILTERING,
    'Redundant white space is tolerated, or answered with 400 invalidFilter.',
    async (t) => {
      const filter = '  title   pr  '
      const answer = await t.get(query('/Users', { filter }))
      expectAnswer(answer, '200', '400 invalidFilter')
      if (answer.status === 200) await matches(filter, 'barbara')(t)
    },
  ),
  must(
    'defaults-are-filtered-as-returned',
    FILTERING,
    'A value that the server set by itself is found; one that it did not set is not.',
    async (t) => {
      const { elodie } = await t.people()
      const active = read((await t.read(`/Users/${elodie.id}`)).body, 'active')
      const { answer, ids } = await t.find('/Users', 'active eq true')
      expectEqual(answer, 'whether Élodie is found', ids.includes(elodie.id), active === true)
    },
  ),
  must(
    'filter-without-match-finds-nobody',
    FILTERING,
    'A filter that matches nobody finds nobody.',
    async (t) => {
      const { answer, ids } = await t.find('/Users', `userName eq "nobody-${t.run}"`)
      expectSame(answer, 'found', ids, [])
    },
  ),
]

const groups: Check[] = [
  must(
    'groups-are-found-by-member',
    FILTERING,
    'Groups are found by members.value, members and members[value eq …].',
    async (t) => {
      const user = await t.user()
      const group = await t.group([user])
      for (const filter of [
        `members.value eq "${user.id}"`,
        `members eq "${user.id}"`,
        `members[value eq "${user.id}"]`,
      ]) {
        const { answer, ids } = await t.find('/Groups', filter)
        expectSame(answer, `found by ${filter}`, ids, [group.id])
      }
    },
  ),
  must(
    'groups-are-found-by-name',
    FILTERING,
    'Groups are found by displayName, without regard to case.',
    async (t) => {
      const group = await t.group()
      const { answer, ids } = await t.find(
        '/Groups',
        `displayName eq "${String(group.displayName).toUpperCase()}"`,
      )
      expectSame(answer, 'found', ids, [group.id])
    },
  ),
  must(
    'groups-are-found-by-id-and-member',
    FILTERING,
    'A group is found by its id and a member, or not if the user is none.',
    async (t) => {
      const [member, stranger] = [await t.user(), await t.user()]
      const group = await t.group([member])
      const yes = await t.find('/Groups', `id eq "${group.id}" and members eq "${member.id}"`)
      expectSame(yes.answer, 'found', yes.ids, [group.id])
      const no = await t.find('/Groups', `id eq "${group.id}" and members eq "${stranger.id}"`)
      expectSame(no.answer, 'found', no.ids, [])
    },
  ),
  interop(
    'reference-of-a-member-is-filtered-or-refused',
    FILTERING,
    'members.$ref, which the grammar has no room for, is answered with groups or with 400.',
    async (t) => {
      const user = await t.user()
      await t.group([user])
      const filter = `members.$ref eq "${t.base}/Users/${user.id}"`
      expectAnswer(await t.get(query('/Groups', { filter })), '200', '400 invalidFilter')
    },
  ),
  must(
    'groups-without-members-are-found',
    FILTERING,
    'not (members pr) finds groups without members.',
    async (t) => {
      const [full, empty] = [await t.group([await t.user()]), await t.group()]
      const filter = `(id eq "${full.id}" or id eq "${empty.id}") and not (members pr)`
      const { answer, ids } = await t.find('/Groups', filter)
      expectSame(answer, 'found', ids, [empty.id])
    },
  ),
  must('users-are-found-by-group', FILTERING, 'Users are found by groups.value.', async (t) => {
    const user = await t.user()
    const group = await t.group([user])
    const { answer, ids } = await t.find('/Users', `groups.value eq "${group.id}"`)
    expectSame(answer, 'found', ids, [user.id])
  }),
]

const root: Check[] = [
  must(
    'root-is-restricted-to-a-type',
    'RFC 7644 §3.4.2.1',
    'A query of the root with meta.resourceType eq "Group" finds groups only.',
    async (t) => {
      await t.people()
      await t.group()
      const answer = await t.get(query('/', { filter: 'meta.resourceType eq "Group"' }))
      expectAnswer(answer, '200')
      const types = new Set(
        resourcesOf(answer).map((one) => String(read(one, 'meta', 'resourceType'))),
      )
      expectSame(answer, 'the types found', [...types], ['Group'])
    },
    'root query',
  ),
  must(
    'root-holds-all-types',
    'RFC 7644 §3.4.2.1',
    'A query of the root finds users and groups.',
    async (t) => {
      const displayName = t.unique('Root')
      const [user, group] = [await t.user({ displayName }), await t.group([], { displayName })]
      const filter = `displayName eq "${displayName}" and ((meta.resourceType eq "User") or (meta.resourceType eq "Group"))`
      const answer = await t.get(query('/', { filter }))
      expectAnswer(answer, '200')
      const ids = resourcesOf(answer).map(({ id }) => String(id))
      expectSame(answer, 'found', ids, [user.id, group.id])
    },
    'root query',
  ),
  must(
    'root-takes-foreign-attributes-for-absent',
    'RFC 7644 §3.4.2.1',
    'At the root, an attribute that a type lacks counts as having no value.',
    async (t) => {
      const user = await t.user()
      const answer = await t.get(query('/', { filter: `userName eq "${user.userName}"` }))
      expectAnswer(answer, '200')
      const ids = resourcesOf(answer).map(({ id }) => String(id))
      expectSame(answer, 'found', ids, [user.id])
    },
    'root query',
  ),
  must(
    'root-names-attributes-by-urn',
    'RFC 7644 §3.10',
    'At the root, the URN of a schema tells attributes of the same name apart.',
    async (t) => {
      const displayName = t.unique('Urn')
      await t.user({ displayName })
      const group = await t.group([], { displayName })
      const answer = await t.get(query('/', { filter: `${GROUP}:displayName eq "${displayName}"` }))
      expectAnswer(answer, '200')
      const ids = resourcesOf(answer).map(({ id }) => String(id))
      expectSame(answer, 'found', ids, [group.id])
    },
    'root query',
  ),
]

const repeated = interop(
  'repeated-filter-is-refused',
  FILTERING,
  'filter twice is answered with 400: who is taken for the only match may be somebody else.',
  async (t) => {
    const [one, other] = [await t.user(), await t.user()]
    const filters = [one, other].map(({ userName }) => `filter=userName+eq+%22${userName}%22`)
    expectAnswer(await t.get(`/Users?${filters.join('&')}`), '400')
  },
)

export const filter = area(
  'filter',
  'Filtering',
  [...grammar, ...groups, ...root, repeated],
  ['filter'],
)
