/** Generators of users and of filters, over the whole of the schemas and of the grammar. */
import fc from 'fast-check'
import type { Json } from '../../src/scim/json.ts'
import type { Attribute } from '../../src/scim/schema/attribute.ts'
import { coreAttributes, type ResourceType } from '../../src/scim/schema/resource-type.ts'

/** Pieces of text that databases and languages like to see differently. */
const pieces = [
  '',
  'a',
  'A',
  'b',
  'ab',
  'Ab',
  'work',
  'Work',
  'home',
  'ß',
  'SS',
  'é',
  'e\u0301',
  'É',
  'İ',
  'i',
  'ΑΣ',
  'ας',
  '\uff21',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
  '"',
  '\\',
  "'",
  '%',
  '_',
  ' ',
  '5',
  '5.0',
  '007',
  '49-123',
  '1e3',
  'null',
  'true',
  '\u0001',
  '\n',
  '\u2028',
]

/** Few enough values that filters often meet one. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...pieces) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...pieces), fc.constantFrom(...pieces))
      .map(([first, second]) => first + second),
  },
)

const moments = [
  '2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.500Z',
  '2026-01-01T01:00:00+01:00',
  '2025-12-31T23:59:59.999Z',
  '2026-01-01T00:00:01',
  '2026-06-01T12:00:00-05:00',
]

/** When the resources of the tests were made. */
export const moment: fc.Arbitrary<number> = fc.constantFrom(
  ...moments.map((iso) => Date.parse(/Z|[+-]\d\d:\d\d$/.test(iso) ? iso : `${iso}Z`)),
)

function value(attribute: Attribute): fc.Arbitrary<Json> {
  switch (attribute.type) {
    case 'boolean':
      return fc.boolean()
    case 'complex':
      return fc
        .tuple(
          // A reference without a value would have to lead to somebody.
          ...(attribute.subAttributes ?? [])
            .filter(({ name }) => name !== '$ref')
            .map((sub) =>
              fc.option(value(sub), { freq: 2, nil: undefined }).map((v) => [sub.name, v] as const),
            ),
        )
        .map((parts) =>
          Object.fromEntries(parts.flatMap(([name, v]) => (v === undefined ? [] : [[name, v]]))),
        )
    default:
      return text
  }
}

/** Of the elements of an attribute one at most is primary. */
function elements(attribute: Attribute): fc.Arbitrary<Json[]> {
  return fc.array(value(attribute), { minLength: 1, maxLength: 3 }).map((list) => {
    let primary = false
    return list.map((element) => {
      if (typeof element !== 'object' || element === null || Array.isArray(element)) return element
      const second = primary && 'primary' in element && element.primary === true
      primary ||= 'primary' in element && element.primary === true
      return second ? { ...element, primary: false } : element
    })
  })
}

function members(
  attributes: readonly Attribute[],
): fc.Arbitrary<{ readonly [name: string]: Json }> {
  return fc
    .tuple(
      ...attributes.map((attribute) =>
        fc
          .option(attribute.multiValued ? elements(attribute) : value(attribute), {
            freq: 2,
            nil: undefined,
          })
          .map((v) => [attribute.name, v] as const),
      ),
    )
    .map((parts) =>
      Object.fromEntries(parts.flatMap(([name, v]) => (v === undefined ? [] : [[name, v]]))),
    )
}

/** The body of a resource, each attribute there or not; names and identifiers are not set. */
export function body(type: ResourceType): fc.Arbitrary<{ readonly [name: string]: Json }> {
  const given = type.schema.attributes.filter(
    ({ name, computed, relation, returned }) =>
      !computed && !relation && returned !== 'never' && !['userName', 'externalId'].includes(name),
  )
  const core = members(given)
  return type.extensions.reduce(
    (whole, { schema }) =>
      fc
        .tuple(whole, fc.option(members(schema.attributes), { nil: undefined }))
        .map(([outer, extension]) =>
          extension === undefined ? outer : { ...outer, [schema.id]: extension },
        ),
    core,
  )
}

/** An attribute as a filter names it. */
interface Named {
  readonly name: string
  readonly attribute: Attribute
  readonly subAttributes: readonly Attribute[]
}

function filterable(attributes: readonly Attribute[] = []): readonly Attribute[] {
  return attributes.filter((a) => a.unfilterable !== true && a.returned !== 'never')
}

function namesOf(type: ResourceType): readonly Named[] {
  const core = filterable(coreAttributes(type)).flatMap((attribute) =>
    ['', `${type.schema.id}:`].map((urn) => ({ name: `${urn}${attribute.name}`, attribute })),
  )
  const extensions = type.extensions.flatMap(({ schema }) =>
    filterable(schema.attributes).flatMap((attribute) =>
      [`${schema.id}:`, ''].map((urn) => ({ name: `${urn}${attribute.name}`, attribute })),
    ),
  )
  return [...core, ...extensions].map(({ name, attribute }) => ({
    name,
    attribute,
    subAttributes: filterable(attribute.subAttributes),
  }))
}

/** Real values of attributes that were made up by the store or are unique, by name. */
export type Known = Readonly<Record<string, readonly string[]>>

const recase = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(name, name, name, name.toUpperCase(), name.toLowerCase())

function operand(attribute: Attribute, known: readonly string[] = []): fc.Arbitrary<string> {
  switch (attribute.type) {
    case 'boolean':
      return fc.constantFrom('true', 'false', '"True"', '"FALSE"')
    case 'dateTime':
      return fc.constantFrom(...moments).map((iso) => JSON.stringify(iso))
    default: {
      const made = text.map((t) => JSON.stringify(t))
      const bare = fc.constantFrom('a', 'Work', 'true', '5', '5.0', '007', '1e3', '49-123')
      if (known.length === 0) return fc.oneof(made, bare)
      const whole = fc.constantFrom(...known)
      const part = fc
        .tuple(whole, fc.nat(8), fc.nat(8))
        .map(([t, from, to]) => [...t].slice(from, from + to).join(''))
      const real = fc.oneof(
        whole,
        whole,
        whole,
        part,
        whole.map((t) => t.toUpperCase()),
      )
      return fc.oneof(
        { weight: 1, arbitrary: made },
        {
          weight: 5,
          arbitrary: real.map((t) => JSON.stringify(t)),
        },
      )
    }
  }
}

function operators(attribute: Attribute): readonly string[] {
  switch (attribute.type) {
    case 'boolean':
      return ['eq', 'ne']
    case 'dateTime':
      return ['eq', 'ne', 'gt', 'ge', 'lt', 'le']
    case 'binary':
      return ['eq', 'ne', 'co', 'sw', 'ew']
    default:
      return ['eq', 'eq', 'eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le']
  }
}

/** Comparisons of one attribute that is not complex. */
function comparison(
  name: string,
  attribute: Attribute,
  known: readonly string[] | undefined,
): fc.Arbitrary<string> {
  const compare = fc
    .tuple(recase(name), fc.constantFrom(...operators(attribute)), operand(attribute, known))
    .map(([path, operator, literal]) => `${path} ${operator} ${literal}`)
  const present = recase(name).map((path) => `${path} pr`)
  const isNull = fc.constantFrom(`${name} eq null`, `${name} ne null`)
  const chain = fc
    .array(operand(attribute, known), { minLength: 2, maxLength: 5 })
    .map((literals) => `(${literals.map((literal) => `${name} eq ${literal}`).join(' or ')})`)
  return fc.oneof(
    { weight: 8, arbitrary: compare },
    { weight: 1, arbitrary: present },
    { weight: 1, arbitrary: isNull },
    { weight: 1, arbitrary: chain },
  )
}

/** Joins comparisons by and, or, not and brackets. */
function tree(leaf: fc.Arbitrary<string>, maxDepth: number): fc.Arbitrary<string> {
  return fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth, withCrossShrink: true },
      { weight: 3, arbitrary: leaf },
      {
        weight: 2,
        arbitrary: fc
          .tuple(tie('node'), fc.constantFrom('and', 'or', 'AND', 'Or'), tie('node'))
          .map(([left, word, right]) => `${left} ${word} ${right}`),
      },
      { weight: 1, arbitrary: tie('node').map((inner) => `(${inner})`) },
      { weight: 1, arbitrary: tie('node').map((inner) => `not (${inner})`) },
    ),
  })).node
}

/** The names of all attributes that are not complex, as they stand in a resource. */
export function leafNames(type: ResourceType): string[] {
  const of = (attributes: readonly Attribute[] | undefined, prefix: string): string[] =>
    filterable(attributes).flatMap(({ name, subAttributes }) =>
      subAttributes === undefined ? [prefix + name] : of(subAttributes, `${prefix}${name}.`),
    )
  const extensions = type.extensions.flatMap(({ schema }) => of(schema.attributes, `${schema.id}.`))
  return [...of(coreAttributes(type), ''), ...extensions]
}

/** Filters over resources of a type. */
export function filterText(type: ResourceType, known: Known): fc.Arbitrary<string> {
  const leaves = namesOf(type).flatMap(({ name, attribute, subAttributes }) => {
    const values = (sub: Attribute | undefined) =>
      known[sub === undefined ? attribute.name : `${attribute.name}.${sub.name}`]
    if (attribute.type !== 'complex') return [comparison(name, attribute, values(undefined))]
    const parts = subAttributes.map((sub) => comparison(`${name}.${sub.name}`, sub, values(sub)))
    const whole = recase(name).map((path) => `${path} pr`)
    const main = subAttributes.find((sub) => sub.name === 'value')
    const itself = main === undefined ? [] : [comparison(name, main, values(main))]
    if (!attribute.multiValued) return [fc.oneof(whole, ...itself, ...parts)]
    const inside = subAttributes.map((sub) => comparison(sub.name, sub, values(sub)))
    const inner = tree(fc.oneof(...inside), 2)
    const path = fc.tuple(recase(name), inner).map(([outer, filter]) => `${outer}[${filter}]`)
    const behind = fc
      .tuple(path, fc.oneof(...inside))
      .filter(([, rest]) => !rest.startsWith('('))
      .map(([selected, rest]) => `${selected}.${rest}`)
    return [fc.oneof(fc.oneof(...itself, ...parts), fc.oneof(whole, path, behind))]
  })
  // What is unique or has an index is what the compiler treats in ways of its own.
  const favourites = Object.keys(known).map((name) => {
    const [outer, inner] = name.split('.')
    const named = namesOf(type).find((candidate) => candidate.name === outer)
    const attribute =
      inner === undefined
        ? named?.attribute
        : named?.subAttributes.find((sub) => sub.name === inner)
    if (attribute === undefined) throw new Error(`${type.name} has no ${name}`)
    return comparison(name, attribute, known[name])
  })
  return tree(fc.oneof(fc.oneof(...leaves), fc.oneof(...favourites)), 4)
}
