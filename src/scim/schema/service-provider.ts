/** The schemas of the discovery resources: RFC 7643 §5, §6, §7, §8.7.2 and RFC 9865 §4. */
import { boolean, complex, integer, readOnly, reference, type Schema, string } from './attribute.ts'

export const SERVICE_PROVIDER_CONFIG = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
export const RESOURCE_TYPE = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
export const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

const required = { required: true } as const
const supported = (what: string) => boolean('supported', `Whether ${what} is supported.`, required)

const serviceProviderConfigSchema: Schema = {
  id: SERVICE_PROVIDER_CONFIG,
  name: 'ServiceProviderConfig',
  description: 'What the service provider supports.',
  attributes: [
    reference('documentationUri', ['external'], 'Where people read about the service.'),
    complex('patch', 'PATCH.', [supported('PATCH')], required),
    complex(
      'bulk',
      'Bulk operations.',
      [
        supported('bulk'),
        integer('maxOperations', 'How many operations one request may hold.', required),
        integer('maxPayloadSize', 'How many bytes one request may hold.', required),
      ],
      required,
    ),
    complex(
      'filter',
      'Filters.',
      [
        supported('filtering'),
        integer('maxResults', 'How many resources one response holds at most.', required),
      ],
      required,
    ),
    complex('changePassword', 'Passwords.', [supported('changing a password')], required),
    complex('sort', 'Sorting.', [supported('sorting')], required),
    complex('etag', 'Versions.', [supported('the ETag header')], required),
    complex(
      'authenticationSchemes',
      'How a client proves who it is.',
      [
        string('type', 'The kind of scheme.', {
          ...required,
          canonicalValues: ['oauth', 'oauth2', 'oauthbearertoken', 'httpbasic', 'httpdigest'],
        }),
        string('name', 'The name of the scheme.', required),
        string('description', 'What the scheme is.', required),
        reference('specUri', ['external'], 'The specification of the scheme.'),
        reference('documentationUri', ['external'], 'How to use the scheme here.'),
        boolean('primary', 'Whether this scheme is preferred.'),
      ],
      { ...required, multiValued: true },
    ),
    complex('pagination', 'How results are paged (RFC 9865).', [
      boolean('cursor', 'Whether cursors are supported.', required),
      boolean('index', 'Whether startIndex is supported.', required),
      string('defaultPaginationMethod', 'The method where a request names none.', {
        canonicalValues: ['cursor', 'index'],
      }),
      integer('defaultPageSize', 'How many resources a page holds by default.'),
      integer('maxPageSize', 'How many resources a page may hold.'),
      integer('cursorTimeout', 'How many seconds a cursor lives.'),
    ]),
    complex('securityEvents', 'Security event tokens (RFC 9967).', [
      string('asyncRequest', 'Whether requests may be answered asynchronously.', {
        canonicalValues: ['none', 'long', 'request'],
      }),
      string('eventUris', 'The kinds of events.', { multiValued: true, caseExact: true }),
    ]),
  ].map(readOnly),
}

const resourceTypeSchema: Schema = {
  id: RESOURCE_TYPE,
  name: 'ResourceType',
  description: 'A kind of resource and its endpoint.',
  attributes: [
    string('id', 'The id of the resource type, which is its name.'),
    string('name', 'The name of the resource type.', { ...required, uniqueness: 'server' }),
    string('description', 'What the resource type is.'),
    reference('endpoint', ['uri'], 'Where its resources are, relative to the base URL.', {
      ...required,
      uniqueness: 'server',
    }),
    reference('schema', ['uri'], 'The URN of its schema.', required),
    complex(
      'schemaExtensions',
      'The schemas that extend it.',
      [
        reference('schema', ['uri'], 'The URN of the extension.', required),
        boolean('required', 'Whether a resource must have the extension.', required),
      ],
      { multiValued: true },
    ),
  ].map(readOnly),
}

const exact = { caseExact: true } as const
const characteristics = [
  string('name', 'The name of the attribute.', { ...required, ...exact }),
  boolean('multiValued', 'Whether the attribute holds several values.', required),
  string('description', 'What the attribute is.', exact),
  boolean('required', 'Whether a resource must have the attribute.'),
  string('canonicalValues', 'The values that are suggested.', { multiValued: true, ...exact }),
  boolean('caseExact', 'Whether case counts in comparisons.'),
  string('mutability', 'Who may change the attribute, and when.', {
    ...exact,
    canonicalValues: ['readOnly', 'readWrite', 'immutable', 'writeOnly'],
  }),
  string('returned', 'When the attribute is returned.', {
    ...exact,
    canonicalValues: ['always', 'never', 'default', 'request'],
  }),
  string('uniqueness', 'Within what the value is unique.', {
    ...exact,
    canonicalValues: ['none', 'server', 'global'],
  }),
  string('referenceTypes', 'What a reference may point to.', { multiValued: true, ...exact }),
]
const simpleTypes = ['string', 'boolean', 'decimal', 'integer', 'dateTime', 'binary', 'reference']
const type = (canonicalValues: readonly string[]) =>
  string('type', 'The data type of the attribute.', { ...required, canonicalValues })

const schemaSchema: Schema = {
  id: SCHEMA,
  name: 'Schema',
  description: 'A schema and its attributes.',
  attributes: [
    string('id', 'The URN of the schema.', required),
    string('name', 'The name of the schema.', required),
    string('description', 'What the schema describes.'),
    complex(
      'attributes',
      'The attributes of the schema.',
      [
        ...characteristics,
        type([...simpleTypes, 'complex']),
        complex(
          'subAttributes',
          'The sub-attributes of a complex attribute.',
          [...characteristics, type(simpleTypes)],
          { multiValued: true },
        ),
      ],
      { ...required, multiValued: true },
    ),
  ].map(readOnly),
}

export const discoverySchemas: readonly Schema[] = [
  serviceProviderConfigSchema,
  resourceTypeSchema,
  schemaSchema,
]
