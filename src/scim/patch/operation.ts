/** Reads the body of a PATCH request: RFC 7644 §3.5.2. */
import { OperationLimitError, ProtocolError, quote } from '../error.ts'
import { isObject, type Json, membersOf } from '../json.ts'
import { readMessage } from '../message.ts'

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/**
 * How many operations one request may hold. Some clients fill a group with one operation for each
 * member, so that the limit is a matter of CPU time and not of what a client may want.
 */
export const MAXIMUM_OPERATIONS = 20_000

/** One operation, its members under their proper names, its path still text. */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace'
  readonly path?: string
  /** Absent where the client sent none; null where it sent null. */
  readonly value?: Json
  /** How errors refer to the operation: `Operations[0]`. */
  readonly where: string
}

/**
 * Reads the operations of a PatchOp message. Member names and the names of operations count
 * without regard to case, as Entra ID writes `Add`. A list that is empty, null or absent is a request
 * that changes nothing (RFC 7643 §2.5); a connector of two identity managers sends one before each
 * change of members.
 *
 * @throws ProtocolError invalidSyntax; invalidPath or invalidValue where a path or value is missing
 * @throws OperationLimitError where there are more operations than one request may hold
 */
export function readOperations(body: Json): PatchOperation[] {
  const members = readMessage(body, PATCH_OP)
  const operations = members.get('operations') ?? []
  if (!Array.isArray(operations)) {
    throw new ProtocolError('invalidSyntax', 'Operations must be a list of operations.')
  }
  if (operations.length > MAXIMUM_OPERATIONS) {
    throw new OperationLimitError({
      kind: 'too-many-operations',
      message: 'PATCH',
      count: operations.length,
      limit: MAXIMUM_OPERATIONS,
    })
  }
  return operations.map((operation, index) => readOperation(operation, `Operations[${index}]`))
}

function readOperation(operation: Json, where: string): PatchOperation {
  if (!isObject(operation)) {
    throw new ProtocolError('invalidSyntax', `${where} must be an object, not ${quote(operation)}.`)
  }
  const members = membersOf(operation)
  const name = members.get('op')
  const op = typeof name === 'string' ? name.toLowerCase() : undefined
  if (op !== 'add' && op !== 'remove' && op !== 'replace') {
    throw new ProtocolError(
      'invalidSyntax',
      `${where}.op must be add, remove or replace, not ${quote(name)}.`,
    )
  }
  const path = members.get('path') ?? undefined
  if (path !== undefined && typeof path !== 'string') {
    throw new ProtocolError('invalidPath', `${where}.path must be a string, not ${quote(path)}.`)
  }
  const value = members.get('value')
  if (op === 'remove' && path === undefined) {
    throw new ProtocolError('noTarget', `${where} removes, but has no path that says what.`)
  }
  if (op !== 'remove' && value === undefined) {
    throw new ProtocolError('invalidValue', `${where} has no value to ${op}.`)
  }
  return {
    op,
    ...(path === undefined ? {} : { path }),
    ...(value === undefined ? {} : { value }),
    where,
  }
}
