/** /healthz: whether the database answers and is new enough, at a cost that no stranger raises. */
import { describe, expect, test } from 'vitest'
import { d1 } from '../../src/store/d1.ts'
import { type Database, render } from '../../src/store/database.ts'
import { oneForEach } from '../../src/store/databases.ts'
import { StoreFailure } from '../../src/store/failure.ts'
import { binding, makeEndpoint } from '../support/endpoint.ts'

type Endpoint = ReturnType<typeof makeEndpoint>

async function ask(endpoint: Endpoint) {
  const answer = await endpoint.fetch(new Request('https://scim.example/healthz'))
  return { status: answer.status, body: await answer.json() }
}

/** The test database, with another record of migrations. */
function recording(table: string | undefined, last: unknown): Database {
  const inner = d1(binding)
  return {
    async batch(mode, statements, observe) {
      const texts = statements.map((statement) => render(statement).sql)
      if (texts.some((text) => text.includes('sqlite_master'))) {
        return [table === undefined ? [] : [{ name: table }]] as never
      }
      if (texts.some((text) => text.includes('migrations'))) return [[{ last }]] as never
      return inner.batch(mode, statements, observe)
    },
  }
}

describe('/healthz', () => {
  test('needs no token and is 200 where the database has every migration', async () => {
    expect(await ask(makeEndpoint())).toEqual({ status: 200, body: { status: 'ok' } })
  })

  test.each([
    ['an older one on D1', 'd1_migrations', '0001_guard.sql'],
    ['an older one on libSQL', '__drizzle_migrations', 1_795_539_094_877],
    ['none', undefined, undefined],
  ])(
    'is 503 and names the migration that is missing where the last is %s',
    async (_, table, last) => {
      const { status, body } = await ask(makeEndpoint(recording(table, last)))
      expect(status).toBe(503)
      expect(body).toEqual({
        status: 'fail',
        detail: expect.stringMatching(
          /^The database lacks the migration \d{4}_\w+; apply the migrations\.$/,
        ),
      })
    },
  )

  test.each([
    ['on D1', 'd1_migrations', '9999_future.sql'],
    ['on libSQL', '__drizzle_migrations', 9_795_539_094_877],
  ])('is 200 where the database is newer: %s', async (_, table, last) => {
    expect((await ask(makeEndpoint(recording(table, last)))).status).toBe(200)
  })

  test('is 503 where the database does not answer, and says nothing else about it', async () => {
    const endpoint = makeEndpoint({
      batch: () => Promise.reject(new StoreFailure('unavailable', undefined, new Error('secret'))),
    })
    const body = { status: 'fail', detail: 'The database does not answer.' }
    expect(await ask(endpoint)).toEqual({ status: 503, body })
  })

  test('asks the database once in five seconds, however often it is asked', async () => {
    const endpoint = makeEndpoint()
    for (let times = 0; times < 100; times += 1) await ask(endpoint)
    expect(endpoint.batches).toEqual([
      { mode: 'read', statements: 1 },
      { mode: 'read', statements: 1 },
    ])
    endpoint.clock.offset = 5000
    await Promise.all(Array.from({ length: 100 }, () => ask(endpoint)))
    expect(endpoint.batches).toHaveLength(4)
  })

  test('says where each namespace has its own database that it asks none', async () => {
    const endpoint = makeEndpoint(undefined, {
      databases: oneForEach(() => {
        throw new Error('not asked')
      }),
    })
    const body = { status: 'ok', detail: 'Each namespace has its own database.' }
    expect(await ask(endpoint)).toEqual({ status: 200, body })
  })
})
