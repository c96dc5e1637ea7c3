/** The databases of one process: a file for all namespaces, or a file for each. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Database } from '../store/database.ts'
import {
  addressOf,
  type Databases,
  isTemplate,
  missing,
  oneForAll,
  oneForEach,
  PLACE,
} from '../store/databases.ts'
import { StoreFailure } from '../store/failure.ts'
import { listNamespaces } from '../store/registry.ts'
import { type Namespace, parseNamespace } from '../tenancy/namespace.ts'
import { defaultSettings } from '../tenancy/settings.ts'
import { StartFailure } from './failure.ts'
import { type OpenFile, openFile } from './file.ts'

/** The databases of this process. */
export interface Files {
  readonly databases: Databases
  /** All that are open. */
  readonly all: () => Promise<Database[]>
  /** Whether there is no namespace yet. */
  readonly isNew: () => Promise<boolean>
  readonly close: () => Promise<void>
}

/**
 * Opens the file at a path, or with `{namespace}` in its name the files of all namespaces.
 *
 * @throws StartFailure
 */
export async function openFiles(path: string): Promise<Files> {
  if (!isTemplate(path)) {
    const { database, close } = await openFile(path)
    return {
      databases: oneForAll(database),
      all: async () => [database],
      isNew: async () => (await listNamespaces(database, defaultSettings)).length === 0,
      close: async () => close(),
    }
  }
  if (isTemplate(dirname(path))) {
    throw new StartFailure(
      `DATABASE_FILE is ${path}, but {namespace} may stand in the name of the file only, not in that of a folder.`,
    )
  }
  if (path.indexOf(PLACE) !== path.lastIndexOf(PLACE)) {
    throw new StartFailure(`DATABASE_FILE is ${path}, but {namespace} may stand in it once only.`)
  }
  return openEach(path)
}

async function openEach(template: string): Promise<Files> {
  const opened = new Map<Namespace, Promise<OpenFile>>()
  const open = (namespace: Namespace) => {
    const kept = opened.get(namespace)
    if (kept !== undefined) return kept
    const opening = openFile(addressOf(template, namespace))
    opened.set(namespace, opening)
    // What went wrong may be put right; the next request tries again.
    opening.catch(() => opened.delete(namespace))
    return opening
  }
  // Whoever asks for a namespace makes no file; the first write does, which creates the namespace.
  const databaseOf = (namespace: Namespace): Database => ({
    emptyLog: async () => (await opened.get(namespace))?.database.emptyLog?.(),
    async batch(mode, statements) {
      const there = opened.has(namespace) || existsSync(addressOf(template, namespace))
      if (mode === 'read' && !there) return missing.batch(mode, statements)
      const { database } = await open(namespace).catch((error: unknown) => {
        throw new StoreFailure('unavailable', undefined, error)
      })
      return database.batch(mode, statements)
    },
  })
  /** Those that could be opened; one that could not is out of the way of the others. */
  const usable = async () => {
    const settled = await Promise.allSettled(opened.values())
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }
  // Here, a file that cannot be used or is too new stops the start.
  for (const namespace of namespacesAt(template)) await open(namespace)
  return {
    databases: oneForEach(databaseOf),
    all: async () => (await usable()).map(({ database }) => database),
    isNew: async () => namespacesAt(template).length === 0,
    close: async () => {
      for (const { close } of await usable()) close()
    },
  }
}

/** The namespaces that have a file. */
function namespacesAt(template: string): Namespace[] {
  const folder = dirname(template)
  if (!existsSync(folder)) return []
  const [before = '', after = ''] = basename(template).split(PLACE)
  return readdirSync(folder).flatMap((file) => {
    const parsed = parseNamespace(file.slice(before.length, file.length - after.length))
    const there = parsed.ok && join(folder, file) === join(addressOf(template, parsed.namespace))
    return there ? [parsed.namespace] : []
  })
}
