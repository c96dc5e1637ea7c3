/**
 * Reads a statement as text and tells whether every table of a namespace in it is held to one
 * namespace: by `namespace = ?`, by a join to a row that is, or, for a token, by its hash. It
 * understands the SQL that the store writes, and refuses what it does not understand.
 */

/** A word, literal or operator, or what stands in parentheses. */
type Node = string | Node[]

const TABLES: ReadonlySet<string> = new Set([
  ...['namespace', 'service_account', 'token', 'user', 'user_email', 'team', 'membership', 'event'],
  ...[
    'retained',
    'adoption',
    'team_mapping',
    'conflict',
    'refusal_count',
    'activity',
    'ignored_name',
    'denied_login',
    'namespace_change',
  ],
  'sealing_key',
])

/** The column that names the namespace of a row. */
const columnOf = (table: string) => (table === 'namespace' ? 'name' : 'namespace')

/** What was found about a statement. */
export interface Binding {
  /** Tables that reach beyond a namespace, each in a sentence. */
  readonly problems: readonly string[]
  /** The numbers of the parameters that say which namespace it is. */
  readonly slots: ReadonlySet<number>
}

const TOKEN =
  /\s+|'(?:[^']|'')*'|"[^"]*"|\?\d+|[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?|<>|[<>!=]=|\|\||->>?|./gsy

/** Splits a statement into words, and nests them as parentheses do. */
function parse(sql: string): Node[] {
  const stack: Node[][] = [[]]
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token.trim() === '') continue
    const top = stack.at(-1) as Node[]
    if (token === '(') {
      const inner: Node[] = []
      top.push(inner)
      stack.push(inner)
    } else if (token === ')') {
      stack.pop()
    } else {
      top.push(/^["']/.test(token) ? token : token.toLowerCase())
    }
  }
  if (stack.length !== 1) throw new Error(`The parentheses of a statement do not match: ${sql}`)
  return stack[0] as Node[]
}

function split(nodes: readonly Node[], ...separators: string[]): Node[][] {
  const parts: Node[][] = [[]]
  for (const node of nodes) {
    if (typeof node === 'string' && separators.includes(node)) parts.push([])
    else parts.at(-1)?.push(node)
  }
  return parts
}

const isSelect = (node: Node): node is Node[] =>
  typeof node !== 'string' && ['select', 'with', 'values'].includes(String(node[0]))

const CLAUSES: ReadonlySet<string> = new Set([
  ...['select', 'update', 'set', 'from', 'where', 'group', 'having', 'window', 'order', 'limit'],
  'returning',
])

/** The clauses of a SELECT, UPDATE or DELETE, by the word that they begin with. */
function clauses(nodes: readonly Node[]): Map<string, Node[]> {
  const found = new Map<string, Node[]>()
  let current: Node[] = []
  for (const node of nodes) {
    if (typeof node === 'string' && CLAUSES.has(node) && !found.has(node)) {
      current = []
      found.set(node, current)
    } else {
      current.push(node)
    }
  }
  return found
}

/** The rows that a query draws from, by alias: those of a table, or none of its own. */
type Sources = ReadonlyMap<string, string | undefined>

interface Scope {
  readonly sources: Sources
  /** Aliases whose rows are of the one namespace. */
  readonly bound: Set<string>
}

/** Analyses a statement. */
export function bindingOf(sql: string): Binding {
  const problems: string[] = []
  const slots = new Set<number>()

  /** The alias that an expression takes the namespace of, if that is all that it is. */
  function namespaceColumn(nodes: readonly Node[], scopes: readonly Scope[]): string | undefined {
    if (nodes.some((node) => typeof node !== 'string')) return undefined
    const words = nodes as readonly string[]
    if (words.length === 3 && words[1] === '.') {
      const [alias = '', , column] = words
      const table = scopes.find(({ sources }) => sources.has(alias))?.sources.get(alias)
      return table !== undefined && column === columnOf(table) ? alias : undefined
    }
    if (words.length !== 1) return undefined
    // A bare column is that of the innermost query.
    const own = [...(scopes[0]?.sources ?? [])].filter(([, table]) => table !== undefined)
    const [alias, table] = own[0] ?? []
    return own.length === 1 && table !== undefined && words[0] === columnOf(table)
      ? alias
      : undefined
  }

  const slotOf = (nodes: readonly Node[]): number | undefined => {
    const [, number] = nodes.length === 1 ? (/^\?(\d+)$/.exec(String(nodes[0])) ?? []) : []
    return number === undefined ? undefined : Number(number)
  }

  /** Whether a value is the namespace: a parameter, or a column of a row that is bound. */
  function isNamespace(nodes: readonly Node[], scopes: readonly Scope[]): boolean {
    const slot = slotOf(nodes)
    if (slot !== undefined) {
      slots.add(slot)
      return true
    }
    const alias = namespaceColumn(nodes, scopes)
    return alias !== undefined && scopes.some(({ bound }) => bound.has(alias))
  }

  /** The aliases that must be of the namespace where a condition is true. */
  function boundBy(nodes: readonly Node[], scopes: readonly Scope[]): Set<string> {
    const alternatives = split(nodes, 'or')
    if (alternatives.length > 1) {
      const [first = new Set<string>(), ...rest] = alternatives.map((one) => boundBy(one, scopes))
      return new Set([...first].filter((alias) => rest.every((one) => one.has(alias))))
    }
    const found = new Set<string>()
    for (const conjunct of split(nodes, 'and')) {
      const [only] = conjunct
      if (conjunct.length === 1 && only !== undefined && typeof only !== 'string') {
        if (!isSelect(only)) for (const alias of boundBy(only, scopes)) found.add(alias)
        continue
      }
      const sides = split(conjunct, '=')
      if (sides.length === 2) {
        for (const [left = [], right = []] of [sides, [...sides].reverse()]) {
          const alias = namespaceColumn(left, scopes) ?? hashOf(left, scopes)
          if (alias === undefined) continue
          if (hashOf(left, scopes) !== undefined ? slotOf(right) : isNamespace(right, scopes)) {
            found.add(alias)
          }
        }
      }
      // Such as `rowid in (select t.rowid from team t where …)`, of the same table.
      const same = sameRows(conjunct, scopes)
      if (same !== undefined) found.add(same)
      // Such as `(namespace, id) in (select namespace, id from …)`.
      const [row, word, list] = conjunct
      if (conjunct.length === 3 && word === 'in' && Array.isArray(row) && Array.isArray(list)) {
        const columns = split(row, ',')
        const at = columns.findIndex((column) => namespaceColumn(column, scopes) !== undefined)
        const alias = namespaceColumn(columns[at] ?? [], scopes)
        if (alias !== undefined && isSelect(list) && select(list, scopes, at)) found.add(alias)
      }
    }
    return found
  }

  /** The source whose rows a condition takes from a list of rows of its own table. */
  function sameRows([row, word, list]: readonly Node[], scopes: readonly Scope[]) {
    const [own, ...others] = scopes[0]?.sources ?? []
    if (row !== 'rowid' || word !== 'in' || !Array.isArray(list) || own === undefined) return
    const parts = clauses(list)
    const [[alias, table] = [], ...joined] = readFrom(parts.get('from') ?? []).sources
    const column = (parts.get('select') ?? []).join('')
    const listed = column === 'rowid' || column === `${alias}.rowid`
    const single = others.length === 0 && joined.length === 0
    return listed && single && table !== undefined && table === own[1] ? own[0] : undefined
  }

  /** The alias of a token whose hash an expression is. */
  function hashOf(nodes: readonly Node[], scopes: readonly Scope[]): string | undefined {
    const column = nodes.at(-1)
    if (column !== 'hash') return undefined
    const own = [...(scopes[0]?.sources ?? [])].find(
      ([alias, table]) =>
        table === 'token' && (nodes.length === 1 || (nodes.length === 3 && nodes[0] === alias)),
    )
    return own?.[0]
  }

  /** What stands after FROM: the sources, and the conditions of the joins. */
  function readFrom(nodes: readonly Node[]) {
    const sources = new Map<string, string | undefined>()
    const conditions: { readonly nodes: Node[]; readonly only: string | undefined }[] = []
    const joined = nodes.flatMap((node): Node[] => (node === 'join' ? [','] : [node]))
    let left = false
    for (const item of split(joined, ',')) {
      const [source = '', ...rest] = item
      const outer = left
      left = rest.at(-1) === 'left' || (rest.at(-1) === 'outer' && rest.at(-2) === 'left')
      const words = rest.filter(
        (word) => !['cross', 'inner', 'left', 'outer', 'as'].includes(String(word)),
      )
      const isTable = typeof source === 'string' && !Array.isArray(words[0])
      // What follows a function's name in parentheses are its arguments.
      if (Array.isArray(words[0])) words.shift()
      const on = words.indexOf('on')
      const [alias = isTable ? source : ''] = on === 0 ? [] : words
      const name = String(alias === 'indexed' ? source : alias)
      if (name === '' && !isTable) continue
      sources.set(name, isTable && TABLES.has(String(source)) ? String(source) : undefined)
      if (on >= 0) conditions.push({ nodes: words.slice(on + 1), only: outer ? name : undefined })
    }
    return { sources, conditions }
  }

  /** Binds the sources of a query as far as they are, and reports those that are not. */
  function scopeOf(
    from: readonly Node[],
    where: readonly Node[],
    outer: readonly Scope[],
  ): readonly Scope[] {
    const { sources, conditions } = readFrom(from)
    const scope: Scope = { sources, bound: new Set() }
    const scopes = [scope, ...outer]
    for (let before = -1; before < scope.bound.size; ) {
      before = scope.bound.size
      for (const { nodes, only } of [{ nodes: [...where], only: undefined }, ...conditions]) {
        for (const alias of boundBy(nodes, scopes)) {
          if (sources.has(alias) && (only === undefined || only === alias)) scope.bound.add(alias)
        }
      }
    }
    for (const [alias, table] of sources) {
      if (table !== undefined && !scope.bound.has(alias)) {
        problems.push(
          `Nothing binds the namespace of ${table}${alias === table ? '' : ` ${alias}`}.`,
        )
      }
    }
    return scopes
  }

  /** Looks into everything in parentheses. */
  function descend(nodes: readonly Node[], scopes: readonly Scope[]): void {
    for (const node of nodes) {
      if (typeof node === 'string') continue
      if (isSelect(node)) select(node, scopes)
      else descend(node, scopes)
    }
  }

  /** Checks a SELECT; tells whether the column in that place is the namespace in every row. */
  function select(nodes: readonly Node[], outer: readonly Scope[], at = -1): boolean {
    const cores = split(
      nodes.filter((node) => node !== 'all'),
      ...['union', 'intersect', 'except'],
    )
    return cores
      .map((core) => {
        const start = core.findIndex((node) => node === 'select' || node === 'values')
        descend(core.slice(0, start), outer)
        if (core[start] === 'values') {
          const rows = core.slice(start + 1).filter((node) => Array.isArray(node))
          descend(rows, outer)
          return rows.every((row) => isNamespace(split(row, ',')[at] ?? [], outer))
        }
        const parts = clauses(core.slice(start))
        const scopes = scopeOf(parts.get('from') ?? [], parts.get('where') ?? [], outer)
        for (const part of parts.values()) descend(part, scopes)
        const column = split(parts.get('select') ?? [], ',')[at] ?? []
        return isNamespace(column[1] === 'as' ? column.slice(0, 1) : column, scopes)
      })
      .every(Boolean)
  }

  function insert([, , table = '', columns, ...rest]: readonly Node[]): void {
    const end = rest.findIndex((node, at) => node === 'on' && rest[at + 1] === 'conflict')
    const source = end < 0 ? rest : rest.slice(0, end)
    if (end >= 0) descend(rest.slice(end), [])
    const name = String(table)
    const names = Array.isArray(columns) ? split(columns, ',').map(([column]) => column) : []
    if (!select(source, [], names.indexOf(columnOf(name))) && TABLES.has(name)) {
      problems.push(`What is inserted into ${name} is not of the namespace.`)
    }
  }

  const nodes = parse(sql)
  switch (nodes[0]) {
    case 'insert':
      insert(nodes)
      break
    case 'update':
    case 'delete': {
      const parts = clauses(nodes)
      const changed = [parts.get('update'), parts.get('from')].flatMap((part) => part ?? [])
      const scopes = scopeOf(changed, parts.get('where') ?? [], [])
      if (split(parts.get('set') ?? [], ',').some(([column]) => column === 'namespace')) {
        problems.push('Rows are moved to another namespace.')
      }
      for (const part of parts.values()) descend(part, scopes)
      break
    }
    case 'select':
    case 'with':
      select(nodes, [])
      break
    default:
      problems.push(`A statement that begins with ${String(nodes[0])} is not understood.`)
  }
  return { problems, slots }
}
