/** The application behind HTTP on Node. */
import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { afterEach, expect, test, vi } from 'vitest'
import { createApp } from '../../../src/app.ts'
import { configurationOf } from '../../../src/configuration.ts'
import { API } from '../../../src/http/context.ts'
import { UNDECIDED } from '../../../src/http/pending.ts'
import { listen } from '../../../src/node/http.ts'
import { missing, oneForAll } from '../../../src/store/databases.ts'

afterEach(() => void vi.useRealTimers())

const OPERATOR_TOKEN = 'an-operator-token-of-this-test-alone'

/** The answer to a request whose body was begun. */
async function answerTo(sent: ClientRequest) {
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, body: JSON.parse(text) }
}

test('a body whose end is withheld is answered with 408, and its connection ends', async () => {
  const app = createApp({
    ...configurationOf({ OPERATOR_TOKEN }),
    databases: oneForAll(missing),
    log: () => undefined,
  })
  const server = await listen('127.0.0.1', 0, (received, bindings, context) =>
    app.fetch(received, bindings, context as never),
  )
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}`, 'Content-Length': '100' }
  const sent = request(`${server.url}${API}`, { method: 'POST', headers })
  const ended = once(sent, 'close')
  sent.write('{"name":')
  while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve))
  vi.advanceTimersByTime(UNDECIDED.seconds * 1000)
  const { status, body } = await answerTo(sent)
  expect(status).toBe(408)
  expect(body.message).toContain(`did not arrive within ${UNDECIDED.seconds} seconds`)
  vi.useRealTimers()
  sent.destroy()
  await ended
  await server.close()
})
