import { printable } from './printable.ts'

/** How the cells of a column stand: words to the left, numbers to the right. */
export type Alignment = 'left' | 'right'

/**
 * Lays rows out in aligned columns below their headings, two spaces apart.
 *
 * @returns The lines, joined, without a line feed at the end
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string {
  return align([headings, ...rows], alignments)
}

/** Lays names and values out in two columns: `Expires      never`. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  return align(pairs, [])
}

function align(given: readonly (readonly string[])[], alignments: readonly Alignment[]): string {
  const rows = given.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, width(cell))
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = ' '.repeat((widths[column] ?? 0) - width(cell))
          return alignments[column] === 'right' ? padding + cell : cell + padding
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Counts code points: close enough to the columns of a terminal for the names that occur here. */
function width(text: string): number {
  return [...text].length
}
