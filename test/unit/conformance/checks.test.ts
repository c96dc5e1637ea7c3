import { expect, test } from 'vitest'
import { AREAS } from '../../../scripts/conformance/areas/index.ts'
import type { Outgoing, Send } from '../../../scripts/conformance/client.ts'
import { conform, openRun, plan } from '../../../scripts/conformance/run.ts'

const CHECKS = plan(AREAS).map(({ check }) => check)

test('every check has a name of its own in kebab case', () => {
  const names = CHECKS.map(({ name }) => name)
  expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([])
  expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([])
})

test('every requirement is a sentence with a section of an RFC', () => {
  const wrong = CHECKS.filter(
    ({ requirement, reference }) =>
      !/^\S.*\.$/.test(requirement) || !/^RFC \d+ §\d+(\.\d+)*$/.test(reference),
  )
  expect(wrong).toEqual([])
})

const TOKEN = 'secret-of-writer'

/** A target that gives the same answer to everything but the first question. */
function monotonous(status: number, text: string, type = 'application/scim+json') {
  let asked = false
  const send: Send = () => {
    const first = !asked
    asked = true
    return {
      status: first && status !== 401 ? 200 : status,
      headers: { get: (name) => (name.toLowerCase() === 'content-type' ? type : null) },
      text: async () => text,
    }
  }
  return {
    baseUrl: 'https://scim.example/v2',
    token: TOKEN,
    send,
    readOnlyToken: 'secret-of-read-only',
    expiredToken: 'secret-of-expired',
    revokedToken: 'secret-of-revoked',
    other: { baseUrl: 'https://scim.example/other', token: 'secret-of-other' },
  }
}

async function passing(status: number, text: string, type?: string): Promise<Set<string>> {
  const results = await conform(monotonous(status, text, type))
  return new Set(results.filter(({ outcome }) => outcome === 'pass').map(({ name }) => name))
}

test('no check passes on every server that always says the same', async () => {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error']
  const error = JSON.stringify({ schemas, status: '404', detail: 'No.' })
  const servers = await Promise.all([
    passing(200, '{}'),
    passing(201, '{"id":"1"}'),
    passing(404, error),
    passing(500, 'Oops', 'text/html'),
  ])
  const names = CHECKS.map(({ name }) => name)
  expect(names.filter((name) => servers.every((passed) => passed.has(name)))).toEqual([])
})

test('no check passes on a server that always fails', async () => {
  expect([...(await passing(500, 'Oops', 'text/html'))]).toEqual([])
})

test('a server that does not answer fails every check with the reason', async () => {
  const target = monotonous(200, '{}')
  const run = await openRun(target)
  const [first] = plan(AREAS)
  if (first === undefined) throw new Error('there are no checks')
  const silent = await openRun({
    ...target,
    send: (url, request) => {
      if (request.method === 'POST' && url.endsWith('/Users')) throw new Error('Connection reset')
      return target.send(url, request)
    },
  })
  const result = await silent.perform(first.area.name, first.check)
  expect(result).toMatchObject({
    outcome: 'fail',
    failure: {
      expected: 'an answer',
      actual: 'none: Connection reset',
      request: { method: 'POST' },
    },
  })
  await run.close()
})

test('a run does not begin where nobody answers, the token is refused or nothing is SCIM', async () => {
  const silent = () => {
    throw new Error('Connection refused')
  }
  await expect(conform({ ...monotonous(200, '{}'), send: silent })).rejects.toThrow(
    /^Connection refused\.$/,
  )
  await expect(conform(monotonous(401, '{"detail":"Who is it?"}'))).rejects.toThrow(
    /^The service provider refuses the token: Who is it\?$/,
  )
  const page: Send = () => ({ status: 404, headers: { get: () => null }, text: async () => '' })
  await expect(conform({ ...monotonous(404, ''), send: page })).rejects.toThrow(
    /^There is no SCIM service provider at https:\/\/scim\.example\/v2: .* 404 and 404\.$/,
  )
})

test('no token is in any result', async () => {
  const echo: Send = (url, request) => ({
    status: 200,
    headers: { get: () => null },
    text: async () => JSON.stringify({ url, request }),
  })
  const results = await conform({ ...monotonous(200, ''), send: echo })
  const text = JSON.stringify(results)
  expect(results.some(({ outcome }) => outcome === 'fail')).toBe(true)
  for (const token of [
    TOKEN,
    'secret-of-read-only',
    'secret-of-expired',
    'secret-of-revoked',
    'secret-of-other',
  ]) {
    expect(text).not.toContain(token)
  }
})

test('what the run creates is deleted at its end, also in the other tenant', async () => {
  const alive = new Set<string>()
  const send: Send = (url, { method, body }: Outgoing) => {
    const found = /^(.*)\/(Users|Groups)(\/[^?]+)?/.exec(url)
    let status = 200
    let id = ''
    if (method === 'POST' && found && found[3] === undefined) {
      id = String(alive.size + 1)
      status = 201
      alive.add(`${found[1]}/${found[2]}/${id}`)
    }
    if (method === 'DELETE') status = alive.delete(url) ? 204 : 404
    const text = status === 204 ? '' : JSON.stringify({ id, echo: typeof body })
    return { status, headers: { get: () => null }, text: async () => text }
  }
  await conform({ ...monotonous(200, ''), send }, { areas: ['create', 'tenancy', 'groups'] })
  expect([...alive]).toEqual([])
})

test('what the server says it does not support is skipped with the reason', async () => {
  const config = { bulk: { supported: false }, sort: { supported: false } }
  const results = await conform(monotonous(200, JSON.stringify(config)), {
    areas: ['bulk', 'sort'],
  })
  const skipped = results.filter(({ outcome }) => outcome === 'skip')
  expect(new Set(skipped.map(({ reason }) => reason))).toEqual(
    new Set([
      'The server says that it does not support bulk.',
      'The server says that it does not support sorting.',
    ]),
  )
  const tried = results.filter(({ outcome }) => outcome !== 'skip').map(({ name }) => name)
  expect(tried.sort()).toEqual([
    'unsupported-bulk-is-not-implemented',
    'unsupported-sorting-is-ignored-or-refused',
  ])
})
