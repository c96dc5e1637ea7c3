/** A resource as it is returned: RFC 7643 §3, the attributes in the order of their schemas. */
import { isObject, type Json, type JsonObject } from '../json.ts'
import { ENTERPRISE_USER } from '../schema/enterprise-user.ts'
import { groupType, type ResourceType, userType } from '../schema/resource-type.ts'
import { type Attributes, schemasOf } from './resource.ts'

/** What the server knows of a resource beside its own attributes. Times are in milliseconds. */
interface Stored {
  readonly id: string
  readonly attributes: Attributes
  readonly createdAt: number
  readonly lastModified: number
  readonly version: string
}

export interface RenderedUser extends Stored {
  readonly groups: readonly { readonly id: string; readonly name: string }[]
  /** The displayName of the manager, where the manager exists and has one. */
  readonly managerName?: string | undefined
}

export interface RenderedGroup extends Stored {
  /** Absent where the request does not ask for them. */
  readonly members?: readonly { readonly id: string; readonly display?: string }[]
}

/** The URI of a resource. */
export function locationOf(baseUrl: string, type: ResourceType, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`
}

/** Renders a user below the given base URL. */
export function renderUser(baseUrl: string, user: RenderedUser): JsonObject {
  const groups = user.groups.map(({ id, name }) => ({
    value: id,
    $ref: locationOf(baseUrl, groupType, id),
    display: name,
    type: 'direct',
  }))
  const attributes = withManager(baseUrl, user)
  return render(baseUrl, userType, user, attributes, groups.length === 0 ? {} : { groups })
}

/** Renders a group below the given base URL. */
export function renderGroup(baseUrl: string, group: RenderedGroup): JsonObject {
  const members = group.members?.map(({ id, display }) => {
    const member = { value: id, $ref: locationOf(baseUrl, userType, id), type: 'User' }
    return display === undefined ? member : { ...member, display }
  })
  return render(baseUrl, groupType, group, group.attributes, members ? { members } : {})
}

function render(
  baseUrl: string,
  type: ResourceType,
  stored: Stored,
  attributes: Attributes,
  relations: JsonObject,
): JsonObject {
  const rendered: Record<string, Json> = {
    schemas: schemasOf(type, attributes),
    id: stored.id,
  }
  for (const { name } of type.schema.attributes) {
    const value = attributes[name] ?? relations[name]
    if (value !== undefined) rendered[name] = value
  }
  for (const { schema } of type.extensions) {
    const container = attributes[schema.id]
    if (container !== undefined) rendered[schema.id] = container
  }
  rendered.meta = {
    resourceType: type.name,
    created: new Date(stored.createdAt).toISOString(),
    lastModified: new Date(stored.lastModified).toISOString(),
    location: locationOf(baseUrl, type, stored.id),
    version: stored.version,
  }
  return rendered
}

/** `manager.$ref` and `manager.displayName` are derived from `manager.value`. */
function withManager(baseUrl: string, { attributes, managerName }: RenderedUser): Attributes {
  const extension = attributes[ENTERPRISE_USER]
  const manager = isObject(extension) ? extension.manager : undefined
  if (!isObject(extension) || !isObject(manager) || typeof manager.value !== 'string') {
    return attributes
  }
  const derived = {
    ...manager,
    $ref: locationOf(baseUrl, userType, encodeURIComponent(manager.value)),
    ...(managerName === undefined ? {} : { displayName: managerName }),
  }
  return { ...attributes, [ENTERPRISE_USER]: { ...extension, manager: derived } }
}
