import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareCodePoints,
  compareKeys,
  comparisonKey,
  fold,
  parseDateTime,
} from '../../../src/scim/comparison.ts'
import {
  binary,
  boolean,
  complex,
  dateTime,
  integer,
  reference,
  string,
} from '../../../src/scim/schema/attribute.ts'
import { codePoint, storableText } from './support.ts'

const text = fc.string({ unit: codePoint })
/** Letters whose case, width or composition is peculiar. */
const peculiar = fc.string({
  unit: fc.constantFrom(
    ...'aAéÉßẞσςΣİıIiǅＡａ￣¯ﾡㄱ각ｶﾞガｱ\u3000K',
    '\u0301',
    '\u0307',
    '\u0345',
    '\u0323',
    '𐐀',
    '𐐨',
  ),
})

describe('folding', () => {
  test.each([
    ['BJensen@Example.COM', 'bjensen@example.com'],
    ['Élodie', 'élodie'],
    ['E\u0301lodie', 'élodie'],
    ['Ｂｊｅｎｓｅｎ＠ｅｘ．ｃｏｍ', 'bjensen@ex.com'],
    ['a\u3000b', 'a b'],
    ['ｶﾞﾊﾟ', 'ガパ'],
    ['￠￡￢￤￥￦', '¢£¬¦¥₩'],
    ['￣', '¯'],
    ['ﾡￂￜ', 'ㄱㅏㅣ'],
    ['\u212a', 'k'],
    ['\u2126', 'ω'],
    ['\u212b', 'å'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
    ['ᾈ', 'ᾀ'],
    ['ǅ', 'ǆ'],
    ['𐐀', '𐐨'],
    ['ﬁ', 'ﬁ'],
    ['①²', '①²'],
    ['Straße', 'straße'],
    ['x\u200by', 'x\u200by'],
  ])('makes %j %j', (given, folded) => {
    expect(fold(given)).toBe(folded)
  })

  test.each([
    ['ß', 'ss'],
    ['İ', 'i'],
    ['ı', 'i'],
    ['аdmin', 'admin'],
    ['ς', 'σ'],
    ['ﾡￂ', '가'],
    ['é', 'e'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(fold(one)).not.toBe(fold(other))
  })

  test('maps every full and half width form to its decomposition mapping', () => {
    // The decomposition mappings of Unicode's blocks for them, in order.
    const ordinary =
      '!"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz' +
      '{|}~⦅⦆。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン'
    expect(ordinary).toHaveLength(0xff9d - 0xff01 + 1)
    for (const [index, form] of [...ordinary].entries()) {
      expect(fold(String.fromCharCode(0xff01 + index))).toBe(form.toLowerCase())
    }
    const jamo = [...'ㄱㄲㄳㄴㄵㄶㄷㄸㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅃㅄㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ']
    expect(jamo.map((_, index) => fold(String.fromCharCode(0xffa1 + index)))).toEqual(jamo)
    const vowels = [...'￿￿ㅏㅐㅑㅒㅓㅔ￿￿ㅕㅖㅗㅘㅙㅚ￿￿ㅛㅜㅝㅞㅟㅠ￿￿ㅡㅢㅣ']
    for (const [index, form] of vowels.entries()) {
      if (form !== '\uffff') expect(fold(String.fromCharCode(0xffc0 + index))).toBe(form)
    }
    expect(fold('\uffa0')).toBe('\u3164')
    expect(fold('a\uff9ea\uff9f')).toBe('a\u3099a\u309a')
    expect(fold('￨￩￪￫￬￭￮')).toBe('│←↑→↓■○')
  })

  test('is idempotent', () => {
    fc.assert(
      fc.property(fc.oneof(text, peculiar), (given) => {
        expect(fold(fold(given))).toBe(fold(given))
      }),
    )
  })

  test('goes code point by code point', () => {
    fc.assert(
      fc.property(fc.oneof(text, peculiar), (given) => {
        const each = Array.from(given, (point) => fold(point)).join('')
        expect(fold(given)).toBe(each.normalize('NFC'))
      }),
    )
  })

  test('is an equality that case and canonical equivalence do not disturb', () => {
    fc.assert(
      fc.property(fc.oneof(storableText, peculiar), (given) => {
        expect(fold(given.normalize('NFD'))).toBe(fold(given))
        expect(fold(given.normalize('NFC'))).toBe(fold(given))
        const lower = Array.from(given, (point) => point.toLowerCase()).join('')
        expect(fold(lower)).toBe(fold(given))
      }),
    )
  })

  test('makes a long run of marks no slower than its length and stays idempotent', () => {
    const marks = 'e\u0301\u0323'.concat('\u0301\u0323'.repeat(200_000))
    const folded = fold(marks)
    expect(fold(folded)).toBe(folded)
    expect(fold('e\u0323\u0301'.repeat(10))).toBe('ẹ\u0301'.repeat(10))
  })

  test.each([
    ['marks', '\u0301'],
    ['marks beyond U+FFFF', '\u{1e8d0}'],
    ['a vowel of Kirat Rai that joins itself', '\u{16d67}'],
    ['a vowel of Kirat Rai that is two', '\u{16d68}'],
  ])('divides a run of more than thirty %s', (_name, one) => {
    const folded = (count: number) => fold(`x${one.repeat(count)}`)
    expect(folded(30)).toBe(`x${one.repeat(30)}`.normalize('NFC'))
    expect(folded(31)).toBe(`x${one.repeat(30)}\u034f${one}`.normalize('NFC'))
    expect(folded(61)).toBe(`x${`${one.repeat(30)}\u034f`.repeat(2)}${one}`.normalize('NFC'))
  })

  test('divides the runs of every mark there is', () => {
    const points = Array.from({ length: 0x110000 }, (_, point) => String.fromCodePoint(point))
    const marks = points.filter((point) => /[\p{M}--\u034f]/v.test(point))
    expect(marks.length).toBeGreaterThan(2000)
    expect(marks.filter((mark) => !fold(mark.repeat(31)).includes('\u034f'))).toEqual([])
  })

  test('leaves a run of thirty, and runs with something between them', () => {
    const runs = `x${'\u0323'.repeat(30)}y${'\u0323'.repeat(30)}`
    expect(fold(runs)).toBe(runs.normalize('NFC'))
  })

  test('ends at 64 Ki units, but for ASCII', () => {
    const most = 64 * 1024
    expect(fold('É'.repeat(most + 1))).toBe(`${'é'.repeat(most)}É`)
    expect(fold('É'.repeat(most))).toBe('é'.repeat(most))
    expect(fold('E'.repeat(most + 1))).toBe('e'.repeat(most + 1))
    // Half of a letter is none.
    expect(fold(`x${'𐐀'.repeat(most / 2)}`)).toBe(`x${'𐐨'.repeat(most / 2 - 1)}𐐀`)
  })
})

describe('the key of a value', () => {
  test.each([
    [string('a', ''), 'ÀB', 'àb'],
    [string('a', '', { caseExact: true }), 'ÀB', 'ÀB'],
    [reference('a', ['uri'], ''), 'urn:X', 'urn:X'],
    [binary('a', ''), 'QUJD', 'QUJD'],
    [boolean('a', ''), false, false],
    [integer('a', ''), 0, 0],
    [dateTime('a', ''), '1970-01-01T00:00:01Z', 1000],
  ])('of %j is as its type compares', (attribute, value, key) => {
    expect(comparisonKey(attribute, value)).toBe(key)
  })

  test.each([
    [string('a', ''), 1],
    [reference('a', ['uri'], ''), null],
    [binary('a', ''), []],
    [boolean('a', ''), 'true'],
    [integer('a', ''), '1'],
    [dateTime('a', ''), 'yesterday'],
    [complex('a', '', []), {}],
    [string('a', ''), undefined],
  ])('of %j does not exist for %j', (attribute, value) => {
    expect(comparisonKey(attribute, value)).toBeUndefined()
  })
})

describe('a dateTime', () => {
  test.each([
    ['2011-05-13T04:42:34Z', Date.UTC(2011, 4, 13, 4, 42, 34)],
    ['2011-05-13T04:42:34', Date.UTC(2011, 4, 13, 4, 42, 34)],
    ['2011-05-13t04:42:34z', Date.UTC(2011, 4, 13, 4, 42, 34)],
    ['2011-05-13T04:42:34.5Z', Date.UTC(2011, 4, 13, 4, 42, 34, 500)],
    ['2021-09-23T19:35:41.8420572Z', Date.UTC(2021, 8, 23, 19, 35, 41) + 842.0572],
    ['2011-05-13T04:42:34+02:00', Date.UTC(2011, 4, 13, 2, 42, 34)],
    ['2011-05-13T04:42:34-05:30', Date.UTC(2011, 4, 13, 10, 12, 34)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2011-05-13T24:00:00Z', Date.UTC(2011, 4, 14)],
    ['1969-12-31T23:59:59Z', -1000],
  ])('%s is an instant', (given, instant) => {
    expect(parseDateTime(given)).toBeCloseTo(instant, 3)
  })

  test.each([
    '',
    '2011-05-13',
    '2011-05-13 04:42:34Z',
    '2011-05-13T04:42Z',
    '2011-05-13T04:42:34.Z',
    '2011-13-01T00:00:00Z',
    '2011-02-29T00:00:00Z',
    '2011-04-31T00:00:00Z',
    '2011-05-13T25:00:00Z',
    '2011-05-13T04:60:00Z',
    '2011-05-13T04:42:34+25:00',
    'x2011-05-13T04:42:34Z',
    '13 May 2011',
    '1305261754000',
  ])('%j is none', (given) => {
    expect(parseDateTime(given)).toBeUndefined()
  })
})

describe('order', () => {
  test('of strings is that of their UTF-8 bytes, which is that of code points', () => {
    const wellFormed = fc.oneof(
      fc.string({ unit: codePoint }),
      fc.string({
        unit: fc.constantFrom('\ud7ff', '\ue000', '\uffff', '𐀀', '𝒳', '\u{10ffff}', 'a'),
      }),
    )
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(
          Buffer.compare(Buffer.from(a), Buffer.from(b)),
        )
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['', 'a'],
    ['a', 'aa'],
    ['Z', 'a'],
    ['\uffff', '𝒳'],
    ['𝒳', '𝒴'],
  ])('has %j before %j', (a, b) => {
    expect(compareKeys(a, b)).toBeLessThan(0)
    expect(compareKeys(b, a)).toBeGreaterThan(0)
    expect(compareKeys(a, a)).toBe(0)
  })

  test('of numbers is numeric', () => {
    expect([10, 9, -1, 2.5].sort(compareKeys)).toEqual([-1, 2.5, 9, 10])
  })
})
