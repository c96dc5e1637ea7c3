import { expect, test } from 'vitest'
import { admin, lines } from './harness.ts'

const spec = {
  enableUserSync: true,
  enableGroupSync: false,
  rejectNonProvisionedUsers: false,
  requireExternalId: true,
  hideNonProvisionedUsers: false,
}

const config = {
  apiVersion: 'scim.grafana.app/v0alpha1',
  kind: 'SCIMConfig',
  metadata: { name: 'default', namespace: 'stacks-5' },
  spec,
  status: { source: 'file' },
}

const IN = ['--namespace', 'stacks-5']
const PATH = '/stacks-5/config/default'

test('settings show prints what applies and where it comes from', async () => {
  const { out, calls } = await admin(['settings', 'show', ...IN], [[200, config]])
  expect(calls).toEqual([[`GET ${PATH}`]])
  expect(out).toBe(
    lines(
      'User sync                     on',
      'Group sync                    off',
      'Reject non-provisioned users  off',
      'externalId                    required',
      'Hide non-provisioned users    off',
      "Source                        the deployment's file",
    ),
  )
})

test('settings show --json prints the SCIMConfig as it came', async () => {
  const { out } = await admin(['settings', 'show', ...IN, '--json'], [[200, config]])
  expect(JSON.parse(out)).toEqual(config)
})

test('settings set keeps what is not named', async () => {
  const changed = { ...spec, enableGroupSync: true, requireExternalId: false }
  const { status, out, calls } = await admin(
    ['settings', 'set', ...IN, '--group-sync', 'on', '--require-external-id', 'off'],
    [
      [200, config],
      [201, { ...config, spec: changed, status: { source: 'database' } }],
    ],
  )
  expect(status).toBe(0)
  expect(calls).toEqual([[`GET ${PATH}`], [`PUT ${PATH}`, { spec: changed }]])
  expect(out).toContain('Group sync                    on')
  expect(out).toContain('Source                        this namespace')
})

test('settings set turns each switch by its own option', async () => {
  const { calls } = await admin(
    [
      ...['settings', 'set', ...IN, '--user-sync', 'off', '--reject-non-provisioned-users', 'on'],
      ...['--hide-non-provisioned-users', 'on'],
    ],
    [
      [200, config],
      [200, config],
    ],
  )
  expect(calls[1]?.[1]).toEqual({
    spec: {
      ...spec,
      ...{ enableUserSync: false, rejectNonProvisionedUsers: true, hideNonProvisionedUsers: true },
    },
  })
})

test('settings reset forgets what was stored', async () => {
  const { out, calls } = await admin(
    ['settings', 'reset', ...IN],
    [[200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }]],
  )
  expect(calls).toEqual([[`DELETE ${PATH}`]])
  expect(out).toBe('The settings of stacks-5 are those of the deployment again.')
})

test('settings reset says when nothing was stored', async () => {
  const detail = 'Nothing is stored for stacks-5; the settings of the file apply.'
  const { status, error } = await admin(
    ['settings', 'reset', ...IN],
    [[404, { message: 'not found', detail }]],
  )
  expect({ status, error }).toEqual({ status: 1, error: detail })
})
