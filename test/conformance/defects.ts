/** Ways to be wrong, and the checks that must notice: these and no others of the area. */
import { type Answered, type Asked, type Corruption, jsonOf } from './corrupting.ts'

/** One way to be wrong. */
export interface Defect extends Corruption {
  readonly name: string
  /** The area that is run. */
  readonly area: string
  /** Every check of it that has to fail. */
  readonly fails: readonly string[]
}

const isList = ({ body }: Answered) => Array.isArray(body?.Resources)
const isUser = ({ path }: Asked) => /^\/Users\/[^/.]+$/.test(path)
const isGroup = ({ path }: Asked) => /^\/Groups\/[^/.]+$/.test(path)

/** An error that nobody should get. */
const failing = (status: number): Answered => ({
  status,
  headers: new Map([['content-type', 'application/scim+json']]),
  body: {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    detail: 'No.',
  },
})

export const DEFECTS: readonly Defect[] = [
  {
    name: 'booleans are returned as texts',
    area: 'schemas',
    answer: ({ body }) => {
      if (typeof body?.active === 'boolean') body.active = String(body.active)
    },
    fails: [
      'booleans-are-json-literals',
      'user-keeps-active',
      'lists-hold-the-same-representation',
    ],
  },
  {
    name: 'the password is returned by POST',
    area: 'schemas',
    answer: (answered, asked) => {
      const { password } = jsonOf(asked)
      if (asked.method === 'POST' && password !== undefined) answered.body.password = password
    },
    fails: ['password-is-never-returned'],
  },
  {
    name: 'unassigned attributes become empty texts',
    area: 'schemas',
    answer: ({ body }, asked) => {
      if (asked.method === 'GET' && isUser(asked) && body?.userName) body.title ??= ''
    },
    fails: ['null-and-empty-array-mean-unassigned'],
  },
  {
    name: 'the schema of users lacks nickName',
    area: 'discovery',
    answer: ({ status, body }, { path }) => {
      if (path !== '/Schemas' || status !== 200) return
      const [user] = body.Resources
      user.attributes = user.attributes.filter(({ name }: { name: string }) => name !== 'nickName')
    },
    fails: ['user-schema-declares-nick-name', 'user-schema-has-no-other-attributes'],
  },
  {
    name: 'userName is declared case-exact',
    area: 'discovery',
    answer: ({ status, body }, { path }) => {
      if (path !== '/Schemas' || status !== 200) return
      for (const one of body.Resources[0].attributes) {
        if (one.name === 'userName') one.caseExact = true
      }
    },
    fails: ['user-schema-declares-user-name'],
  },
  {
    name: 'the schema tells the opposite of externalId',
    area: 'discovery',
    answer: ({ status, body }, { path }) => {
      if (path !== '/Schemas' || status !== 200) return
      for (const { attributes } of body.Resources) {
        for (const one of attributes) if (one.name === 'externalId') one.required = !one.required
      }
    },
    fails: ['required-external-id-is-told'],
  },
  {
    name: 'the schema does not tell that names of groups are unique',
    area: 'discovery',
    answer: ({ status, body }, { path }) => {
      if (path !== '/Schemas' || status !== 200) return
      for (const { name, attributes } of body.Resources) {
        for (const one of attributes) {
          if (name === 'Group' && one.name === 'displayName') one.uniqueness = 'none'
        }
      }
    },
    fails: ['uniqueness-is-told'],
  },
  {
    name: 'discovery documents can be deleted',
    area: 'discovery',
    ask: ({ method, path }) =>
      method === 'DELETE' && path.startsWith('/Schemas')
        ? { status: 204, headers: new Map(), body: undefined }
        : undefined,
    fails: ['discovery-refuses-delete'],
  },
  {
    name: 'malformed JSON is an error of the server',
    area: 'http',
    answer: (answered) => {
      if (answered.body?.scimType === 'invalidSyntax') Object.assign(answered, failing(500))
    },
    fails: [
      'invalid-utf-8-is-refused',
      'unfinished-json-is-refused',
      'an-empty-body-is-refused',
      'an-array-as-body-is-refused',
      'a-text-as-body-is-refused',
      'null-as-body-is-refused',
      'a-number-as-body-is-refused',
      'text-after-json-is-refused',
      'single-quotes-are-refused',
      'member-named-twice-is-refused-or-settled',
    ],
  },
  {
    name: 'answers are application/json unless SCIM is asked for',
    area: 'http',
    answer: ({ headers }, asked) => {
      if (!/scim/i.test(asked.headers.Accept ?? '')) headers.set('content-type', 'application/json')
    },
    fails: [
      'no-accept-means-scim',
      'accept-anything-means-scim',
      'accept-any-application-means-scim',
    ],
  },
  {
    name: '405 comes without Allow',
    area: 'http',
    answer: ({ headers }) => void headers.delete('allow'),
    fails: [
      'put-of-users-is-not-allowed',
      'patch-of-users-is-not-allowed',
      'delete-of-users-is-not-allowed',
      'put-of-groups-is-not-allowed',
      'delete-of-groups-is-not-allowed',
      'post-to-a-resource-is-not-allowed',
      'get-of-bulk-is-not-allowed',
    ],
  },
  {
    name: '401 comes without WWW-Authenticate',
    area: 'authentication',
    answer: ({ headers }) => void headers.delete('www-authenticate'),
    fails: ['missing-credential-is-challenged', 'unknown-token-is-invalid', 'scheme-ignores-case'],
  },
  {
    name: 'a token that may only read may delete',
    area: 'authentication',
    ask: (asked, { token, readOnlyToken }) => {
      if (asked.method !== 'DELETE') return undefined
      if (asked.headers.Authorization !== `Bearer ${readOnlyToken}`) return undefined
      asked.headers.Authorization = `Bearer ${token}`
      return undefined
    },
    fails: ['read-only-token-may-not-delete'],
  },
  {
    name: 'revoked tokens stay good',
    area: 'authentication',
    ask: (asked, { token, revokedToken }) => {
      if (asked.headers.Authorization === `Bearer ${revokedToken}`) {
        asked.headers.Authorization = `Bearer ${token}`
      }
      return undefined
    },
    fails: ['revoked-token-is-refused'],
  },
  {
    name: 'a creation has no Location',
    area: 'create',
    answer: ({ headers }, { method }) => {
      if (method === 'POST') headers.delete('location')
    },
    fails: ['creation-has-a-location'],
  },
  {
    name: 'the creation of a user is answered with 200',
    area: 'create',
    answer: (answered, { path }) => {
      if (path === '/Users' && answered.status === 201) answered.status = 200
    },
    fails: [
      'creation-is-answered-with-201',
      'nulls-are-accepted',
      'long-values-are-kept-or-refused',
    ],
  },
  {
    name: 'GET of one resource shows another title',
    area: 'read',
    answer: ({ body }, asked) => {
      if (asked.method === 'GET' && isUser(asked) && body?.title) body.title = 'Other'
    },
    fails: ['created-resource-can-be-read'],
  },
  {
    name: 'PUT gives the resource a new time of creation',
    area: 'replace',
    answer: ({ body }, { method }) => {
      if (method === 'PUT' && body?.meta?.created) body.meta.created = new Date().toISOString()
    },
    fails: ['replacement-keeps-id-and-creation'],
  },
  {
    name: 'a conflict has no scimType',
    area: 'replace',
    answer: ({ status, body }) => {
      if (status === 409) delete body.scimType
    },
    fails: ['replacement-keeps-names-unique'],
  },
  {
    name: 'PUT adds members instead of replacing them',
    area: 'replace',
    ask: (asked) => {
      if (asked.method !== 'PUT' || !isGroup(asked)) return undefined
      const { members, displayName } = jsonOf(asked)
      if (members === undefined) return undefined
      asked.method = 'PATCH'
      asked.body = JSON.stringify({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'add', value: { members, displayName } }],
      })
      return undefined
    },
    fails: ['replacement-replaces-the-members'],
  },
  {
    name: 'DELETE of a user is answered with 204 and does nothing',
    area: 'delete',
    ask: (asked) =>
      asked.method === 'DELETE' && isUser(asked)
        ? { status: 204, headers: new Map(), body: undefined }
        : undefined,
    fails: [
      'deleted-user-cannot-be-read',
      'deleted-user-cannot-be-replaced',
      'deleted-user-cannot-be-changed',
      'second-deletion-is-not-found',
      'unknown-id-cannot-be-deleted',
      'deleted-user-is-not-found-by-filters',
      'deleted-user-is-not-found-by-search',
      'total-decreases-with-a-deletion',
      'deleted-user-leaves-its-groups',
      'deleted-name-can-be-used-again',
      'deletion-honours-a-stale-if-match',
    ],
  },
  {
    name: 'the ETag of GET is not meta.version',
    area: 'etag',
    answer: ({ headers }, { method }) => {
      if (method === 'GET' && headers.has('etag')) headers.set('etag', 'W/"another"')
    },
    fails: [
      'reading-has-an-etag',
      'change-has-an-etag',
      'answer-304-has-the-etag',
      'membership-changes-the-version-of-a-group',
    ],
  },
  {
    name: 'If-Match is ignored',
    area: 'etag',
    ask: ({ headers }) => void delete headers['If-Match'],
    fails: [
      'stale-if-match-stops-a-change',
      'stale-if-match-stops-a-change-of-a-group',
      'old-version-is-stale-after-a-change',
      'malformed-if-match-does-not-match',
    ],
  },
  {
    name: 'If-None-Match is ignored',
    area: 'etag',
    ask: ({ headers }) => void delete headers['If-None-Match'],
    fails: [
      'if-none-match-of-the-current-version-is-304',
      'if-none-match-of-anything-is-304',
      'if-none-match-may-list-versions',
      'if-none-match-works-with-attributes',
    ],
  },
  {
    name: 'versions are texts without quotes',
    area: 'etag',
    answer: ({ headers }) => {
      const tag = headers.get('etag')
      if (tag !== undefined) headers.set('etag', tag.replaceAll('"', ''))
    },
    fails: [
      'creation-has-an-etag',
      'reading-has-an-etag',
      'replacement-has-an-etag',
      'answer-304-has-the-etag',
      'etags-are-entity-tags',
    ],
  },
  {
    name: 'PATCH ignores remove with a value filter',
    area: 'patch',
    ask: (asked) => {
      const message = jsonOf(asked)
      if (asked.method !== 'PATCH' || !Array.isArray(message.Operations)) return undefined
      const Operations = message.Operations.filter(
        // biome-ignore lint/suspicious/noExplicitAny: operations of every form.
        ({ op, path }: any) => !(op === 'remove' && /\]$/.test(path ?? '')),
      )
      asked.body = JSON.stringify({ ...message, Operations })
      return undefined
    },
    fails: [
      'remove-of-matching-elements',
      'remove-with-compound-filters',
      'remove-of-a-member-by-filter',
    ],
  },
  {
    name: 'PATCH ignores paths that are, or end with, the URN of a schema',
    area: 'patch',
    ask: (asked) => {
      const message = jsonOf(asked)
      if (asked.method !== 'PATCH' || !Array.isArray(message.Operations)) return undefined
      const Operations = message.Operations.filter(
        // biome-ignore lint/suspicious/noExplicitAny: operations of every form.
        ({ path }: any) => !/^urn:.*(core:2\.0:(User|Group):?$|::)/.test(path ?? ''),
      )
      asked.body = JSON.stringify({ ...message, Operations })
      return undefined
    },
    fails: [
      'the-own-schema-as-path-is-applied-or-refused',
      'the-own-schema-is-not-removed',
      'an-empty-part-of-a-urn-is-refused',
    ],
  },
  {
    name: 'a manager without value is dropped',
    area: 'patch',
    ask: (asked) => {
      const text = String(asked.body)
      if (text.includes('"value":{"$ref":')) asked.body = text.replace(/"\$ref":"[^"]*"/, '')
      return undefined
    },
    fails: ['a-manager-by-reference-alone-is-kept-or-refused'],
  },
  {
    name: 'elements of one type and value are returned twice',
    area: 'patch',
    answer: ({ body }, asked) => {
      const twice = asked.method !== 'PATCH' && Array.isArray(body?.roles)
      if (twice && body.roles[0]?.type === 'Win') body.roles.push(body.roles[0])
    },
    fails: ['one-type-and-value-stand-in-one-element'],
  },
  {
    name: 'add puts in what is there with another spelling of primary',
    area: 'patch',
    ask: (asked) => {
      const text = String(asked.body)
      if (text.includes('"op":"add","path":"roles"')) asked.body = text.replace('Admin', 'Other')
      return undefined
    },
    fails: ['a-false-primary-is-as-good-as-none'],
  },
  {
    name: 'PATCH keeps what came before a failure',
    area: 'patch',
    ask: (asked) => {
      const message = jsonOf(asked)
      if (asked.method !== 'PATCH' || !Array.isArray(message.Operations)) return undefined
      const Operations = message.Operations.slice(0, 1)
      if (message.Operations.length === 2 && /"userName"/.test(JSON.stringify(message))) {
        asked.body = JSON.stringify({ ...message, Operations })
      }
      return undefined
    },
    answer: (answered, asked) => {
      const { Operations } = jsonOf(asked)
      const fails =
        Array.isArray(Operations) && /"path":"userName"/.test(JSON.stringify(Operations))
      if (fails && Operations.length === 2) Object.assign(answered, failing(400))
    },
    fails: ['change-is-atomic'],
  },
  {
    name: 'PATCH answers 200 without a body',
    area: 'patch',
    answer: (answered, { method }) => {
      if (method === 'PATCH' && answered.status === 200) answered.body = undefined
    },
    fails: ['change-is-answered-with-200-or-204', 'attributes-ask-for-a-body'],
  },
  {
    name: 'a number without quotes loses its zeros',
    area: 'filter',
    ask: ({ query }) => {
      const filter = query.get('filter')
      if (filter?.endsWith(' eq 007')) query.set('filter', filter.replace('007', '"7"'))
      return undefined
    },
    fails: ['a-number-without-quotes-is-compared-as-it-is-written'],
  },
  {
    name: 'a filter by title is ignored',
    area: 'filter',
    ask: ({ query }) => {
      if (/^title (eq|sw|ew|co) /i.test(query.get('filter') ?? '')) query.delete('filter')
      return undefined
    },
    fails: [
      'eq-finds-equal-texts',
      'operators-ignore-case',
      'sw-finds-beginnings',
      'ew-finds-ends',
      'wildcards-match-nothing-else',
      'co-and-sw-ignore-case-where-the-schema-does',
    ],
  },
  {
    name: 'userName is looked up with regard to case',
    area: 'filter',
    answer: (answered, { query }) => {
      const [, name] = /^userName eq "(.*)"$/.exec(query.get('filter') ?? '') ?? []
      if (name === undefined || !isList(answered)) return
      const { body } = answered
      const wanted = JSON.parse(`"${name}"`)
      body.Resources = body.Resources.filter((one: { userName: string }) => one.userName === wanted)
      body.totalResults = body.itemsPerPage = body.Resources.length
    },
    fails: ['lookup-of-a-user-name-ignores-case', 'case-is-ignored-beyond-ascii'],
  },
  {
    name: 'conditions in brackets may hold for different elements',
    area: 'filter',
    ask: ({ query }) => {
      const [, type, value] =
        /^emails\[(type eq "\w+") and (value co "[^"]*")\]$/.exec(query.get('filter') ?? '') ?? []
      if (type !== undefined) query.set('filter', `emails[${type}] and emails[${value}]`)
      return undefined
    },
    fails: ['brackets-look-at-one-element'],
  },
  {
    name: 'what is invalid in a filter finds everybody',
    area: 'filter',
    ask: ({ query }) => {
      if (/regex|==|^eq|\[\]/.test(query.get('filter') ?? '')) query.delete('filter')
      return undefined
    },
    fails: [
      'filter-with-a-comparison-without-attribute-is-refused',
      'filter-with-an-unknown-operator-is-refused',
      'filter-with-empty-brackets-is-refused',
      'filter-with-an-operator-of-programming-languages-is-refused',
    ],
  },
  {
    name: 'sorting descends where it should ascend',
    area: 'sort',
    ask: ({ query }) => {
      const ascends = (query.get('sortOrder') ?? 'ascending') === 'ascending'
      if (query.has('sortBy') && ascends) query.set('sortOrder', 'descending')
      return undefined
    },
    fails: [
      'sorting-is-ascending-by-default',
      'sorting-ascends',
      'sorting-names-ignore-case',
      'sorting-by-a-sub-attribute',
      'sorting-by-an-extension-attribute',
      'sorting-by-creation',
      'sorting-by-a-multi-valued-attribute',
      'groups-are-sorted',
    ],
  },
  {
    name: 'of a filter that is repeated the first counts',
    area: 'filter',
    ask: ({ query }) => {
      if (query.getAll('filter').length > 1) query.set('filter', query.get('filter') ?? '')
      return undefined
    },
    fails: ['repeated-filter-is-refused'],
  },
  {
    name: 'of numbers that are repeated the first counts',
    area: 'paging',
    ask: ({ query }) => {
      for (const name of ['count', 'startIndex']) {
        if (query.getAll(name).length > 1) query.set(name, query.get(name) ?? '')
      }
      return undefined
    },
    fails: ['repeated-paging-is-refused'],
  },
  {
    name: 'numbers of many digits are refused',
    area: 'paging',
    ask: ({ query }) => (/\d{16}/.test(query.toString()) ? failing(400) : undefined),
    fails: ['paging-numbers-of-many-digits-are-integers'],
  },
  {
    name: 'totalResults is one too many',
    area: 'paging',
    answer: (answered, { query }) => {
      if (isList(answered) && query.has('filter') && query.get('count') === '2') {
        answered.body.totalResults += 1
      }
    },
    fails: [
      'start-index-beyond-the-end-gives-nothing',
      'total-counts-all-matches',
      'paging-combines-with-sorting',
    ],
  },
  {
    name: 'startIndex counts from zero',
    area: 'paging',
    ask: ({ query }) => {
      const start = query.get('startIndex')
      if (start !== null) query.set('startIndex', String(Number(start) + 1))
      return undefined
    },
    answer: (answered, { query }) => {
      const start = query.get('startIndex')
      if (isList(answered) && start !== null) answered.body.startIndex = Number(start)
    },
    fails: [
      'start-index-below-one-is-one',
      'start-index-counts-from-one',
      'pages-hold-each-resource-once',
      'many-resources-are-paged-through',
      'paging-combines-with-sorting',
      'groups-are-paged',
      'paging-numbers-of-many-digits-are-integers',
      'repeated-paging-is-refused',
    ],
  },
  {
    name: 'a resource is on two pages',
    area: 'paging',
    ask: ({ query }) => {
      if (query.get('startIndex') === '3') query.set('startIndex', '2')
      return undefined
    },
    answer: (answered, { query }) => {
      if (query.get('startIndex') === '3') answered.body.startIndex = 3
    },
    fails: [
      'start-index-counts-from-one',
      'pages-hold-each-resource-once',
      'paging-combines-with-sorting',
      'groups-are-paged',
    ],
  },
  {
    name: 'itemsPerPage is what was asked for',
    area: 'paging',
    answer: (answered, { query }) => {
      const count = query.get('count')
      if (isList(answered) && count === '2') answered.body.itemsPerPage = Number(count)
    },
    fails: ['items-per-page-is-the-number-returned'],
  },
  {
    name: 'an empty list has no Resources',
    area: 'paging',
    answer: (answered) => {
      if (isList(answered) && answered.body.totalResults === 0) delete answered.body.Resources
    },
    fails: ['empty-list-has-resources'],
  },
  {
    name: 'the last page has a nextCursor',
    area: 'cursor',
    answer: (answered, { query }) => {
      if (isList(answered) && query.get('cursor')) answered.body.nextCursor ??= query.get('cursor')
    },
    fails: [
      'first-page-has-no-previous-cursor',
      'last-page-has-no-next-cursor',
      'walk-gives-each-resource-once',
      'page-by-cursor-holds-no-more-than-count',
      'walk-by-cursor-is-sorted',
      'walk-by-cursor-descends',
      'pages-by-cursor-tell-the-total',
      'previous-cursor-gives-the-page-before',
    ],
  },
  {
    name: 'any cursor gives the first page',
    area: 'cursor',
    ask: ({ query }) => {
      if (query.get('cursor') === 'abc') query.set('cursor', '')
      return undefined
    },
    fails: ['unknown-cursor-is-invalid'],
  },
  {
    name: 'of attributes that are repeated the first counts',
    area: 'projection',
    ask: ({ query }) => {
      if (query.getAll('attributes').length > 1)
        query.set('attributes', query.get('attributes') ?? '')
      return undefined
    },
    fails: ['repeated-attributes-are-united-or-refused'],
  },
  {
    name: 'attributes is ignored',
    area: 'projection',
    ask: ({ query }) => void query.delete('attributes'),
    fails: [
      'attributes-name-what-is-shown',
      'attributes-list-with-commas',
      'attributes-tolerate-spaces',
      'attributes-ignore-case',
      'attributes-name-sub-attributes',
      'attributes-name-sub-attributes-of-elements',
      'extension-attributes-are-named-by-urn',
      'extension-is-named-as-a-whole',
      'core-attributes-are-named-by-urn',
      'unknown-attributes-show-nothing',
      'password-cannot-be-asked-for',
      'meta-is-left-out-unless-asked-for',
      'meta-can-be-asked-for',
      'attributes-apply-to-lists',
      'repeated-attributes-are-united-or-refused',
    ],
  },
  {
    name: 'excludedAttributes is ignored',
    area: 'projection',
    ask: ({ query }) => void query.delete('excludedAttributes'),
    fails: [
      'excluded-attributes-are-left-out',
      'sub-attributes-can-be-excluded',
      'excluded-attributes-apply-to-lists',
      'groups-are-listed-without-members',
    ],
  },
  {
    name: 'a search ignores its paging',
    area: 'search',
    ask: (asked) => {
      if (!asked.path.endsWith('/.search')) return undefined
      const { startIndex: _, count: __, ...message } = jsonOf(asked)
      if (message.schemas !== undefined) asked.body = JSON.stringify(message)
      return undefined
    },
    fails: [
      'search-takes-filter-paging-and-attributes',
      'search-sorts',
      'search-count-zero-asks-for-the-total',
    ],
  },
  {
    name: 'bulk statuses are numbers',
    area: 'bulk',
    answer: ({ body }, { path }) => {
      if (path !== '/Bulk' || !Array.isArray(body?.Operations)) return
      for (const operation of body.Operations) operation.status = Number(operation.status)
    },
    fails: ['bulk-status-is-a-text'],
  },
  {
    name: 'failOnErrors is ignored',
    area: 'bulk',
    ask: (asked) => {
      const { failOnErrors, ...message } = jsonOf(asked)
      if (typeof failOnErrors === 'number') asked.body = JSON.stringify(message)
      return undefined
    },
    fails: ['bulk-stops-after-so-many-errors'],
  },
  {
    name: 'the error of a bulk operation has a member of its own',
    area: 'bulk',
    answer: ({ body }, { path }) => {
      if (path !== '/Bulk' || !Array.isArray(body?.Operations)) return
      for (const { response } of body.Operations) if (response) response.message = 'No.'
    },
    fails: ['failed-bulk-operation-has-nothing-but-an-error'],
  },
  {
    name: '/Me is an error of the server',
    area: 'me',
    ask: ({ path }) => (path === '/Me' ? failing(500) : undefined),
    fails: ['me-is-served-or-not-implemented', 'me-needs-a-credential-where-it-is-served'],
  },
  {
    name: 'members are shown under another name',
    area: 'groups',
    answer: ({ body }) => {
      for (const member of body?.members ?? []) member.display = 'Somebody'
    },
    fails: ['display-of-a-member-is-the-name-of-the-user'],
  },
  {
    name: 'one member in many is lost',
    area: 'groups',
    answer: ({ body }) => {
      if (body?.members?.length > 50) body.members.pop()
    },
    fails: ['many-members-are-kept'],
  },
  {
    name: 'the other tenant reads the users of the first',
    area: 'tenancy',
    ask: (asked, { other, baseUrl, token }) => {
      if (asked.base !== other?.baseUrl || asked.method !== 'GET' || !isUser(asked))
        return undefined
      asked.base = baseUrl
      asked.headers.Authorization = `Bearer ${token}`
      return undefined
    },
    fails: ['foreign-user-is-unknown-to-get'],
  },
  {
    name: 'caches may store answers',
    area: 'security',
    answer: ({ headers }) => void headers.delete('cache-control'),
    fails: ['answers-are-not-stored-by-caches'],
  },
  {
    name: 'text/plain is taken for JSON',
    area: 'security',
    ask: ({ headers }) => {
      if (headers['Content-Type'] === 'text/plain') headers['Content-Type'] = 'application/json'
      return undefined
    },
    fails: ['simple-cross-site-requests-are-refused'],
  },
  {
    name: 'all of several writers win',
    area: 'concurrency',
    ask: ({ headers }) => void delete headers['If-Match'],
    fails: ['one-of-several-replacements-wins'],
  },
  {
    name: '"False" is refused',
    area: 'providers',
    ask: ({ method, body }) =>
      method === 'PATCH' && /"False"/.test(String(body)) ? failing(400) : undefined,
    fails: ['entra-deactivates-and-restores'],
  },
  {
    name: 'the status of a 404 is a number',
    area: 'errors',
    answer: ({ status, body }) => {
      if (status === 404) body.status = 404
    },
    fails: [
      'status-404-has-an-error-body',
      'unknown-path-has-an-error-body',
      'every-error-status-is-a-text',
    ],
  },
  {
    name: 'a 404 is no SCIM Error',
    area: 'errors',
    answer: (answered) => {
      if (answered.status === 404) answered.body = { error: 'Not found' }
    },
    fails: [
      'status-404-has-an-error-body',
      'unknown-path-has-an-error-body',
      'every-error-is-a-scim-error',
      'every-error-status-is-a-text',
      'errors-have-no-other-members',
      'every-error-has-a-detail',
    ],
  },
  {
    name: 'a 404 has a member of its own',
    area: 'errors',
    answer: ({ status, body }) => {
      if (status === 404) body.message = 'Not found'
    },
    fails: ['errors-have-no-other-members'],
  },
  {
    name: 'errors are application/problem+json',
    area: 'errors',
    answer: ({ status, headers }) => {
      if (status >= 400) headers.set('content-type', 'application/problem+json')
    },
    fails: [
      'status-400-has-an-error-body',
      'status-401-has-an-error-body',
      'status-404-has-an-error-body',
      'status-405-has-an-error-body',
      'status-409-has-an-error-body',
      'unknown-path-has-an-error-body',
      'status-403-has-an-error-body',
      'status-412-has-an-error-body',
      'every-body-is-application-scim-json',
    ],
  },
]
