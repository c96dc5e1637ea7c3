/** Fails a test during which something went on that no test may let pass. */
import { afterEach, expect } from 'vitest'
import { takeViolations } from './isolated.ts'
import { inspect, takeLeaks } from './secrets.ts'

// What the Worker's own entry logs.
for (const level of ['log', 'info', 'warn', 'error'] as const) {
  const write = console[level]
  console[level] = (...parts: unknown[]) => {
    inspect(`console.${level}`, parts.map(String).join(' '))
    write(...parts)
  }
}

afterEach(() => {
  expect(takeViolations(), 'statements that reach beyond a namespace').toEqual([])
  expect(takeLeaks(), 'secrets where none may be').toEqual([])
})
