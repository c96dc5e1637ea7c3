/** The settings of a namespace: Grafana's SCIMConfig, with two additions of ours. */

export interface Settings {
  /** Whether SCIM may write users. */
  readonly enableUserSync: boolean
  /** Whether SCIM may write teams. */
  readonly enableGroupSync: boolean
  /** Whether people whom SCIM does not manage are kept from signing in. */
  readonly rejectNonProvisionedUsers: boolean
  /** Whether a new user must carry externalId. */
  readonly requireExternalId: boolean
  /** Whether lists leave out what SCIM does not manage. */
  readonly hideNonProvisionedUsers: boolean
}

/** Grafana's defaults. */
export const defaultSettings: Settings = {
  enableUserSync: false,
  enableGroupSync: false,
  rejectNonProvisionedUsers: false,
  requireExternalId: true,
  hideNonProvisionedUsers: false,
}

/** What is stored for a namespace that has settings of its own; the rest is the file's. */
export type StoredSettings = { readonly [Name in keyof Settings]?: Settings[Name] | undefined }

/** The settings that apply: the stored ones, and the file's where none is stored. */
export function effectiveSettings(file: Settings, stored: string | null): Settings {
  return stored === null ? file : { ...file, ...(JSON.parse(stored) as Partial<Settings>) }
}
