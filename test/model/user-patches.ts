/**
 * Operations of PATCH on users: each as the client writes it and as what it means, so that the
 * meaning is never read out of the path by a second parser (RFC 7644 §3.5.2).
 */
import fc from 'fast-check'
import { ENTERPRISE_USER as ENTERPRISE } from '../support/payload.ts'
import {
  type Attributes,
  areOne,
  type Element,
  elementsOf,
  fold,
  joined,
  meaning,
  onceEach,
  Refused,
  type Value,
} from './directory.ts'
import { assign, oneOf, refuse, type Shape } from './shape.ts'
import type { UserEffect } from './users.ts'
import * as values from './values.ts'

const userShape =
  (sent: object, effect: UserEffect): Shape<UserEffect> =>
  () => ({ sent, effect })

/** Changes a complex attribute, which is there as long as it has a part. */
function within(draft: Attributes, name: string, change: (part: Element) => void): void {
  const part = { ...(draft[name] as Element | undefined) }
  change(part)
  assign(draft, name, part)
}

const ofType = (type: string) => (element: Element) => fold(String(element.type ?? '')) === type

/** Puts the elements in; a new primary one takes the mark from the old one. */
function keep(draft: Attributes, elements: Element[], marked?: Element): void {
  const before = elementsOf(draft.emails)
  const changed = new Set<Element>()
  const settled = elements.map((element) => {
    if (!before.includes(element)) changed.add(element)
    return marked !== undefined && element !== marked && element.primary === true
      ? { ...element, primary: false }
      : element
  })
  // Of two that became one, what was changed wins.
  assign(
    draft,
    'emails',
    onceEach(settled, (one) => changed.has(one)),
  )
}

/** Marks what is of type home: of several, the last that was not marked is the primary one. */
function markHome(draft: Attributes): void {
  const elements = elementsOf(draft.emails)
  const homes = elements.filter(ofType('home'))
  if (homes.length === 0) setOfType(draft, 'home', 'primary', true)
  const marked = homes.findLast(({ primary }) => primary !== true)
  if (marked === undefined) return
  const changed = elements.map((one) => (homes.includes(one) ? { ...one, primary: true } : one))
  keep(draft, changed, changed[elements.indexOf(marked)])
}

function append(draft: Attributes, additions: readonly Element[]): void {
  const elements = [...elementsOf(draft.emails)]
  let marked: Element | undefined
  for (const addition of additions) {
    const at = elements.findIndex((one) => areOne(one, addition))
    const twin = elements[at]
    const next = twin === undefined ? addition : joined(twin, addition)
    if (twin !== undefined && meaning(twin) === meaning(next)) continue
    elements.splice(twin === undefined ? elements.length : at, twin === undefined ? 0 : 1, next)
    if (next.primary === true && twin?.primary !== true) marked = next
  }
  keep(draft, elements, marked)
}

/** Sets a part of every element of a type; where there is none, one is made of the filter. */
function setOfType(draft: Attributes, type: string, name: string, value: Value): void {
  const elements = elementsOf(draft.emails)
  const matching = elements.filter(ofType(type))
  if (matching.length === 0) {
    const made: Element = { type, [name]: value }
    keep(draft, [...elements, made], value === true ? made : undefined)
    return
  }
  const changed = elements.map((one) => (matching.includes(one) ? { ...one, [name]: value } : one))
  const first = changed.find((one) => ofType(type)(one))
  keep(draft, changed, name === 'primary' && value === true ? first : undefined)
}

const booleans = fc.constantFrom<[Value, boolean]>(
  [true, true],
  [false, false],
  ['True', true],
  ['False', false],
  ['false', false],
  [['False'], false],
)

const type = fc.constantFrom('work', 'home')
const mark = fc.constantFrom<Element>({}, { primary: false }, { primary: true })

/** Every shape of an operation on a user; `person` are references to users. */
export function userShapes(person: fc.Arbitrary<string>): fc.Arbitrary<Shape<UserEffect>> {
  const { word, email, userName, externalId } = values
  const setter = oneOf('add', 'replace', 'Replace')
  return fc.oneof(
    fc
      .tuple(setter, oneOf('title', 'nickName', 'displayName'), word)
      .map(([op, path, value]) =>
        userShape({ op, path, value }, (draft) => assign(draft, path, value)),
      ),
    fc.tuple(word, word).map(([title, nickName]) =>
      userShape({ op: 'replace', value: { title, nickName } }, (draft) => {
        Object.assign(draft, { title, nickName })
      }),
    ),
    // Entra ID: paths as names, in one value.
    fc.tuple(oneOf('add', 'Replace'), word, word).map(([op, givenName, department]) =>
      userShape(
        { op, value: { 'name.givenName': givenName, [`${ENTERPRISE}:department`]: department } },
        (draft) => {
          within(draft, 'name', (name) => Object.assign(name, { givenName }))
          within(draft, ENTERPRISE, (extension) => Object.assign(extension, { department }))
        },
      ),
    ),
    word.map((familyName) =>
      userShape({ op: 'add', path: 'name', value: { familyName } }, (draft) =>
        within(draft, 'name', (name) => Object.assign(name, { familyName })),
      ),
    ),
    fc
      .tuple(setter, word)
      .map(([op, value]) =>
        userShape({ op, path: 'NAME.givenName', value }, (draft) =>
          within(draft, 'name', (name) => Object.assign(name, { givenName: value })),
        ),
      ),
    oneOf('title', 'nickName', 'displayName', 'name', 'emails', ENTERPRISE).map((path) =>
      userShape({ op: 'remove', path }, (draft) => void delete draft[path]),
    ),
    fc.constant(
      userShape({ op: 'Remove', path: 'name.familyName' }, (draft) =>
        within(draft, 'name', (name) => void delete name.familyName),
      ),
    ),
    fc.constant(
      userShape({ op: 'remove', path: `${ENTERPRISE}:department` }, (draft) =>
        within(draft, ENTERPRISE, (extension) => void delete extension.department),
      ),
    ),
    fc.constant(
      userShape({ op: 'replace', path: 'title', value: null }, (draft) => void delete draft.title),
    ),
    // Entra ID: booleans as text. Okta: no path.
    fc
      .tuple(oneOf('Replace', 'add'), booleans)
      .map(([op, [value, active]]) =>
        userShape({ op, path: 'active', value }, (draft) => assign(draft, 'active', active)),
      ),
    fc
      .boolean()
      .map((active) =>
        userShape({ op: 'replace', value: { active } }, (draft) => assign(draft, 'active', active)),
      ),
    fc.constant(userShape({ op: 'remove', path: 'active' }, () => undefined)),
    fc.tuple(email, oneOf('work', 'home', 'other'), mark).map(([value, type, marked]) => {
      const added: Element = { value, type, ...marked }
      return userShape({ op: 'add', path: 'emails', value: [added] }, (draft) =>
        append(draft, [{ ...added }]),
      )
    }),
    values.emails.map((emails) =>
      userShape({ op: 'replace', path: 'emails', value: emails }, (draft) =>
        assign(draft, 'emails', onceEach(structuredClone(emails))),
      ),
    ),
    fc
      .tuple(oneOf('add', 'replace'), type, email)
      .map(([op, type, value]) =>
        userShape({ op, path: `emails[type eq "${type}"].value`, value }, (draft) =>
          setOfType(draft, type, 'value', value),
        ),
      ),
    fc
      .constantFrom<Value>(true, 'True')
      .map((value) =>
        userShape({ op: 'add', path: 'emails[type eq "home"].primary', value }, markHome),
      ),
    fc.tuple(type, email).map(([type, address]) => {
      const value = { value: address, type }
      return userShape({ op: 'replace', path: `emails[type eq "${type}"]`, value }, (draft) => {
        const elements = elementsOf(draft.emails)
        if (!elements.some(ofType(type))) throw new Refused(400, 'noTarget')
        const at = elements.findIndex(ofType(type))
        const others = elements.map((one, index) => (index === at ? { ...value } : one))
        keep(
          draft,
          others.filter((one, index) => index === at || !ofType(type)(one)),
        )
      })
    }),
    type.map((type) =>
      userShape({ op: 'remove', path: `emails[type eq "${type}"]` }, (draft) =>
        keep(
          draft,
          elementsOf(draft.emails).filter((one) => !ofType(type)(one)),
        ),
      ),
    ),
    fc.constant(
      userShape({ op: 'remove', path: 'emails[type eq "work"].display' }, (draft) =>
        keep(
          draft,
          elementsOf(draft.emails).map((one) => {
            const { display: _, ...rest } = one
            return ofType('work')(one) ? rest : one
          }),
        ),
      ),
    ),
    email.map((value) =>
      userShape({ op: 'remove', path: 'emails', value: [{ value }] }, (draft) =>
        keep(
          draft,
          elementsOf(draft.emails).filter((one) => fold(String(one.value)) !== fold(value)),
        ),
      ),
    ),
    fc
      .tuple(setter, userName)
      .map(([op, value]) =>
        userShape({ op, path: 'userName', value }, (draft) => assign(draft, 'userName', value)),
      ),
    fc
      .tuple(setter, fc.option(externalId))
      .map(([op, value]) =>
        userShape({ op, path: 'externalId', value }, (draft) => assign(draft, 'externalId', value)),
      ),
    // The manager, as Entra ID writes it and as the schema says.
    fc.tuple(fc.boolean(), person).map(
      ([plain, reference]): Shape<UserEffect> =>
        (idOf) => {
          const value = idOf(reference)
          return {
            sent: { op: 'add', path: `${ENTERPRISE}:manager`, value: plain ? value : { value } },
            effect: (draft) =>
              within(draft, ENTERPRISE, (extension) => assign(extension, 'manager', { value })),
          }
        },
    ),
    fc.constant(
      userShape({ op: 'remove', path: `${ENTERPRISE}:manager` }, (draft) =>
        within(draft, ENTERPRISE, (extension) => void delete extension.manager),
      ),
    ),
    fc.constantFrom(
      userShape({ op: 'replace', path: 'favouriteColour', value: 'red' }, () => undefined),
      userShape({ op: 'add', value: { shoeSize: '40', password: 'secret' } }, () => undefined),
      userShape({ op: 'replace', path: 'emails[', value: 'x' }, refuse(400, 'invalidPath')),
      userShape({ op: 'remove', path: 'userName' }, refuse(400, 'mutability')),
      userShape({ op: 'replace', path: 'active', value: 'maybe' }, refuse(400, 'invalidValue')),
      userShape({ op: 'remove' }, refuse(400, 'noTarget')),
    ),
  )
}
