/** The common attributes of RFC 7643 §3.1, which every resource has. */
import { type Attribute, complex, dateTime, reference, string } from './attribute.ts'

const issued = { mutability: 'readOnly', computed: true } as const

export const id: Attribute = string('id', 'The identifier that this service provider issued.', {
  ...issued,
  caseExact: true,
  returned: 'always',
  uniqueness: 'server',
})

export const externalId: Attribute = string(
  'externalId',
  'The identifier that the provisioning client issued; Grafana takes it as the login identity.',
  { caseExact: true },
)

export const schemas: Attribute = reference(
  'schemas',
  ['uri'],
  'The URNs of the schemas that the resource uses.',
  { multiValued: true, required: true, returned: 'always', computed: true },
)

export const meta: Attribute = complex(
  'meta',
  'What the service provider knows about the resource itself.',
  [
    string('resourceType', 'The name of the resource type.', { ...issued, caseExact: true }),
    dateTime('created', 'When the resource was created.', issued),
    dateTime('lastModified', 'When the resource was last changed.', issued),
    reference('location', ['uri'], 'The URI of the resource.', { ...issued, unfilterable: true }),
    string('version', 'The version of the resource, which is its ETag.', {
      ...issued,
      caseExact: true,
      unfilterable: true,
    }),
  ],
  issued,
)

/** All of them; only externalId is part of the schemas in /Schemas. */
export const commonAttributes: readonly Attribute[] = [schemas, id, externalId, meta]
