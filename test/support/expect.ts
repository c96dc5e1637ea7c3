/** What all answers of one kind have in common. */
import { expect } from 'vitest'
import type { Answer } from './client.ts'
import { ERROR, LIST_RESPONSE } from './payload.ts'

/** What the layer that Grafana has in front of SCIM refuses. */
const IN_FRONT = /^(?:api-key|authn|accesscontrol|rate-limit)\.|^service-account\.disabled$/

/**
 * Expects a SCIM Error (RFC 7644 §3.12), no more and no less; Grafana's members are in it where the
 * layer in front of SCIM refuses, and nowhere else.
 *
 * @param more the `scimType`, where there must be one, and the `messageId`, where it matters
 */
export function expectError(
  answer: Answer,
  status: number,
  more: { readonly scimType?: string; readonly messageId?: string } = {},
): void {
  expect(answer).toMatchObject({ status, body: { status: String(status) } })
  expect(answer.headers.get('Content-Type')).toBe('application/scim+json')
  const messageId = messageIdOf(answer)
  if (more.messageId !== undefined) expect(messageId).toBe(more.messageId)
  expectErrorBody(answer.body, status, messageId, more.scimType)
}

/** Expects the body of a SCIM Error, by itself or as the response of a bulk operation. */
export function expectErrorBody(
  // biome-ignore lint/suspicious/noExplicitAny: it is what is judged here.
  body: any,
  status: number,
  messageId: string,
  scimType?: string,
): void {
  const { detail, message, ...rest } = body
  expect(rest).toEqual({
    schemas: [ERROR],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    ...(IN_FRONT.test(messageId) && { messageId, statusCode: status }),
  })
  expect(detail).toMatch(/\S/)
  if (IN_FRONT.test(messageId)) expect(message).toMatch(/\S/)
  else expect(message).toBeUndefined()
}

/** The messageId of an error, which a header has. */
export function messageIdOf(answer: Answer): string {
  const messageId = answer.headers.get('X-Error-Id') ?? ''
  expect(messageId).toMatch(/^[a-z][\w.-]+$/i)
  return messageId
}

/** Expects a refusal of the admin API: Grafana's members, as JSON, and no SCIM. */
export function expectAdminError(answer: Answer, status: number, detail?: string | RegExp): void {
  expect(answer).toMatchObject({ status, body: { statusCode: status } })
  expect(answer.headers.get('Content-Type')).toBe('application/json')
  expect(Object.keys(answer.body).sort()).toEqual(['detail', 'message', 'messageId', 'statusCode'])
  expect(answer.body.message).toMatch(/\S/)
  expect(answer.body.messageId).toBe(messageIdOf(answer))
  if (detail !== undefined) expect(answer.body.detail).toMatch(detail)
}

/** Expects a list (RFC 7644 §3.4.2) and gives its resources. */
export function expectList(answer: Answer, totalResults: number, startIndex = 1) {
  expect(answer).toMatchObject({ status: 200, body: { totalResults } })
  expect(answer.headers.get('Content-Type')).toBe('application/scim+json')
  const { Resources, ...envelope } = answer.body
  expect(envelope).toEqual({
    schemas: [LIST_RESPONSE],
    totalResults,
    startIndex,
    itemsPerPage: Resources.length,
  })
  return Resources
}
