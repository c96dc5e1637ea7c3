/** The application behind HTTP on Node. */
import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createApp } from '../../../src/app.ts'
import { configurationOf } from '../../../src/configuration.ts'
import { API } from '../../../src/http/context.ts'
import { UNDECIDED } from '../../../src/http/pending.ts'
import { listen, MAXIMUM_WAITING } from '../../../src/node/http.ts'
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

/** Serves paths; each is answered once it is let go. */
async function serveHeld() {
  const begun: string[] = []
  const signals: AbortSignal[] = []
  const held: (() => void)[] = []
  const server = await listen('127.0.0.1', 0, async (received) => {
    const { pathname } = new URL(received.url)
    begun.push(pathname)
    signals.push(received.signal)
    await new Promise<void>((resolve) => held.push(resolve))
    return new Response(`answer to ${pathname}`)
  })
  const client = connect(Number(new URL(server.url).port), '127.0.0.1')
  let text = ''
  client.on('data', (data) => {
    text += data
  })
  const answers = () => [...text.matchAll(/answer to (\S+?)(?=HTTP|$)/g)].map(([, path]) => path)
  return { server, client, begun, signals, held, answers }
}

/** Requests that are sent in one piece, without a wait for answers. */
const requests = (count: number) =>
  Array.from({ length: count }, (_, n) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')

test('the requests of one connection are carried out one after the other', async () => {
  const { server, client, begun, held, answers } = await serveHeld()
  const all = MAXIMUM_WAITING + 1
  const paths = Array.from({ length: all }, (_, n) => `/${n}`)
  client.write(requests(all))
  for (let count = 1; count <= all; count += 1) {
    await vi.waitFor(() => expect(begun).toEqual(paths.slice(0, count)))
    held[count - 1]?.()
    await vi.waitFor(() => expect(answers()).toEqual(paths.slice(0, count)))
  }
  client.destroy()
  await server.close()
})

test('a connection with too many requests before the first answer ends, and no other is carried out', async () => {
  const { server, client, begun, held, answers } = await serveHeld()
  client.on('error', () => undefined)
  client.write(requests(2000))
  await once(client, 'close')
  held[0]?.()
  await server.close()
  expect([begun, answers()]).toEqual([['/0'], []])
})

test('requests that wait are not carried out where the client hangs up', async () => {
  const { server, client, begun, signals, held } = await serveHeld()
  client.write(requests(5))
  await vi.waitFor(() => expect(begun).toEqual(['/0']))
  client.destroy()
  await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true))
  held[0]?.()
  await server.close()
  expect(begun).toEqual(['/0'])
})
