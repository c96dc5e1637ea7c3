/** The one rule for names of service accounts and tokens and for ids, wherever they come from. */

/** How long a name may be, in UTF-16 units; and an id. */
const LONGEST_NAME = 190
const LONGEST_ID = 100

/** Controls, marks without a width or of direction, halves of surrogate pairs, ends of lines. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * What is wrong with a name, as the rest of a sentence; undefined where nothing is. Events and their
 * export call the operator `operator`, so that nothing else may look like it.
 */
export function faultOfName(name: string): string | undefined {
  if (UNSEEN.test(name)) {
    return 'holds a control or format character, which nobody sees; leave it out'
  }
  const seen = name
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')
    .trim()
  if (seen === '') return 'must not be empty'
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`
  if (seen.toLowerCase() === 'operator') {
    return 'is what events call the operator; choose another name'
  }
  return undefined
}

/**
 * What is wrong with an id, in the same form. Those that are made here are letters and digits: fit for
 * a URL, which `..` would change, and never to be taken for a number.
 */
export function faultOfId(id: string): string | undefined {
  if (id.length > LONGEST_ID) return `is longer than ${LONGEST_ID} characters`
  if (/^[A-Za-z][A-Za-z0-9_-]*$/.test(id)) return undefined
  return 'must begin with a letter; letters, digits, - and _ may follow'
}
