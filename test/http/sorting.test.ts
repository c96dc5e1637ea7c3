/** Sorting (RFC 7644 §3.4.2.3) and pages by cursor (RFC 9865). */
import { describe, expect, test } from 'vitest'
import { CURSOR_LIFETIME } from '../../src/http/cursor.ts'
import type { Client } from '../support/client.ts'
import { createGroup, createUser, createUsers } from '../support/directory.ts'
import { makeTokenFor, tenant } from '../support/endpoint.ts'
import { expectError } from '../support/expect.ts'
import { ENTERPRISE_USER } from '../support/payload.ts'

interface Shown {
  readonly id: string
  readonly userName: string
}

const namesIn = (resources: readonly Shown[]) => resources.map(({ userName }) => userName)

/** Walks through all pages by cursor and gives the resources of each. */
async function walk(client: Client, path: string, count: number): Promise<Shown[][]> {
  const pages: Shown[][] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const separator = path.includes('?') ? '&' : '?'
    const page = await client.get(`${path}${separator}count=${count}&cursor=${cursor}`)
    expect(page.status, JSON.stringify(page.body)).toBe(200)
    expect(page.body).not.toHaveProperty('startIndex')
    pages.push(page.body.Resources)
    cursor = page.body.nextCursor
  }
  return pages
}

describe('sorting', () => {
  async function people() {
    const client = await tenant()
    await createUser(client, 'u1', {
      ...{ displayName: 'charlie', title: 'b', active: false },
      emails: [
        { value: 'z@x.example', type: 'work' },
        { value: 'a@x.example', type: 'home', primary: true },
      ],
    })
    await createUser(client, 'u2', {
      displayName: 'Bravo',
      title: 'B',
      [ENTERPRISE_USER]: { department: 'D' },
    })
    await createUser(client, 'u3', { name: { familyName: 'Ängström' }, title: 'a' })
    await createUser(client, 'u4', { displayName: 'alpha', emails: [{ value: 'm@x.example' }] })
    return client
  }

  test.each([
    ['userName', ['u1', 'u2', 'u3', 'u4']],
    ['displayName', ['u4', 'u2', 'u1', 'u3']],
    ['DISPLAYNAME', ['u4', 'u2', 'u1', 'u3']],
    ['emails', ['u1', 'u4', 'u2', 'u3']],
    ['emails.value', ['u1', 'u4', 'u2', 'u3']],
    ['name.familyName', ['u3', 'u1', 'u2', 'u4']],
    ['title', ['u3', 'u1', 'u2', 'u4']],
    ['active', ['u1', 'u2', 'u3', 'u4']],
    ['meta.created', ['u1', 'u2', 'u3', 'u4']],
    [`${ENTERPRISE_USER}:department`, ['u2', 'u1', 'u3', 'u4']],
  ])('by %s is ascending, without a value last; descending is the reverse', async (by, order) => {
    const client = await people()
    const sorted = async (more: string) => {
      const { status, body } = await client.get(`/Users?sortBy=${by}${more}`)
      expect(status, JSON.stringify(body)).toBe(200)
      return namesIn(body.Resources)
    }
    expect(await sorted('')).toEqual(order)
    expect(await sorted('&sortOrder=ascending')).toEqual(order)
    expect(await sorted('&sortOrder=Descending')).toEqual(order.toReversed())
    const pages = [1, 2, 3, 4].map((startIndex) => sorted(`&count=1&startIndex=${startIndex}`))
    expect((await Promise.all(pages)).flat()).toEqual(order)
  })

  test('goes with a filter, and totalResults counts what the filter leaves', async () => {
    const client = await people()
    const { body } = await client.get('/Users?filter=title+pr&sortBy=title&count=2')
    expect(namesIn(body.Resources)).toEqual(['u3', 'u1'])
    expect(body).toMatchObject({ totalResults: 3, startIndex: 1, itemsPerPage: 2 })
  })

  test.each([
    ['sortBy=bogus', 'invalidPath'],
    ['sortBy=name', 'invalidPath'],
    ['sortBy=password', 'invalidPath'],
    ['sortBy=meta.version', 'invalidPath'],
    ['sortBy=userName&sortOrder=sideways', 'invalidValue'],
  ])('%s is refused', async (query, scimType) => {
    const client = await tenant()
    expectError(await client.get(`/Users?${query}`), 400, { scimType })
  })

  test('orders groups, too', async () => {
    const client = await tenant()
    for (const name of ['b', 'C', 'a']) await createGroup(client, name)
    const { body } = await client.get('/Groups?sortBy=displayName')
    expect(body.Resources.map(({ displayName }: { displayName: string }) => displayName)).toEqual([
      'a',
      'b',
      'C',
    ])
  })
})

describe('pages by cursor', () => {
  test.each(['/Users', '/Users?sortBy=displayName', '/Users?sortBy=title&sortOrder=descending'])(
    'of %s hold everybody once',
    async (path) => {
      const client = await tenant()
      for (let n = 0; n < 7; n++) {
        await createUser(
          client,
          `u${n}`,
          n % 2 === 0 ? { displayName: 'same', title: `t${n}` } : {},
        )
      }
      const pages = await walk(client, path, 2)
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 2, 1])
      expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(7)
      const whole = await client.get(path)
      expect(pages.flat()).toEqual(whole.body.Resources)
    },
  )

  test('count all results on every page', async () => {
    const client = await tenant()
    await createUsers(client, ['a', 'b', 'c'])
    const first = await client.get('/Users?cursor&count=2&filter=userName+pr')
    expect(first.body).toMatchObject({ totalResults: 3, itemsPerPage: 2 })
    const next = await client.get(
      `/Users?cursor=${first.body.nextCursor}&count=2&filter=userName+pr`,
    )
    expect(next.body).toMatchObject({ totalResults: 3, itemsPerPage: 1 })
    expect(next.body).not.toHaveProperty('nextCursor')
  })

  test('skip and repeat nobody while others come and go', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['b', 'd', 'f', 'h'])
    const first = await client.get('/Users?sortBy=userName&cursor=&count=2')
    expect(namesIn(first.body.Resources)).toEqual(['b', 'd'])
    // Before and behind the place, and the very one that the cursor stands at.
    await createUsers(client, ['a', 'c', 'e', 'i'])
    await client.delete(`/Users/${ids[1]}`)
    const rest = await client.get(`/Users?sortBy=userName&cursor=${first.body.nextCursor}&count=9`)
    expect(namesIn(rest.body.Resources)).toEqual(['e', 'f', 'h', 'i'])
  })

  test('with count 0 tell the total alone', async () => {
    const client = await tenant()
    await createUsers(client, ['a', 'b'])
    for (const count of ['0', '-3']) {
      const { body } = await client.get(`/Users?cursor=&count=${count}`)
      expect(body).toMatchObject({ totalResults: 2, itemsPerPage: 0, Resources: [] })
      expect(body).not.toHaveProperty('nextCursor')
    }
    expectError(await client.get('/Users?cursor=&count=x'), 400, { scimType: 'invalidCount' })
  })

  test('are given out only when asked for', async () => {
    const client = await tenant()
    await createUsers(client, ['a', 'b'])
    const { body } = await client.get('/Users?count=1')
    expect(body).toMatchObject({ startIndex: 1, itemsPerPage: 1 })
    expect(body).not.toHaveProperty('nextCursor')
  })

  describe('refuse a cursor', () => {
    async function cursorOf() {
      const client = await tenant()
      await createUsers(client, ['a', 'b', 'c'])
      await createGroup(client, 'g')
      const { body } = await client.get('/Users?cursor=&count=1&sortBy=userName')
      return { client, cursor: String(body.nextCursor) }
    }
    const invalid = { scimType: 'invalidCursor' }

    test('that is made up, cut or changed', async () => {
      const { client, cursor } = await cursorOf()
      const flipped = `${cursor.slice(0, 20)}${cursor[20] === 'A' ? 'B' : 'A'}${cursor.slice(21)}`
      for (const wrong of ['abc', '%00', cursor.slice(0, -2), `${cursor}AAAA`, flipped]) {
        expectError(await client.get(`/Users?cursor=${wrong}&sortBy=userName`), 400, invalid)
      }
    })

    test('of another list: type, filter or order', async () => {
      const { client, cursor } = await cursorOf()
      for (const path of [
        `/Groups?cursor=${cursor}&sortBy=displayName`,
        `/?cursor=${cursor}&sortBy=userName`,
        `/Users?cursor=${cursor}`,
        `/Users?cursor=${cursor}&sortBy=displayName`,
        `/Users?cursor=${cursor}&sortBy=userName&sortOrder=descending`,
        `/Users?cursor=${cursor}&sortBy=userName&filter=userName+pr`,
      ]) {
        expectError(await client.get(path), 400, invalid)
      }
    })

    test('of another namespace', async () => {
      const { client, cursor } = await cursorOf()
      const other = await tenant({ endpoint: client.endpoint })
      expectError(await other.get(`/Users?cursor=${cursor}&sortBy=userName`), 400, invalid)
    })

    test('that is older than a day', async () => {
      const { client, cursor } = await cursorOf()
      client.endpoint.clock.offset = (CURSOR_LIFETIME + 1) * 1000
      expectError(await client.get(`/Users?cursor=${cursor}&sortBy=userName`), 400, {
        scimType: 'expiredCursor',
      })
    })

    test('only after the credential is decided', async () => {
      const { client } = await cursorOf()
      const blind = await makeTokenFor(client.endpoint, client.namespace, ['None'])
      expectError(await client.withToken(blind).get('/Users?cursor=abc'), 403)
    })
  })

  test('do not show the sort key of the last resource', async () => {
    const client = await tenant()
    for (const n of [1, 2]) await createUser(client, `u${n}`, { displayName: `Confidential${n}` })
    const { body } = await client.get('/Users?cursor=&count=1&sortBy=displayName')
    const plain = Buffer.from(body.nextCursor, 'base64url').toString('latin1')
    expect(plain).not.toContain('onfidential')
  })
})
