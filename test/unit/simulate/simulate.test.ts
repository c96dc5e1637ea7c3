import { describe, expect, test } from 'vitest'
import type { Fetch, WireRequest } from '../../../scripts/lib/wire.ts'
import { foundCompany, leavers, losses, promotions } from '../../../scripts/simulate/people.ts'
import { ranks } from '../../../scripts/simulate/provider.ts'
import { type ProviderName, simulate } from '../../../scripts/simulate/simulate.ts'
import { percentile, summarize } from '../../../scripts/simulate/summary.ts'

const headers = {
  get: (name: string) => (name === 'Content-Type' ? 'application/scim+json' : null),
}

/** An endpoint that gives the same answer to everything, and the requests it got. */
function answering(
  status: number,
  body: object,
): { fetch: Fetch; requests: [string, WireRequest][] } {
  const requests: [string, WireRequest][] = []
  return {
    requests,
    fetch(url, request) {
      requests.push([url, request])
      return { status, headers, text: async () => JSON.stringify(body) }
    },
  }
}

function play(provider: ProviderName, fetch: Fetch) {
  return simulate({
    provider,
    users: 2,
    groups: 1,
    baseUrl: 'https://scim.example/base/',
    token: 'secret',
    fetch,
    run: 'run-',
  })
}

const emptyList = { totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] }

describe('a simulation', () => {
  test('ends at a refused token with the reason', async () => {
    const { fetch } = answering(401, { detail: 'The token has expired.' })
    await expect(play('entra', fetch)).rejects.toThrow(
      'The endpoint at https://scim.example/base refuses the token: The token has expired.',
    )
  })

  test('ends at a failed test of the connection', async () => {
    const { fetch, requests } = answering(403, { detail: 'invalid namespace' })
    await expect(play('okta-wizard', fetch)).rejects.toThrow(
      /The test of the connection to https:\/\/scim\.example\/base\/ failed: .* 403 invalid namespace/,
    )
    expect(requests).toHaveLength(2)
  })

  test('lists every unexpected status with the detail of the answer', async () => {
    const { fetch } = answering(200, emptyList)
    const refusing: Fetch = (url, request) =>
      request.method === 'POST'
        ? { status: 403, headers, text: async () => '{"detail":"User sync is off."}' }
        : fetch(url, request)
    const { differences } = await play('okta-template', refusing)
    expect(differences.filter(({ attribute }) => attribute === 'status')).toEqual([
      ...['run-ada.lovelace.0@example.com', "run-o'brien.1@example.com"].map((userName) => ({
        resource: `POST /Users of ${userName}`,
        attribute: 'status',
        expected: '201',
        actual: '403 User sync is off.',
      })),
      {
        resource: 'POST /Groups of run-Platform 0',
        attribute: 'status',
        expected: '201',
        actual: '403 User sync is off.',
      },
    ])
  })

  test('sends the headers and the encoding of Okta', async () => {
    const { fetch, requests } = answering(200, emptyList)
    await play('okta-template', fetch)
    const [url, request] = requests.find(([url]) => url.includes('brien')) ?? []
    expect(url).toBe(
      'https://scim.example/base/Users?filter=userName%20eq%20%22run-o%27brien.1%40example.com%22&startIndex=1&count=100',
    )
    expect(request?.headers).toEqual({
      'User-Agent': 'Okta SCIM Client 1.0.0',
      Accept: 'application/scim+json',
      'Accept-Charset': 'utf-8',
      'Accept-Encoding': 'gzip,deflate',
      Authorization: 'Bearer secret',
      'Content-Type': 'application/scim+json; charset=utf-8',
    })
  })

  test('sends the headers and the encoding of Entra', async () => {
    const { fetch, requests } = answering(200, emptyList)
    await play('entra', fetch)
    expect(requests.find(([url]) => url.includes('Platform'))).toEqual([
      'https://scim.example/base/Groups?excludedAttributes=members&filter=displayName+eq+%22run-Platform+0%22',
      { method: 'GET', headers: { Authorization: 'Bearer secret' } },
    ])
  })
})

describe('the simulated company', () => {
  test('is the same for the same numbers', () => {
    expect(foundCompany('run-', 40, 5)).toEqual(foundCompany('run-', 40, 5))
  })

  test('has names that start with the run and occur once', () => {
    const { people, teams } = foundCompany('run-', 300, 40)
    const names = [
      ...people.map(({ userName }) => userName),
      ...teams.map((team) => team.displayName),
    ]
    expect(names.every((name) => name.startsWith('run-'))).toBe(true)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(340)
  })

  test('places every manager above those they manage, and none among the leavers', () => {
    const { people } = foundCompany('run-', 130, 0)
    const levels = ranks(people)
    expect(levels.flat()).toHaveLength(130)
    const levelOf = new Map(
      levels.flatMap((level, rank) => level.map(({ index }) => [index, rank])),
    )
    const gone = new Set(leavers(people).map(({ index }) => index))
    for (const { index, manager } of people) {
      if (manager === undefined) continue
      expect(levelOf.get(manager)).toBeLessThan(levelOf.get(index) ?? -1)
      expect(gone.has(manager)).toBe(false)
    }
  })

  test('keeps some of every team and changes some of the people', () => {
    const { people, teams } = foundCompany('run-', 40, 5)
    for (const team of teams) {
      expect(losses(team).length).toBeGreaterThan(0)
      expect(losses(team).length).toBeLessThan(team.members.length)
    }
    expect(promotions(people).length).toBeGreaterThan(0)
  })
})

describe('the summary of requests', () => {
  test('counts by kind and status', () => {
    const of = (kind: string, status: number, milliseconds: number) => ({
      kind,
      status,
      milliseconds,
    })
    expect(
      summarize([of('GET /Users', 200, 3), of('GET /Users', 500, 9), of('GET /Users', 200, 1)]),
    ).toEqual([
      { kind: 'GET /Users', status: 200, count: 2, p50: 1, p99: 3 },
      { kind: 'GET /Users', status: 500, count: 1, p50: 9, p99: 9 },
    ])
  })

  test('takes the nearest rank for a percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 99, 100])
    expect(percentile([7], 99)).toBe(7)
    expect(percentile([], 50)).toBe(0)
  })
})
