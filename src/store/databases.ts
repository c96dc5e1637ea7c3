/**
 * Where namespaces are kept: all in one database, or each in one of its own. Which of the two is a
 * matter of configuration; the URL of a client says nothing about it.
 */
import type { Namespace } from '../tenancy/namespace.ts'
import type { Database } from './database.ts'
import { StoreFailure } from './failure.ts'

export interface Databases {
  /**
   * The database of a namespace.
   *
   * @param namespace undefined for a name that is malformed: it leads to the shared database, which
   *   decides the credential, and to none where there is no shared one
   */
  readonly databaseFor: (namespace: Namespace | undefined) => Database
  /** The database of all namespaces; undefined where each has its own. */
  readonly shared: Database | undefined
}

/** What stands for the namespace in the address of a database that is one of many. */
export const PLACE = '{namespace}'

/** Whether an address is a template, so that each namespace has a database of its own. */
export function isTemplate(address: string): boolean {
  return address.includes(PLACE)
}

/** The address of one namespace's database. A Namespace is letters, digits and hyphens. */
export function addressOf(template: string, namespace: Namespace): string {
  return template.replaceAll(PLACE, namespace)
}

/** All namespaces in one database. */
export function oneForAll(database: Database): Databases {
  return { databaseFor: () => database, shared: database }
}

/**
 * A database for each namespace. A namespace without a database is one that does not exist: what is
 * read there is nothing, so that its tokens are unknown.
 */
export function oneForEach(open: (namespace: Namespace) => Database): Databases {
  return {
    databaseFor: (namespace) => (namespace === undefined ? nowhere : orNothing(open(namespace))),
    shared: undefined,
  }
}

/** What stands for a database that nobody has set up. */
export const missing: Database = {
  batch: async () => {
    throw absent()
  },
}

const absent = () => new StoreFailure('absent', undefined, undefined)

const nothing = (statements: readonly unknown[]) => statements.map(() => []) as never

const nowhere: Database = {
  batch: async (mode, statements) => {
    if (mode === 'write') throw absent()
    return nothing(statements)
  },
}

/** The same database; while it is absent, reads find nothing. */
function orNothing(database: Database): Database {
  return {
    emptyLog: database.emptyLog,
    async batch(mode, statements, observe) {
      try {
        return await database.batch(mode, statements, observe)
      } catch (error) {
        const missing = error instanceof StoreFailure && error.kind === 'absent'
        if (mode === 'read' && missing) return nothing(statements)
        throw error
      }
    },
  }
}
