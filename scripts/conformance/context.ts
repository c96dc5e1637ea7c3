// What a check works with: connections, resources made for the run, and what the server supports.
import type { Need } from './check.ts'
import { type Answer, type Client, idsOf, query } from './client.ts'
import { expectAnswer, expectThat, unmet } from './expect.ts'
import { type Json, type JsonObject, read } from './json.ts'
import { ENTERPRISE_USER, GROUP, USER } from './urns.ts'

/** A resource as the server returned it. */
export type Resource = JsonObject & { id: string }

/** Four users that differ in everything filters look at. */
export interface People {
  /** Has name, title, two e-mails and the enterprise extension; John manages her. */
  readonly barbara: Resource
  /** Inactive, with an apostrophe in the name and one home e-mail; no title. */
  readonly john: Resource
  /** Accents, wildcards of SQL, escapes of JSON; no e-mail, `active` not sent. */
  readonly elodie: Resource
  /** Nothing but a userName. */
  readonly minimal: Resource
}

/** A name of one of the {@link People}. */
export type Person = keyof People

/** What a search found, over all of its pages. */
export interface Found {
  readonly answer: Answer
  readonly ids: readonly string[]
}

/** What a check works with. Its own client uses the read/write token of the tenant under test. */
export interface Context extends Client {
  /** Random, lower-case letters; part of every name of the run. */
  readonly run: string
  /** The moment before the first resource of the run, as the server's clock tells it. */
  readonly startedAt: string
  readonly serviceProviderConfig: Json | undefined
  /** Every answer of the run so far. */
  readonly transcript: readonly Answer[]
  /** The same base URL with another credential, or none. */
  withToken(token: string | undefined): Client
  /** Clients with the credentials that were given; a check that uses one says that it needs it. */
  readonly readOnly: Client
  readonly expired: Client
  readonly revoked: Client
  readonly other: Client
  unique(word: string): string
  email(): string
  /** The body of a user with a userName and an externalId of its own. */
  userBody(more?: JsonObject): JsonObject
  groupBody(more?: JsonObject): JsonObject
  /** Creates a user for the check; any 2xx will do, since other checks look at the status. */
  user(more?: JsonObject): Promise<Resource>
  /** Creates a group with these members. */
  group(members?: readonly Resource[], more?: JsonObject): Promise<Resource>
  /** GET, which has to be answered with 200. */
  read(path: string): Promise<Answer>
  /** PATCH, which has to succeed, and then GET. */
  change(path: string, operations: readonly JsonObject[]): Promise<Answer>
  /** All resources that a filter finds. */
  find(path: string, filter: string): Promise<Found>
  people(): Promise<People>
  /** More users than fit on a page of 100, and the filter that finds just them. */
  crowd(): Promise<{ readonly ids: readonly string[]; readonly filter: string }>
  /** Makes something once for all checks; where that fails, each of them fails. */
  once<Made>(name: string, make: () => Promise<Made>): Promise<Made>
  /** Ends the check without a verdict. */
  skip(reason: string): never
}

/** The end of a check that has no verdict. */
export interface Skipped extends Error {
  readonly name: 'Skipped'
}

/** Tells a check without a verdict from one that failed. */
export function isSkipped(error: unknown): error is Skipped {
  return error instanceof Error && error.name === 'Skipped'
}

/** How many users the crowd has. */
export const CROWD = 105
const LANES = 6
/** A filter that finds more than this asks for a tenant with fewer resources. */
const MOST_PAGES = 50

/** What a context is made from. */
export interface ContextParts {
  readonly client: Client
  readonly run: string
  readonly startedAt: string
  readonly serviceProviderConfig: Json | undefined
  readonly transcript: readonly Answer[]
  readonly clientFor: (token: string | undefined) => Client
  readonly tokens: {
    readonly readOnly?: string | undefined
    readonly expired?: string | undefined
    readonly revoked?: string | undefined
  }
  readonly other: Client | undefined
}

/** Makes the context that all checks of a run share. */
export function createContext(parts: ContextParts): Context {
  const { client, run, clientFor } = parts
  const made = new Map<string, Promise<unknown>>()
  let counter = 0

  const given = (token: string | undefined, what: string) =>
    token === undefined ? missingClient(what, client) : clientFor(token)

  const t: Context = {
    ...client,
    run,
    startedAt: parts.startedAt,
    serviceProviderConfig: parts.serviceProviderConfig,
    transcript: parts.transcript,
    withToken: clientFor,
    readOnly: given(parts.tokens.readOnly, 'read-only token'),
    expired: given(parts.tokens.expired, 'expired token'),
    revoked: given(parts.tokens.revoked, 'revoked token'),
    other: parts.other ?? missingClient('second tenant', client),
    unique(word) {
      counter += 1
      return `${word}-${counter}-${run}`
    },
    email() {
      counter += 1
      return `mail${counter}.${run}@example.com`
    },
    userBody(more = {}) {
      const userName = t.unique('user')
      return { schemas: [USER], userName, externalId: `ext-${userName}`, ...more }
    },
    groupBody(more = {}) {
      return { schemas: [GROUP], displayName: t.unique('group'), ...more }
    },
    async user(more) {
      return created(await client.post('/Users', t.userBody(more)))
    },
    async group(members = [], more = {}) {
      const listed = members.map(({ id }) => ({ value: id }))
      return created(await client.post('/Groups', t.groupBody({ members: listed, ...more })))
    },
    async read(path) {
      const answer = await client.get(path)
      expectAnswer(answer, '200')
      return answer
    },
    async change(path, operations) {
      expectAnswer(await client.patch(path, operations), '2xx')
      return t.read(path)
    },
    async find(path, filter) {
      const ids: string[] = []
      for (let page = 0; ; page++) {
        const answer = await client.get(query(path, { filter, startIndex: ids.length + 1 }))
        expectAnswer(answer, '200')
        const found = idsOf(answer)
        ids.push(...found)
        const total = Number(read(answer.body, 'totalResults'))
        if (found.length === 0 || ids.length >= total) return { answer, ids }
        const few = page < MOST_PAGES
        expectThat(answer, 'a tenant with few enough resources to read all pages', few, total)
      }
    },
    people: () => t.once('the four users that filters are tried on', () => makePeople(t)),
    crowd: () =>
      t.once(`${CROWD} users`, async () => {
        const title = t.unique('Crowd')
        const ids: string[] = []
        const numbers = Array.from({ length: CROWD }, (_, number) => number).values()
        const lane = async () => {
          for (const number of numbers) {
            const userName = `crowd-${String(number).padStart(4, '0')}-${run}`
            const user = await t.user({ userName, externalId: `ext-${userName}`, title })
            ids[number] = user.id
          }
        }
        await Promise.all(Array.from({ length: LANES }, lane))
        return { ids, filter: `title eq "${title}"` }
      }),
    once(name, make) {
      const known = made.get(name)
      // One map holds things of every type; a name is used for one type only.
      if (known !== undefined) return known as ReturnType<typeof make>
      const making = make()
      made.set(name, making)
      return making
    },
    skip(reason) {
      throw Object.assign(new Error(reason), { name: 'Skipped' })
    },
  }
  return t
}

function created(answer: Answer): Resource {
  expectAnswer(answer, '2xx')
  const { body } = answer
  const id = read(body, 'id')
  expectThat(answer, 'a created resource with an id', typeof id === 'string' && id !== '')
  return { ...(body as JsonObject), id }
}

function missingClient(what: string, client: Client): Client {
  const send = () => Promise.reject(unmet(undefined, `a ${what} for the check`, 'none was given'))
  const none = { get: send, post: send, put: send, patch: send, delete: send }
  return { ...client, ...none, send }
}

async function makePeople(t: Context): Promise<People> {
  const john = await t.user({
    userName: `jsmith-${t.run}`,
    name: { givenName: 'John', familyName: "O'Malley" },
    userType: 'Intern',
    active: false,
    emails: [{ value: `x.${t.run}@example.org`, type: 'home' }],
  })
  const barbara = await t.user({
    schemas: [USER, ENTERPRISE_USER],
    userName: `Bjensen-${t.run}`,
    externalId: `run-${t.run}`,
    name: { givenName: 'Barbara', familyName: 'Jensen' },
    title: 'Tour Guide',
    userType: 'Employee',
    active: true,
    emails: [
      { value: `bjensen.${t.run}@example.com`, type: 'work', primary: true },
      { value: `babs.${t.run}@jensen.org`, type: 'home' },
    ],
    [ENTERPRISE_USER]: {
      employeeNumber: `701984-${t.run}`,
      department: 'Tour Operations',
      manager: { value: john.id },
    },
  })
  const elodie = await t.user({
    userName: `élodie-${t.run}`,
    nickName: '100%_sure',
    displayName: 'back\\slash "quoted" (a and b) or [c]',
    userType: 'employee',
  })
  const minimal = await t.user({ userName: `min-${t.run}` })
  return { barbara, john, elodie, minimal }
}

/** Why a check is skipped that needs something which is not there. */
export const WHY_SKIPPED: Readonly<Record<Need, string>> = {
  bulk: 'The server says that it does not support bulk.',
  cursor: 'The server says that it does not support cursors.',
  etag: 'The server says that it does not support ETags.',
  filter: 'The server says that it does not support filters.',
  patch: 'The server says that it does not support PATCH.',
  search: 'The server answers 501 to /.search.',
  sort: 'The server says that it does not support sorting.',
  'root query': 'The server answers 501 to a query of its root.',
  'no bulk': 'The server supports bulk.',
  'no cursor': 'The server supports cursors.',
  'no search': 'The server supports /.search.',
  'no sort': 'The server supports sorting.',
  'read-only token': 'No --read-only-token was given.',
  'expired token': 'No --expired-token was given.',
  'revoked token': 'No --revoked-token was given.',
  'other tenant': 'No --other-url and --other-token were given.',
}
