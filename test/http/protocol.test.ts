import { expect, test } from 'vitest'
import { tenant } from '../support/endpoint.ts'

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'

test('cursor walk with sort', async () => {
  const client = await tenant()
  for (const [n, name] of ['c', 'A', 'b', undefined, 'É'].entries()) {
    await client.post('/Users', {
      userName: `u${n}`,
      externalId: `e${n}`,
      ...(name ? { displayName: name } : {}),
    })
  }
  for (const order of ['ascending', 'descending']) {
    const seen: string[] = []
    let cursor: string | undefined = ''
    let pages = 0
    while (cursor !== undefined) {
      const page = await client.get(
        `/Users?cursor=${cursor}&count=2&sortBy=displayName&sortOrder=${order}`,
      )
      expect(page.status, JSON.stringify(page.body)).toBe(200)
      expect(page.body.totalResults).toBe(5)
      seen.push(...page.body.Resources.map((u: { userName: string }) => u.userName))
      cursor = page.body.nextCursor
      pages++
    }
    expect(pages).toBe(3)
    expect(seen).toEqual(
      order === 'ascending' ? ['u1', 'u2', 'u0', 'u4', 'u3'] : ['u3', 'u4', 'u0', 'u2', 'u1'],
    )
  }
  expect((await client.get('/Users?cursor=abc')).body.scimType).toBe('invalidCursor')
})

test('root query and search', async () => {
  const client = await tenant()
  const u = await client.post('/Users', { userName: 'u', externalId: 'e', displayName: 'X' })
  const g = await client.post('/Groups', { displayName: 'X', members: [{ value: u.body.id }] })
  const all = await client.post('/.search', { schemas: [SEARCH], filter: 'displayName eq "x"' })
  expect(all.status, JSON.stringify(all.body)).toBe(200)
  expect(all.body.totalResults).toBe(2)
  expect(all.body.Resources.map((r: { id: string }) => r.id)).toEqual([
    g.body.id,
    (await client.get(`/Users/${u.body.id}`)).body.id,
  ])
  const groups = await client.get(`/?filter=${encodeURIComponent('meta.resourceType eq "Group"')}`)
  expect(groups.body.totalResults).toBe(1)
  expect(groups.body.Resources[0].members).toHaveLength(1)
  const un = await client.get(`/?filter=${encodeURIComponent('not (userName pr)')}`)
  expect(un.body.totalResults).toBe(1)
  expect((await client.get('/')).body.totalResults).toBe(2)
})

test('bulk', async () => {
  const client = await tenant()
  const ops = [
    {
      method: 'POST',
      path: '/Groups',
      bulkId: 'g',
      data: { displayName: 'G', members: [{ value: 'bulkId:a' }, { value: 'bulkId:b' }] },
    },
    {
      method: 'POST',
      path: '/Users',
      bulkId: 'a',
      data: {
        userName: 'a',
        externalId: 'a',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
          manager: { value: 'bulkId:b' },
        },
      },
    },
    {
      method: 'POST',
      path: '/Users',
      bulkId: 'b',
      data: {
        userName: 'b',
        externalId: 'b',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
          manager: { value: 'bulkId:a' },
        },
      },
    },
    { method: 'POST', path: '/Users', bulkId: 'c', data: { userName: 'c', externalId: 'c' } },
    { method: 'POST', path: '/Users', bulkId: 'd', data: { userName: 'C', externalId: 'd' } },
    {
      method: 'PATCH',
      path: '/Users/bulkId:c',
      data: {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'add', path: 'title', value: 'T' }],
      },
    },
    { method: 'DELETE', path: '/Users/nobody' },
  ]
  const res = await client.post('/Bulk', { schemas: [BULK], Operations: ops })
  expect(res.status, JSON.stringify(res.body)).toBe(200)
  expect(
    res.body.Operations.map((o: { status: string }) => o.status),
    JSON.stringify(res.body),
  ).toEqual(['201', '201', '201', '201', '409', '200', '404'])
  const g = await client.get('/Groups')
  expect(g.body.Resources[0].members).toHaveLength(2)
  const a = await client.find('/Users', 'userName eq "a"')
  const b = await client.find('/Users', 'userName eq "b"')
  const ENT = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
  expect(a.body.Resources[0][ENT].manager.value).toBe(b.body.Resources[0].id)
  expect(b.body.Resources[0][ENT].manager.value).toBe(a.body.Resources[0].id)
  const many = Array.from({ length: 1000 }, (_, n) => ({
    method: 'POST',
    path: '/Users',
    bulkId: `m${n}`,
    data: {
      userName: `m${n}`,
      externalId: `m${n}`,
      emails: [{ value: `m${n}@x.org`, type: 'work' }],
    },
  }))
  client.endpoint.batches.length = 0
  const big = await client.post('/Bulk', { schemas: [BULK], Operations: many })
  expect(new Set(big.body.Operations.map((o: { status: string }) => o.status))).toEqual(
    new Set(['201']),
  )
  console.log(client.endpoint.batches)
  expect((await client.get('/Users?count=0')).body.totalResults).toBe(1003)
})
