/** What holds of PATCH whatever the resource and the operations. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isObject, type Json, type JsonObject } from '../../../../src/scim/json.ts'
import { sameValue } from '../../../../src/scim/resource/equality.ts'
import { type Attributes, readResource } from '../../../../src/scim/resource/resource.ts'
import { userType } from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, patchUser, reasonOf, userResource } from '../support.ts'

const text = fc.constantFrom('a', 'B', 'work', 'Work', '', 'é')
const flag = fc.constantFrom<Json>(true, false, 'True', 'false', null)
const element: fc.Arbitrary<JsonObject> = fc.record(
  { value: text, type: text, display: fc.option(text), primary: flag, unknown: fc.integer() },
  { requiredKeys: [] },
)
const elements = fc.array(element, { maxLength: 3 })
const extension: fc.Arbitrary<JsonObject> = fc.record(
  {
    department: fc.option(text),
    manager: fc.oneof(text, fc.record({ value: text, displayName: text }, { requiredKeys: [] })),
  },
  { requiredKeys: [] },
)
const name: fc.Arbitrary<JsonObject> = fc.record(
  { givenName: fc.option(text), FAMILYNAME: text },
  { requiredKeys: [] },
)
const body = fc.record(
  {
    userName: fc.constantFrom('ada', 'Bob'),
    title: fc.option(text),
    active: flag,
    name,
    emails: elements,
    roles: elements,
    [ENTERPRISE]: extension,
  },
  { requiredKeys: ['userName'] },
)
const filter = fc.constantFrom(
  'type eq "work"',
  'type eq "work" and primary eq true',
  'value pr',
  'not (display eq "a")',
  'primary eq "True" or type eq "B"',
)
const list = fc.constantFrom('emails', 'roles')
const sub = fc.constantFrom('value', 'type', 'display', 'primary')
const path = fc.oneof(
  fc.constantFrom('title', 'active', 'name', 'name.givenName', 'userName', 'manager', 'unknown'),
  fc.constantFrom(ENTERPRISE, `${ENTERPRISE}:department`, 'manager.value', 'id', 'groups'),
  list,
  fc.tuple(list, sub).map(([attribute, part]) => `${attribute}.${part}`),
  fc.tuple(list, filter).map(([attribute, selects]) => `${attribute}[${selects}]`),
  fc
    .tuple(list, filter, sub)
    .map(([attribute, selects, part]) => `${attribute}[${selects}].${part}`),
)
const value: fc.Arbitrary<Json> = fc.oneof(text, flag, name, element, elements, extension)
const operation: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace'), path, value }),
  fc.record({ op: fc.constant('remove'), path }),
  fc.record({ op: fc.constantFrom('add', 'replace'), value: body }),
)
const operations = fc.array(operation, { minLength: 1, maxLength: 5 })

/** The resource of a body, where it is one. */
function read(given: JsonObject): Attributes | undefined {
  let attributes: Attributes | undefined
  attempt(() => {
    attributes = readResource(userType, given).attributes
  })
  return attributes
}

/** Whether something was done; nothing but a refusal of the protocol may keep it from that. */
function attempt(act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    reasonOf(() => {
      throw error
    })
    return false
  }
}

/** Checks what comes of operations that are applied to a frozen resource. */
function everyResult(
  check: (result: Attributes, before: Attributes, operations: readonly JsonObject[]) => void,
  given: fc.Arbitrary<JsonObject[]> = operations,
): void {
  fc.assert(
    fc.property(body, given, (start, list) => {
      const before = read(start)
      fc.pre(before !== undefined)
      const copy = structuredClone(before)
      let result: Attributes | undefined
      attempt(() => {
        result = patchUser(before, ...list)
      })
      // Frozen objects throw on writing; what is not an object could still have been exchanged.
      expect(before).toEqual(copy)
      if (result !== undefined) check(result, before, list)
    }),
    { numRuns: 500 },
  )
}

test('a result read back from its rendering is the same', () => {
  everyResult((result) => {
    const back = readResource(userType, JSON.parse(JSON.stringify(userResource(result))))
    expect(back.attributes).toEqual(result)
  })
})

test('a result has no value that is “unassigned”', () => {
  const walk = (held: Json): void => {
    expect(held).not.toBeNull()
    expect(held).not.toEqual([])
    expect(held).not.toEqual({})
    if (typeof held === 'object' && held !== null) Object.values(held).forEach(walk)
  }
  everyResult((result) => walk(result))
})

test('a result has one primary element at most', () => {
  everyResult((result) => {
    for (const attribute of ['emails', 'roles']) {
      const held = result[attribute]
      const primary = (Array.isArray(held) ? held : []).filter(
        (one) => isObject(one) && one.primary === true,
      )
      expect(primary.length).toBeLessThanOrEqual(1)
    }
  })
})

test('a failing operation leaves nothing of those before it', () => {
  fc.assert(
    fc.property(body, operations, (start, list) => {
      const before = read(start)
      fc.pre(before !== undefined)
      const failing = { op: 'remove', path: 'userName' }
      let result: Attributes | undefined
      expect(
        attempt(() => {
          result = patchUser(before, ...list, failing)
        }),
      ).toBe(false)
      expect(result).toBeUndefined()
    }),
  )
})

test('operations in one request do what they do one after the other', () => {
  everyResult((result, before, list) => {
    let stepwise: Attributes | undefined = before
    attempt(() => {
      for (const one of list) stepwise = patchUser(stepwise ?? before, one)
    })
    // A required attribute may be missing for a while within one request.
    fc.pre(list.every(({ path: at }) => at !== 'userName'))
    expect(stepwise).toEqual(result)
  })
})

test('what is added twice is there once', () => {
  const addition = fc.record({ op: fc.constant('add'), path: list, value: elements })
  everyResult((result, _before, [first]) => {
    expect(first).toBeDefined()
    expect(patchUser(result, first ?? {})).toEqual(result)
  }, fc.tuple(addition))
})

test('a value that is replaced by itself stays the same', () => {
  everyResult((result) => {
    for (const [attribute, held] of Object.entries(result)) {
      const again = patchUser(result, { op: 'replace', path: attribute, value: held })
      expect(sameValue(again, result)).toBe(true)
    }
  })
})
