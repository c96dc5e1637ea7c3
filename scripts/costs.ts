/**
 * `npm run costs`: what a directory costs on Cloudflare's price list, from the rows that D1 counts.
 * Makes the directory in a D1 of this machine, sends the requests of a sync through the application,
 * adds up what `Server-Timing` says, and prints the tables of docs/costs.md.
 */
import type { D1Database } from '@cloudflare/workers-types'
import { getPlatformProxy } from 'wrangler'
import { createApp } from '../src/app.ts'
import { API } from '../src/http/context.ts'
import { d1 } from '../src/store/d1.ts'
import { oneForAll } from '../src/store/databases.ts'
import { defaultSettings } from '../src/tenancy/settings.ts'
import { type Cost, makeClient, plus, times } from './costs/client.ts'
import { changesOf, type Priced, priceOf } from './costs/prices.ts'
import { noOptions } from './lib/command.ts'
import { migrateD1 } from './lib/d1.ts'
import { table } from './lib/table.ts'

const PEOPLE = 10_000
const TEAMS = 200
/** How many people a team has, which makes three teams for each of them. */
const MEMBERS = 150
const PAGE = 100
const NAMESPACE = 'stacks-1'
const OPERATOR_TOKEN = 'costs'

await noOptions(
  'costs',
  'Measures what a directory costs on Cloudflare, on a D1 of this machine, and prints the tables of docs/costs.md.',
)

const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({ persist: false })
try {
  await migrateD1(env.DB)
  const app = createApp({
    databases: oneForAll(d1(env.DB)),
    settings: { ...defaultSettings, enableUserSync: true, enableGroupSync: true },
    operatorToken: OPERATOR_TOKEN,
    maxBulkOperations: 1000,
    serverTiming: true,
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: () => undefined,
  })
  const send = async (request: Request) => app.fetch(request)
  const operator = makeClient(send, `http://localhost${API}`, OPERATOR_TOKEN)
  await operator('POST', '', { name: NAMESPACE })
  const account = `/${NAMESPACE}/serviceaccounts`
  const { id } = (await operator('POST', account, { name: 'idp', role: 'Admin' })).body
  const { key } = (await operator('POST', `${account}/${id}/tokens`, { name: 'idp' })).body
  const scim = makeClient(send, `http://localhost${API}/${NAMESPACE}`, String(key))

  console.error('Creating the directory …')
  const user = (at: number, title = 'Engineer') => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: `person${at}@example.com`,
    externalId: `external-${at}`,
    name: { givenName: 'Person', familyName: `Number ${at}` },
    displayName: `Person Number ${at}`,
    title,
    emails: [{ type: 'work', primary: true, value: `person${at}@example.com` }],
  })
  const ids: string[] = []
  let created: Cost = { read: 0, written: 0, trips: 0 }
  for (let from = 0; from < PEOPLE; from += 1000) {
    const { body, cost } = await scim('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: Array.from({ length: 1000 }, (_, at) => {
        return { method: 'POST', path: '/Users', bulkId: `b${at}`, data: user(from + at) }
      }),
    })
    created = plus(created, cost)
    for (const { location } of body.Operations) ids.push(String(location).split('/').at(-1) ?? '')
  }
  const teamIds: string[] = []
  for (let team = 0; team < TEAMS; team += 1) {
    const members = Array.from({ length: MEMBERS }, (_, at) => {
      return { value: ids[(team * (PEOPLE / TEAMS) + at) % PEOPLE] }
    })
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group']
    const { body, cost } = await scim('POST', '/Groups', {
      schemas,
      displayName: `Team ${team}`,
      members,
    })
    created = plus(created, cost)
    teamIds.push(String(body.id))
  }

  console.error('Measuring …')
  const patch = (Operations: readonly object[]) => ({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations,
  })
  const [person = '', other = ''] = [ids[4321], ids[7]]
  const [team = ''] = [teamIds[100]]
  const costOf = async (...request: Parameters<typeof scim>) => (await scim(...request)).cost
  const filter = (text: string) => `?filter=${encodeURIComponent(text)}`
  const retitle = [{ op: 'replace', path: 'title', value: 'Lead' }]
  const join = [{ op: 'add', path: 'members', value: [{ value: other }] }]
  const single = {
    'GET /Users/{id}': await costOf('GET', `/Users/${person}`),
    'GET /Users?filter=userName eq': await costOf(
      'GET',
      `/Users${filter('userName eq "person4321@example.com"')}`,
    ),
    'GET /Groups/{id}?excludedAttributes=members': await costOf(
      'GET',
      `/Groups/${team}?excludedAttributes=members`,
    ),
    'GET /Groups/{id}, 150 members': await costOf('GET', `/Groups/${team}`),
    'POST /Users': await costOf('POST', '/Users', user(PEOPLE)),
    'PUT /Users/{id}': await costOf('PUT', `/Users/${person}`, user(4321, 'Chief')),
    'PATCH /Users/{id}': await costOf('PATCH', `/Users/${person}`, patch(retitle)),
    'PATCH /Groups/{id}, one member': await costOf('PATCH', `/Groups/${team}`, patch(join)),
    'GET status': (await operator('GET', `/${NAMESPACE}/status`)).cost,
    'GET health': (await operator('GET', `/${NAMESPACE}/health`)).cost,
  }
  /** All pages of a list. */
  const walk = async (
    path: string,
    count: number,
    first: string,
    next: (body: never) => string,
  ) => {
    let sum: Cost = { read: 0, written: 0, trips: 0 }
    let position = first
    for (let page = 0; page * PAGE < count; page += 1) {
      const { body, cost } = await scim('GET', `${path}?count=${PAGE}&${position}`)
      sum = plus(sum, cost)
      position = next(body as never)
    }
    return sum
  }
  const byIndex = ({ startIndex }: { startIndex: number }) => `startIndex=${startIndex + PAGE}`
  const byCursor = ({ nextCursor }: { nextCursor: string }) => `cursor=${nextCursor}`
  const lists = {
    'all users, by index': await walk('/Users', PEOPLE, 'startIndex=1', byIndex),
    'all users, by cursor': await walk('/Users', PEOPLE, 'cursor', byCursor),
    'all groups with members, by index': await walk('/Groups', TEAMS, 'startIndex=1', byIndex),
  }

  const rows = [...Object.entries(single), ...Object.entries(lists)]
  console.log(
    table(
      ['request', 'trips', 'rows read', 'rows written'],
      rows.map(([name, cost]) => [name, cost.trips, cost.read, cost.written].map(String)),
    ),
  )
  const syncs: Readonly<Record<string, { readonly cost: Cost; readonly requests: number }>> = {
    'Okta, importing all pages': {
      cost: plus(lists['all users, by index'], lists['all groups with members, by index']),
      requests: PEOPLE / PAGE + TEAMS / PAGE,
    },
    'Entra ID, looking everybody up': {
      cost: plus(
        times(PEOPLE, single['GET /Users?filter=userName eq']),
        times(TEAMS, single['GET /Groups/{id}?excludedAttributes=members']),
      ),
      requests: PEOPLE + TEAMS,
    },
  }
  const changes = changesOf(
    plus(single['PATCH /Users/{id}'], single['PATCH /Groups/{id}, one member']),
    PEOPLE,
  )
  const size = (await env.DB.prepare('select 1').run()).meta.size_after
  const priced = Object.entries(syncs).map(([name, { cost, requests }]): [string, Priced] => [
    name,
    priceOf(cost, requests, changes, size),
  ])
  console.log('')
  console.log(
    table(
      ['hourly full sync', 'requests/month', 'rows read/month', 'rows written/month', 'USD/month'],
      priced.map(([name, { requests, read, written, dollars }]) => [
        name,
        ...[requests, read, written].map((number) => `${(number / 1e6).toFixed(2)} M`),
        dollars.toFixed(2),
      ]),
    ),
  )
  const mebibytes = (size / 1024 / 1024).toFixed(0)
  console.log(`\nFirst sync: ${created.read} rows read, ${created.written} rows written.`)
  console.log(`Database: ${mebibytes} MiB for ${PEOPLE} people in ${TEAMS} teams.`)
} finally {
  await dispose()
}
