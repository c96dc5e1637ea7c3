import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { digestOf, fileOf, opened, sealed } from '../../support/backup-lines.ts'
import { type Answer, admin } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'scim-edge-backup-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0

/** A file of its own, with these lines. */
function fileWith(lines: readonly string[]): string {
  files += 1
  const path = join(folder, `${files}.ndjson`)
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

const IN = ['--namespace', 'stacks-5']

const header = {
  ...{ type: 'header', format: 'scim-edge', version: 1, namespace: 'stacks-4' },
  ...{ time: '2026-11-24T10:00:00.000Z', eventSeq: 3 },
  counts: { users: 2, teams: 1, managedUsers: 2, managedTeams: 1, retained: 0 },
}
const user = (id: string, name: string) => ({ type: 'user', id, resource: { userName: name } })
const records = [
  header,
  { type: 'settings', settings: null },
  user('u1', 'Zoë \u2028 \u2029 \r 🎉'),
  user('u2', 'b'),
  { type: 'team', id: 'g1' },
  { type: 'membership', team: 'g1', user: 'u1' },
  { type: 'event', seq: 3 },
]
const file = fileOf(records)

/** Pages of an export that hold these lines. */
function pages(...parts: readonly (readonly string[])[]): Answer[] {
  return parts.map((lines, at) => {
    const nextCursor = at === parts.length - 1 ? undefined : `c${at + 1}`
    return [200, [...lines, JSON.stringify({ type: 'page', nextCursor }), ''].join('\n')]
  })
}

const lines = sealed(records)
const changed: Answer = [409, { detail: 'Somebody wrote.' }]

describe('export', () => {
  test('puts the pages together and ends them with counts and checksum', async () => {
    const output = join(folder, 'out.ndjson')
    const answers = pages(lines.slice(0, 3), lines.slice(3))
    const { status, out, calls } = await admin(['export', ...IN, '--output', output], answers)
    expect(calls).toEqual([['GET /stacks-5/export'], ['GET /stacks-5/export?cursor=c1']])
    expect(status).toBe(0)
    expect(out).toBe(
      `Namespace stacks-5 is exported to ${output}: 2 users, 1 team, 1 membership, 1 event.`,
    )
    expect(readFileSync(output, 'utf8')).toBe(file.map((line) => `${line}\n`).join(''))
    expect(statSync(output).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('goes to the standard output, and nothing else does', async () => {
    const { out, error } = await admin(['export', ...IN], pages(lines))
    expect(out).toBe(file.join('\n'))
    expect(error).toBe('')
  })

  test('begins again where somebody wrote meanwhile, and leaves nothing of before', async () => {
    const first = sealed([{ ...header, eventSeq: 2 }, ...records.slice(1)])
    const [page] = pages(first.slice(0, 4), [])
    const { status, out, calls } = await admin(
      ['export', ...IN],
      [page ?? changed, changed, ...pages(lines)],
    )
    expect(calls.map(([request]) => request)).toEqual([
      'GET /stacks-5/export',
      'GET /stacks-5/export?cursor=c1',
      'GET /stacks-5/export',
    ])
    expect(status).toBe(0)
    expect(out).toBe(file.join('\n'))
  })

  test('gives up after five attempts, advises a pause, and leaves no file', async () => {
    const output = join(folder, 'never.ndjson')
    const answers = Array.from({ length: 5 }, () => changed)
    const { status, error } = await admin(['export', ...IN, '--output', output], answers)
    expect(status).toBe(1)
    expect(error).toMatch(/pause the provisioning \(settings set --user-sync off/)
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([])
  })

  test.each([
    ['cut off', [200, lines.join('\n')] as Answer],
    ['without its last line', [200, `${lines.join('\n')}\n`] as Answer],
    ['altered on the way', pages(lines.with(3, String(lines[4])))[0] ?? changed],
  ])('with a page %s fails and prints nothing', async (_, answer) => {
    const { status, out, error } = await admin(['export', ...IN], [answer])
    expect(status).toBe(1)
    expect(out).toBe('')
    expect(error).toMatch(/did not come whole/)
  })

  test('needs --output with --json', async () => {
    const { status, error } = await admin(['export', ...IN, '--json'])
    expect(status).toBe(1)
    expect(error).toBe('--json would be mixed with the backup; give --output, too.')
  })
})

const none = { state: 'none', lines: 0, digest: '', counts: {} }
const done = { state: 'done', lines: file.length, digest: 'd', counts: {} }

describe('restore', () => {
  test('checks the file, sends it, and says what is restored', async () => {
    const input = fileWith(file)
    const { status, out, calls } = await admin(
      ['restore', ...IN, '--input', input],
      [
        [200, none],
        [200, done],
      ],
    )
    expect(calls).toEqual([
      ['GET /stacks-5/restore'],
      ['POST /stacks-5/restore?from=0', file.map((line) => `${line}\n`).join('')],
    ])
    expect(status).toBe(0)
    expect(out).toBe(
      'Namespace stacks-5 is restored as stacks-4 was at 2026-11-24 10:00:00 UTC: 2 users, 1 team, ' +
        '1 membership, 1 event. Tokens are not in a backup; create new ones.',
    )
  })

  test('sends chunks of a thousand lines, and goes on behind those that are there', async () => {
    const many = Array.from({ length: 2500 }, (_, at) => user(`u${at}`, `user ${at}`))
    const long = fileOf([header, ...many])
    const input = fileWith(long)
    const digest = digestOf(long.slice(0, 1200))
    const { status, calls } = await admin(
      ['restore', ...IN, '--input', input],
      [
        [200, { ...none, state: 'restoring', lines: 1200, digest }],
        [200, { ...none, state: 'restoring', lines: 2200 }],
        [200, done],
      ],
    )
    expect(calls.map(([request]) => request)).toEqual([
      'GET /stacks-5/restore',
      'POST /stacks-5/restore?from=1200',
      'POST /stacks-5/restore?from=2200',
    ])
    const sent = calls.slice(1).map(([, body]) => String(body).split('\n').length - 1)
    expect(sent).toEqual([1000, 302])
    expect(
      calls
        .slice(1)
        .map(([, body]) => body)
        .join(''),
    ).toBe(
      long
        .slice(1200)
        .map((line) => `${line}\n`)
        .join(''),
    )
    expect(status).toBe(0)
  })

  test('refuses to go on with another file', async () => {
    const input = fileWith(file)
    const state = { ...none, state: 'restoring', lines: 3, digest: 'x'.repeat(64) }
    const { status, error } = await admin(['restore', ...IN, '--input', input], [[200, state]])
    expect(status).toBe(1)
    expect(error).toMatch(/^Another file is being restored into stacks-5/)
  })

  test('of what was restored already sends nothing', async () => {
    const input = fileWith(file)
    const { status, out, calls } = await admin(
      ['restore', ...IN, '--input', input],
      [[200, { ...done, digest: digestOf(file) }]],
    )
    expect(calls).toEqual([['GET /stacks-5/restore']])
    expect(status).toBe(0)
    expect(out).toMatch(/^Namespace stacks-5 was restored from this file already: 2 users/)
  })

  test.each([
    ['creates the namespace with --create', 201],
    ['takes the namespace that is there with --create', 409],
  ])('%s', async (_, answered) => {
    const { status, calls } = await admin(
      ['restore', ...IN, '--input', fileWith(file), '--create'],
      [
        [answered, {}],
        [200, none],
        [200, done],
      ],
    )
    expect(calls[0]).toEqual(['POST ', { name: 'stacks-5' }])
    expect(status).toBe(0)
  })

  test('waits for a server that has no time, and says how to go on when it is gone', async () => {
    const waits: number[] = []
    const { status, error, calls } = await admin(
      ['restore', ...IN, '--input', fileWith(file)],
      [[200, none], ...Array.from({ length: 5 }, (): Answer => [503, { detail: 'Busy.' }])],
      { sleep: async (milliseconds) => void waits.push(milliseconds) },
    )
    expect(calls).toHaveLength(6)
    expect(waits).toHaveLength(4)
    expect(status).toBe(1)
    expect(error).toBe('Busy.')
  })

  test('is given up with --discard', async () => {
    const { status, out, calls } = await admin(['restore', ...IN, '--discard'], [[200, {}]])
    expect(calls).toEqual([['DELETE /stacks-5/restore']])
    expect(status).toBe(0)
    expect(out).toBe('The restore into stacks-5 is given up; the namespace is empty.')
  })

  test('says of a compressed file that it is to be unpacked', async () => {
    const input = join(folder, 'packed.ndjson.gz')
    writeFileSync(input, gzipSync(file.join('\n')))
    const { status, error, calls } = await admin(['restore', ...IN, '--input', input])
    expect({ status, error, calls }).toEqual({
      status: 1,
      error: `${input} is compressed; unpack it first, with gunzip.`,
      calls: [],
    })
  })

  const wrongEnd = (more: object) => sealed([...records, { ...opened(file).at(-1), ...more }])

  test.each([
    [
      'cut off behind a line',
      file.slice(0, 5).map((line) => `${line}\n`),
      /ends at line 5 without/,
    ],
    [
      'cut off within a line',
      [file.slice(0, 4).join('\n'), '\n', file[4]?.slice(0, 20)],
      /in the middle of line 5/,
    ],
    [
      'altered',
      file.with(3, String(file[3]).replace('"b"', '"c"')).map((line) => `${line}\n`),
      /^Line 4 of .* altered/,
    ],
    ['with a line less', file.toSpliced(2, 1).map((line) => `${line}\n`), /^Line 3 of/],
    [
      'with more behind its end',
      [...file, file[0]].map((line) => `${line}\n`),
      /^Line 9 of .* behind the end/,
    ],
    [
      'with another checksum',
      wrongEnd({ sha256: '0' }).map((line) => `${line}\n`),
      /^Line 8 of .*SHA-256/,
    ],
    [
      'with other counts',
      wrongEnd({ counts: {} }).map((line) => `${line}\n`),
      /^Line 8 of .*type settings/,
    ],
    [
      'of a later version',
      sealed([{ ...header, version: 2 }]).map((line) => `${line}\n`),
      /version 2/,
    ],
    ['of something else', ['{"a":1}\n'], /no backup of scim-edge/],
    ['that is empty', [], /is empty/],
  ])('of a file %s is refused before anything is sent', async (_, parts, sentence) => {
    files += 1
    const input = join(folder, `${files}.ndjson`)
    writeFileSync(input, parts.join(''))
    const { status, error, calls } = await admin(['restore', ...IN, '--input', input])
    expect(error).toMatch(sentence)
    expect(status).toBe(1)
    expect(calls).toEqual([])
  })

  test.each([
    ['no file', ['--input', join(folder, 'nothing')], /cannot be read: ENOENT/],
    ['nothing to restore', [], /--input, or --discard/],
    ['both', ['--input', 'x', '--discard'], /no other option/],
  ])('with %s says so', async (_, args, sentence) => {
    const { status, error } = await admin(['restore', ...IN, ...args])
    expect(status).toBe(1)
    expect(error).toMatch(sentence)
  })
})
