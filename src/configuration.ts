/** What the entries read from their environment, in the same way on Workers and on Node. */
import { defaultSettings, type Settings } from './tenancy/settings.ts'

/** The variables and secrets that both entries know; wrangler.toml says what each means. */
export interface Variables {
  readonly OPERATOR_TOKEN?: string | undefined
  readonly ENCRYPTION_KEY?: string | undefined
  readonly ENABLE_USER_SYNC?: string | undefined
  readonly ENABLE_GROUP_SYNC?: string | undefined
  readonly REJECT_NON_PROVISIONED_USERS?: string | undefined
  readonly REQUIRE_EXTERNAL_ID?: string | undefined
  readonly HIDE_NON_PROVISIONED_USERS?: string | undefined
  readonly MAX_BULK_OPERATIONS?: string | undefined
  readonly EVENT_RETENTION_DAYS?: string | undefined
  readonly SERVER_TIMING?: string | undefined
  readonly MAX_SCANNED_ROWS?: string | undefined
}

/** The fewest characters of the operator's secret; a shorter one can be guessed. */
const SHORTEST_SECRET = 32

/**
 * What is wrong with a secret of the operator, in a sentence that goes on after its name; undefined
 * where nothing is.
 */
export function weaknessOf(secret: string): string | undefined {
  const { length } = secret.trim()
  if (length >= SHORTEST_SECRET) return undefined
  return `needs ${SHORTEST_SECRET} characters and has ${length}; make a random one: openssl rand -hex 32.`
}

function flag(text: string | undefined, otherwise: boolean): boolean {
  return text === undefined ? otherwise : text.toLowerCase() === 'true'
}

/** A positive whole number; what is none counts as absent. */
function positive(text: string | undefined, otherwise: number): number {
  const number = Number(text)
  return Number.isInteger(number) && number > 0 ? number : otherwise
}

function settingsOf(variables: Variables): Settings {
  return {
    enableUserSync: flag(variables.ENABLE_USER_SYNC, defaultSettings.enableUserSync),
    enableGroupSync: flag(variables.ENABLE_GROUP_SYNC, defaultSettings.enableGroupSync),
    rejectNonProvisionedUsers: flag(
      variables.REJECT_NON_PROVISIONED_USERS,
      defaultSettings.rejectNonProvisionedUsers,
    ),
    requireExternalId: flag(variables.REQUIRE_EXTERNAL_ID, defaultSettings.requireExternalId),
    hideNonProvisionedUsers: flag(
      variables.HIDE_NON_PROVISIONED_USERS,
      defaultSettings.hideNonProvisionedUsers,
    ),
  }
}

/** How many resources a list may look through, where the variable does not say. */
const MAX_SCANNED_ROWS = 100_000

function maxScannedOf({ MAX_SCANNED_ROWS: text }: Variables): number | undefined {
  return text === '0' ? undefined : positive(text, MAX_SCANNED_ROWS)
}

/** Why the secrets are refused, as a sentence that does not tell how long they are. */
function refusalOf(variables: Variables): string | undefined {
  const names = ['OPERATOR_TOKEN', 'ENCRYPTION_KEY'] as const
  const weak = names.find((name) => variables[name] && weaknessOf(variables[name]) !== undefined)
  return (
    weak &&
    `${weak} has fewer than ${SHORTEST_SECRET} characters, so that it could be guessed; set a random ` +
      'one: openssl rand -hex 32.'
  )
}

/** All that an application is made from, but for its databases. */
export function configurationOf(variables: Variables) {
  const weakness = refusalOf(variables)
  const { OPERATOR_TOKEN, ENCRYPTION_KEY } = weakness === undefined ? variables : {}
  return {
    settings: settingsOf(variables),
    operatorToken: OPERATOR_TOKEN,
    weakness,
    sealingSecret: ENCRYPTION_KEY || OPERATOR_TOKEN || undefined,
    maxBulkOperations: positive(variables.MAX_BULK_OPERATIONS, 1000),
    maxScanned: maxScannedOf(variables),
    serverTiming: flag(variables.SERVER_TIMING, false),
    now: () => Date.now(),
    randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    log: (line: object) => console.log(JSON.stringify(line)),
  }
}

/**
 * The time before which events are let go.
 *
 * @param now milliseconds since 1970
 * @returns undefined where events are kept for good
 */
export function expiryOf(variables: Variables, now: number): number | undefined {
  const days = positive(variables.EVENT_RETENTION_DAYS, 0)
  return days === 0 ? undefined : now - days * 24 * 60 * 60 * 1000
}
