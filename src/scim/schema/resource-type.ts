/**
 * Resource types (RFC 7643 §6) and the resolution of attribute names (RFC 7644 §3.10).
 */
import { type Attribute, attributeNamed, type Schema, subAttribute } from './attribute.ts'
import { commonAttributes } from './common.ts'
import { enterpriseUserSchema } from './enterprise-user.ts'
import { groupSchema } from './group.ts'
import { userSchema } from './user.ts'

/** A resource type: its endpoint, its schema, and the schemas that extend it. */
export interface ResourceType {
  readonly name: string
  /** The path of the endpoint relative to the base URL, such as `/Users`. */
  readonly endpoint: string
  readonly description: string
  readonly schema: Schema
  readonly extensions: readonly { readonly schema: Schema; readonly required: boolean }[]
}

export const userType: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  description: 'User Account',
  schema: userSchema,
  extensions: [{ schema: enterpriseUserSchema, required: false }],
}

export const groupType: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  description: 'Group',
  schema: groupSchema,
  extensions: [],
}

/** Everything that /ResourceTypes lists. */
export const resourceTypes: readonly ResourceType[] = [userType, groupType]

/** An attribute of a resource type, found by name. */
export interface AttributePath {
  /** The URN of the extension that holds the attribute; absent for core and common attributes. */
  readonly extension?: string
  readonly attribute: Attribute
  readonly sub?: Attribute
}

/** What a name can stand for: an attribute, or all of a schema, which may be an extension. */
export type Resolved =
  | { readonly kind: 'attribute'; readonly path: AttributePath }
  | { readonly kind: 'schema'; readonly schema: Schema }

const coreAttributesOf = new WeakMap<ResourceType, readonly Attribute[]>()

/** The attributes of the core schema and the common ones. */
export function coreAttributes(type: ResourceType): readonly Attribute[] {
  let core = coreAttributesOf.get(type)
  if (core === undefined) {
    core = [...commonAttributes, ...type.schema.attributes.filter((a) => a.name !== 'externalId')]
    coreAttributesOf.set(type, core)
  }
  return core
}

/** `attribute` or `attribute.sub`, looked up among the given attributes. */
function findPath(
  attributes: readonly Attribute[],
  text: string,
  extension?: string,
): AttributePath | undefined {
  const [name = '', subName, ...rest] = text.split('.')
  const attribute = attributeNamed(attributes, name)
  if (attribute === undefined || rest.length > 0) return undefined
  const held = extension === undefined ? {} : { extension }
  if (subName === undefined) return { ...held, attribute }
  const sub = subAttribute(attribute, subName)
  return sub && { ...held, attribute, sub }
}

/**
 * Finds what a name stands for, without regard to case (RFC 7644 §3.10): `userName`,
 * `name.givenName`, a name qualified by a schema URN, or the URN alone. Of two URNs the longer
 * match wins. A bare name that only an extension knows means that extension's attribute, as
 * Entra ID writes `manager`; so does a dot after the URN.
 *
 * @returns undefined where the resource type has no such attribute
 */
export function resolve(type: ResourceType, name: string): Resolved | undefined {
  const qualifying = schemasIn(type, name)
  const [longest] = qualifying
  if (longest !== undefined) {
    for (const { schema, extension } of qualifying) {
      const rest = name.slice(schema.id.length + 1)
      const path = extension
        ? findPath(schema.attributes, rest, schema.id)
        : findPath(coreAttributes(type), rest)
      if (path !== undefined) return { kind: 'attribute', path }
    }
    if (name.length !== longest.schema.id.length) return undefined
    return { kind: 'schema', schema: longest.schema }
  }
  const bare = findPath(coreAttributes(type), name)
  if (bare !== undefined) return { kind: 'attribute', path: bare }
  for (const { schema } of type.extensions) {
    const path = findPath(schema.attributes, name, schema.id)
    if (path !== undefined) return { kind: 'attribute', path }
  }
  return undefined
}

/** The schema whose URN qualifies a name, or is the name; the longest URN that fits. */
export function qualifier(type: ResourceType, name: string): Schema | undefined {
  return schemasIn(type, name)[0]?.schema
}

/** The schemas whose URN qualifies a name, or is the name; the longest URN first. */
function schemasIn(type: ResourceType, name: string) {
  const lower = name.toLowerCase()
  if (!lower.startsWith('urn:')) return []
  const core = { schema: type.schema, extension: false }
  return [core, ...type.extensions.map(({ schema }) => ({ schema, extension: true }))]
    .filter(({ schema }) => {
      const urn = schema.id.toLowerCase()
      return lower === urn || lower.startsWith(`${urn}:`) || lower.startsWith(`${urn}.`)
    })
    .sort((a, b) => b.schema.id.length - a.schema.id.length)
}

/** The name of an attribute as an administrator reads it, qualified where it must be. */
export function pathName({ extension, attribute, sub }: AttributePath): string {
  const name = sub === undefined ? attribute.name : `${attribute.name}.${sub.name}`
  return extension === undefined ? name : `${extension}:${name}`
}
