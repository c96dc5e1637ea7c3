/**
 * The tables. Every key and index begins with the namespace, so that no statement can reach across
 * namespaces by accident, and the composite foreign keys make a membership across them impossible;
 * `token` is the one exception, since a request is known by the hash of its token alone.
 *
 * Times are milliseconds since 1970. Columns ending in `_key` hold comparison keys. No foreign key
 * cascades: rows are deleted by name, in the same batch. `guard`, a view with a trigger, is made by
 * a migration of its own and is not listed here.
 */
import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'

export const namespace = sqliteTable(
  'namespace',
  {
    name: text('name').primaryKey(),
    /** Settings of its own, as JSON; null where those of the file apply. */
    settings: text('settings'),
    /** How many users and teams there are: totals without counting. */
    users: integer('users').notNull().default(0),
    teams: integer('teams').notNull().default(0),
    /** How many of them SCIM manages, and how many deleted accounts are retained. */
    managedUsers: integer('managed_users').notNull().default(0),
    managedTeams: integer('managed_teams').notNull().default(0),
    retained: integer('retained').notNull().default(0),
    /** The highest sequence number that an event was given, also after events were removed. */
    eventSeq: integer('event_seq').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    /** JSON: how far the restore of a backup is, or what was restored; see store/restore.ts. */
    restore: text('restore'),
    /** Random: tells a namespace from another one that was made under its name later. */
    incarnation: text('incarnation').notNull().default(''),
  },
  (table) => [check('namespace_user_limit', sql`${table.users} <= 1000000`)],
)

export const serviceAccount = sqliteTable(
  'service_account',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    id: text('id').notNull(),
    name: text('name').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Grafana's basic role, which the permissions include. */
    role: text('role').notNull().default('None'),
    /** Bits; see tenancy/permission.ts. */
    permissions: integer('permissions').notNull().default(0),
    disabled: integer('disabled').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.id] }),
    unique('service_account_name').on(table.namespace, table.name),
  ],
)

export const token = sqliteTable(
  'token',
  {
    /** SHA-256 of the token. */
    hash: text('hash').primaryKey(),
    namespace: text('namespace').notNull(),
    id: text('id').notNull(),
    accountId: text('account_id').notNull(),
    name: text('name').notNull().default(''),
    /**
     * What the service account may, and whether it is disabled: copies that change in the same batch
     * as the account, so that a request is decided by the row of its token alone.
     */
    permissions: integer('permissions').notNull(),
    disabled: integer('disabled').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [
    unique('token_id').on(table.namespace, table.id),
    index('token_account').on(table.namespace, table.accountId),
    foreignKey({
      columns: [table.namespace, table.accountId],
      foreignColumns: [serviceAccount.namespace, serviceAccount.id],
    }),
  ],
)

export const user = sqliteTable(
  'user',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    id: text('id').notNull(),
    revision: integer('revision').notNull(),
    /** 1 once SCIM has written the account. */
    managed: integer('managed').notNull(),
    active: integer('active').notNull(),
    userNameKey: text('user_name_key').notNull(),
    /** The account e-mail, by which Grafana knows the person. */
    emailKey: text('email_key'),
    externalId: text('external_id'),
    /** Logins before this time are refused. */
    sessionsValidFrom: integer('sessions_valid_from').notNull(),
    createdAt: integer('created_at').notNull(),
    lastModified: integer('last_modified').notNull(),
    /** The attributes as they are returned, and the same by their comparison keys; both JSON. */
    resource: text('resource').notNull(),
    folded: text('folded').notNull(),
    /** What Grafana calls the account, where an import said so. */
    grafanaId: integer('grafana_id'),
    grafanaUid: text('grafana_uid'),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.id] }),
    unique('user_user_name').on(table.namespace, table.userNameKey),
    unique('user_email_key').on(table.namespace, table.emailKey),
    unique('user_external_id').on(table.namespace, table.externalId),
    index('user_unmanaged').on(table.namespace, table.id).where(sql`managed = 0`),
    uniqueIndex('user_grafana_id')
      .on(table.namespace, table.grafanaId)
      .where(sql`grafana_id is not null`),
    uniqueIndex('user_grafana_uid')
      .on(table.namespace, table.grafanaUid)
      .where(sql`grafana_uid is not null`),
  ],
)

/** Every e-mail address of every user, for lookups; a table without rowid. */
export const userEmail = sqliteTable(
  'user_email',
  {
    namespace: text('namespace').notNull(),
    valueKey: text('value_key').notNull(),
    userId: text('user_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.valueKey, table.userId] }),
    index('user_email_user').on(table.namespace, table.userId),
    foreignKey({
      columns: [table.namespace, table.userId],
      foreignColumns: [user.namespace, user.id],
    }),
  ],
)

export const team = sqliteTable(
  'team',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    id: text('id').notNull(),
    revision: integer('revision').notNull(),
    managed: integer('managed').notNull(),
    displayName: text('display_name').notNull(),
    displayNameKey: text('display_name_key').notNull(),
    externalId: text('external_id'),
    /** How many members there are. */
    members: integer('members').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    lastModified: integer('last_modified').notNull(),
    /** What Grafana calls the team, where an import said so. */
    grafanaId: integer('grafana_id'),
    grafanaUid: text('grafana_uid'),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.id] }),
    unique('team_display_name').on(table.namespace, table.displayNameKey),
    index('team_external_id').on(table.namespace, table.externalId),
    uniqueIndex('team_grafana_id')
      .on(table.namespace, table.grafanaId)
      .where(sql`grafana_id is not null`),
    uniqueIndex('team_grafana_uid')
      .on(table.namespace, table.grafanaUid)
      .where(sql`grafana_uid is not null`),
    check('team_member_limit', sql`${table.members} <= 100000`),
  ],
)

/** Who is in which team; a table without rowid. */
export const membership = sqliteTable(
  'membership',
  {
    namespace: text('namespace').notNull(),
    teamId: text('team_id').notNull(),
    userId: text('user_id').notNull(),
    /** 1 where an adopted team brought the member along and SCIM has not named it since. */
    inherited: integer('inherited').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.teamId, table.userId] }),
    // With all columns: SQLite takes the key instead of an index that does not cover the table.
    index('membership_user').on(table.namespace, table.userId, table.teamId, table.inherited),
    index('membership_inherited')
      .on(table.namespace, table.teamId, table.userId)
      .where(sql`inherited = 1`),
    foreignKey({
      columns: [table.namespace, table.teamId],
      foreignColumns: [team.namespace, team.id],
    }),
    foreignKey({
      columns: [table.namespace, table.userId],
      foreignColumns: [user.namespace, user.id],
    }),
  ],
)

/** What happened, in the order of commits. */
export const event = sqliteTable(
  'event',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    seq: integer('seq').notNull(),
    at: integer('at').notNull(),
    /** JSON: who acted. */
    actor: text('actor').notNull(),
    /** Such as `user.update`. */
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    /** JSON: `before` and `after`, or the ids `added`, `removed` and `skipped`. */
    changes: text('changes').notNull(),
    requestId: text('request_id').notNull(),
    /** A long list of ids is spread over several events of one request. */
    part: integer('part').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.seq] }),
    unique('event_request').on(table.namespace, table.requestId, table.part),
    index('event_subject').on(table.namespace, table.subject, table.seq),
  ],
)

/** Deleted accounts, kept for audit. They reserve no userName and no e-mail. */
export const retained = sqliteTable(
  'retained',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    id: text('id').notNull(),
    externalId: text('external_id'),
    userNameKey: text('user_name_key').notNull(),
    emailKey: text('email_key'),
    revision: integer('revision').notNull(),
    createdAt: integer('created_at').notNull(),
    deletedAt: integer('deleted_at').notNull(),
    /** What the account had; no login from before it or before the deletion counts again. */
    sessionsValidFrom: integer('sessions_valid_from').notNull().default(0),
    /** The attributes as they were, as JSON. */
    resource: text('resource').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.id] }),
    // A login is known by the externalId that the account had, whoever has it since.
    index('retained_identity').on(table.namespace, sql`resource ->> '$.externalId'`),
    index('retained_external_id').on(table.namespace, table.externalId),
    index('retained_user_name').on(table.namespace, table.userNameKey),
    index('retained_email').on(table.namespace, table.emailKey),
  ],
)

/** What accounts and teams were before SCIM took them under management. */
export const adoption = sqliteTable(
  'adoption',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    subject: text('subject').notNull(),
    /** `user` or `team`. */
    type: text('type').notNull().default('user'),
    /** The revision that the adoption made; 0 where it is not known. */
    revision: integer('revision').notNull().default(0),
    requestId: text('request_id').notNull(),
    part: integer('part').notNull(),
    at: integer('at').notNull(),
    /** JSON: the attributes, and for a team its members. */
    before: text('before').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.subject, table.requestId, table.part] }),
  ],
)

/** Which team a group of the provider stands for, as Team Sync had it. */
export const teamMapping = sqliteTable(
  'team_mapping',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    /** The comparison key of the group's id, which may be its externalId or its name. */
    groupKey: text('group_key').notNull(),
    groupId: text('group_id').notNull(),
    teamId: text('team_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.groupKey] }),
    index('team_mapping_team').on(table.namespace, table.teamId),
    foreignKey({
      columns: [table.namespace, table.teamId],
      foreignColumns: [team.namespace, team.id],
    }),
  ],
)

/** Refused provisioning requests that wait for a person; one row for a subject and a reason. */
export const conflict = sqliteTable(
  'conflict',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    id: text('id').notNull(),
    /** What makes it one: whom it is about, and the account, so that accounts do not mix. */
    subject: text('subject').notNull(),
    /** Whom the request was about: a userName, a name of a team, an id or a path. */
    about: text('about'),
    /** The messageId of the refusal. */
    reason: text('reason').notNull(),
    status: integer('status').notNull(),
    detail: text('detail').notNull(),
    /** JSON: method, path and body of the last such request, without secrets. */
    request: text('request').notNull(),
    /** The name of the service account. */
    account: text('account').notNull(),
    /** The id of the account, behind "~" for what its credential is refused for. */
    share: text('share'),
    count: integer('count').notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.id] }),
    unique('conflict_subject').on(table.namespace, table.subject, table.reason),
    index('conflict_about').on(table.namespace, table.about),
    index('conflict_share').on(table.namespace, table.share, table.lastAt, table.id),
    index('conflict_last').on(table.namespace, table.lastAt),
  ],
)

/** How many requests were refused in an hour. */
export const refusalCount = sqliteTable(
  'refusal_count',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    /** Hours since 1970. */
    hour: integer('hour').notNull(),
    count: integer('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.hour] })],
)

/** Keys that seal what clients carry, such as cursors; sealed themselves. See http/keyring.ts. */
export const sealingKey = sqliteTable(
  'sealing_key',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    /** Such as `cursor`. */
    purpose: text('purpose').notNull(),
    id: text('id').notNull(),
    sealed: text('sealed').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.purpose, table.id] })],
)

/**
 * What went on, by the hour or by the day, so that nobody has to count events; a table without
 * rowid. See store/activity.ts.
 */
export const activity = sqliteTable(
  'activity',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    /**
     * What is counted: a `change` of a user or team, a failed `credential` and a `denied-login` by the
     * hour, changes of an `external-id` by the day. Of a `pause` between two requests, the longest of a day in
     * milliseconds.
     */
    kind: text('kind').notNull(),
    /**
     * Of whom: the id of a service account; empty for the operator and where nobody is told apart. For
     * a credential and a login, why it failed.
     */
    subject: text('subject').notNull(),
    /** Hours since 1970; that of midnight for what is counted by the day. */
    hour: integer('hour').notNull(),
    count: integer('count').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.kind, table.subject, table.hour] })],
)

/** What service accounts sent in vain, by name and without values; a table without rowid. */
export const ignoredName = sqliteTable(
  'ignored_name',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    accountId: text('account_id').notNull(),
    /** The resource type. */
    type: text('type').notNull(),
    /** An attribute or a path, without its filter. */
    name: text('name').notNull(),
    count: integer('count').notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.accountId, table.type, table.name] })],
)

/** Logins that were denied, by whom they were and why; a table without rowid. */
export const deniedLogin = sqliteTable(
  'denied_login',
  {
    namespace: text('namespace')
      .notNull()
      .references(() => namespace.name),
    /** The comparison key of the first value that the login gave of userName, e-mail and externalId. */
    subject: text('subject').notNull(),
    /** The messageId of the decision. */
    reason: text('reason').notNull(),
    /** JSON: the comparison keys of all that the last such login gave. */
    names: text('names').notNull(),
    /** The decision in a sentence. */
    detail: text('detail').notNull(),
    count: integer('count').notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.subject, table.reason] })],
)

/**
 * When namespaces were created and deleted. It outlives them: it is the one table of a namespace that
 * does not refer to it, and that a deletion leaves alone.
 */
export const namespaceChange = sqliteTable(
  'namespace_change',
  {
    namespace: text('namespace').notNull(),
    /** Which of the namespaces that had the name, one after the other. */
    incarnation: text('incarnation').notNull(),
    /** `namespace.create` or `namespace.delete`. */
    action: text('action').notNull(),
    at: integer('at').notNull(),
    /** When a deletion was complete, which may take several requests. */
    endedAt: integer('ended_at'),
    /** Of the request that began it; null where no request did, but the first start of a server. */
    requestId: text('request_id'),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.incarnation, table.action] })],
)
