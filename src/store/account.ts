/** A user as a Grafana account: what it is known by, and what is stored beside its attributes. */
import { comparisonKey, fold } from '../scim/comparison.ts'
import { isObject, type Json, type JsonObject } from '../scim/json.ts'
import { sameValue } from '../scim/resource/equality.ts'
import { type Attributes, comparisonForm } from '../scim/resource/resource.ts'
import { isBlank } from '../scim/resource/value.ts'
import type { Attribute } from '../scim/schema/attribute.ts'
import { userType } from '../scim/schema/resource-type.ts'
import { Refusal } from './refusal.ts'

/**
 * The address that holds the account e-mail: the primary work one, else the first work one, the
 * primary, the first. A blank value is kept and returned, but is no address.
 */
export function accountAddress(attributes: Attributes): JsonObject | undefined {
  const emails = elementsOf(attributes.emails).filter(
    ({ value }) => typeof value === 'string' && !isBlank(value),
  )
  const work = emails.filter(({ type }) => typeof type === 'string' && isWork(type))
  const isPrimary = ({ primary }: { readonly primary?: Json }) => primary === true
  return work.find(isPrimary) ?? work[0] ?? emails.find(isPrimary) ?? emails[0]
}

/** Nothing longer folds to it, and to fold something long takes time. */
function isWork(type: string): boolean {
  return type.length === 4 && fold(type) === 'work'
}

/** The account e-mail; see `accountAddress`. */
export function accountEmail(attributes: Attributes): string | undefined {
  const value = accountAddress(attributes)?.value
  return typeof value === 'string' ? value : undefined
}

function elementsOf(value: Json | undefined): { readonly [name: string]: Json }[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The values that only one user has, as they are compared; null where there is none. */
export interface UniqueKeys {
  readonly userName: string | null
  readonly email: string | null
  readonly externalId: string | null
}

/** What a user is found and told apart by. */
export interface AccountKeys extends UniqueKeys {
  readonly userName: string
  /** The values of all e-mail addresses, the empty one included. */
  readonly emails: readonly string[]
}

/**
 * The comparison keys of a user.
 *
 * @param folding what folds texts: `fold`, or what remembers what that made of them
 */
export function accountKeys(
  attributes: Attributes,
  folding: (text: string) => string = foldingOnce(),
): AccountKeys {
  const email = accountEmail(attributes)
  const addresses = elementsOf(attributes.emails).flatMap(({ value }) =>
    typeof value === 'string' ? [folding(value)] : [],
  )
  return {
    userName: folding(String(attributes.userName)),
    email: email === undefined ? null : folding(email),
    externalId: typeof attributes.externalId === 'string' ? attributes.externalId : null,
    emails: [...new Set(addresses)],
  }
}

/** Folds like `fold`, and each text once: what is long takes time. */
function foldingOnce(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const folded = known.get(text) ?? fold(text)
    known.set(text, folded)
    return folded
  }
}

/**
 * How many bytes a user may take, as it is returned and by its comparison keys: D1 refuses rows and
 * values above 2,000,000 bytes.
 */
export const MAXIMUM_RESOURCE = 1_900_000

/**
 * The columns that follow from the attributes.
 *
 * @throws Refusal `resource-too-large`
 */
export function accountColumns(attributes: Attributes): {
  readonly resource: string
  readonly folded: string
  readonly active: number
  readonly keys: AccountKeys
} {
  const resource = JSON.stringify(attributes)
  const tooLarge = () => new Refusal({ kind: 'resource-too-large', limit: MAXIMUM_RESOURCE })
  const folding = foldingOnce()
  let size = Buffer.byteLength(resource)
  const keyOf = (attribute: Attribute, value: Json) => {
    const key = comparisonKey(attribute, value, folding)
    if (typeof key === 'string') size += Buffer.byteLength(key)
    // Refused in the middle, since folding all of it would take longer than all the rest.
    if (size > MAXIMUM_RESOURCE) throw tooLarge()
    return key
  }
  const folded = JSON.stringify(comparisonForm(userType, attributes, keyOf))
  const keys = accountKeys(attributes, folding)
  const columns = [resource, folded, keys.userName, keys.email ?? '', keys.externalId ?? '']
  if (columns.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > MAXIMUM_RESOURCE) {
    throw tooLarge()
  }
  return {
    resource,
    folded,
    active: attributes.active === false ? 0 : 1,
    keys,
  }
}

/** An empty or blank externalId is none (Grafana takes it as the login identity). */
export function withoutEmptyExternalId(attributes: Attributes): Attributes {
  const { externalId } = attributes
  if (typeof externalId !== 'string' || !isBlank(externalId)) return attributes
  const { externalId: _empty, ...rest } = attributes
  return rest
}

/** The attributes that are given, and those of the account that are not, in extensions as well. */
export function completed(account: Attributes, given: Attributes): Attributes {
  const extensions = userType.extensions.flatMap(({ schema: { id } }) => {
    const [kept, named] = [account[id], given[id]]
    return isObject(kept) && isObject(named) ? [[id, { ...kept, ...named }]] : []
  })
  return { ...account, ...given, ...Object.fromEntries(extensions) }
}

/**
 * What an event says of a change, as JSON. Where it would be more than a value of D1 may be, long
 * values of what was before are left out, and only their length is told.
 */
export function describeChange(before: Attributes, after: Attributes): string {
  const changed = difference(before, after)
  const text = JSON.stringify(changed)
  if (Buffer.byteLength(text) <= MAXIMUM_RESOURCE) return text
  const shortened = Object.entries(changed.before).map(([name, value]) => {
    const written = JSON.stringify(value)
    return [name, written.length > 1000 ? { omitted: `${written.length} characters` } : value]
  })
  return JSON.stringify({ ...changed, before: Object.fromEntries(shortened) })
}

/** The names of the attributes that differ, with their values before and after. */
export function difference(
  before: Attributes,
  after: Attributes,
): { readonly before: Attributes; readonly after: Attributes } {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !sameValue(before[name], after[name]),
  )
  const pick = (from: Attributes) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = from[name]
        return value === undefined ? [] : [[name, value]]
      }),
    )
  return { before: pick(before), after: pick(after) }
}
