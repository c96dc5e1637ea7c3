/**
 * What a request names in vain: attributes and paths that the schema lacks, which are ignored
 * (RFC 7644 §3.5.2). Whoever set up the mapping learns it from the names, so that none is lost
 * without a trace.
 */
import { isObject, type Json, membersOf } from './json.ts'
import { subAttribute } from './schema/attribute.ts'
import { coreAttributes, pathName, type ResourceType, resolve } from './schema/resource-type.ts'

/** How many names are looked at in one request, and how many are told of. */
const MAXIMUM_LOOKED_AT = 2000
const MAXIMUM_TOLD = 50
const MAXIMUM_NAME = 100

/** An attribute is called so; whatever else stands in its place may be about a person. */
const NAME = /^[A-Za-z$][\w$:.-]*$/

/** A name as it is shown, or nothing that tells where it may be a value. */
function shown(name: string): string {
  return NAME.test(name) && name.length <= MAXIMUM_NAME && !/glsa_/i.test(name) ? name : '…'
}

/** Collects the names that the schema lacks. */
function collector(type: ResourceType) {
  const found = new Set<string>()
  let left = MAXIMUM_LOOKED_AT

  /** Looks at a name and, where it is one of an object, at the names below it. */
  function look(name: string, value: Json | undefined): void {
    left -= 1
    if (left < 0 || found.size >= MAXIMUM_TOLD) return
    const resolved = resolve(type, name)
    if (resolved === undefined) {
      found.add(shown(name))
    } else if (resolved.kind === 'schema') {
      if (isObject(value)) lookInto(`${resolved.schema.id}:`, value)
    } else if (resolved.path.sub === undefined && resolved.path.attribute.type === 'complex') {
      const { attribute } = resolved.path
      for (const one of Array.isArray(value) ? value.slice(0, left) : [value]) {
        if (!isObject(one)) continue
        for (const sub of Object.keys(one)) {
          left -= 1
          if (subAttribute(attribute, sub) === undefined) found.add(shown(`${name}.${sub}`))
        }
      }
    }
  }

  function lookInto(prefix: string, value: Json | undefined): void {
    if (!isObject(value)) return
    for (const [name, member] of Object.entries(value)) {
      if (left <= 0) return
      if (name.toLowerCase() === 'schemas') continue
      look(/^urn:/i.test(name) ? withoutFilter(name) : prefix + withoutFilter(name), member)
    }
  }

  return { look, lookInto, names: () => [...found].slice(0, MAXIMUM_TOLD), isFull: () => left <= 0 }
}

/** A path without its filter, which holds values. */
function withoutFilter(path: string): string {
  const [start, end] = [path.indexOf('['), path.lastIndexOf(']')]
  return start === -1 ? path : path.slice(0, start) + (end > start ? path.slice(end + 1) : '')
}

/** The attributes and paths of a POST, PUT or PATCH that the schema lacks. */
export function unknownNames(type: ResourceType, method: string, body: Json): string[] {
  const { look, lookInto, names, isFull } = collector(type)
  if (method !== 'PATCH') {
    lookInto('', body)
    return names()
  }
  const operations = isObject(body) ? membersOf(body).get('operations') : undefined
  for (const operation of Array.isArray(operations) ? operations : []) {
    if (isFull()) break
    if (!isObject(operation)) continue
    const members = membersOf(operation)
    const path = members.get('path')
    const value = members.get('value')
    if (typeof path === 'string' && path !== '') look(withoutFilter(path), value)
    else lookInto('', value)
  }
  return names()
}

/** The one attribute that a name without its parent may mean, such as `name.givenName`. */
export function suggestionFor(type: ResourceType, name: string): string | undefined {
  const last = name.split(/[.:]/).at(-1) ?? ''
  const extended = type.extensions.flatMap(({ schema }) =>
    schema.attributes.map((attribute) => ({ attribute, extension: schema.id })),
  )
  const all = [...coreAttributes(type).map((attribute) => ({ attribute })), ...extended]
  const paths = all.flatMap((held) => {
    const sub = subAttribute(held.attribute, last)
    const same = held.attribute.name.toLowerCase() === last.toLowerCase()
    return [...(same ? [pathName(held)] : []), ...(sub ? [pathName({ ...held, sub })] : [])]
  })
  const [only] = paths
  return paths.length === 1 ? only : undefined
}
