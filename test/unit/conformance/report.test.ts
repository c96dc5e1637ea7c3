import { expect, test } from 'vitest'
import { document } from '../../../scripts/conformance/document.ts'
import { report } from '../../../scripts/conformance/report.ts'
import type { Result } from '../../../scripts/conformance/run.ts'

const about = { area: 'filter', level: 'MUST', reference: 'RFC 7644 §3.4.2.2' } as const
const RESULTS: Result[] = [
  { ...about, name: 'a', requirement: 'eq | finds.', outcome: 'pass' },
  {
    ...about,
    name: 'b',
    requirement: 'ne finds.',
    outcome: 'fail',
    failure: {
      request: { method: 'POST', url: 'https://scim.example/Users', body: '{"a":1}' },
      expected: '200',
      actual: '500: Oops',
    },
  },
  {
    ...about,
    area: 'bulk',
    name: 'c',
    requirement: 'Bulk works.',
    outcome: 'skip',
    reason: 'The server supports no bulk.',
  },
]

test('the report counts by area and tells every failure in full', () => {
  expect(report('https://scim.example', RESULTS)).toBe(`SCIM conformance of https://scim.example

AREA    PASS  FAIL  SKIP
filter     1     1     0
bulk       0     0     1
all        1     1     1

SKIPPED  BECAUSE
      1  The server supports no bulk.

filter/b (MUST, RFC 7644 §3.4.2.2)
  ne finds.
  request   POST https://scim.example/Users
  body      {"a":1}
  expected  200
  actual    500: Oops`)
})

test('the page has a row for every check and links its section', () => {
  const page = document({
    results: RESULTS,
    titles: new Map([['filter', 'Filtering']]),
    deviations: [{ what: 'We differ.', reference: 'RFC 7644 §3', why: 'We must.' }],
    unseen: ['Logs.'],
  })
  const section = '[RFC 7644 §3.4.2.2](https://www.rfc-editor.org/rfc/rfc7644.html#section-3.4.2.2)'
  expect(page).toContain(`| eq \\| finds. | MUST | ${section} | \`a\` | passes |`)
  expect(page).toContain(`| ne finds. | MUST | ${section} | \`b\` | FAILS |`)
  expect(page).toContain('does not apply: The server supports no bulk.')
  expect(page).toContain('| [Filtering](#filtering) | 1 | 1 | 0 |')
  expect(page).toContain('| We differ. | RFC 7644 §3 | We must. |')
  expect(page).toContain('- Logs.')
})
