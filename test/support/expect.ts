/** What all answers of one kind have in common. */
import { expect } from 'vitest'
import type { Answer } from './client.ts'
import { ERROR, LIST_RESPONSE } from './payload.ts'

/**
 * Expects a SCIM Error (RFC 7644 §3.12) that carries Grafana's members as well: no more and no less.
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
  const { detail, message, messageId, ...rest } = answer.body
  expect(rest).toEqual({
    schemas: [ERROR],
    status: String(status),
    statusCode: status,
    ...(more.scimType === undefined ? {} : { scimType: more.scimType }),
  })
  expect(detail).toMatch(/\S/)
  expect(message).toMatch(/\S/)
  if (more.messageId === undefined) expect(messageId).toMatch(/^[a-z][\w.-]+$/i)
  else expect(messageId).toBe(more.messageId)
}

/** Expects a refusal of the admin API: Grafana's members, as JSON, and no SCIM. */
export function expectAdminError(answer: Answer, status: number, detail?: string | RegExp): void {
  expect(answer).toMatchObject({ status, body: { statusCode: status } })
  expect(answer.headers.get('Content-Type')).toBe('application/json')
  expect(Object.keys(answer.body).sort()).toEqual(['detail', 'message', 'messageId', 'statusCode'])
  expect(answer.body.message).toMatch(/\S/)
  expect(answer.body.messageId).toMatch(/^[a-z][\w.-]+$/i)
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
