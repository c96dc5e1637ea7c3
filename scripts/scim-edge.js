#!/usr/bin/env node
// `npx scim-edge` in the checkout: the operator's command line, and the tools that are commands of it.

const TOOLS = ['dev', 'serve', 'simulate', 'conformance']
const [node, , ...args] = process.argv
const [first = ''] = args

process.argv = [node, 'scim-edge', ...(TOOLS.includes(first) ? args : ['admin', ...args])]
await import('./run.js')
