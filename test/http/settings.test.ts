/** Settings as Grafana's SCIMConfig, the way its Terraform provider reads and writes them. */
import { describe, expect, test } from 'vitest'
import { Client } from '../support/client.ts'
import { createUser } from '../support/directory.ts'
import {
  freshNamespace,
  makeEndpoint,
  makeInterruptedEndpoint,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { operatorOf } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'
const PATH = '/config/default'
const FILE = {
  enableUserSync: false,
  enableGroupSync: false,
  rejectNonProvisionedUsers: false,
  requireExternalId: true,
  hideNonProvisionedUsers: false,
}

function config(namespace: string, spec: object, source: 'file' | 'database') {
  return {
    apiVersion: 'scim.grafana.app/v0alpha1',
    kind: 'SCIMConfig',
    metadata: { name: 'default', namespace },
    spec,
    status: { source },
  }
}

/** A namespace without settings of its own. */
async function plain() {
  const client = await tenant()
  await query('update namespace set settings = null where name = ?', client.namespace)
  return { client, operator: operatorOf(client), namespace: client.namespace }
}

describe('settings', () => {
  test('go through the life of a Terraform resource', async () => {
    const { operator, namespace } = await plain()
    const file = { status: 200, body: config(namespace, FILE, 'file') }
    expect(await operator.get(PATH)).toMatchObject(file)
    const spec = { enableUserSync: true, enableGroupSync: true, rejectNonProvisionedUsers: false }
    const { apiVersion, kind, metadata } = config(namespace, spec, 'file')
    const body = { apiVersion, kind, metadata, spec }
    const stored = config(namespace, { ...FILE, ...spec }, 'database')
    const created = await operator.put(PATH, body)
    expect(created).toMatchObject({ status: 201, body: stored })
    expect(created.headers.get('Content-Type')).toBe('application/json')
    expect(await operator.put(PATH, body)).toMatchObject({ status: 200, body: stored })
    expect((await operator.get(PATH)).body).toEqual(stored)
    expect(await operator.delete(PATH)).toMatchObject({ status: 200, body: { status: 'Success' } })
    expectAdminError(await operator.delete(PATH), 404, namespace)
    expect(await operator.get(PATH)).toMatchObject(file)
    expect((await eventsOf(namespace, /^settings/)).slice(-2)).toMatchObject([
      { action: 'settings.update', subject: 'config/default', changes: { before: FILE } },
      { action: 'settings.reset', changes: { after: FILE } },
    ])
  })

  test.each([
    [undefined, 'file'],
    [{}, 'file'],
    [{ enableUserSync: false }, 'database'],
  ])('of a namespace created with %j are those of the %s', async (settings, source) => {
    const endpoint = makeEndpoint()
    const operator = new Client(endpoint.fetch, `${ORIGIN}${NAMESPACES}`, OPERATOR_TOKEN)
    const name = freshNamespace()
    expect((await operator.post('', { name, settings })).status).toBe(201)
    const { body } = await operator.get(`/${name}${PATH}`)
    expect(body).toEqual(config(name, FILE, source as 'file' | 'database'))
  })

  test('that are left out are off, but those that Grafana lacks keep their value', async () => {
    const { operator } = await plain()
    const ours = { requireExternalId: false, hideNonProvisionedUsers: true }
    await operator.put(PATH, { spec: { enableUserSync: true, ...ours } })
    const { body } = await operator.put(PATH, { spec: { enableGroupSync: true } })
    expect(body.spec).toEqual({ ...FILE, enableGroupSync: true, ...ours })
  })

  test('that are what they were are not written again, whichever are named and left out', async () => {
    const { operator, namespace } = await plain()
    const spec = { enableUserSync: true, requireExternalId: true, hideNonProvisionedUsers: false }
    await operator.put(PATH, { spec })
    const before = await dump(namespace)
    const { requireExternalId, hideNonProvisionedUsers, ...bare } = spec
    for (const more of [{}, { requireExternalId }, { hideNonProvisionedUsers }, spec]) {
      const answer = await operator.put(PATH, { spec: { ...more, ...bare } })
      expect(answer).toMatchObject({ status: 200, body: { spec: { ...FILE, ...spec } } })
      expect(await dump(namespace)).toBe(before)
    }
  })

  test.each([
    ['another kind', { kind: 'Secret', spec: {} }, /kind/],
    ['another version', { apiVersion: 'v1', spec: {} }, /apiVersion/],
    ['another name', { metadata: { name: 'other' }, spec: {} }, /metadata\.name/],
    ['another namespace', { metadata: { namespace: 'stacks-1' }, spec: {} }, /metadata\.namespace/],
    ['no spec', {}, /spec/],
    ['a misspelt setting', { spec: { enableUsersync: true } }, /enableUsersync/],
    ['a text for a switch', { spec: { enableUserSync: 'true' } }, /spec\.enableUserSync/],
  ])('of %s are 400 that says so, and nothing changes', async (_, body, detail) => {
    const { operator, namespace } = await plain()
    const before = await dump(namespace)
    expectAdminError(await operator.put(PATH, body), 400, detail)
    expect(await dump(namespace)).toBe(before)
  })

  test('apply with the next request: a write while a sync is off is 403 that names it', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const user = await createUser(client, 'ada')
    await operator.put(PATH, { spec: {} })
    const refused = await client.post('/Users', userBody('b'))
    expectError(refused, 403, { messageId: 'scim.user-sync-disabled' })
    expect(refused.body.detail).toMatch(/enableUserSync.*config\/default/)
    const group = await client.post('/Groups', groupBody('G'))
    expectError(group, 403, { messageId: 'scim.group-sync-disabled' })
    expect(group.body.detail).toMatch(/enableGroupSync/)
    expect((await client.get(`/Users/${user.id}`)).status).toBe(200)
    await operator.put(PATH, { spec: { enableUserSync: true } })
    expect((await client.post('/Users', userBody('b'))).status).toBe(201)
  })

  test('that are switched between read and write stop the write', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const client = await tenant({ endpoint })
    interruption.meanwhile = () => operatorOf(client).put(PATH, { spec: {} })
    expectError(await client.post('/Users', userBody('ada')), 403)
    expect(JSON.parse(await dump(client.namespace)).user).toEqual([])
  })

  test.each([
    ['GET', 'settings:read', undefined],
    ['PUT', 'settings:write', { spec: { enableUserSync: true } }],
    ['DELETE', 'settings:write', undefined],
  ])('%s needs %s, and keeps to its namespace', async (method, permission, body) => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    await expectGuarded(client, other, { method, path: PATH, body, permissions: [permission] })
  })
})
