/**
 * Why a request is refused by the protocol, and how a refusal looks on the wire:
 * RFC 7644 §3.12.
 */

/** The detail error keywords of RFC 7644 §3.12, table 9, with those of RFC 9865 §2.1. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidVers'
  | 'sensitive'
  | 'invalidCursor'
  | 'expiredCursor'
  | 'invalidCount'

/** A request that the protocol itself refuses: status 400 and a keyword. */
export interface ProtocolReason {
  readonly kind: 'protocol'
  readonly scimType: Exclude<ScimType, 'uniqueness' | 'sensitive'>
  /** A sentence: what was wrong, where, and what to do about it. */
  readonly detail: string
}

/** More operations in one request than the server carries out: status 413. */
export interface TooManyOperations {
  readonly kind: 'too-many-operations'
  readonly message: 'PATCH' | 'Bulk'
  readonly count: number
  readonly limit: number
}

/**
 * A request that is refused, whichever part refuses it. The reason is data; what becomes of it on
 * the wire is decided in one place.
 */
export class Refused<Reason extends { readonly kind: string }> extends Error {
  readonly reason: Reason

  constructor(reason: Reason) {
    super(reason.kind)
    this.reason = reason
  }
}

/** Thrown by the pure functions of this folder. */
export class ProtocolError extends Refused<ProtocolReason> {
  override readonly name = 'ProtocolError'

  constructor(scimType: ProtocolReason['scimType'], detail: string) {
    super({ kind: 'protocol', scimType, detail })
  }
}

/** Thrown where a message holds more operations than the limit; its size is judged elsewhere. */
export class OperationLimitError extends Refused<TooManyOperations> {
  override readonly name = 'OperationLimitError'
}

/** A value shown in a sentence: quoted, and cut where it is long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}

export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** Builds the body of an error (RFC 7644 §3.12). The status is a string. */
export function errorBody(
  status: number,
  detail: string,
  scimType?: ScimType,
): Readonly<Record<string, string | readonly string[]>> {
  return {
    schemas: [ERROR],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  }
}
