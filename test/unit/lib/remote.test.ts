import { expect, test } from 'vitest'
import { program, run } from '../../../scripts/lib/command.ts'
import { onRemote, remoteOptions } from '../../../scripts/lib/remote.ts'

async function open(...args: string[]): Promise<string> {
  const errors: string[] = []
  const terminal = { out: () => undefined, error: (text: string) => errors.push(text) }
  const root = remoteOptions(program('test', 'A test.', terminal))
  root.action(() => onRemote(root, async () => void errors.push('opened')))
  await run(root, args, terminal)
  return errors.join('\n')
}

test.each(['http://db.example.com', 'libsql://db.example.com?tls=0', 'ws://db.example.com'])(
  'the token of a database does not go to %s',
  async (url) => {
    const sentence = /^Over http:\/\/ to http:\/\/db\.example\.com, anybody on the way can read/
    expect(await open('--url', url, '--auth-token', 'secret')).toMatch(sentence)
  },
)

test.each([
  ['libsql://db.example.com'],
  ['https://db.example.com'],
  ['http://127.0.0.1:8080'],
  ['http://db.example.com', '--insecure'],
])('it goes to %s %s', async (...args) => {
  expect(await open('--url', ...args, '--auth-token', 'secret')).toBe('opened')
})
