/** What the variables of the two entries mean. */
import { describe, expect, test } from 'vitest'
import { configurationOf, expiryOf } from '../../src/configuration.ts'

test('without any variable the values of wrangler.toml apply', () => {
  expect(configurationOf({})).toMatchObject({
    settings: {
      enableUserSync: false,
      enableGroupSync: false,
      rejectNonProvisionedUsers: false,
      requireExternalId: true,
      hideNonProvisionedUsers: false,
    },
    operatorToken: undefined,
    maxBulkOperations: 1000,
    maxScanned: 100_000,
    serverTiming: false,
  })
})

describe('a secret', () => {
  const strong = '0123456789abcdef0123456789abcdef'

  test.each([
    ['OPERATOR_TOKEN', 'x'],
    ['OPERATOR_TOKEN', strong.slice(1)],
    ['OPERATOR_TOKEN', ` ${strong.slice(1)} `],
    ['ENCRYPTION_KEY', strong.slice(1)],
  ])(
    'of fewer than 32 characters is refused with a sentence, and not used: %s=%j',
    (name, text) => {
      const variables = { OPERATOR_TOKEN: strong, ENCRYPTION_KEY: strong, [name]: text }
      const configuration = configurationOf(variables)
      expect(configuration.weakness).toMatch(
        new RegExp(`^${name} has fewer than 32 characters, .*; set a random one: .*\\.$`),
      )
      expect(configuration.operatorToken).toBeUndefined()
      expect(configuration.sealingSecret).toBeUndefined()
    },
  )

  test('of 32 characters is used', () => {
    const { weakness, operatorToken } = configurationOf({ OPERATOR_TOKEN: strong })
    expect([weakness, operatorToken]).toEqual([undefined, strong])
  })

  test('that is absent or empty is none', () => {
    for (const OPERATOR_TOKEN of [undefined, '']) {
      const { weakness, sealingSecret } = configurationOf({ OPERATOR_TOKEN })
      expect([weakness, sealingSecret]).toEqual([undefined, undefined])
    }
  })

  test('ENCRYPTION_KEY seals the keys in the database, else OPERATOR_TOKEN', () => {
    const other = strong.toUpperCase()
    const both = { OPERATOR_TOKEN: strong, ENCRYPTION_KEY: other }
    expect(configurationOf(both).sealingSecret).toBe(other)
    expect(configurationOf({ OPERATOR_TOKEN: strong }).sealingSecret).toBe(strong)
    expect(configurationOf({ ENCRYPTION_KEY: other }).sealingSecret).toBe(other)
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
    HIDE_NON_PROVISIONED_USERS: 'true',
  })
  expect(settings).toEqual({
    enableUserSync: true,
    enableGroupSync: true,
    rejectNonProvisionedUsers: true,
    requireExternalId: false,
    hideNonProvisionedUsers: true,
  })
})

test('events are kept for so many days, and for good without a number', () => {
  const day = 24 * 60 * 60 * 1000
  expect(expiryOf({ EVENT_RETENTION_DAYS: '30' }, 100 * day)).toBe(70 * day)
  for (const text of [undefined, '', '0', 'x']) {
    expect(expiryOf({ EVENT_RETENTION_DAYS: text }, 100 * day)).toBeUndefined()
  }
})
