// Starts a tool of this folder: `node scripts/run.js <tool> [arguments]`. Plain JavaScript, so that
// a Node that is too old can still say so.

import { existsSync } from 'node:fs'

const [tool, ...rest] = process.argv.slice(2)
const [major, minor] = process.versions.node.split('.').map(Number)

// Node runs TypeScript from 22.18 on, and wrangler needs 22. npm puts the Node of the package
// `node` before the one of the machine.
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `scim-edge needs Node 22.18 or newer and found ${process.versions.node}; run \`npm ci\`, which ` +
      'installs one beside it, and start this through npm.',
  )
  process.exit(1)
}

if (!existsSync(new URL(`./${tool}.ts`, import.meta.url))) {
  console.error(`There is no tool '${tool}'; the scripts of package.json are the tools.`)
  process.exit(1)
}

// How it was called is kept for its help; see scim-edge.js.
const name = process.argv[1] === 'scim-edge' ? 'scim-edge' : `scripts/${tool}.ts`
process.argv = [process.argv[0], name, ...rest]
await import(`./${tool}.ts`)
