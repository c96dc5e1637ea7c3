// Reading JSON of unknown form without surprises. Pure.

/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
/** A JSON object. */
export type JsonObject = { [name: string]: Json }

/** Tells a JSON object from every other value. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Follows member names into a value; undefined where one of them is missing. */
export function read(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value
  for (const name of path) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}

/** The objects in an array; none for every other value. */
export function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The element of a multi-valued attribute that has a sub-attribute of this value. */
export function element(
  value: Json | undefined,
  name: string,
  wanted: Json,
): JsonObject | undefined {
  return objects(value).find((one) => one[name] === wanted)
}

/** RFC 7643 §2.5: null, an empty array and absence are one state. */
export function isUnassigned(value: Json | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

/** A text in which equal values are equal: members sorted, array order kept. */
export function canonical(value: Json | undefined): string {
  if (value === undefined) return '(absent)'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

/** Visits every member of every object inside a value. */
export function walk(
  value: Json | undefined,
  visit: (name: string, member: Json, path: string) => void,
  path = '',
): void {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) walk(one, visit, `${path}[${index}]`)
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const inner = path === '' ? name : `${path}.${name}`
      visit(name, member, inner)
      walk(member, visit, inner)
    }
  }
}
