import { describe, expect, test } from 'vitest'
import type { Fetch } from '../../../scripts/lib/wire.ts'
import { isObject, type Json } from '../../../scripts/simulate/compare.ts'
import type { Removal } from '../../../scripts/simulate/ledger.ts'
import {
  PROVIDERS,
  type ProviderName,
  type Report,
  simulate,
} from '../../../scripts/simulate/simulate.ts'

/** An endpoint that simulated providers can provision: both syncs on, all eight permissions. */
export interface Target {
  /** The tenant URL. */
  baseUrl: string
  token: string
  fetch: Fetch
}

const NAMES = Object.keys(PROVIDERS) as ProviderName[]

// Several hundred requests, on whatever the endpoint runs.
const TIMEOUT = 60_000

/**
 * Declares the tests that play every provider against an endpoint and expect no difference.
 *
 * @param connect - Makes the endpoint for a test; it may be the same one every time, provided that
 *   the suite runs on it once
 */
export function simulatorSuite(connect: () => Target | Promise<Target>): void {
  describe('a simulated identity provider', () => {
    test.each(NAMES)(
      '%s and the endpoint end with the same directory',
      async (provider) => {
        const target = await connect()
        const result = await simulate({
          ...target,
          provider,
          users: 24,
          groups: 4,
          run: `${provider}-`,
        })
        expect(result.differences).toEqual([])
        expect(result.requests.length).toBeGreaterThan(100)
      },
      TIMEOUT,
    )

    test(
      'removes what it has made and nothing else, and leaves it where asked',
      async () => {
        const target = await connect()
        const headers = {
          Authorization: `Bearer ${target.token}`,
          'Content-Type': 'application/scim+json',
        }
        const send = async (method: string, path: string, body?: object) => {
          const url = target.baseUrl + path
          const sent = body === undefined ? {} : { body: JSON.stringify(body) }
          return JSON.parse(await (await target.fetch(url, { method, headers, ...sent })).text())
        }
        const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
        const bystander = { schemas, userName: 'tidy bystander', externalId: 'tidy bystander' }
        await send('POST', '/Users', bystander)
        const names = async (type: string, name: string) => {
          const { Resources } = await send('GET', `/${type}?filter=${name}%20sw%20%22tidy%22`)
          return Resources.map((one: Record<string, string>) => one[name])
        }
        const removals: Removal[] = []
        const play = (run: string, keep: boolean) => {
          const report: Report = {
            phase: () => undefined,
            task: () => undefined,
            removed: (removal) => removals.push(removal),
          }
          return simulate({ ...target, provider: 'entra', users: 8, groups: 2, run, keep, report })
        }
        expect((await play('tidy-1-', false)).differences).toEqual([])
        expect(await names('Users', 'userName')).toEqual(['tidy bystander'])
        expect(await names('Groups', 'displayName')).toEqual([])
        expect(removals).toMatchObject([{ left: [], reason: undefined }])
        expect(removals[0]?.users).toBeGreaterThan(0)
        expect(removals[0]?.groups).toBeGreaterThan(0)
        await play('tidy-2-', true)
        expect((await names('Users', 'userName')).length).toBeGreaterThan(1)
        expect(removals).toHaveLength(1)
      },
      TIMEOUT,
    )

    test(
      'notices an attribute and a member that the endpoint has wrong',
      async () => {
        const target = await connect()
        const result = await simulate({
          ...target,
          fetch: corrupting(target, 'wrong-'),
          provider: 'entra',
          users: 12,
          groups: 2,
          run: 'wrong-',
        })
        const attributes = result.differences.map(({ attribute }) => attribute)
        expect(attributes.sort()).toEqual(['members', 'title'])
      },
      TIMEOUT,
    )

    test('says in one sentence that its token is refused', async () => {
      const target = await connect()
      const run = simulate({
        ...target,
        token: 'glsa_wrong',
        provider: 'entra',
        users: 1,
        groups: 0,
        run: 'refused-',
      })
      await expect(run).rejects.toThrow(/^The endpoint at http\S+ refuses the token: .*\.$/)
    })
  })
}

/** Passes requests on, and tampers with one listed user and with the members of every group. */
function corrupting(target: Target, run: string): Fetch {
  const base = new URL(target.baseUrl).pathname
  return async (url, request) => {
    const response = await target.fetch(url, request)
    const { pathname, searchParams } = new URL(url)
    const path = pathname.slice(base.length)
    if (request.method !== 'GET' || searchParams.has('filter')) return response
    const body: Json = JSON.parse(await response.text())
    if (isObject(body) && path === '/Users') {
      const resources = Array.isArray(body.Resources) ? body.Resources.filter(isObject) : []
      const user = resources.find(({ userName }) => String(userName).startsWith(run))
      if (user) user.title = 'Intern'
    }
    if (isObject(body) && path.startsWith('/Groups/') && Array.isArray(body.members)) {
      body.members.pop()
    }
    const { status, headers } = response
    return { status, headers, text: async () => JSON.stringify(body) }
  }
}
