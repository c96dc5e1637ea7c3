/** Few values, so that requests often meet: names in other cases, widths and normal forms. */
import fc from 'fast-check'
import type { Element } from './directory.ts'

const people = ['ada', 'bob', 'éva', 'dan', 'eve', 'fay', 'gus', 'hal', 'ivy', 'joy']

export const userName = fc.constantFrom(...people, 'ADA', 'ａｄａ', 'E\u0301va')
export const teamName = fc.constantFrom(
  ...['Crew', 'CREW', 'Core', 'Ｃｏｒｅ', 'Ops', 'Équipe', 'Desk', 'Lab', 'Yard'],
)
export const externalId = fc.constantFrom(...people.map((_, index) => `e${index + 1}`), 'E1')
export const email = fc.constantFrom(...people.map((name) => `${name}@x`), 'ADA@x')

/** What somebody is known by, so that the same person often comes again, as a whole. */
export const identity = fc.nat(people.length - 1).map((index) => ({
  userName: String(people[index]),
  externalId: `e${index + 1}`,
}))

/** Attributes that nobody is found by. */
export const word = fc.constantFrom('A', 'a', 'B', 'Dr.')

/** Addresses, some of them twice, one of which may be the primary one; others may say they are not. */
export const emails: fc.Arbitrary<Element[]> = fc
  .record({
    addresses: fc.array(
      fc.record(
        { value: email, type: fc.constantFrom('work', 'Work', 'home', 'other'), display: word },
        { requiredKeys: ['value', 'type'] },
      ),
      { maxLength: 3 },
    ),
    primary: fc.nat(4),
    unmarked: fc.constantFrom<Element>({}, { primary: false }),
  })
  .map(({ addresses, primary, unmarked }) =>
    addresses.map((address, index) =>
      index === primary ? { ...address, primary: true } : { ...address, ...unmarked },
    ),
  )
