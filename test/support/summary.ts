/**
 * A reporter that tells how far the run is, why tests were skipped, and, in one plain line at its end,
 * how many passed and how many did not.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node'

export default class Summary implements Reporter {
  private files = 0
  private done = 0

  onTestRunStart(files: readonly unknown[]): void {
    this.files = files.length
    this.done = 0
  }

  onTestModuleEnd(): void {
    const tenthsBefore = Math.floor((10 * this.done) / this.files)
    this.done += 1
    // A line for each tenth: whoever waits sees that it goes on.
    if (this.files < 10 || Math.floor((10 * this.done) / this.files) === tenthsBefore) return
    console.log(`${this.done} of ${this.files} files`)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    const reasons = new Set<string>()
    for (const module of modules) {
      const before = counts.failed
      for (const test of module.children.allTests()) {
        counts[test.result().state] += 1
        const reason = reasonOf(test)
        if (reason !== undefined) reasons.add(`Skipped: ${test.name}: ${reason}`)
      }
      // A file that could not be loaded has no tests that could fail.
      if (module.state() === 'failed' && counts.failed === before) counts.failed += 1
    }
    if (reasons.size > 0) console.log(`\n${[...reasons].join('\n')}`)
    const skipped = counts.skipped + counts.pending
    const tail = skipped === 0 ? '' : `, ${skipped} skipped`
    console.log(`\n${counts.passed} passed, ${counts.failed} failed${tail}`)
  }
}

/** Why a test skipped itself; nothing of those that a filter has left out. */
function reasonOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? result.note : undefined
}
