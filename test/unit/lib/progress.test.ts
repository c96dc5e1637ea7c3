import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { openProgress } from '../../../scripts/lib/progress.ts'

/** What a piece of work in two parts writes to a stream. */
function work(isTTY: boolean): string {
  let written = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk
      done()
    },
  })
  const progress = openProgress(Object.assign(stream, { isTTY, columns: 80, rows: 20 }))
  progress.phase('Accounts', 200)
  progress.advance(100)
  progress.phase('Teams', 3)
  progress.advance(3)
  progress.close()
  progress.close()
  return written
}

test('a bar is drawn on a terminal, part by part', () => {
  const written = work(true)
  expect(written).toMatch(/Accounts +\[=+ +\] 100\/200/)
  expect(written).toMatch(/Teams +\[=+\] 3\/3/)
})

test('nothing is written where there is no terminal', () => {
  expect(work(false)).toBe('')
})
