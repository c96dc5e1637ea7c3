/** What the lines of a backup must look like. */
import * as z from 'zod/mini'
import { Refused } from '../../scim/error.ts'
import { isObject, type Json, type JsonObject, parseJson } from '../../scim/json.ts'
import { isWritten, readResource } from '../../scim/resource/resource.ts'
import { coreAttributes, userType } from '../../scim/schema/resource-type.ts'
import type { BackupRecord } from '../../store/backup-records.ts'
import { hold } from '../../store/held.ts'
import { Refusal } from '../../store/refusal.ts'
import { BACKUP_FORMAT, BACKUP_VERSION, recordTypes } from '../../tenancy/backup.ts'
import { faultOfId, faultOfName } from '../../tenancy/name.ts'
import { basicRoles, type Permission, permissionBits } from '../../tenancy/permission.ts'
import { describeReason, type Reason } from '../failure.ts'
import { settingsForm } from './namespaces.ts'
import { faultless, grafanaIds } from './validate.ts'

const text = z.string().check(
  z.refine((value) => !value.includes('\0') && value.isWellFormed(), {
    error: 'is no Unicode text that can be stored',
  }),
)
const id = text.check(faultless(faultOfId))
const name = text.check(faultless(faultOfName))
/** Far below the numbers that lose their last digits, so that it can be counted on from there. */
const whole = z.int().check(z.gte(0), z.lte(1e15))
/** Up to the last year of four digits. */
const time = z.int().check(z.gte(0), z.lte(Date.UTC(9999, 11, 31, 23, 59, 59, 999)))

/**
 * Whether every text in a value can be stored. SQL makes bytes that are no UTF-8 from half of a
 * surrogate pair in stored JSON, which libSQL cannot hand out.
 */
function isStorable(value: Json): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorable(member))
}

const object = z
  .custom<JsonObject>((value) => isObject(value as Json), { error: 'must be an object' })
  .check(z.refine(isStorable, { error: 'has a text that is no Unicode text that can be stored' }))

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

/** What a team was before its adoption. */
const teamBefore = z.strictObject({
  attributes: z.strictObject({
    displayName: text.check(z.minLength(1)),
    externalId: z.optional(text),
  }),
  members: z.array(text),
})

/** Who acted; what an account was called then is kept as it is. */
const actorForm = z.union([
  z.strictObject({ operator: z.literal(true) }),
  z.strictObject({ serviceAccount: text, serviceAccountId: z.optional(id), token: text }),
])
const actor = object.check((context) => {
  if (actorForm.safeParse(context.value).success) return
  const message = 'must be the operator, or a service account with its token'
  context.issues.push({ code: 'custom', message, input: context.value })
})

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
    ...{ type: z.literal('serviceAccount'), id, name, role: z.enum(basicRoles) },
    ...{ permissions: z.array(z.enum(permissions)), disabled: z.boolean(), created: time },
  }),
  z.strictObject({
    ...{ type: z.literal('user'), id, revision: whole, managed: z.boolean() },
    ...{ sessionsValidFrom: time, created: time, lastModified: time, resource, ...grafanaIds },
  }),
  z.strictObject({
    ...{ type: z.literal('team'), id, revision: whole, managed: z.boolean() },
    displayName: text.check(z.minLength(1)),
    ...{ externalId: z.nullable(text), created: time, lastModified: time, ...grafanaIds },
  }),
  z.strictObject({ type: z.literal('membership'), team: id, user: id, inherited: z.boolean() }),
  z.strictObject({ type: z.literal('teamMapping'), group: text.check(z.minLength(1)), team: id }),
  z.strictObject({
    ...{
      type: z.literal('retained'),
      id,
      externalId: z.nullable(text),
      revision: whole,
    },
    ...{ created: time, deleted: time, sessionsValidFrom: z.optional(time), resource },
  }),
  z.strictObject({
    ...{ type: z.literal('adoption'), subject: id, subjectType: z.enum(['user', 'team']) },
    ...{ revision: whole, requestId: text, part: whole, at: time, before: object },
  }),
  z.strictObject({
    ...{ type: z.literal('event'), seq: whole.check(z.gte(1)), at: time, actor },
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
  const issues = result.success ? beforeIssues(result.data as BackupRecord) : result.error.issues
  if (result.success && issues.length === 0) return result.data as BackupRecord
  throw refuse(`${issues.map(({ path, message }) => [...path, message].join(': ')).join('; ')}.`)
}

/** What is wrong with the before-image of an adoption, which a rollback gives back. */
function beforeIssues(record: BackupRecord): readonly z.core.$ZodIssue[] {
  if (record.type !== 'adoption') return []
  const form: z.ZodMiniType = z.object({
    before: record.subjectType === 'user' ? resource : teamBefore,
  })
  return form.safeParse(record).error?.issues ?? []
}
