/** A reporter that ends the run with one plain line: how many tests passed, and how many did not. */
import type { Reporter, TestModule } from 'vitest/node'

export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      const before = counts.failed
      for (const test of module.children.allTests()) counts[test.result().state] += 1
      // A file that could not be loaded has no tests that could fail.
      if (module.state() === 'failed' && counts.failed === before) counts.failed += 1
    }
    const skipped = counts.skipped + counts.pending
    const tail = skipped === 0 ? '' : `, ${skipped} skipped`
    console.log(`\n${counts.passed} passed, ${counts.failed} failed${tail}`)
  }
}
