import { describe, expect, test } from 'vitest'
import { type Answer, admin, lines } from './harness.ts'

const namespace = {
  name: 'stacks-5',
  settings: {
    enableUserSync: true,
    enableGroupSync: false,
    rejectNonProvisionedUsers: false,
    requireExternalId: true,
  },
  users: 3,
  teams: 1,
  createdAt: '2026-11-24T10:00:00.000Z',
}

const conflict: Answer = [409, { message: 'stacks-5 exists already', statusCode: 409 }]

describe('namespace history', () => {
  test('lists what was created and deleted', async () => {
    const change = {
      namespace: 'stacks-5',
      action: 'namespace.create',
      at: '2026-11-24T10:00:00.000Z',
      completedAt: '2026-11-24T10:00:00.000Z',
      actor: { operator: true },
      requestId: 'r1',
    }
    const deletion = { ...change, action: 'namespace.delete', completedAt: null, requestId: 'r2' }
    const { status, out, calls } = await admin(
      ['namespace', 'history', 'stacks-5'],
      [[200, { changes: [deletion, change] }]],
    )
    expect(calls).toEqual([['GET /history?namespace=stacks-5&limit=1000']])
    expect(status).toBe(0)
    expect(out).toBe(
      lines(
        'AT                       ACTION            NAMESPACE  COMPLETED                REQUEST',
        '2026-11-24 10:00:00 UTC  namespace.delete  stacks-5   not yet                  r2',
        '2026-11-24 10:00:00 UTC  namespace.create  stacks-5   2026-11-24 10:00:00 UTC  r1',
      ),
    )
  })
})

describe('namespace create', () => {
  test('sends only the settings that were given', async () => {
    const { status, calls } = await admin(
      ['namespace', 'create', 'stacks-5', '--user-sync', '--no-require-external-id'],
      [[201, namespace]],
    )
    expect(status).toBe(0)
    const settings = { enableUserSync: true, requireExternalId: false }
    expect(calls).toEqual([['POST ', { name: 'stacks-5', settings }]])
  })

  test('prints the object with --json, wherever the option stands', async () => {
    for (const args of [
      ['namespace', 'create', 'stacks-5', '--json'],
      ['--json', 'namespace', 'create', 'stacks-5'],
    ]) {
      const { out, error } = await admin(args, [[201, namespace]])
      expect(JSON.parse(out)).toEqual(namespace)
      expect(error).toBe('')
    }
  })

  test('fails in one sentence when the namespace exists', async () => {
    const { status, out, error } = await admin(['namespace', 'create', 'stacks-5'], [conflict])
    expect({ status, out, error }).toEqual({
      status: 1,
      out: '',
      error: 'stacks-5 exists already.',
    })
  })

  test('gives the existing namespace with --if-missing', async () => {
    const { status, out } = await admin(
      ['namespace', 'create', 'stacks-5', '--if-missing', '--json'],
      [conflict, [200, { items: [{ ...namespace, name: 'default' }, namespace] }]],
    )
    expect(status).toBe(0)
    expect(JSON.parse(out)).toEqual(namespace)
  })

  test('asks for it by its name with --if-missing where namespaces cannot be listed', async () => {
    const { name, ...rest } = namespace
    const { status, out, calls } = await admin(
      ['namespace', 'create', 'stacks-5', '--if-missing', '--json'],
      [
        conflict,
        [501, { message: 'there is no list', statusCode: 501 }],
        [200, { namespace: name, ...rest, retained: 0 }],
      ],
    )
    expect(status).toBe(0)
    expect(JSON.parse(out)).toEqual(namespace)
    expect(calls.slice(1)).toEqual([['GET '], ['GET /stacks-5/status']])
  })
})

describe('namespace list and delete', () => {
  test('list prints a table, or an array with --json', async () => {
    const { out } = await admin(['namespace', 'list'], [[200, { items: [namespace] }]])
    expect(out).toBe(
      lines(
        'NAME      USERS  TEAMS  USER SYNC  GROUP SYNC  EXTERNALID  CREATED',
        'stacks-5      3      1  on         off         required    2026-11-24 10:00:00 UTC',
      ),
    )
    const json = await admin(['namespace', 'list', '--json'], [[200, { items: [] }]])
    expect(JSON.parse(json.out)).toEqual([])
  })

  test('delete asks for --yes and touches nothing without it', async () => {
    const { status, error, calls } = await admin(['namespace', 'delete', 'stacks-5'])
    expect(status).toBe(1)
    expect(error).toMatch(/^Deleting stacks-5 removes .* add --yes to confirm\.$/)
    expect(calls).toEqual([])
  })

  test('delete with --yes', async () => {
    const { out, calls } = await admin(
      ['namespace', 'delete', 'stacks-5', '--yes', '--json'],
      [[204]],
    )
    expect(JSON.parse(out)).toEqual({ name: 'stacks-5', deleted: true })
    expect(calls).toEqual([['DELETE /stacks-5']])
  })
})
