/** The log on Node loses no line, and writes those of one turn at once. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { makeLog } from '../../../src/node/log.ts'

const MODULE = resolve(import.meta.dirname, '../../../src/node/log.ts')

test('lines of one turn of the event loop go out together, in their order', async () => {
  const written: string[] = []
  const log = makeLog((text) => written.push(text))
  log({ line: 1 })
  log({ line: 2, text: 'a\nb' })
  expect(written).toEqual([])
  await turn()
  expect(written).toEqual(['{"line":1}\n{"line":2,"text":"a\\nb"}\n'])
  log({ line: 3 })
  await turn()
  await turn()
  expect(written.slice(1)).toEqual(['{"line":3}\n'])
})

test.each([
  ['ends', 'process.exit(0)'],
  ['fails', "throw new Error('the end')"],
])('nothing is left behind where the process %s', async (_, end) => {
  const program = `import { makeLog } from ${JSON.stringify(MODULE)}
    const log = makeLog((text) => process.stdout.write(text))
    for (let line = 1; line <= 3; line++) log({ line })
    ${end}`
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  const { stdout } = await running.catch((failure: { readonly stdout: string }) => failure)
  expect(stdout).toBe('{"line":1}\n{"line":2}\n{"line":3}\n')
})
