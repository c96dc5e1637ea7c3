import { describe, expect, test } from 'vitest'
import {
  bindElementFilter,
  type Filter,
  MAXIMUM_ALTERNATIVES,
  MAXIMUM_TERMS,
  readFilter,
  readFilters,
} from '../../../../src/scim/filter/bind.ts'
import { parseFilter } from '../../../../src/scim/filter/syntax.ts'
import {
  groupType,
  pathName,
  resolve,
  userType,
} from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, expectRefusal, reasonOf, USER } from '../support.ts'

const read = (text: string) => readFilter(userType, text)

/** A filter without the definitions of its attributes: their names stand for them. */
function shape(filter: Filter): unknown {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { [filter.kind]: filter.filters.map(shape) }
    case 'not':
      return { not: shape(filter.filter) }
    case 'present':
      return { pr: pathName(filter.path) }
    case 'compare':
      return { [filter.operator]: [pathName(filter.path), filter.operand, filter.literal] }
    case 'in':
      return { in: [pathName(filter.path), ...filter.operands] }
    case 'element':
      return { [`${pathName(filter.path)}[]`]: shape(filter.filter) }
  }
}

describe('an operand', () => {
  test.each([
    ['title eq "Guide"', { eq: ['title', 'guide', 'Guide'] }],
    ['externalId eq "Ab"', { eq: ['externalId', 'Ab', 'Ab'] }],
    ['title eq Guide', { eq: ['title', 'guide', 'Guide'] }],
    ['title eq True', { eq: ['title', 'true', 'True'] }],
    ['title eq tru', { eq: ['title', 'tru', 'tru'] }],
    ['title eq 1', { eq: ['title', '1', '1'] }],
    ['title ne -1.50E3', { ne: ['title', '-1.50e3', '-1.50E3'] }],
    ['externalId eq 007', { eq: ['externalId', '007', '007'] }],
    ['externalId sw 1E5', { sw: ['externalId', '1E5', '1E5'] }],
    ['phoneNumbers eq 49-123', { eq: ['phoneNumbers.value', '49-123', '49-123'] }],
    ['profileUrl gt 12', { gt: ['profileUrl', '12', '12'] }],
    ['x509Certificates.value eq 12', { eq: ['x509Certificates.value', '12', '12'] }],
    ['profileUrl sw "http://X"', { sw: ['profileUrl', 'http://X', 'http://X'] }],
    ['x509Certificates.value co "QUJ"', { co: ['x509Certificates.value', 'QUJ', 'QUJ'] }],
    ['active eq true', { eq: ['active', true, true] }],
    ['active ne "False"', { ne: ['active', false, false] }],
    ['emails.primary eq "TRUE"', { eq: ['emails.primary', true, true] }],
    [
      'meta.created ge "1970-01-01T00:00:01Z"',
      { ge: ['meta.created', 1000, '1970-01-01T00:00:01Z'] },
    ],
    [
      'meta.lastModified lt 1970-01-01T00:00:02Z',
      { lt: ['meta.lastModified', 2000, '1970-01-01T00:00:02Z'] },
    ],
  ])('of %s is the key that the type compares by', (text, bound) => {
    expect(shape(read(text))).toEqual(bound)
  })

  test.each([
    ['active eq 007', 'active is boolean', 'with a word'],
    ['active eq "notabool"', 'active is boolean', 'with a string'],
    ['active eq 1', 'active is boolean', 'with a number'],
    ['active eq tru', 'active is boolean'],
    ['meta.created gt "yesterday"', 'meta.created is dateTime', 'with a string'],
    ['meta.created gt "2021-02-30T00:00:00Z"', 'meta.created is dateTime'],
    ['meta.created gt 5', 'meta.created is dateTime'],
    ['title gt null', 'title is string', 'null'],
  ])('that does not fit is refused: %s', (text, ...words) => {
    expectRefusal(() => read(text), 'invalidFilter', ...words)
  })

  test('null means absence', () => {
    expect(shape(read('title eq null'))).toEqual({ not: { pr: 'title' } })
    expect(shape(read('title ne NULL'))).toEqual({ pr: 'title' })
    expect(shape(read('active eq null'))).toEqual({ not: { pr: 'active' } })
  })
})

describe('an operator', () => {
  test.each([
    ['active gt true', 'active is boolean, which gt does not compare'],
    ['active co "t"', 'active is boolean, which co does not compare'],
    ['active le false', 'active'],
    ['emails.primary sw true', 'emails.primary'],
    ['x509Certificates gt "a"', 'x509Certificates.value is binary'],
    ['x509Certificates.value le "a"', 'x509Certificates.value is binary'],
    ['meta.created co "2021"', 'meta.created is dateTime'],
    ['meta.created sw "2021"', 'meta.created is dateTime'],
  ])('that its type lacks is refused: %s', (text, words) => {
    expectRefusal(() => read(text), 'invalidFilter', words)
  })
})

describe('a name', () => {
  test.each([
    ['TITLE pr', 'title'],
    ['URN:ietf:params:SCIM:schemas:core:2.0:user:TITLE pr', 'title'],
    [`${USER}:name.givenName pr`, 'name.givenName'],
    [`${ENTERPRISE}:employeeNumber pr`, `${ENTERPRISE}:employeeNumber`],
    ['manager pr', `${ENTERPRISE}:manager`],
    ['emails pr', 'emails'],
    ['meta pr', 'meta'],
    ['groups.value pr', 'groups.value'],
  ])('%s is resolved', (text, name) => {
    expect(shape(read(text))).toEqual({ pr: name })
  })

  test.each([
    ['active eq "Lovelace"', 'active is boolean and cannot be compared with a string'],
    ['active eq Lovelace', 'active is boolean and cannot be compared with a word'],
    ['active eq 4711', 'with a number; write true or false behind eq'],
    ['meta.created gt "Lovelace"', 'meta.created is dateTime', 'behind gt'],
    ['emails[primary eq "Lovelace"]', 'emails.primary is boolean'],
    ['userName eq Ada Lovelace', 'character 17'],
    ['userName eq ada and title eq Ada Lovelace', 'userName eq … and title eq …'],
    ['userName eq "Ada" Lovelace', 'character 19'],
    ['(userName eq Ada Lovelace', 'character 18'],
    ["userName eq 'Lovelace 4711'", 'userName eq'],
    ['userName eq "O"Lovelace" and title pr', 'is no JSON string'],
    ['userName eq "Lovelace', 'is no JSON string'],
    ['userName eq Lovelace 4711 or', 'userName eq'],
  ])('of %s is refused without its value', (text, ...words) => {
    expectRefusal(() => read(text), 'invalidFilter', ...words)
    expect(reasonOf(() => read(text)).detail).not.toMatch(/Lovelace|Ada|4711/)
  })

  test.each([
    ['bogus pr', '"bogus" is no attribute of a User'],
    ['favouriteColour eq "x"', '"favouriteColour"'],
    ['userName.x eq "y"', '"userName.x"'],
    ['members.value eq "x"', '"members.value" is no attribute of a User'],
    [`${USER} eq "x"`, USER],
    [`${ENTERPRISE} pr`, ENTERPRISE],
    ['emails[bogus eq "x"]', '"bogus" is no attribute of an element of emails'],
    ['emails[emails.type eq "x"]', '"emails.type"'],
    ['userName eq "a" or bogus pr', '"bogus"'],
    ['constructor pr', '"constructor"'],
  ])('that is unknown is refused: %s', (text, words) => {
    expectRefusal(() => read(text), 'invalidFilter', words)
  })

  test('that another type knows is refused', () => {
    expectRefusal(() => readFilter(groupType, 'userName eq "x"'), 'invalidFilter', 'of a Group')
  })

  test.each(['password eq "x"', 'password pr'])('of a secret is refused: %s', (text) => {
    expectRefusal(() => read(text), 'invalidFilter', 'password cannot be filtered by')
  })

  test.each([
    ['meta.location eq "x"', 'meta.location'],
    ['meta.version pr', 'meta.version'],
    ['groups.$ref pr', 'groups.$ref'],
    ['manager.$ref eq "x"', 'manager.$ref'],
    ['manager.displayName eq "x"', 'manager.displayName'],
  ])('of what is derived with the answer is refused: %s', (text, name) => {
    expectRefusal(() => read(text), 'invalidFilter', `${name} cannot be filtered by`)
  })

  test('of a reference to a member is refused, and not a fault', () => {
    expectRefusal(
      () => readFilter(groupType, 'members.$ref eq "x"'),
      'invalidFilter',
      'members.$ref',
    )
  })
})

describe('a complex attribute', () => {
  test('that has a value is compared by it', () => {
    expect(shape(read('emails co "EX"'))).toEqual({ co: ['emails.value', 'ex', 'EX'] })
    expect(shape(read('groups eq "g1"'))).toEqual({ eq: ['groups.value', 'g1', 'g1'] })
    expect(shape(read('manager eq "U1"'))).toEqual({
      eq: [`${ENTERPRISE}:manager.value`, 'U1', 'U1'],
    })
    expect(shape(readFilter(groupType, 'members eq "u1"'))).toEqual({
      eq: ['members.value', 'u1', 'u1'],
    })
  })

  test.each(['name eq "Jensen"', 'addresses co "x"', 'meta ne "x"', 'name eq null'])(
    'without a value needs a sub-attribute: %s',
    (text) => {
      expectRefusal(() => read(text), 'invalidFilter', 'complex', 'sub-attributes')
    },
  )
})

describe('a value path', () => {
  test('looks up its names in the element', () => {
    expect(shape(read('emails[Type eq "work" and not (VALUE pr)]'))).toEqual({
      'emails[]': {
        and: [{ eq: ['emails.type', 'work', 'work'] }, { not: { pr: 'emails.value' } }],
      },
    })
    expect(shape(readFilter(groupType, 'members[value eq "a"]'))).toEqual({
      'members[]': { eq: ['members.value', 'a', 'a'] },
    })
  })

  test('with a comparison behind it asks the same element', () => {
    expect(shape(read('emails[type eq "work"].Value eq "x"'))).toEqual({
      'emails[]': {
        and: [{ eq: ['emails.type', 'work', 'work'] }, { eq: ['emails.value', 'x', 'x'] }],
      },
    })
    expect(shape(read('emails[type eq "work"].value pr'))).toEqual({
      'emails[]': { and: [{ eq: ['emails.type', 'work', 'work'] }, { pr: 'emails.value' }] },
    })
  })

  test.each([
    'emails[type eq "work" and emails[value pr]]',
    'emails[value[type eq "x"]]',
    'emails[type[value pr] or value pr]',
  ])('does not nest (erratum 4690): %s', (text) => {
    expectRefusal(() => read(text), 'invalidFilter', 'value paths do not nest')
  })

  test.each([
    ['userName[value eq "x"]', 'userName'],
    ['name[familyName eq "Jensen"]', 'name'],
    ['schemas[value eq "x"]', 'schemas'],
    ['emails.value[value eq "x"]', 'emails.value'],
    ['manager[value eq "x"]', 'manager'],
  ])('needs a multi-valued complex attribute: %s', (text, name) => {
    expectRefusal(() => read(text), 'invalidFilter', `${name} has no elements`)
  })

  test('of PATCH is bound to the elements of its attribute', () => {
    const resolved = resolve(userType, 'emails')
    if (resolved?.kind !== 'attribute') throw new Error('No attribute.')
    const bind = (text: string) => bindElementFilter(parseFilter(text), resolved.path)
    expect(shape(bind('type eq "Work"'))).toEqual({ eq: ['emails.type', 'work', 'Work'] })
    expectRefusal(() => bind('userName eq "x"'), 'invalidFilter', 'an element of emails')
  })
})

describe('a chain of equal alternatives', () => {
  const chain = (length: number, attribute = 'userName') =>
    Array.from({ length }, (_, at) => `${attribute} eq "U${at}"`).join(' or ')

  test('becomes one test of membership', () => {
    expect(shape(read(chain(3)))).toEqual({ in: ['userName', 'u0', 'u1', 'u2'] })
    expect(shape(read('emails eq "A" or EMAILS.value eq "b"'))).toEqual({
      in: ['emails.value', 'a', 'b'],
    })
  })

  test.each([
    [
      'title eq "a" or userType eq "b"',
      { or: [{ eq: ['title', 'a', 'a'] }, { eq: ['userType', 'b', 'b'] }] },
    ],
    [
      'title eq "a" or title ne "b"',
      { or: [{ eq: ['title', 'a', 'a'] }, { ne: ['title', 'b', 'b'] }] },
    ],
    ['title eq "a" or title pr', { or: [{ eq: ['title', 'a', 'a'] }, { pr: 'title' }] }],
    [
      'title eq "a" and title eq "b"',
      { and: [{ eq: ['title', 'a', 'a'] }, { eq: ['title', 'b', 'b'] }] },
    ],
    [
      'title eq "a" or title eq null',
      { or: [{ eq: ['title', 'a', 'a'] }, { not: { pr: 'title' } }] },
    ],
  ])('is nothing else: %s', (text, bound) => {
    expect(shape(read(text))).toEqual(bound)
  })

  test('has at most 150 alternatives and counts as one comparison', () => {
    expect(MAXIMUM_ALTERNATIVES).toBe(150)
    const filter = read(chain(150))
    expect(filter.kind === 'in' && filter.operands.length).toBe(150)
    expectRefusal(() => read(chain(151)), 'invalidFilter', 'more than 150 alternatives')
    const rest = Array(63).fill('title pr').join(' and ')
    expect(read(`(${chain(150)}) and ${rest}`).kind).toBe('and')
  })
})

describe('the comparisons of a filter', () => {
  const terms = (length: number) => Array(length).fill('title pr').join(' and ')

  test('are sixty-four at most, wherever they stand', () => {
    expect(MAXIMUM_TERMS).toBe(64)
    expect(read(terms(64)).kind).toBe('and')
    expectRefusal(() => read(terms(65)), 'invalidFilter', 'more than 64 comparisons')
    const inside = Array(40).fill('value pr').join(' or ')
    expectRefusal(
      () => read(`not (emails[${inside}]) or (${terms(25)})`),
      'invalidFilter',
      'more than 64 comparisons',
    )
    expect(read(`not (emails[${inside}]) or (${terms(24)})`).kind).toBe('or')
  })
})

test.each(['', '  '])('an empty filter is refused: %j', (text) => {
  expectRefusal(() => read(text), 'invalidFilter', 'empty')
})

describe('over several types at once (RFC 7644 §3.4.2.1)', () => {
  /** What the filter is for users and for groups. */
  const both = (text: string) => {
    const filters = readFilters([userType, groupType], text)
    expect([...filters.keys()]).toEqual([userType, groupType])
    return [filters.get(userType), filters.get(groupType)]
  }
  const constant = (holds: boolean) => ({ kind: 'constant', holds })

  test('an attribute that each has is looked up in each', () => {
    const [user, group] = both('displayName eq "x"')
    expect(user).toEqual(readFilter(userType, 'displayName eq "x"'))
    expect(group).toEqual(readFilter(groupType, 'displayName eq "x"'))
  })

  test.each([
    ['userName eq "a"', false],
    ['userName pr', false],
    ['userName ne "a"', true],
    ['userName gt "a"', false],
    ['active ne true', true],
    ['emails[type eq "work"]', false],
    ['emails[type ne "work"]', false],
    ['userName ne null', false],
  ])('one that the other lacks has no value there: %s', (text, holds) => {
    const [user, group] = both(text)
    expect(user).toEqual(readFilter(userType, text))
    expect(group).toEqual(constant(holds))
  })

  test('so that what asks for no value holds', () => {
    const not = { kind: 'not', filter: constant(false) }
    expect(both('userName eq null')[1]).toEqual(not)
    expect(both('not (userName pr)')[1]).toEqual(not)
    expect(both('members pr')[0]).toEqual(constant(false))
    expect(both('userName eq "a" or displayName eq "x"')[1]).toMatchObject({
      kind: 'or',
      filters: [constant(false), { kind: 'compare' }],
    })
  })

  test('what none has is refused, and so is a wrong operand, whichever has the attribute', () => {
    const owners = ['"shoeSize" is no attribute of a User or a Group']
    expectRefusal(() => both('shoeSize eq 1'), 'invalidFilter', ...owners)
    expectRefusal(() => both('active eq "maybe"'), 'invalidFilter', 'active is boolean')
    expectRefusal(() => readFilter(userType, 'members pr'), 'invalidFilter', 'of a User;')
  })
})
