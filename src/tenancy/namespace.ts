/**
 * Grafana namespaces: `default` for the first organization, `org-<n>` for the others, `stacks-<n>`
 * for a Grafana Cloud stack. This file is the only maker of a Namespace.
 */

declare const namespaceBrand: unique symbol

/** The name of a namespace, known to be well-formed. */
export type Namespace = string & { readonly [namespaceBrand]: true }

/** A namespace, or a sentence that says what is wrong with the name. */
export type ParsedNamespace =
  | { readonly ok: true; readonly namespace: Namespace }
  | { readonly ok: false; readonly advice: string }

const WELL_FORMED = /^(?:default|org-(?:[2-9]|[1-9]\d{1,14})|stacks-[1-9]\d{0,14})$/

/** Parses the name of a namespace. Numbers are canonical decimals, and case counts. */
export function parseNamespace(name: string): ParsedNamespace {
  if (isNamespace(name)) return { ok: true, namespace: name }
  return { ok: false, advice: adviceFor(name) }
}

function isNamespace(name: string): name is Namespace {
  return WELL_FORMED.test(name)
}

/**
 * The name as it may be written down: as it is where it is a namespace or nearly one, and nothing of
 * what else may have been pasted in its place, such as a token or an e-mail.
 */
export function shownNamespace(name: string): string {
  return /^(?:default|(?:orgs?|stacks?)-\+?\d{1,15})$/i.test(name) ? name : '…'
}

function adviceFor(name: string): string {
  const canonical = name.trim().toLowerCase()
  const [, kind, number] = /^(orgs?|stacks?)-\+?0*([1-9]\d{0,14})$/.exec(canonical) ?? []
  if (kind !== undefined) {
    const meant = kind.startsWith('stack')
      ? `stacks-${number}`
      : number === '1'
        ? 'default'
        : `org-${number}`
    return `did you mean ${meant}?`
  }
  if (canonical === 'default') return 'did you mean default?'
  return 'a namespace is default, org-<n> with n from 2, or stacks-<n> with n from 1.'
}
