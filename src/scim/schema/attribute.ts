/**
 * Attribute definitions: the characteristics of RFC 7643 §2 and §7 as plain data.
 *
 * Everything that has to know an attribute reads these definitions: /Schemas, reading a body,
 * projection, the typing of filters, PATCH. Adding an attribute is one entry in a schema file.
 */

/** The data types of RFC 7643 §2.3. */
export type AttributeType =
  | 'string'
  | 'boolean'
  | 'decimal'
  | 'integer'
  | 'dateTime'
  | 'binary'
  | 'reference'
  | 'complex'

/** One attribute or sub-attribute, with the characteristics of RFC 7643 §7. */
export interface Attribute {
  readonly name: string
  readonly type: AttributeType
  readonly description: string
  readonly multiValued: boolean
  readonly required: boolean
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly'
  readonly returned: 'always' | 'never' | 'default' | 'request'
  /** Absent where it has no meaning: boolean, number and complex attributes. */
  readonly caseExact?: boolean
  /** Absent on boolean and complex attributes. */
  readonly uniqueness?: 'none' | 'server' | 'global'
  readonly canonicalValues?: readonly string[]
  readonly referenceTypes?: readonly string[]
  readonly subAttributes?: readonly Attribute[]
  /** What a value of an element is where there is none (RFC 7643 §2.4). Not part of /Schemas. */
  readonly assumed?: false
  /** The server derives the value; what a client sends for it is dropped. Not part of /Schemas. */
  readonly computed?: true
  /** The values are relations to other resources and not part of the resource's own attributes. */
  readonly relation?: true
  /** Derived at the time of the answer, so that no filter can compare it. Not part of /Schemas. */
  readonly unfilterable?: true
}

/** A schema: a URN and its attributes (RFC 7643 §7). */
export interface Schema {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly Attribute[]
}

/** What an entry may say beyond its name and description; everything else is RFC 7643's default. */
type Characteristics = Partial<Omit<Attribute, 'name' | 'type' | 'description' | 'subAttributes'>>

function define(
  name: string,
  type: AttributeType,
  description: string,
  more: Characteristics,
): Attribute {
  // The defaults of RFC 7643 §2.2; references and binaries are case-exact (§2.3.6, §2.3.7).
  const exact = type === 'reference' || type === 'binary'
  const compares = type !== 'complex' && type !== 'boolean'
  return {
    name,
    type,
    multiValued: false,
    description,
    required: false,
    ...(compares && type !== 'integer' && type !== 'decimal' ? { caseExact: exact } : {}),
    mutability: 'readWrite',
    returned: 'default',
    ...(compares ? { uniqueness: 'none' } : {}),
    ...more,
  }
}

/** Defines a string attribute; case-insensitive unless the entry says otherwise. */
export const string = (name: string, description: string, more: Characteristics = {}): Attribute =>
  define(name, 'string', description, more)

/** Defines a boolean attribute. */
export const boolean = (name: string, description: string, more: Characteristics = {}): Attribute =>
  define(name, 'boolean', description, more)

/** Defines an integer attribute. */
export const integer = (name: string, description: string, more: Characteristics = {}): Attribute =>
  define(name, 'integer', description, more)

/** Defines a dateTime attribute. */
export const dateTime = (
  name: string,
  description: string,
  more: Characteristics = {},
): Attribute => define(name, 'dateTime', description, more)

/** Defines a binary attribute: base64 text, compared exactly. */
export const binary = (name: string, description: string, more: Characteristics = {}): Attribute =>
  define(name, 'binary', description, more)

/** Defines a reference to resources of the given types, to a `uri`, or to something `external`. */
export const reference = (
  name: string,
  referenceTypes: readonly string[],
  description: string,
  more: Characteristics = {},
): Attribute => define(name, 'reference', description, { referenceTypes, ...more })

/** Defines a complex attribute. */
export const complex = (
  name: string,
  description: string,
  subAttributes: readonly Attribute[],
  more: Characteristics = {},
): Attribute => ({ ...define(name, 'complex', description, more), subAttributes })

/** The same attribute, read-only, and so are its sub-attributes. */
export function readOnly(attribute: Attribute): Attribute {
  return {
    ...attribute,
    mutability: 'readOnly',
    ...(attribute.subAttributes ? { subAttributes: attribute.subAttributes.map(readOnly) } : {}),
  }
}

const indexes = new WeakMap<readonly Attribute[], ReadonlyMap<string, Attribute>>()

/** Finds an attribute among others by name, without regard to case (RFC 7643 §2.1). */
export function attributeNamed(
  attributes: readonly Attribute[],
  name: string,
): Attribute | undefined {
  let index = indexes.get(attributes)
  if (index === undefined) {
    index = new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]))
    indexes.set(attributes, index)
  }
  return index.get(name.toLowerCase())
}

/** Finds a sub-attribute by name, without regard to case. */
export function subAttribute(attribute: Attribute, name: string): Attribute | undefined {
  return attributeNamed(attribute.subAttributes ?? none, name)
}

const none: readonly Attribute[] = []
