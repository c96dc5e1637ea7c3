/** Fails a test during which something went on that no test may let pass. */
import { afterEach, expect } from 'vitest'
import { takeViolations } from './isolated.ts'

afterEach(() => {
  expect(takeViolations(), 'statements that reach beyond a namespace').toEqual([])
})
