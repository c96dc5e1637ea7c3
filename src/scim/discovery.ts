/** The discovery resources: RFC 7644 §4; RFC 7643 §5 (service provider), §6 (types), §7 (schemas). */
import type { Json, JsonObject } from './json.ts'
import { DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE } from './list.ts'
import type { Attribute, Schema } from './schema/attribute.ts'
import { type ResourceType, resourceTypes } from './schema/resource-type.ts'
import {
  discoverySchemas,
  RESOURCE_TYPE,
  SCHEMA,
  SERVICE_PROVIDER_CONFIG,
} from './schema/service-provider.ts'
import { USER } from './schema/user.ts'

/** What depends on the deployment. */
export interface Capabilities {
  readonly maxBulkOperations: number
  /** In bytes. */
  readonly maxBulkPayload: number
  /** In seconds. */
  readonly cursorLifetime: number
}

/** What this service provider supports (RFC 7643 §5), told as it is. */
export function serviceProviderConfig(
  baseUrl: string,
  { maxBulkOperations, maxBulkPayload, cursorLifetime }: Capabilities,
): JsonObject {
  return {
    schemas: [SERVICE_PROVIDER_CONFIG],
    patch: { supported: true },
    bulk: {
      supported: true,
      maxOperations: maxBulkOperations,
      maxPayloadSize: maxBulkPayload,
    },
    filter: { supported: true, maxResults: MAXIMUM_PAGE_SIZE },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'OAuth Bearer Token',
        description: 'A token of a Grafana service account in the Authorization header.',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: DEFAULT_PAGE_SIZE,
      maxPageSize: MAXIMUM_PAGE_SIZE,
      cursorTimeout: cursorLifetime,
    },
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${baseUrl}/ServiceProviderConfig`,
    },
  }
}

/** All resource types (RFC 7643 §6). */
export function resourceTypeResources(baseUrl: string): JsonObject[] {
  return resourceTypes.map((type) => resourceTypeResource(baseUrl, type))
}

function resourceTypeResource(baseUrl: string, type: ResourceType): JsonObject {
  const extensions = type.extensions.map(({ schema, required }) => ({
    schema: schema.id,
    required,
  }))
  return {
    schemas: [RESOURCE_TYPE],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.description,
    schema: type.schema.id,
    ...(extensions.length === 0 ? {} : { schemaExtensions: extensions }),
    meta: {
      resourceType: 'ResourceType',
      location: `${baseUrl}/ResourceTypes/${type.name}`,
    },
  }
}

/**
 * All schemas in use (RFC 7643 §7), those of the discovery resources included.
 *
 * @param requireExternalId whether a new user must carry externalId
 */
export function schemaResources(baseUrl: string, requireExternalId: boolean): JsonObject[] {
  const used = resourceTypes.flatMap(({ schema, extensions }) => [
    schema,
    ...extensions.map((extension) => extension.schema),
  ])
  const shown = [...used, ...discoverySchemas].map((schema) =>
    schema.id === USER ? withRequired(schema, 'externalId', requireExternalId) : schema,
  )
  return shown.map((schema) => schemaResource(baseUrl, schema))
}

function withRequired(schema: Schema, name: string, required: boolean): Schema {
  const attributes = schema.attributes.map((attribute) =>
    attribute.name === name ? { ...attribute, required } : attribute,
  )
  return { ...schema, attributes }
}

function schemaResource(baseUrl: string, schema: Schema): JsonObject {
  return {
    schemas: [SCHEMA],
    id: schema.id,
    name: schema.name,
    description: schema.description,
    attributes: schema.attributes.map(describe),
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${schema.id}` },
  }
}

/** An attribute with its characteristics; what only this server knows of it stays inside. */
function describe(attribute: Attribute): JsonObject {
  const { assumed, computed, relation, unfilterable, subAttributes, ...characteristics } = attribute
  return {
    ...(characteristics as Record<string, Json>),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(describe) }),
  }
}
