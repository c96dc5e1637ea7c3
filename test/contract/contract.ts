/** What every store must do, whichever database it runs on. */
import { describe } from 'vitest'
import { changes } from './changes.ts'
import { crowds } from './crowds.ts'
import { hidden } from './hidden.ts'
import { migration } from './migration.ts'
import { races } from './races.ts'
import { recovery } from './recovery.ts'
import { refusals } from './refusals.ts'
import { registry } from './registry.ts'
import { scans } from './scans.ts'
import { teams } from './teams.ts'
import type { Open } from './tenant.ts'
import { users } from './users.ts'

/**
 * Runs the contract on a database.
 *
 * @param open opens the database, at its newest schema; called once for each part
 */
export function storeContract(name: string, open: Open): void {
  describe(`the store on ${name}`, () => {
    describe('users', () => users(open))
    describe('changes of users', () => changes(open))
    describe('teams', () => teams(open))
    describe('races', () => races(open))
    describe('faults', () => recovery(open))
    describe('crowds', () => crowds(open))
    describe('refusals', () => refusals(open))
    describe('migration', () => migration(open))
    describe('hidden resources', () => hidden(open))
    describe('scans', () => scans(open))
    describe('namespaces and tokens', () => registry(open))
  })
}
