import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Literal,
  nameOf,
  type Operator,
  parseFilter,
  parsePath,
  type Syntax,
} from '../../../../src/scim/filter/syntax.ts'
import { codePoint, expectRefusal, reasonOf, storableText } from '../support.ts'

const present = (name: string): Syntax => ({ kind: 'present', name })
const eq = (name: string, value: string): Syntax => ({
  kind: 'compare',
  name,
  operator: 'eq',
  operand: { kind: 'string', value },
})

describe('a filter', () => {
  test('has operators in any case', () => {
    expect(parseFilter('title EQ "x"')).toEqual(eq('title', 'x'))
    expect(parseFilter('title Pr')).toEqual(present('title'))
    expect(parseFilter('a pr AND b pr Or NOT (c pr)')).toEqual({
      kind: 'or',
      terms: [
        { kind: 'and', terms: [present('a'), present('b')] },
        { kind: 'not', term: present('c') },
      ],
    })
  })

  test('binds “and” closer than “or”, and “not” closer than both', () => {
    expect(parseFilter('a pr or b pr and not (c pr) or d pr')).toEqual({
      kind: 'or',
      terms: [
        present('a'),
        { kind: 'and', terms: [present('b'), { kind: 'not', term: present('c') }] },
        present('d'),
      ],
    })
    expect(parseFilter('(a pr or b pr) and c pr')).toEqual({
      kind: 'and',
      terms: [{ kind: 'or', terms: [present('a'), present('b')] }, present('c')],
    })
  })

  test('takes “not” with and without a space before its bracket', () => {
    const negated = { kind: 'not', term: present('title') }
    expect(parseFilter('not(title pr)')).toEqual(negated)
    expect(parseFilter('not (title pr)')).toEqual(negated)
    expect(parseFilter('not (not(title pr))')).toEqual({ kind: 'not', term: negated })
  })

  test('may have needless spaces and brackets', () => {
    expect(parseFilter('  title   pr  ')).toEqual(present('title'))
    expect(parseFilter('( ( title pr ) )')).toEqual(present('title'))
  })

  test.each([
    ['"x"', { kind: 'string', value: 'x' }],
    ['true', { kind: 'boolean', value: true, text: 'true' }],
    ['False', { kind: 'boolean', value: false, text: 'False' }],
    ['null', { kind: 'null', text: 'null' }],
    ['-1.5e3', { kind: 'number', value: -1500, text: '-1.5e3' }],
    ['0', { kind: 'number', value: 0, text: '0' }],
    ...['007', '+1', '.5', '1.', '49-123', '0x1F', '٤٧'].map(
      (text) => [text, { kind: 'word', value: text }] as [string, Literal],
    ),
    ['akadmin', { kind: 'word', value: 'akadmin' }],
    ['ada@example.com', { kind: 'word', value: 'ada@example.com' }],
    ['8a1b', { kind: 'word', value: '8a1b' }],
    ['élodie', { kind: 'word', value: 'élodie' }],
    ['名前', { kind: 'word', value: '名前' }],
  ])('has %s as an operand', (text, operand) => {
    expect(parseFilter(`a eq ${text}`)).toEqual({
      kind: 'compare',
      name: 'a',
      operator: 'eq',
      operand,
    })
  })

  test('selects elements of an attribute in square brackets (errata 4690 and 7322)', () => {
    expect(parseFilter('emails[type eq "work" or (type eq "home" and not (value pr))]')).toEqual({
      kind: 'element',
      name: 'emails',
      filter: {
        kind: 'or',
        terms: [
          eq('type', 'work'),
          { kind: 'and', terms: [eq('type', 'home'), { kind: 'not', term: present('value') }] },
        ],
      },
    })
  })

  test('compares a part of the selected element, as Entra ID writes it', () => {
    expect(parseFilter('emails[type eq "work"].value eq "x"')).toEqual({
      kind: 'element',
      name: 'emails',
      filter: eq('type', 'work'),
      comparison: eq('value', 'x'),
    })
    expect(parseFilter('emails[type eq "work"].value pr and a pr')).toEqual({
      kind: 'and',
      terms: [
        {
          kind: 'element',
          name: 'emails',
          filter: eq('type', 'work'),
          comparison: present('value'),
        },
        present('a'),
      ],
    })
  })

  test('has names qualified by a URN with dots and digits', () => {
    const name = 'urn:ietf:params:scim:schemas:core:2.0:User:name.givenName'
    expect(parseFilter(`${name} eq "Barbara"`)).toEqual(eq(name, 'Barbara'))
    expect(parseFilter('members.$ref pr')).toEqual(present('members.$ref'))
    expect(parseFilter('a-b_9 pr')).toEqual(present('a-b_9'))
  })

  test.each([
    '',
    ' ',
    'userName',
    'userName eq',
    'eq "x"',
    'userName regex "x"',
    "userName eq 'x'",
    "userName eq 'x y'",
    "userName eq O'Malley",
    'userName eq "x',
    '(userName pr',
    'userName pr)',
    'userName pr and',
    'and userName pr',
    'userName pr userName pr',
    'userName pr, title pr',
    'emails[type eq "work"',
    'emails[]',
    'emails[type eq "work"]]',
    'emails[type eq "work"].',
    'emails[type eq "work"].value',
    'emails[type eq "work"].value.x pr',
    'emails[type eq "work"] value eq "x"',
    'userName eq "x" garbage',
    'userName == "x"',
    '"x" eq userName',
    'userName eq ==',
    'userName eq -',
    'userName eq ,',
    'userName eq \\u0041',
    'userName eq a\0b',
    'userName eq \ud800x',
    'not title pr',
    'not',
    'not (title pr',
    '()',
    '(title) pr',
    'title pr (title pr)',
    'na!me pr',
    '9name pr',
    '.name pr',
    'name. pr',
    'name..x pr',
    'a.b.c pr',
    'urn: pr',
  ])('is none in %j', (text) => {
    expectRefusal(() => parseFilter(text), 'invalidFilter')
  })

  test('that is wrong is shown with the place of the mistake', () => {
    expect(reasonOf(() => parseFilter('userName eq "x" garbage')).detail).toBe(
      'The filter "userName eq \\"…\\" …" needs “and”, “or” or its end where character 17 is. ' +
        'Write for example userName eq "ada@example.com".',
    )
    expect(reasonOf(() => parseFilter('userName eq')).detail).toContain(
      'needs a value in double quotes where it ends',
    )
    expect(reasonOf(() => parseFilter('title matches "x"')).detail).toContain(
      'needs one of pr, eq, ne, co, sw, ew, gt, ge, lt, le where character 7 is',
    )
    expect(reasonOf(() => parseFilter('not title pr')).detail).toContain('“(” after “not”')
  })

  test.each([
    'userName eq "eve@x.example" garbage',
    'userName eq eve@x.example garbage',
    "userName eq 'eve@x.example'",
    'userName eq "eve@x.example',
    'userName "eve@x.example"',
    'userName eve@x.example',
    'emails[value eq "eve@x.example" and',
    '"eve\\"@x.example',
    'eve@x.example',
  ])('that is wrong is shown without the values in it: %s', (text) => {
    const { detail } = reasonOf(() => parseFilter(text))
    expect(detail).not.toMatch(/eve|x\.example/)
    expect(detail).toMatch(/ character \d| where it ends/)
  })

  test('nests fifty levels deep at most, itself being the first', () => {
    const nested = (levels: number) => `${'('.repeat(levels - 1)}a pr${')'.repeat(levels - 1)}`
    expect(parseFilter(nested(50))).toEqual(present('a'))
    expectRefusal(() => parseFilter(nested(51)), 'invalidFilter', 'deeper than 50 levels')
    expectRefusal(() => parseFilter('not('.repeat(4000)), 'invalidFilter', '50 levels')
    expectRefusal(() => parseFilter('a['.repeat(4000)), 'invalidFilter', '50 levels')
    const sideBySide = Array(60).fill('((a pr))').join(' and ')
    expect(parseFilter(sideBySide)).toEqual({ kind: 'and', terms: Array(60).fill(present('a')) })
  })
})

describe('the path of a PATCH operation', () => {
  test.each([
    ['userName', { name: 'userName' }],
    [' name.givenName ', { name: 'name.givenName' }],
    ['urn:a:2.0:User:name.givenName', { name: 'urn:a:2.0:User:name.givenName' }],
    ['emails[type eq "work"]', { name: 'emails', filter: eq('type', 'work') }],
    ['emails[type eq "work"].value', { name: 'emails', filter: eq('type', 'work'), sub: 'value' }],
    ['emails [ type eq "a]b" ] .$ref', { name: 'emails', filter: eq('type', 'a]b'), sub: '$ref' }],
    ['members[value eq"2819c223"]', { name: 'members', filter: eq('value', '2819c223') }],
  ])('%s is taken apart', (text, path) => {
    expect(parsePath(text)).toEqual(path)
  })

  test.each([
    '',
    ' ',
    'emails[type eq "work"',
    'emails[type eq "work"]]',
    'emails[type eq "work"]value',
    'emails[type eq "work"].',
    'emails[type eq "work"].value.x',
    'emails[type eq "work"].value pr',
    'emails[]',
    'emails[0].value',
    "emails[type eq 'work']",
    'name..x',
    '.x',
    'x.',
    'a.b.c',
    'a b',
    'a pr',
    '"a"',
    '/name/givenName',
    '[type eq "work"]',
    'emails[type eq "work"][value pr]',
    '$.emails',
  ])('%j is malformed', (text) => {
    expectRefusal(() => parsePath(text), 'invalidPath')
  })

  test('that is malformed is shown', () => {
    expectRefusal(() => parsePath('a b'), 'invalidPath', 'The path "a b" is malformed')
  })

  test('begins with a name', () => {
    expect(nameOf('emails[type eq "work"].value')).toBe('emails')
    expect(nameOf(' title ')).toBe('title')
  })
})

describe('whatever the filter', () => {
  const name = fc
    .oneof(
      fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,8}$/),
      fc.stringMatching(/^[a-zA-Z]{1,5}\.\$?[a-zA-Z]{1,5}$/),
      fc.stringMatching(/^urn:[a-z]{1,4}:[0-9]\.[0-9]:[A-Z][a-z]{1,4}:[a-z]{1,6}$/),
    )
    .filter((text) => text.toLowerCase() !== 'not')
  const operand: fc.Arbitrary<Literal> = fc.oneof(
    storableText.map((value) => ({ kind: 'string' as const, value })),
    fc
      .stringMatching(/^[a-zéσ名][a-zA-Z0-9@._-]{0,6}$/)
      .filter((value) => !['true', 'false', 'null'].includes(value.toLowerCase()))
      .map((value) => ({ kind: 'word' as const, value })),
    fc
      .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
      .map((value) => (Object.is(value, -0) ? 0 : value))
      .map((value) => ({ kind: 'number' as const, value, text: String(value) })),
    fc.boolean().map((value) => ({ kind: 'boolean' as const, value, text: String(value) })),
    fc.constant({ kind: 'null' as const, text: 'null' }),
  )
  const operator = fc.constantFrom<Operator>('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le')
  const comparison = (named: fc.Arbitrary<string>) =>
    fc.oneof(
      fc.record({ kind: fc.constant('present' as const), name: named }),
      fc.record({ kind: fc.constant('compare' as const), name: named, operator, operand }),
    )
  const { filter } = fc.letrec<{ filter: Syntax; factor: Syntax }>((tie) => ({
    factor: fc.oneof(
      { depthSize: 'small' },
      comparison(name),
      fc.record({ kind: fc.constant('not' as const), term: tie('filter') }),
      fc.record({ kind: fc.constant('element' as const), name, filter: tie('filter') }),
      fc.record({
        kind: fc.constant('element' as const),
        name,
        filter: tie('filter'),
        comparison: comparison(fc.stringMatching(/^\$?[a-z]{1,6}$/)),
      }),
    ),
    filter: fc.oneof(
      { depthSize: 'small' },
      tie('factor'),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        terms: fc.array(tie('filter'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  }))

  /** Writes a filter as RFC 7644 §3.4.2.2 has it, with brackets around all that could need them. */
  const write = (syntax: Syntax): string => {
    switch (syntax.kind) {
      case 'and':
      case 'or':
        return syntax.terms
          .map((term) =>
            term.kind === 'and' || term.kind === 'or' ? `(${write(term)})` : write(term),
          )
          .join(` ${syntax.kind} `)
      case 'not':
        return `not (${write(syntax.term)})`
      case 'present':
        return `${syntax.name} pr`
      case 'compare':
        return `${syntax.name} ${syntax.operator} ${writeLiteral(syntax.operand)}`
      case 'element':
        return `${syntax.name}[${write(syntax.filter)}]${
          syntax.comparison === undefined ? '' : `.${write(syntax.comparison)}`
        }`
    }
  }
  const writeLiteral = (literal: Literal): string => {
    switch (literal.kind) {
      case 'string':
        return JSON.stringify(literal.value)
      case 'word':
      case 'number':
        return String(literal.value)
      case 'boolean':
      case 'null':
        return literal.text
    }
  }

  test('reading what was written gives the same tree', () => {
    fc.assert(
      fc.property(filter, (syntax) => {
        expect(parseFilter(write(syntax))).toEqual(syntax)
      }),
      { numRuns: 300 },
    )
  })

  test('nothing but a ProtocolError is ever thrown', () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        ...['(', ')', '[', ']', '"', '\\', ' ', '.', 'not', 'and', 'or', 'pr', 'eq', 'a', '"x"'],
        ...['true', '1', 'urn:', '\0', '\ud800', "'", '$', '\u3000'],
      ),
      fc.string({ unit: codePoint, maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.boolean(), (parts, spaced) => {
        const text = parts.join(spaced ? ' ' : '')
        for (const [parse, keyword] of [
          [parseFilter, 'invalidFilter'],
          [parsePath, 'invalidPath'],
        ] as const) {
          try {
            parse(text)
          } catch (error) {
            const reason = reasonOf(() => {
              throw error
            })
            expect(reason.scimType).toBe(keyword)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})
