/**
 * The characteristics of RFC 7643 §7, on a schema that has one attribute of each kind and exists
 * for this test alone: whatever the definitions say is what reading, PATCH, projection, filters and
 * /Schemas do.
 */
import { describe, expect, test } from 'vitest'
import { comparisonKey } from '../../../src/scim/comparison.ts'
import { ProtocolError } from '../../../src/scim/error.ts'
import { readFilter } from '../../../src/scim/filter/bind.ts'
import { matches } from '../../../src/scim/filter/evaluate.ts'
import type { JsonObject } from '../../../src/scim/json.ts'
import { applyChanges } from '../../../src/scim/patch/apply.ts'
import type { PatchOperation } from '../../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../../src/scim/patch/target.ts'
import { projectorOf, readProjection } from '../../../src/scim/resource/projection.ts'
import {
  comparisonForm,
  readResource,
  refuseImmutableChange,
} from '../../../src/scim/resource/resource.ts'
import {
  binary,
  boolean,
  complex,
  dateTime,
  integer,
  reference,
  type Schema,
  string,
} from '../../../src/scim/schema/attribute.ts'
import type { ResourceType } from '../../../src/scim/schema/resource-type.ts'
import { expectRefusal } from './support.ts'

const WIDGET = 'urn:example:schemas:Widget'
const PARTS = 'urn:example:schemas:Widget:parts'

const parts: Schema = {
  id: PARTS,
  name: 'Parts',
  description: 'What a widget consists of.',
  attributes: [integer('count', 'How many parts there are.'), string('maker', 'Who made them.')],
}

const widget: ResourceType = {
  name: 'Widget',
  endpoint: '/Widgets',
  description: 'A thing.',
  schema: {
    id: WIDGET,
    name: 'Widget',
    description: 'A thing.',
    attributes: [
      string('name', 'Its name.', { required: true, uniqueness: 'server' }),
      string('code', 'Its code.', { caseExact: true }),
      string('serial', 'Its serial number.', { mutability: 'immutable' }),
      string('seal', 'Set by the server.', { mutability: 'readOnly' }),
      string('secret', 'Only ever written.', { mutability: 'writeOnly', returned: 'never' }),
      string('label', 'Always shown.', { returned: 'always' }),
      string('history', 'Shown on request.', { returned: 'request' }),
      string('color', 'Its color.', { canonicalValues: ['red', 'blue'] }),
      boolean('fragile', 'Whether it breaks.'),
      integer('size', 'Its size.'),
      dateTime('made', 'When it was made.'),
      binary('image', 'A picture.'),
      reference('page', ['external'], 'A page about it.'),
      string('parts', 'Not the extension, but an attribute of its name.'),
      string('tags', 'Words for it.', { multiValued: true }),
      complex('box', 'What it comes in.', [
        string('kind', 'The kind of box.'),
        string('lock', 'Its lock.', { returned: 'request' }),
      ]),
    ],
  },
  extensions: [{ schema: parts, required: true }],
}

const minimal = { name: 'A', [PARTS]: { count: 1 } }

function read(body: JsonObject) {
  return readResource(widget, body).attributes
}

function patch(attributes: JsonObject, ...operations: Omit<PatchOperation, 'where'>[]) {
  const given = operations.map((one, index) => ({ ...one, where: `Operations[${index}]` }))
  const changes = resolveOperations(widget, given)
  return applyChanges(widget, attributes, changes, attributes)
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolError) return error.reason.scimType
    throw error
  }
  return 'accepted'
}

describe('required', () => {
  test('an attribute must be there and have a value', () => {
    expect(refusal(() => read({ [PARTS]: { count: 1 } }))).toBe('invalidValue')
    expect(refusal(() => read({ ...minimal, name: ' ' }))).toBe('invalidValue')
  })

  test('so must an extension', () => {
    expect(refusal(() => read({ name: 'A' }))).toBe('invalidValue')
    expect(read(minimal)).toEqual(minimal)
  })
})

describe('mutability', () => {
  test('readOnly and writeOnly values of a client are not kept', () => {
    expect(read({ ...minimal, seal: 'x', secret: 'y' })).toEqual(minimal)
  })

  test('an explicit write of a readOnly attribute is refused', () => {
    const operation = { op: 'replace', path: 'seal', value: 'x' } as const
    expect(refusal(() => patch(minimal, operation))).toBe('mutability')
  })

  test('an immutable attribute can be set once, repeated, and not changed or removed', () => {
    const set = patch(minimal, { op: 'add', path: 'serial', value: '1' })
    expect(set).toEqual({ ...minimal, serial: '1' })
    expect(patch(set, { op: 'replace', path: 'serial', value: '1' })).toEqual(set)
    expect(refusal(() => patch(set, { op: 'replace', path: 'serial', value: '2' }))).toBe(
      'mutability',
    )
    expect(refusal(() => patch(set, { op: 'remove', path: 'serial' }))).toBe('mutability')
    expect(refusal(() => refuseImmutableChange(widget, set, { ...set, serial: '2' }))).toBe(
      'mutability',
    )
  })

  test('so it is in an extension, and the sentence names the attribute', () => {
    const origin = string('origin', 'Where they come from.', { mutability: 'immutable' })
    const fixed = { ...parts, attributes: [...parts.attributes, origin] }
    const type = { ...widget, extensions: [{ schema: fixed, required: true }] }
    const holding = (container: JsonObject) => ({ ...minimal, [PARTS]: container })
    const change = (before: JsonObject, after: JsonObject) => () =>
      refuseImmutableChange(type, before, after)
    const set = holding({ count: 1, origin: 'x' })
    expect(change(set, holding({ count: 2, origin: 'x' }))()).toBeUndefined()
    expect(change(minimal, set)()).toBeUndefined()
    expect(change({ name: 'A' }, set)()).toBeUndefined()
    for (const after of [holding({ count: 1, origin: 'y' }), minimal, { name: 'A' }]) {
      expectRefusal(change(set, after), 'mutability', 'origin is immutable')
    }
  })
})

describe('returned', () => {
  const resource = {
    ...{ schemas: [WIDGET, PARTS], id: 'w1', ...minimal },
    ...{ label: 'L', history: 'H', secret: 'S', box: { kind: 'K', lock: 'X' } },
  }
  const show = (attributes?: string, excluded?: string) =>
    projectorOf(widget, readProjection(widget, attributes, excluded))(resource)

  test('by default everything is shown but what needs asking and what is never shown', () => {
    const { history: _history, secret: _secret, ...rest } = resource
    expect(show()).toEqual({ ...rest, box: { kind: 'K' } })
  })

  test('what is shown on request has to be named', () => {
    expect(show('history')).toEqual({
      ...{ schemas: resource.schemas, id: 'w1', label: 'L', history: 'H' },
    })
    expect(show('box.lock')).toMatchObject({ box: { lock: 'X' } })
  })

  test('what is always shown cannot be excluded, and what never is cannot be named', () => {
    expect(show(undefined, 'label,id,name')).toMatchObject({ label: 'L', id: 'w1' })
    expect(show(undefined, 'label,id,name')).not.toHaveProperty('name')
    expect(show('secret')).not.toHaveProperty('secret')
  })
})

describe('type', () => {
  test.each([
    ['fragile', 'perhaps'],
    ['size', 1.5],
    ['size', '1'],
    ['made', 'yesterday'],
    ['image', 5],
    ['page', {}],
    ['box', 'cardboard'],
    ['tags', [1]],
  ])('%s is not %j', (name, value) => {
    expect(refusal(() => read({ ...minimal, [name]: value }))).toBe('invalidValue')
  })

  test('values of every type are kept as they were sent', () => {
    const full = {
      ...{ name: 'A', code: 'c', fragile: false, size: -3, made: '2026-01-31T12:00:00.5+02:00' },
      ...{ image: 'aGk=', page: 'https://example.com/', tags: ['x', 'y'], box: { kind: 'k' } },
      ...{ color: 'green', [PARTS]: { count: 0, maker: '' } },
    }
    expect(read(full)).toEqual(full)
  })
})

describe('comparison', () => {
  const form = comparisonForm(widget, {
    ...minimal,
    ...{ code: 'Ab', size: 10, made: '2026-01-31T12:00:00+02:00', fragile: true, image: 'aGk=' },
    ...{ parts: 'p', tags: ['Red', 'blue'] },
  })
  const accepts = (filter: string) => matches(readFilter(widget, filter), form)

  test('case counts only where the definition says so', () => {
    expect(accepts('name eq "a"')).toBe(true)
    expect(accepts('code eq "ab"')).toBe(false)
    expect(accepts('code eq "Ab"')).toBe(true)
    expect(accepts('image eq "AGK="')).toBe(false)
    expect(accepts('tags eq "RED"')).toBe(true)
  })

  test('numbers compare as numbers and times as instants', () => {
    expect(accepts('size gt 9')).toBe(true)
    expect(accepts('made eq "2026-01-31T10:00:00Z"')).toBe(true)
    expect(accepts('made lt "2026-01-31T10:00:00.001Z"')).toBe(true)
  })

  test.each(['fragile gt true', 'size co 1', 'image gt "a"', 'box eq "x"', 'secret eq "s"'])(
    '%s is refused',
    (filter) => {
      expect(refusal(() => readFilter(widget, filter))).toBe('invalidFilter')
    },
  )

  test('of two URNs that fit, the longer one is meant', () => {
    expect(accepts(`${PARTS}:count eq 1`)).toBe(true)
    expect(accepts(`${WIDGET}:parts eq "P"`)).toBe(true)
  })

  test('a key is of the kind of its type', () => {
    expect(comparisonKey(integer('n', ''), '1')).toBeUndefined()
    expect(comparisonKey(boolean('b', ''), 'true')).toBeUndefined()
  })
})
