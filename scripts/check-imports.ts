/**
 * Checks the direction of the house: `worker, server → app → http → store, scim, tenancy`;
 * `store → scim, tenancy`; scim and tenancy import nothing of ours. Only the store knows drizzle
 * and libSQL, only http and app know Hono, and nothing imports in a circle.
 *
 * Also, nothing in src sends a request, but for the client of libSQL, which goes to the address that
 * the operator has set: nothing that a client of ours sends is ever looked up.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { noOptions } from './lib/command.ts'

/** What each part may import of the others, and of packages. */
const MAY: Readonly<
  Record<string, { readonly parts: readonly string[]; readonly packages: RegExp }>
> = {
  scim: { parts: [], packages: /^node:crypto$/ },
  tenancy: { parts: [], packages: /^node:(crypto|zlib)$/ },
  store: {
    parts: ['scim', 'tenancy', 'migrations'],
    packages:
      /^(drizzle-orm(\/.*)?|@libsql\/client\/(web|http)|@cloudflare\/workers-types|node:path)$/,
  },
  http: {
    parts: ['scim', 'tenancy', 'store'],
    packages: /^(hono(\/.*)?|zod\/(mini|v4\/locales\/en\.js)|node:crypto)$/,
  },
  app: { parts: ['http', 'store', 'scim'], packages: /^hono(\/.*)?$/ },
  configuration: { parts: ['tenancy'], packages: /^$/ },
  worker: {
    parts: ['app', 'configuration', 'store'],
    packages: /^@cloudflare\/workers-types$/,
  },
  node: {
    parts: ['store', 'tenancy'],
    packages: /^(node:.*|@hono\/node-server|@libsql\/client\/sqlite3|libsql)$/,
  },
  server: {
    parts: ['app', 'configuration', 'http', 'node', 'store'],
    packages: /^node:path$/,
  },
}

const IMPORT = /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gms

/** Where a connection is made on purpose: to the database. */
const MAY_CONNECT: readonly string[] = ['src/store/remote.ts']

/** What talks to others, where it is imported for more than its types. */
const TALKING = /^(?:node:)?(?:https?|http2|net|tls|dgram|dns(?:\/promises)?)$|^cloudflare:sockets$/

/** How others are talked to; a method of one's own that is called fetch takes a request. */
const OUTBOUND =
  /\b(?:WebSocket|EventSource|XMLHttpRequest)\b|\bsendBeacon\b|\bconnect\s*\(|(?<!\bapp\.)\bfetch\b(?!\(request: Request\b)/g

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm

/** The part of the house that a file of src belongs to. */
function partOf(file: string): string {
  // Which migrations there are.
  if (file === 'drizzle/meta/_journal.json') return 'migrations'
  const [, first = ''] = file.split('/')
  return first.replace(/\.tsx?$/, '')
}

await noOptions(
  'check-imports',
  'Checks which folder of src imports which, and that nothing in src sends a request.',
)

const problems: string[] = []
const imports = new Map<string, string[]>()
for (const file of globSync('src/**/*.{ts,tsx}')) {
  const rules = MAY[partOf(file)]
  if (rules === undefined) {
    problems.push(`${file}: no rule says what it may import.`)
    continue
  }
  const targets: string[] = []
  const text = readFileSync(file, 'utf8')
  if (!MAY_CONNECT.includes(file)) {
    for (const [found] of text.replace(COMMENT, '').matchAll(OUTBOUND)) {
      problems.push(`${file}: may send no request, as ${found.replace('(', '')} does.`)
    }
  }
  for (const [statement, from, bare] of text.matchAll(IMPORT)) {
    const name = from ?? bare ?? ''
    if (TALKING.test(name) && !/^\w+\s+type\s/.test(statement)) {
      problems.push(`${file}: may send no request, and imports ${name} for more than its types.`)
    }
    if (!name.startsWith('.')) {
      if (!rules.packages.test(name)) problems.push(`${file}: may not import the package ${name}.`)
      continue
    }
    const target = normalize(join(dirname(file), name))
    targets.push(target)
    const part = partOf(target)
    if (part !== partOf(file) && !rules.parts.includes(part)) {
      problems.push(`${file}: may not import ${target}.`)
    }
  }
  imports.set(file, targets)
}

const done = new Set<string>()
/** Follows the imports of a file and notes a way that leads back to it. */
function follow(file: string, way: readonly string[]): void {
  if (way.includes(file)) {
    problems.push(`A circle of imports: ${[...way.slice(way.indexOf(file)), file].join(' → ')}.`)
    return
  }
  if (done.has(file)) return
  for (const target of imports.get(file) ?? []) follow(target, [...way, file])
  done.add(file)
}
for (const file of imports.keys()) follow(file, [])

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
