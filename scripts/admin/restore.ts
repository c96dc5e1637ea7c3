import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { NO_LINES, openLine } from '../../src/tenancy/backup.ts'
import { type AdminClient, isRefusal } from '../lib/admin-client.ts'
import { type Backup, readLines, verifyBackup } from '../lib/backup-file.ts'
import { failure, isFailure } from '../lib/failure.ts'
import type { Progress } from '../lib/progress.ts'
import { type AdminWorld, connect, connectNamespace, namespaceCommand } from './connection.ts'
import { contents, shortTime } from './text.ts'

const options = z.object({
  input: z.string().optional(),
  create: z.boolean().optional(),
  discard: z.boolean().optional(),
})

const stateShape = z.looseObject({
  state: z.enum(['none', 'restoring', 'discarding', 'done']),
  lines: z.number(),
  digest: z.string(),
})

type State = z.infer<typeof stateShape>

/** How much one request brings. */
const CHUNK_LINES = 1000
const CHUNK_BYTES = 2_000_000

/** How often a request is sent that the server has no time for, and how long to wait at first. */
const ATTEMPTS = 5
const PAUSE = 1000

/** `restore`: a backup into an empty namespace, here or elsewhere. */
export function addRestoreCommand(root: Command, world: AdminWorld): void {
  namespaceCommand(
    root,
    'restore',
    'restore a backup into an empty namespace; interrupted, it goes on when it is started again',
    'restore --namespace stacks-6 --input stacks-5.ndjson --create',
  )
    .option('--input <file>', 'the backup, from export')
    .option('--create', 'create the namespace where it does not exist')
    .option('--discard', 'give up a restore that was begun, and leave the namespace empty')
    .action(async (_options: unknown, command: Command) => {
      const { input, create, discard } = options.parse(command.opts())
      const { client, namespace, print } = connectNamespace(command, world)
      if (discard) {
        if (input !== undefined || create) throw failure('--discard takes no other option.')
        await client.send('DELETE', '/restore', z.unknown())
        return print({ namespace, discarded: true }, () => {
          return `The restore into ${namespace} is given up; the namespace is empty.`
        })
      }
      if (input === undefined) throw failure('Say what to restore with --input, or --discard.')
      const progress = world.openProgress()
      try {
        const backup = await verify(input, progress)
        if (create) await createUnlessThere(connect(command, world).client, namespace)
        const { known } = await restore(client, world, input, backup, namespace, progress)
        progress.close()
        const { counts, lines } = backup
        print({ namespace, from: backup.namespace, lines, counts }, () => {
          return known
            ? `Namespace ${namespace} was restored from this file already: ${contents(counts)}.`
            : `Namespace ${namespace} is restored as ${backup.namespace} was at ` +
                `${shortTime(backup.time)}: ${contents(counts)}. Tokens are not in a backup; create new ones.`
        })
      } finally {
        progress.close()
      }
    })
}

async function createUnlessThere(client: AdminClient, name: string): Promise<void> {
  try {
    await client.send('POST', '', z.unknown(), { body: { name } })
  } catch (error) {
    if (!isRefusal(error, 409)) throw error
  }
}

async function verify(input: string, progress: Progress): Promise<Backup> {
  const size = await stat(input).then(
    (found) => found.size,
    () => 0,
  )
  progress.phase('Checking', size)
  return verifyBackup(input, progress.advance)
}

/** Sends all lines that the server does not have yet. */
async function restore(
  client: AdminClient,
  world: AdminWorld,
  input: string,
  backup: Backup,
  namespace: string,
  progress: Progress,
): Promise<{ readonly known: boolean }> {
  const before = await client.send('GET', '/restore', stateShape)
  if (before.state === 'done' && before.digest === backup.digest) return { known: true }
  if (before.state === 'discarding') {
    throw failure(`A restore into ${namespace} is being given up; finish it with --discard.`)
  }
  const begun = before.state === 'restoring' ? before.lines : 0
  progress.phase('Restoring', backup.lines)
  progress.advance(begun)
  let digest = NO_LINES
  let from = begun
  let chunk: string[] = []
  let bytes = 0
  let state: State = before
  const send = async () => {
    if (chunk.length === 0) return
    state = await patiently(world, () => sendChunk(client, from, chunk))
    progress.advance(chunk.length)
    from += chunk.length
    chunk = []
    bytes = 0
  }
  for await (const line of readLines(input)) {
    const opened = openLine(digest, line.text)
    if (opened === undefined) throw failure(`Line ${line.number} of ${input} has just changed.`)
    digest = opened.digest
    if (line.number === begun && digest !== before.digest) {
      throw failure(
        `Another file is being restored into ${namespace}; go on with that one, or give it up with ` +
          '--discard.',
      )
    }
    if (line.number <= begun) continue
    if (chunk.length === CHUNK_LINES || bytes + line.bytes > CHUNK_BYTES) await send()
    chunk.push(line.text)
    bytes += line.bytes
  }
  await send()
  if (state.state !== 'done') throw failure(`${input} was sent, but the restore is not done.`)
  return { known: false }
}

function sendChunk(client: AdminClient, from: number, lines: readonly string[]): Promise<State> {
  const ndjson = lines.map((line) => `${line}\n`).join('')
  return client.send('POST', '/restore', stateShape, { query: { from }, ndjson })
}

/** Tries again where the server has no time; a chunk that comes twice is taken once. */
async function patiently<T>(world: AdminWorld, send: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await send()
    } catch (error) {
      if (!isFailure(error)) throw error
      if (!isRefusal(error, 503)) {
        if ('status' in error) throw error
        throw failure(`${error.message} Start the same command again to go on.`)
      }
      if (tried === ATTEMPTS) throw error
      await world.sleep(PAUSE * 2 ** tried, new AbortController().signal)
    }
  }
}
