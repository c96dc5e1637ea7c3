// What our server tolerates although the RFCs let it refuse: each with a request that is served, which
// test/conformance/leniencies.test.ts sends.
import type { Deviation } from './deviations.ts'
import type { JsonObject } from './json.ts'
import { ENTERPRISE_USER, PATCH_OP, USER } from './urns.ts'

/**
 * A request that is served. There are the users ada (title "Dr", nickName "007", a role of type
 * "Win", two e-mails) and bob, and the group team with both; `{ada}` stands for an id.
 */
export interface Example {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly body?: JsonObject
  readonly status: number
  /** What the answer holds, among other things. */
  readonly answer?: JsonObject
  /** What the user or group holds afterwards, among other things. */
  readonly after?: JsonObject
}

/** Something tolerated. */
export interface Leniency extends Deviation {
  readonly examples: readonly Example[]
}

const found = (filter: string): Example => ({
  method: 'GET',
  path: `/Users?filter=${encodeURIComponent(filter)}`,
  status: 200,
  answer: { totalResults: 1 },
})
const change = (operation: JsonObject, after: JsonObject): Example => ({
  method: 'PATCH',
  path: '/Users/{ada}',
  body: { schemas: [PATCH_OP], Operations: [operation] },
  status: 200,
  after,
})
const changeTeam = (operation: JsonObject, ...members: readonly string[]): Example => ({
  ...change(operation, { members: members.map((value) => ({ value })) }),
  path: '/Groups/{team}',
  status: 204,
})
const created = (more: JsonObject, answer: JsonObject): Example => ({
  method: 'POST',
  path: '/Users',
  body: { schemas: [USER], userName: 'new', externalId: 'new', ...more },
  status: 201,
  answer,
})

export const LENIENCIES: readonly Leniency[] = [
  {
    what: 'A word or number without quotes in a filter is a text where the attribute is one, as it is written: `nickName eq 007`, `title eq true`. Only `null` keeps its meaning.',
    reference: 'RFC 7644 §3.4.2.2',
    why: 'The RFC itself writes `meta.resourceType eq User` (§3.4.2.1), and clients copied it.',
    examples: [found('userName eq ada'), found('nickName eq 007')],
  },
  {
    what: '`true`, `false` and `null` in a filter may be written in any case.',
    reference: 'RFC 7644 §3.4.2.2',
    why: 'Clients in Python and C# write `True`; JSON knows only lower case.',
    examples: [found('active eq True and userName eq ada'), found('title ne NULL')],
  },
  {
    what: 'Blanks around a filter, and in the place of none after `not`, do no harm.',
    reference: 'RFC 7644 §3.4.2.2',
    why: 'Their meaning is clear, and clients build filters by joining texts.',
    examples: [found(' title pr '), found('not(title pr)')],
  },
  {
    what: '`"True"` and `"False"` count as booleans, in bodies, operations and filters.',
    reference: 'RFC 7643 §2.3.2',
    why: 'Entra ID sends them. They are returned as booleans.',
    examples: [
      created({ active: 'False' }, { active: false }),
      change({ op: 'Replace', path: 'active', value: 'False' }, { active: false }),
      found('active eq "True" and userName eq "ada"'),
    ],
  },
  {
    what: 'A resource may leave `schemas` out, or name others beside its own.',
    reference: 'RFC 7643 §3',
    why: 'The endpoint says what is meant, and Entra ID misspells the URN of the extension.',
    examples: [
      created({ schemas: null }, { userName: 'new' }),
      created({ schemas: [USER, 'urn:example:other'] }, { schemas: [USER] }),
    ],
  },
  {
    what: 'Messages (PatchOp, BulkRequest, SearchRequest) may leave `schemas` out; a wrong one is 400.',
    reference: 'RFC 7644 §3.1',
    why: 'The endpoint says what is meant. A known gateway leaves it out of every PATCH, and would lose each deactivation and membership.',
    examples: [
      {
        ...change({}, { title: 'Prof' }),
        body: { Operations: [{ op: 'replace', path: 'title', value: 'Prof' }] },
      },
    ],
  },
  {
    what: 'A PATCH whose `Operations` are absent, null or empty succeeds and changes nothing.',
    reference: 'RFC 7643 §2.5',
    why: "Absent, null and empty are one. Microsoft's validator and a connector of identity managers send such a PATCH.",
    examples: [
      { ...change({}, { title: 'Dr' }), body: { schemas: [PATCH_OP], Operations: [] } },
      { ...change({}, { title: 'Dr' }), body: { schemas: [PATCH_OP] } },
    ],
  },
  {
    what: 'Names of members, attributes, URNs and operations count in any case; `Add` is `add`.',
    reference: 'RFC 7644 §3.5.2',
    why: 'Entra ID writes operations with a capital.',
    examples: [change({ OP: 'Add', Path: 'TITLE', VALUE: 'Prof' }, { title: 'Prof' })],
  },
  {
    what: 'A path of PATCH that names an attribute no schema has is ignored.',
    reference: 'RFC 7644 §3.5.2',
    why: 'Identity providers map attributes of other products; one of them must not stop the rest.',
    examples: [change({ op: 'replace', path: 'favouriteColour', value: 'red' }, { title: 'Dr' })],
  },
  {
    what: "The URN of a resource's own schema as path, or as a member, stands for all its attributes; members of a body may be qualified by a URN.",
    reference: 'RFC 7644 §3.10',
    why: 'Clients that build paths from the schemas send it.',
    examples: [
      change({ op: 'replace', path: USER, value: { title: 'Prof' } }, { title: 'Prof' }),
      created({ [`${USER}:title`]: 'Prof' }, { title: 'Prof' }),
      created({ [USER]: { title: 'Prof' } }, { title: 'Prof' }),
    ],
  },
  {
    what: 'A bare name that only an extension has means the attribute of that extension in paths and filters.',
    reference: 'RFC 7644 §3.10',
    why: 'Entra ID writes `manager`.',
    examples: [
      change(
        { op: 'add', path: 'department', value: 'D' },
        { [ENTERPRISE_USER]: { department: 'D' } },
      ),
    ],
  },
  {
    what: '`remove` of a multi-valued attribute with a list as value removes those listed and no others: an element that equals a listed one in all its parts, a `primary` that is false aside.',
    reference: 'RFC 7644 §3.5.2.2',
    why: 'Entra ID removes members and roles so; to the letter, all would go.',
    examples: [
      changeTeam({ op: 'Remove', path: 'members', value: [{ value: '{ada}' }] }, '{bob}'),
      changeTeam({ op: 'Remove', path: 'members', value: [] }, '{ada}', '{bob}'),
      change(
        { op: 'remove', path: 'emails', value: [{ value: 'ada@work.example' }] },
        { emails: [{ value: 'ada@home.example', type: 'home' }] },
      ),
    ],
  },
  {
    what: '`remove` of what is not there succeeds: an attribute without a value, a filter that selects nothing, somebody who is no member.',
    reference: 'RFC 7644 §3.5.2.2',
    why: 'Afterwards all is as the client wanted it, and clients repeat requests.',
    examples: [
      change({ op: 'remove', path: 'userType' }, { title: 'Dr' }),
      change({ op: 'remove', path: 'roles[type eq "x"]' }, { roles: [{ value: 'Admin' }] }),
      changeTeam({ op: 'remove', path: 'members[value eq "nobody"]' }, '{ada}', '{bob}'),
    ],
  },
  {
    what: '`add` or `replace` of `attr[… eq …].sub` without a match creates the element from the filter.',
    reference: 'RFC 7644 §3.5.2.3',
    why: 'Entra ID sets work e-mails and addresses so, whether there is one or not.',
    examples: [
      change(
        { op: 'Replace', path: 'phoneNumbers[type eq "work"].value', value: '1' },
        { phoneNumbers: [{ type: 'work', value: '1' }] },
      ),
    ],
  },
  {
    what: 'Null, an empty list and, for booleans and numbers, an empty text mean no value; nulls in a list are skipped.',
    reference: 'RFC 7643 §2.5',
    why: 'Clients send every attribute that they map, with or without a value.',
    examples: [
      created({ title: null, roles: [null, { value: 'r' }] }, { roles: [{ value: 'r' }] }),
    ],
  },
  {
    what: 'A single object counts as a list of one, and a list of one as its single value.',
    reference: 'RFC 7644 §3.5.2.1',
    why: 'Entra ID sends managers and booleans in lists, others one e-mail without a list.',
    examples: [
      created(
        { roles: { value: 'r' }, title: ['Prof'] },
        { roles: [{ value: 'r' }], title: 'Prof' },
      ),
      change(
        { op: 'replace', path: 'roles[type eq "Win"]', value: [{ value: 'r' }] },
        { roles: [{ value: 'r' }] },
      ),
    ],
  },
  {
    what: '`[{"$ref":null,"value":"x"}]` is `"x"` where the attribute is a single value.',
    reference: 'RFC 7643 §2.3',
    why: 'Old provisioning jobs of Azure AD wrap values so.',
    examples: [
      change(
        { op: 'Replace', path: 'title', value: [{ $ref: null, value: 'Prof' }] },
        { title: 'Prof' },
      ),
    ],
  },
  {
    what: 'A bare text counts as an element with that `value` where elements have one, and as a manager.',
    reference: 'RFC 7643 §2.4',
    why: 'Clients written by hand send `"roles":["viewer"]` and the ids of members; Entra ID sends the id of the manager.',
    examples: [
      created({ roles: ['viewer'] }, { roles: [{ value: 'viewer' }] }),
      changeTeam({ op: 'replace', path: 'members', value: ['{bob}'] }, '{bob}'),
      change(
        { op: 'Add', path: 'manager', value: '{bob}' },
        { [ENTERPRISE_USER]: { manager: { value: '{bob}' } } },
      ),
    ],
  },
  {
    what: 'A manager or member without `value` is whom the end of `$ref` names, whatever host is before it; a `$ref` that leads elsewhere is 400.',
    reference: 'RFC 7643 §4.3',
    why: '/Schemas says that `$ref` can be written. A deployment has several host names.',
    examples: [
      change(
        { op: 'add', path: 'manager', value: { $ref: '../Users/{bob}' } },
        { [ENTERPRISE_USER]: { manager: { value: '{bob}' } } },
      ),
    ],
  },
  {
    what: 'Two elements of one type and value are stored once: the later wins, and it is primary where either is. A `primary` that is null or false is as good as none, in filters too.',
    reference: 'RFC 7643 §2.4',
    why: 'The RFC asks servers not to return such elements twice, and says that an element without `primary` is not primary.',
    examples: [
      created(
        {
          roles: [
            { value: 'r', display: 'A' },
            { value: 'R', display: 'B' },
          ],
        },
        { roles: [{ value: 'R', display: 'B' }] },
      ),
      found('roles[primary eq false and type eq "Win"]'),
    ],
  },
  {
    what: '`//Users`, a slash at the end and unknown query parameters are accepted, without a redirect.',
    reference: 'RFC 3986 §6.2.3',
    why: 'Administrators end the base URL with a slash, and clients do not follow redirects with a body.',
    examples: [{ method: 'GET', path: '//Users/{ada}/?x=y', status: 200, answer: { title: 'Dr' } }],
  },
  {
    what: '`password` is accepted and thrown away.',
    reference: 'RFC 7643 §4.1.1',
    why: 'People log in at their identity provider. Refusing it would stop clients that always send one.',
    examples: [created({ password: 'Pa55-word' }, { userName: 'new' })],
  },
]
