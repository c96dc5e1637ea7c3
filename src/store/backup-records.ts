/** The lines of a backup, and the rows that they stand for. Times are milliseconds since 1970. */
import { fold } from '../scim/comparison.ts'
import type { JsonObject } from '../scim/json.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import type { RecordCounts, RecordType } from '../tenancy/backup.ts'
import { type BasicRole, bitsOf, type Permission, permissionNames } from '../tenancy/permission.ts'
import type { StoredSettings } from '../tenancy/settings.ts'
import { accountColumns, accountKeys } from './account.ts'

/** The first line: what is backed up, and when. */
export interface HeaderRecord {
  readonly type: 'header'
  readonly format: string
  readonly version: number
  readonly namespace: string
  /** An ISO time. */
  readonly time: string
  /** The sequence number of the last event. */
  readonly eventSeq: number
  readonly counts: {
    readonly users: number
    readonly teams: number
    readonly managedUsers: number
    readonly managedTeams: number
    readonly retained: number
  }
}

/** The last line: how many there are of each type, and the SHA-256 of all lines before it. */
export interface EndRecord {
  readonly type: 'end'
  readonly counts: RecordCounts
  readonly sha256: string
}

export interface SettingsRecord {
  readonly type: 'settings'
  /** Null where those of the deployment apply. */
  readonly settings: StoredSettings | null
}

/** A service account; its tokens are not backed up. */
export interface ServiceAccountRecord {
  readonly type: 'serviceAccount'
  readonly id: string
  readonly name: string
  readonly role: BasicRole
  readonly permissions: readonly Permission[]
  readonly disabled: boolean
  readonly created: number
}

/** A user; whether it is active, and what it is known by, is among its attributes. */
export interface UserRecord {
  readonly type: 'user'
  readonly id: string
  readonly revision: number
  readonly managed: boolean
  readonly sessionsValidFrom: number
  readonly created: number
  readonly lastModified: number
  readonly grafanaId?: number | undefined
  readonly grafanaUid?: string | undefined
  readonly resource: Attributes
}

export interface TeamRecord {
  readonly type: 'team'
  readonly id: string
  readonly revision: number
  readonly managed: boolean
  readonly displayName: string
  readonly externalId: string | null
  readonly created: number
  readonly lastModified: number
  readonly grafanaId?: number | undefined
  readonly grafanaUid?: string | undefined
}

export interface MembershipRecord {
  readonly type: 'membership'
  readonly team: string
  readonly user: string
  readonly inherited: boolean
}

export interface TeamMappingRecord {
  readonly type: 'teamMapping'
  readonly group: string
  readonly team: string
}

export interface RetainedRecord {
  readonly type: 'retained'
  readonly id: string
  /** By which the record is found; null also where somebody else has it now. */
  readonly externalId: string | null
  readonly revision: number
  readonly created: number
  readonly deleted: number
  /** Absent in backups that were made before it was kept. */
  readonly sessionsValidFrom?: number | undefined
  readonly resource: Attributes
}

export interface AdoptionRecord {
  readonly type: 'adoption'
  readonly subject: string
  readonly subjectType: 'user' | 'team'
  readonly revision: number
  readonly requestId: string
  readonly part: number
  readonly at: number
  readonly before: JsonObject
}

export interface EventRecord {
  readonly type: 'event'
  readonly seq: number
  readonly at: number
  readonly actor: JsonObject
  readonly action: string
  readonly subject: string
  readonly changes: JsonObject
  readonly requestId: string
  readonly part: number
}

/** A line that stands for a row of a table. */
export type RowRecord =
  | ServiceAccountRecord
  | UserRecord
  | TeamRecord
  | MembershipRecord
  | TeamMappingRecord
  | RetainedRecord
  | AdoptionRecord
  | EventRecord

export type BackupRecord = HeaderRecord | SettingsRecord | RowRecord | EndRecord

export type Cell = string | number | null
export type Row = Readonly<Record<string, Cell>>

/** How the lines of one type and the rows of its table become each other. */
export interface RecordTable<Kept extends RowRecord> {
  readonly table: string
  /** The primary key, without the namespace. */
  readonly key: readonly (keyof Row)[]
  /** The other sets of columns that no two rows share. */
  readonly unique: readonly (readonly (keyof Row)[])[]
  /** The tables whose ids a column refers to. */
  readonly references: readonly { readonly column: keyof Row; readonly type: 'user' | 'team' }[]
  /** The columns that a backup keeps. */
  readonly kept: readonly (keyof Row)[]
  /** Of those, the ones that may be long; their bytes limit a page. */
  readonly long: readonly (keyof Row)[]
  /** @throws Refusal `resource-too-large` */
  readonly toRow: (record: Kept) => Row
  readonly toRecord: (row: Row) => Kept
}

/** What Grafana calls a person or team, where that is known. */
function grafanaIdsOf({ grafana_id: id, grafana_uid: uid }: Row) {
  return {
    ...(id == null ? {} : { grafanaId: Number(id) }),
    ...(uid == null ? {} : { grafanaUid: String(uid) }),
  }
}

const flag = (value: boolean) => (value ? 1 : 0)
const json = (cell: Cell | undefined) => JSON.parse(String(cell))

/** What the columns of a row are called in a line, and what is the same in both. */
export const recordTables: {
  readonly [Type in Exclude<RecordType, 'settings'>]: RecordTable<
    Extract<RowRecord, { readonly type: Type }>
  >
} = {
  serviceAccount: {
    table: 'service_account',
    key: ['id'],
    unique: [['name']],
    references: [],
    kept: ['id', 'name', 'role', 'permissions', 'disabled', 'created_at'],
    long: [],
    toRow: ({ id, name, role, permissions, disabled, created }) => ({
      ...{ id, name, role, permissions: bitsOf(permissions) },
      ...{ disabled: flag(disabled), created_at: created },
    }),
    toRecord: (row) => ({
      type: 'serviceAccount',
      id: String(row.id),
      name: String(row.name),
      role: String(row.role) as BasicRole,
      permissions: permissionNames(Number(row.permissions)),
      disabled: row.disabled === 1,
      created: Number(row.created_at),
    }),
  },
  user: {
    table: 'user',
    key: ['id'],
    unique: [
      ...[['user_name_key'], ['email_key'], ['external_id']],
      ...[['grafana_id'], ['grafana_uid']],
    ],
    references: [],
    kept: [
      ...['id', 'revision', 'managed', 'sessions_valid_from', 'created_at', 'last_modified'],
      ...['grafana_id', 'grafana_uid', 'resource'],
    ],
    long: ['resource'],
    toRow: (record) => {
      const { resource, folded, active, keys } = accountColumns(record.resource)
      return {
        ...{ id: record.id, revision: record.revision, managed: flag(record.managed), active },
        ...{ user_name_key: keys.userName, email_key: keys.email, external_id: keys.externalId },
        ...{ sessions_valid_from: record.sessionsValidFrom, created_at: record.created },
        ...{ last_modified: record.lastModified, resource, folded },
        ...{ grafana_id: record.grafanaId ?? null, grafana_uid: record.grafanaUid ?? null },
      }
    },
    toRecord: (row) => ({
      type: 'user',
      id: String(row.id),
      revision: Number(row.revision),
      managed: row.managed === 1,
      sessionsValidFrom: Number(row.sessions_valid_from),
      created: Number(row.created_at),
      lastModified: Number(row.last_modified),
      ...grafanaIdsOf(row),
      resource: json(row.resource),
    }),
  },
  team: {
    table: 'team',
    key: ['id'],
    unique: [['display_name_key'], ['grafana_id'], ['grafana_uid']],
    references: [],
    kept: [
      ...['id', 'revision', 'managed', 'display_name', 'external_id', 'created_at'],
      ...['last_modified', 'grafana_id', 'grafana_uid'],
    ],
    long: ['display_name', 'external_id'],
    toRow: ({ displayName, ...record }) => ({
      ...{ id: record.id, revision: record.revision, managed: flag(record.managed) },
      ...{ display_name: displayName, display_name_key: fold(displayName) },
      ...{ external_id: record.externalId, created_at: record.created },
      ...{ last_modified: record.lastModified },
      ...{ grafana_id: record.grafanaId ?? null, grafana_uid: record.grafanaUid ?? null },
    }),
    toRecord: (row) => ({
      type: 'team',
      id: String(row.id),
      revision: Number(row.revision),
      managed: row.managed === 1,
      displayName: String(row.display_name),
      externalId: textOf(row.external_id),
      created: Number(row.created_at),
      lastModified: Number(row.last_modified),
      ...grafanaIdsOf(row),
    }),
  },
  membership: {
    table: 'membership',
    key: ['team_id', 'user_id'],
    unique: [],
    references: [
      { column: 'team_id', type: 'team' },
      { column: 'user_id', type: 'user' },
    ],
    kept: ['team_id', 'user_id', 'inherited'],
    long: [],
    toRow: ({ team, user, inherited }) => ({
      ...{ team_id: team, user_id: user, inherited: flag(inherited) },
    }),
    toRecord: (row) => ({
      type: 'membership',
      team: String(row.team_id),
      user: String(row.user_id),
      inherited: row.inherited === 1,
    }),
  },
  teamMapping: {
    table: 'team_mapping',
    key: ['group_key'],
    unique: [],
    references: [{ column: 'team_id', type: 'team' }],
    kept: ['group_key', 'group_id', 'team_id'],
    long: ['group_id'],
    toRow: ({ group, team }) => ({ group_key: fold(group), group_id: group, team_id: team }),
    toRecord: (row) => ({
      type: 'teamMapping',
      group: String(row.group_id),
      team: String(row.team_id),
    }),
  },
  retained: {
    table: 'retained',
    key: ['id'],
    unique: [],
    references: [],
    kept: [
      ...['id', 'external_id', 'revision', 'created_at', 'deleted_at', 'sessions_valid_from'],
      'resource',
    ],
    long: ['resource'],
    toRow: (record) => {
      const { id, externalId, revision, created, deleted, sessionsValidFrom, resource } = record
      const keys = accountKeys(resource)
      return {
        ...{ id, external_id: externalId, user_name_key: keys.userName, email_key: keys.email },
        ...{ revision, created_at: created, deleted_at: deleted },
        sessions_valid_from: sessionsValidFrom ?? 0,
        resource: JSON.stringify(resource),
      }
    },
    toRecord: (row) => ({
      type: 'retained',
      id: String(row.id),
      externalId: textOf(row.external_id),
      revision: Number(row.revision),
      created: Number(row.created_at),
      deleted: Number(row.deleted_at),
      sessionsValidFrom: Number(row.sessions_valid_from),
      resource: json(row.resource),
    }),
  },
  adoption: {
    table: 'adoption',
    key: ['subject', 'request_id', 'part'],
    unique: [],
    references: [],
    kept: ['subject', 'type', 'revision', 'request_id', 'part', 'at', 'before'],
    long: ['before'],
    toRow: ({ subject, subjectType, revision, requestId, part, at, before }) => ({
      ...{ subject, type: subjectType, revision, request_id: requestId, part, at },
      before: JSON.stringify(before),
    }),
    toRecord: (row) => ({
      type: 'adoption',
      subject: String(row.subject),
      subjectType: row.type === 'team' ? 'team' : 'user',
      revision: Number(row.revision),
      requestId: String(row.request_id),
      part: Number(row.part),
      at: Number(row.at),
      before: json(row.before),
    }),
  },
  event: {
    table: 'event',
    key: ['seq'],
    unique: [['request_id', 'part']],
    references: [],
    kept: ['seq', 'at', 'actor', 'action', 'subject', 'changes', 'request_id', 'part'],
    long: ['changes'],
    toRow: ({ seq, at, actor, action, subject, changes, requestId, part }) => ({
      ...{ seq, at, actor: JSON.stringify(actor), action, subject },
      ...{ changes: JSON.stringify(changes), request_id: requestId, part },
    }),
    toRecord: (row) => ({
      type: 'event',
      seq: Number(row.seq),
      at: Number(row.at),
      actor: json(row.actor),
      action: String(row.action),
      subject: String(row.subject),
      changes: json(row.changes),
      requestId: String(row.request_id),
      part: Number(row.part),
    }),
  },
}

function textOf(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined ? null : String(cell)
}

/** The table of a type, for whoever treats all of them alike. */
export function tableOf(type: Exclude<RecordType, 'settings'>): RecordTable<RowRecord> {
  return recordTables[type] as unknown as RecordTable<RowRecord>
}
