/** What the lines of a backup must look like. */
import * as z from 'zod'
import { Refused } from '../../scim/error.ts'
import { isObject, type Json, type JsonObject, parseJson } from '../../scim/json.ts'
import { isWritten, readResource } from '../../scim/resource/resource.ts'
import { coreAttributes, userType } from '../../scim/schema/resource-type.ts'
import type { BackupRecord } from '../../store/backup-records.ts'
import { hold } from '../../store/held.ts'
import { Refusal } from '../../store/refusal.ts'
import { BACKUP_FORMAT, BACKUP_VERSION, recordTypes } from '../../tenancy/backup.ts'
import { basicRoles, type Permission, permissionBits } from '../../tenancy/permission.ts'
import { describeReason, type Reason } from '../failure.ts'
import { settingsForm } from './namespaces.ts'

const text = z.string().check(
  z.refine((value) => !value.includes('\0') && value.isWellFormed(), {
    error: 'is no Unicode text that can be stored',
  }),
)
const id = text.check(z.minLength(1), z.maxLength(1000))
const whole = z.int().check(z.gte(0))
const object = z.custom<JsonObject>((value) => isObject(value as Json), {
  error: 'must be an object',
})

/** The attributes of a user, as they are stored: read as the body of a PUT would be. */
const resource = object.check((context) => {
  const fault = faultOf(context.value)
  if (fault === undefined) return
  context.issues.push({ code: 'custom', message: fault, input: context.value })
})

const storedAttributes: ReadonlySet<string> = new Set([
  ...coreAttributes(userType)
    .filter((attribute) => isWritten(attribute))
    .map(({ name }) => name),
  ...userType.extensions.map(({ schema }) => schema.id),
])

function faultOf(attributes: JsonObject): string | undefined {
  const unknown = Object.keys(attributes).find((name) => !storedAttributes.has(name))
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is no attribute that is stored`
  try {
    readResource(userType, attributes)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return describeReason(error.reason as Reason).detail
  }
  return undefined
}

const permissions = Object.keys(permissionBits) as [Permission, ...Permission[]]

const counts = z.strictObject(
  Object.fromEntries(recordTypes.map((type) => [type, whole])) as Record<
    (typeof recordTypes)[number],
    typeof whole
  >,
)

const lineForm = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    format: z.literal(BACKUP_FORMAT),
    version: z.literal(BACKUP_VERSION),
    namespace: text,
    time: text,
    eventSeq: whole,
    counts: z.strictObject({
      ...{ users: whole, teams: whole, managedUsers: whole, managedTeams: whole, retained: whole },
    }),
  }),
  z.strictObject({ type: z.literal('settings'), settings: z.nullable(settingsForm) }),
  z.strictObject({
    ...{ type: z.literal('serviceAccount'), id, name: id, role: z.enum(basicRoles) },
    ...{ permissions: z.array(z.enum(permissions)), disabled: z.boolean(), created: whole },
  }),
  z.strictObject({
    ...{ type: z.literal('user'), id, revision: whole, managed: z.boolean() },
    ...{ sessionsValidFrom: whole, created: whole, lastModified: whole, resource },
  }),
  z.strictObject({
    ...{ type: z.literal('team'), id, revision: whole, managed: z.boolean() },
    displayName: text.check(z.minLength(1)),
    ...{ externalId: z.nullable(text), created: whole, lastModified: whole },
  }),
  z.strictObject({ type: z.literal('membership'), team: id, user: id, inherited: z.boolean() }),
  z.strictObject({ type: z.literal('teamMapping'), group: text.check(z.minLength(1)), team: id }),
  z.strictObject({
    ...{ type: z.literal('retained'), id, externalId: z.nullable(text), revision: whole },
    ...{ created: whole, deleted: whole, resource },
  }),
  z.strictObject({
    ...{ type: z.literal('adoption'), subject: text, subjectType: z.enum(['user', 'team']) },
    ...{ revision: whole, requestId: text, part: whole, at: whole, before: object },
  }),
  z.strictObject({
    ...{ type: z.literal('event'), seq: whole.check(z.gte(1)), at: whole, actor: object },
    ...{ action: text, subject: text, changes: object, requestId: text, part: whole },
  }),
  z.strictObject({ type: z.literal('end'), counts, sha256: text }),
])

/**
 * Reads a line of a backup.
 *
 * @param number which line of the file it is, from 1
 * @throws Refusal `restore-bad-line`
 */
export function readLine(line: string, number: number): BackupRecord {
  const refuse = (detail: string) => new Refusal({ kind: 'restore-bad-line', line: number, detail })
  const parsed = hold(() => parseJson(line))
  if (!parsed.ok || !isObject(parsed.value)) {
    throw refuse('it is not a JSON object as a backup has them; use an unaltered file.')
  }
  // The check at the end of the line is looked at where the digest of the lines before is known.
  const { check: _check, ...record } = parsed.value
  const result = lineForm.safeParse(record)
  if (result.success) return result.data as BackupRecord
  const issues = result.error.issues.map(({ path, message }) => [...path, message].join(': '))
  throw refuse(`${issues.join('; ')}.`)
}
