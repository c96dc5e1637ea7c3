/** One line of the log for every request: short, and without what the request says of people. */
import { describe, expect, test } from 'vitest'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import { StoreFailure } from '../../src/store/failure.ts'
import { Client } from '../support/client.ts'
import { binding, makeEndpoint, ORIGIN, tenant } from '../support/endpoint.ts'
import { accountWithToken } from '../support/operator.ts'
import { userBody } from '../support/payload.ts'

/** What is found where a namespace should be: a token, an address, a secret, a long text. */
const PASTED = [
  `glsa_${'A'.repeat(32)}_d8dc8af3`,
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ',
  'ada@secret.example',
  '4f1d8a07c2b95e3604f1d8a07c2b95e36',
  'hunter2-pasted',
  `stacks-${'9'.repeat(100_000)}`,
]

describe('the log', () => {
  test.each(PASTED)('names no namespace that is none: %.40s', async (pasted) => {
    const endpoint = makeEndpoint()
    const client = new Client(endpoint.fetch, `${ORIGIN}${API}/${pasted}`, undefined)
    for (const path of ['/Users', '/config/default', '/nowhere', '']) await client.get(path)
    await client.request('DELETE', '')
    expect(endpoint.log).toHaveLength(5)
    for (const line of endpoint.log) {
      expect(line).not.toHaveProperty('namespace')
      const text = JSON.stringify(line)
      expect(text).not.toContain(pasted.slice(0, 12))
      expect(text.length).toBeLessThan(1000)
    }
  })

  test('names the namespace that is one, whether it is there or not', async () => {
    const client = await tenant()
    await client.get('/Users')
    await new Client(client.send, `${ORIGIN}${API}/org-77`, undefined).get('/Users')
    expect(client.endpoint.log.slice(-2)).toMatchObject([
      { namespace: client.namespace, route: `${API}/:namespace/Users`, status: 200 },
      { namespace: 'org-77', status: 401 },
    ])
  })

  test('says who asked, what it cost, and why it was refused', async () => {
    const { client, account, token, holder, operator } = await accountWithToken(['org.users:read'])
    const lines = async (send: () => Promise<unknown>) => {
      client.endpoint.log.length = 0
      await send()
      return client.endpoint.log
    }
    const ids = { account: account.id, token: token.id }
    const read = await lines(() => holder.get('/Users'))
    expect(read).toMatchObject([{ ...ids, status: 200, trips: 1 }])
    expect(read[0]).not.toHaveProperty('messageId')
    const messageId = 'accesscontrol.permission-denied'
    const denied = await lines(async () => {
      await holder.post('/Users', userBody('ada'))
      await holder.get('/config/default')
      await holder.get('/Users?filter=x')
    })
    expect(denied).toMatchObject([
      { ...ids, status: 403, messageId, trips: 1 },
      { ...ids, status: 403, messageId, trips: 1 },
      { ...ids, status: 400, messageId: 'scim.invalidFilter', trips: 1 },
    ])
    const [written] = await lines(() => client.post('/Users', userBody('ada')))
    expect(written).toMatchObject({ status: 201, trips: 2 })
    const strangers = await lines(async () => {
      await holder.withToken('glsa_x').get('/Users')
      await operator.get('/config/default')
    })
    expect(strangers).toMatchObject([
      { status: 401, messageId: 'api-key.invalid', trips: 0 },
      { status: 200, trips: 1 },
    ])
    for (const line of strangers) expect(line).not.toHaveProperty('account')
    expect(JSON.stringify(denied)).not.toContain(holder.token?.slice(5, 37))
  })

  test('keeps of a fault a short text, without what looks like a token or an address', async () => {
    const inner = d1(binding)
    const failure = { now: undefined as Error | undefined }
    const endpoint = makeEndpoint({
      batch(mode, statements) {
        return failure.now === undefined
          ? inner.batch(mode, statements)
          : Promise.reject(failure.now)
      },
    })
    const client = await tenant({ endpoint })
    const told = `near "glsa_${'A'.repeat(32)}_d8dc8af3" of ada@secret.example`
    failure.now = new StoreFailure(
      'check',
      undefined,
      new Error(`${told} ${'x y '.repeat(50_000)}`),
    )
    expect((await client.post('/Users', userBody('ada'))).status).toBe(503)
    failure.now = Object.assign(new Error('x'), { name: told.repeat(1000), stack: '' })
    expect((await client.post('/Users', userBody('ada'))).status).toBe(503)
    for (const line of endpoint.log.slice(-2) as { readonly error?: string }[]) {
      expect(line.error).toMatch(/\w/)
      expect(line.error).not.toMatch(/glsa_|ada@/)
      expect(line.error?.length).toBeLessThanOrEqual(1000)
    }
  })
})
