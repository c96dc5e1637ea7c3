/** What the variables of the two entries mean. */
import { expect, test } from 'vitest'
import { configurationOf, expiryOf } from '../../src/configuration.ts'

test('without any variable the values of wrangler.toml apply', () => {
  expect(configurationOf({})).toMatchObject({
    settings: {
      enableUserSync: false,
      enableGroupSync: false,
      rejectNonProvisionedUsers: false,
      requireExternalId: true,
    },
    operatorToken: undefined,
    maxBulkOperations: 1000,
    maxScanned: 100_000,
    serverTiming: false,
  })
})

test.each([
  ['250', 250],
  ['0', undefined],
  ['', 100_000],
  ['-1', 100_000],
  ['many', 100_000],
  ['1.5', 100_000],
])('MAX_SCANNED_ROWS=%s lets a list look through %s', (text, most) => {
  expect(configurationOf({ MAX_SCANNED_ROWS: text }).maxScanned).toBe(most)
})

test.each([
  ['true', true],
  ['TRUE', true],
  ['false', false],
  ['yes', false],
])('SERVER_TIMING=%s is %s', (text, told) => {
  expect(configurationOf({ SERVER_TIMING: text }).serverTiming).toBe(told)
})

test('each setting has a variable', () => {
  const { settings } = configurationOf({
    ENABLE_USER_SYNC: 'true',
    ENABLE_GROUP_SYNC: 'true',
    REJECT_NON_PROVISIONED_USERS: 'true',
    REQUIRE_EXTERNAL_ID: 'false',
  })
  expect(settings).toEqual({
    enableUserSync: true,
    enableGroupSync: true,
    rejectNonProvisionedUsers: true,
    requireExternalId: false,
  })
})

test('events are kept for so many days, and for good without a number', () => {
  const day = 24 * 60 * 60 * 1000
  expect(expiryOf({ EVENT_RETENTION_DAYS: '30' }, 100 * day)).toBe(70 * day)
  for (const text of [undefined, '', '0', 'x']) {
    expect(expiryOf({ EVENT_RETENTION_DAYS: text }, 100 * day)).toBeUndefined()
  }
})
