/**
 * Checks that nothing of a request can stay behind in a module: no file of src has a variable at its
 * top, and none changes what a constant at its top holds, but for the caches that are listed here.
 */
import { globSync, readFileSync } from 'node:fs'
import { noOptions } from './lib/command.ts'

/** What may change, and why no request can find anything of another in it. */
const CACHES: Readonly<Record<string, string>> = {
  'src/worker.ts apps': 'the application of an environment, which holds nothing of a request',
  'src/scim/schema/resource-type.ts coreAttributesOf': 'derived from a schema, which is constant',
  'src/scim/schema/attribute.ts indexes': 'derived from a schema, which is constant',
}

const VARIABLE = /^(?:export )?(?:let|var) (\w+)/gm
const STATIC = /^ {2}static (?!readonly|override readonly)[\w ]*?(\w+)(?::[^=\n]*)? = /gm
const CONSTANT = /^(?:export )?const (\w+)/gm
const CHANGING = 'push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|set|add|delete|clear'

await noOptions('check-state', 'Checks that no module of src keeps anything of a request.')

const used = new Set<string>()

function complain(file: string, name: string, what: string): void {
  const cache = `${file} ${name}`
  if (cache in CACHES) {
    used.add(cache)
    return
  }
  console.error(`${file}: ${name} ${what}; what one request leaves there, another would find.`)
  process.exitCode = 1
}

for (const file of globSync('src/**/*.{ts,tsx}').sort()) {
  const text = readFileSync(file, 'utf8')
  for (const [, name = ''] of text.matchAll(VARIABLE)) complain(file, name, 'is a variable')
  for (const [, name = ''] of text.matchAll(STATIC))
    complain(file, name, 'is a variable of a class')
  for (const [, name = ''] of text.matchAll(CONSTANT)) {
    const member = String.raw`(?<![\w.])${name}(?:\.\w+|\[[^\]\n]*\])*`
    const change = new RegExp(
      String.raw`${member}\.(?:${CHANGING})\(|(?<!const )${member}(?:\.\w+|\[[^\]\n]*\])\s*(?:[-+*/|&?]{0,2}=(?![=>])|\+\+|--)`,
    )
    if (change.test(text)) complain(file, name, 'is changed')
  }
}
for (const cache of Object.keys(CACHES).filter((one) => !used.has(one))) {
  console.error(`scripts/check-state.ts lists ${cache}, which is none any more; take it out.`)
  process.exitCode = 1
}
