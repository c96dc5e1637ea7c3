/** From an Authorization header to the right to act. */
import { describe, expect, test } from 'vitest'
import {
  type Authority,
  type Claim,
  decide,
  holderOf,
  readClaim,
} from '../../../src/tenancy/credential.ts'
import { type Namespace, parseNamespace } from '../../../src/tenancy/namespace.ts'
import { allPermissions, bitsOf, type Permission } from '../../../src/tenancy/permission.ts'
import { defaultSettings, effectiveSettings } from '../../../src/tenancy/settings.ts'
import { hashToken } from '../../../src/tenancy/token.ts'

const TOKEN = 'glsa_iNValIdinValiDinvalidinvalidinva_5b582697'
const NOW = 1_800_000_000_000

function namespaceOf(name: string): Namespace {
  const parsed = parseNamespace(name)
  if (!parsed.ok) throw new Error(parsed.advice)
  return parsed.namespace
}

const claimOf = (name: string): Claim => ({
  namespace: parseNamespace(name),
  bearer: { kind: 'token', hash: 'h' },
})
const operatorOf = (name: string): Claim => ({ ...claimOf(name), bearer: { kind: 'operator' } })

/** The row of a good token of `stacks-7` that may read users. */
const good: Authority = {
  namespace: namespaceOf('stacks-7'),
  settings: null,
  restore: null,
  users: 11,
  teams: 3,
  managedUsers: 7,
  managedTeams: 2,
  tokenId: 't1',
  accountId: 'a1',
  permissions: bitsOf(['org.users:read']),
  disabled: 0,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

/** The row that is read for the operator. */
const { namespace, settings, restore, users, teams, managedUsers, managedTeams } = good
const counts = { users, teams, managedUsers, managedTeams }
const bare: Authority = { namespace, settings, restore, ...counts }

const decided = (
  claim: Claim,
  authority: Authority | undefined,
  permissions: readonly Permission[] = ['org.users:read'],
) => decide(claim, authority, permissions, defaultSettings, NOW)

const otherNamespace = {
  kind: 'invalid-namespace',
  advice: 'the token belongs to another namespace.',
}

describe('the claim of a request', () => {
  const here = parseNamespace('stacks-7')

  test('is the namespace of the path and the hash of the token', () => {
    expect(readClaim(TOKEN, here)).toEqual({
      namespace: here,
      bearer: { kind: 'token', hash: hashToken(TOKEN) },
    })
  })

  test('is missing without a header', () => {
    expect(readClaim(undefined, here)).toEqual({ kind: 'missing-token' })
  })

  test('is refused where what it carries is no token', () => {
    for (const text of ['', `${TOKEN}0`, 'garbage', ` ${TOKEN}`]) {
      expect(readClaim(text, here), text).toEqual({ kind: 'invalid-token' })
    }
  })

  test('may name a malformed namespace: that is decided after the token', () => {
    const malformed = parseNamespace('stack-7')
    expect(readClaim(TOKEN, malformed)).toMatchObject({ namespace: malformed })
  })
})

describe('a good token', () => {
  test('acts with what was read of it', () => {
    const stored = '{"enableUserSync":true}'
    const authority = { ...good, settings: stored, restore: '{"lines":1}' }
    expect(decided(claimOf('stacks-7'), authority)).toEqual({
      namespace: 'stacks-7',
      actor: { kind: 'token', hash: 'h', tokenId: 't1', accountId: 'a1', expiresAt: null },
      permissions: ['org.users:read'],
      granted: 1,
      settings: { ...defaultSettings, enableUserSync: true },
      storedSettings: stored,
      storedRestore: '{"lines":1}',
      users: 11,
      teams: 3,
      managedUsers: 7,
      managedTeams: 2,
    })
  })

  test('needs every permission that is asked for', () => {
    const claim = claimOf('stacks-7')
    const both = ['org.users:read', 'teams:write'] as const
    expect(decided(claim, good, both)).toEqual({
      kind: 'missing-permission',
      permission: 'teams:write',
    })
    const permissions = bitsOf(both)
    expect(decided(claim, { ...good, permissions }, both)).toMatchObject({ granted: permissions })
    expect(decided(claim, { ...good, permissions: 0 })).toEqual({
      kind: 'missing-permission',
      permission: 'org.users:read',
    })
    expect(decided(claim, { ...good, permissions: 0 }, [])).toMatchObject({ granted: 0 })
  })

  test('whose row tells no permissions has none', () => {
    const { permissions: _none, ...rest } = good
    expect(decided(claimOf('stacks-7'), rest)).toMatchObject({ kind: 'missing-permission' })
    expect(decided(claimOf('stacks-7'), rest, [])).toMatchObject({ granted: 0 })
  })

  test('is refused in every namespace but its own', () => {
    expect(decided(claimOf('stacks-8'), good)).toEqual(otherNamespace)
    expect(decided(claimOf('default'), good)).toEqual(otherNamespace)
    expect(decided(claimOf('stack-7'), good)).toEqual({
      kind: 'invalid-namespace',
      advice: 'did you mean stacks-7?',
    })
  })

  test('hears of a foreign namespace before it hears of a missing permission', () => {
    expect(decided(claimOf('stacks-8'), { ...good, permissions: 0 })).toEqual(otherNamespace)
  })
})

describe('a token that is no good', () => {
  const faults: readonly (readonly [string, Partial<Authority>, string])[] = [
    ['is revoked', { revokedAt: NOW - 1 }, 'revoked-token'],
    ['is revoked at a time to come', { revokedAt: NOW + 1 }, 'revoked-token'],
    ['was revoked at the time 0', { revokedAt: 0 }, 'revoked-token'],
    ['has expired', { expiresAt: NOW - 1 }, 'expired-token'],
    ['expires now', { expiresAt: NOW }, 'expired-token'],
    ['belongs to a disabled account', { disabled: 1 }, 'disabled-account'],
  ]

  test.each(faults)('because it %s is refused before all else', (_, state, kind) => {
    const authority = { ...good, ...state, permissions: 0 }
    for (const name of ['stacks-7', 'stacks-8', 'stack-7']) {
      expect(decided(claimOf(name), authority), name).toEqual({ kind })
    }
    expect(holderOf(claimOf('stacks-7'), authority, NOW)).toBeUndefined()
  })

  test('because it is unknown is refused before the namespace is judged', () => {
    for (const name of ['stacks-7', 'stack-7']) {
      expect(decided(claimOf(name), undefined), name).toEqual({ kind: 'invalid-token' })
    }
  })

  test('several times over is told the first reason: expired, revoked, disabled', () => {
    const all = { ...good, revokedAt: 1, expiresAt: 1, disabled: 1 }
    expect(decided(claimOf('stacks-7'), all)).toEqual({ kind: 'expired-token' })
    expect(decided(claimOf('stacks-7'), { ...all, expiresAt: null })).toEqual({
      kind: 'revoked-token',
    })
  })
})

test('a token is good until the moment it expires', () => {
  expect(decided(claimOf('stacks-7'), { ...good, expiresAt: NOW + 1 })).toMatchObject({
    actor: { kind: 'token' },
  })
})

describe('the operator', () => {
  test('may do everything in a namespace that there is', () => {
    const needed = ['settings:write', 'serviceaccounts:delete'] as const
    expect(decided(operatorOf('stacks-7'), bare, needed)).toEqual({
      namespace: 'stacks-7',
      actor: { kind: 'operator' },
      permissions: needed,
      granted: allPermissions,
      settings: defaultSettings,
      storedSettings: null,
      storedRestore: null,
      users: 11,
      teams: 3,
      managedUsers: 7,
      managedTeams: 2,
    })
  })

  test('hears that a namespace is unknown or malformed', () => {
    expect(decided(operatorOf('stacks-9'), undefined)).toEqual({
      kind: 'unknown-namespace',
      namespace: 'stacks-9',
    })
    expect(decided(operatorOf('org-1'), undefined)).toEqual({
      kind: 'invalid-namespace',
      advice: 'did you mean default?',
    })
  })

  test('is not given the rows of another namespace', () => {
    expect(decided(operatorOf('stacks-8'), bare)).toEqual(otherNamespace)
  })

  test('is not judged by the state of any token', () => {
    const { disabled: _, ...rest } = good
    const authority = { ...rest, disabled: 1, revokedAt: 1, permissions: 0 }
    expect(decided(operatorOf('stacks-7'), authority)).toMatchObject({ granted: allPermissions })
  })
})

describe('whose token a claim carries', () => {
  test('is told by its own namespace, wherever it was used', () => {
    for (const name of ['stacks-7', 'stacks-8', 'stack-7']) {
      expect(holderOf(claimOf(name), good, NOW)).toEqual({
        hash: 'h',
        tokenId: 't1',
        accountId: 'a1',
        namespace: 'stacks-7',
        hasConflicts: false,
      })
      expect(holderOf(claimOf(name), { ...good, hasConflicts: 1 }, NOW)?.hasConflicts).toBe(true)
    }
  })

  test('is nobody for the operator and for an unknown token', () => {
    expect(holderOf(operatorOf('stacks-7'), good, NOW)).toBeUndefined()
    expect(holderOf(claimOf('stacks-7'), undefined, NOW)).toBeUndefined()
  })
})

test('the settings that apply are the stored ones, and those of the file where none is stored', () => {
  const file = { ...defaultSettings, enableGroupSync: true }
  expect(effectiveSettings(file, null)).toEqual(file)
  expect(effectiveSettings(file, '{}')).toEqual(file)
  expect(effectiveSettings(file, '{"enableGroupSync":false,"requireExternalId":false}')).toEqual({
    enableUserSync: false,
    enableGroupSync: false,
    rejectNonProvisionedUsers: false,
    requireExternalId: false,
    hideNonProvisionedUsers: false,
  })
  expect(defaultSettings).toEqual({
    enableUserSync: false,
    enableGroupSync: false,
    rejectNonProvisionedUsers: false,
    requireExternalId: true,
    hideNonProvisionedUsers: false,
  })
})
