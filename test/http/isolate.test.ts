/** What is made once for all requests of an isolate. */
import { expect, test } from 'vitest'
import handler, { type Environment } from '../../src/worker.ts'
import { binding, OPERATOR_TOKEN, ORIGIN } from '../support/endpoint.ts'

test('the application is made once for all requests, from an environment that is read once', async () => {
  const read: PropertyKey[] = []
  const variables: Environment = { DB: binding, OPERATOR_TOKEN, RATE_LIMITS: 'off' }
  const environment = new Proxy(variables, {
    get(target, name) {
      read.push(name)
      return Reflect.get(target, name)
    },
  })
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} }
  const ask = async () =>
    handler.fetch(new Request(`${ORIGIN}/health`), environment, context as never)
  expect((await ask()).status).toBe(200)
  expect(read).toContain('OPERATOR_TOKEN')
  read.length = 0
  expect((await ask()).status).toBe(200)
  expect(read).toEqual([])
})
