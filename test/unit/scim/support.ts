/** What the tests of the protocol have in common. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { ProtocolError, type ProtocolReason } from '../../../src/scim/error.ts'
import type { Json, JsonObject } from '../../../src/scim/json.ts'
import { applyChanges } from '../../../src/scim/patch/apply.ts'
import { PATCH_OP, readOperations } from '../../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../../src/scim/patch/target.ts'
import { renderGroup, renderUser } from '../../../src/scim/resource/render.ts'
import type { Attributes } from '../../../src/scim/resource/resource.ts'
import { groupType, userType } from '../../../src/scim/schema/resource-type.ts'

export const BASE = 'https://scim.example.com/v2'
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'

/** Expects a refusal with this keyword, whose detail says all of these words. */
export function expectRefusal(
  act: () => unknown,
  scimType: ProtocolReason['scimType'],
  ...words: readonly string[]
): void {
  const reason = reasonOf(act)
  expect(reason).toEqual({ kind: 'protocol', scimType, detail: expect.any(String) })
  for (const word of words) expect(reason.detail).toContain(word)
}

/** Why the protocol refuses. Whatever else is thrown goes through. */
export function reasonOf(act: () => unknown): ProtocolReason {
  try {
    act()
  } catch (error) {
    if (error instanceof ProtocolError) return error.reason
    throw error
  }
  throw new Error('Nothing was refused.')
}

/** Freezes a value and all that it holds, so that a write to it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner)
    Object.freeze(value)
  }
  return value
}

/** A PatchOp message with these operations. */
export function patchBody(...operations: readonly Json[]): JsonObject {
  return { schemas: [PATCH_OP], Operations: operations }
}

/** A user as it is returned. */
export function userResource(attributes: Attributes): JsonObject {
  return renderUser(BASE, {
    id: 'u1',
    attributes,
    createdAt: Date.UTC(2026, 0, 1),
    lastModified: Date.UTC(2026, 0, 2),
    version: 'W/"1"',
    groups: [{ id: 'g1', name: 'Engineering' }],
    managerName: 'Grace',
  })
}

/** Applies operations to the attributes of a user. */
export function patchUser(attributes: Attributes, ...operations: readonly Json[]): Attributes {
  frozen(attributes)
  const changes = resolveOperations(userType, readOperations(patchBody(...operations)))
  return applyChanges(userType, attributes, changes, frozen(userResource(attributes)))
}

/** Applies operations to the attributes of a group, its members aside. */
export function patchGroup(attributes: Attributes, ...operations: readonly Json[]): Attributes {
  frozen(attributes)
  const changes = resolveOperations(groupType, readOperations(patchBody(...operations)))
  const resource = renderGroup(BASE, {
    id: 'g1',
    attributes,
    createdAt: 0,
    lastModified: 0,
    version: 'W/"1"',
  })
  return applyChanges(groupType, attributes, changes, resource)
}

/** How many code points stand for halves of surrogate pairs, from U+D800 on. */
const SURROGATES = 0x800

/** Any code point. fast-check's own unit `binary` is the same, but takes more than a second to make. */
export const codePoint = fc
  .integer({ min: 0, max: 0x10ffff - SURROGATES })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + SURROGATES))

/** Text as JSON and SQLite hold it: any code points but NUL, no half surrogates. */
export const storableText = fc
  .string({ unit: codePoint, maxLength: 12 })
  .map((text) => text.replaceAll('\0', ''))
