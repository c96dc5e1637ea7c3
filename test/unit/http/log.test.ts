/** The line of the log of a request that no test of the Worker can send. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { ScimEnv } from '../../../src/http/context.ts'
import { logLine } from '../../../src/http/log.ts'

const app = new Hono<ScimEnv>()
app.all('/:namespace', (c) => {
  c.set('requestId', 'r1')
  c.set('meter', { trips: 2, milliseconds: 3 })
  return c.json(logLine(c, 0, 5))
})

const lineOf = async (path: string, method: string) => (await app.request(path, { method })).json()

test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is named', async (method) => {
  expect(await lineOf('/org-2', method)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    requestId: 'r1',
    method,
    route: '/:namespace',
    namespace: 'org-2',
    status: 200,
    trips: 2,
    milliseconds: 5,
  })
})

test.each([`glsa_${'A'.repeat(32)}_d8dc8af3`, 'X'.repeat(10_000), 'PURGE'])(
  'a method that is none of HTTP is not named: %.20s',
  async (method) => {
    expect(await lineOf('/org-2', method)).toMatchObject({ method: 'other' })
  },
)
