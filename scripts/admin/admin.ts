// The operator's tool: what the admin API of a deployment offers.
import type { Command } from 'commander'
import { INSECURE } from '../lib/address.ts'
import { program, run } from '../lib/command.ts'
import { showing } from '../lib/printable.ts'
import { addAccountCommands } from './accounts.ts'
import { addConflictCommands } from './conflicts.ts'
import { type AdminWorld, findFirst } from './connection.ts'
import { addEventsCommand } from './events.ts'
import { addExportCommand } from './export.ts'
import { addImportCommand } from './import.ts'
import { addLoginCheckCommand } from './login-check.ts'
import { addMigrationCommands } from './migration.ts'
import { addNamespaceCommands } from './namespaces.ts'
import { addRestoreCommand } from './restore.ts'
import { addRetainedCommands } from './retained.ts'
import { addServiceAccountCommands } from './service-accounts.ts'
import { addSettingsCommands } from './settings.ts'
import { addStatusCommands } from './status.ts'
import { addTeamCommands } from './teams.ts'
import { addTokenCommands } from './tokens.ts'

/**
 * Runs the tool with the arguments after its name.
 *
 * @returns The exit status
 */
export function runAdmin(args: readonly string[], world: AdminWorld): Promise<number> {
  const terminal = showing(world.terminal)
  return run(commands({ ...world, terminal }, world.terminal.out), args, terminal)
}

/** @param file where the bytes of a file go, which its checks are about, exactly as they are */
function commands(world: AdminWorld, file: AdminWorld['terminal']['out']): Command {
  const root = program(
    'admin',
    'Manages a scim-edge deployment: its namespaces (tenants), their settings, tokens and events.',
    world.terminal,
  )
    .option(
      '--url <url>',
      'where the deployment answers: its origin or a Tenant URL (default: SCIM_EDGE_URL, else the server that runs from this folder)',
    )
    .option(...INSECURE)
    .option('--json', 'print one JSON value and nothing else')
    .addHelpText(
      'after',
      `
The operator's secret is read from the environment variable OPERATOR_TOKEN. For a server on this
machine it is else found where npm run dev (.dev.vars) or npm run serve keeps it.
npx scim-edge is the same, and has dev, serve, simulate and conformance as commands, too. Instead of
--url and --namespace, set SCIM_EDGE_URL and SCIM_EDGE_NAMESPACE.

The exit status is 0, or 1 after a sentence on the error stream that says why.

Example:
  npm run -s admin -- namespace create stacks-5 --user-sync --group-sync
  npm run -s admin -- token create --namespace stacks-5 --account okta --expires 90d`,
    )
  findFirst(root, world)
  addNamespaceCommands(root, world)
  addSettingsCommands(root, world)
  addServiceAccountCommands(root, world)
  addTokenCommands(root, world)
  addAccountCommands(root, world)
  addTeamCommands(root, world)
  addImportCommand(root, world)
  addExportCommand(root, { ...world, terminal: { ...world.terminal, out: file } })
  addRestoreCommand(root, world)
  addRetainedCommands(root, world)
  addMigrationCommands(root, world)
  addEventsCommand(root, world)
  addConflictCommands(root, world)
  addStatusCommands(root, world)
  addLoginCheckCommand(root, world)
  return root
}
