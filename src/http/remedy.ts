/** What an administrator can do about a refused provisioning request, by the messageId of the answer. */

const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    'authn.invalid-namespace',
    'Put the Tenant URL of this namespace into the identity provider, or give it a token of the namespace that it names.',
  ],
  [
    'accesscontrol.permission-denied',
    'Give the service account the permission that the sentence names, together with those that it has (serviceaccount update --permissions), or keep the identity provider from asking for this.',
  ],
  [
    'scim.user-sync-disabled',
    'Turn user sync on (settings set --user-sync on), or turn off the provisioning of users in the identity provider.',
  ],
  [
    'scim.group-sync-disabled',
    'Turn group sync on (settings set --group-sync on), or turn off the pushing of groups in the identity provider.',
  ],
  [
    'scim.unmanaged',
    'Delete the account or team in Grafana by hand, or assign it in the identity provider first, so that SCIM takes it under management.',
  ],
  [
    'scim.namespace-full',
    'Assign fewer people in the identity provider, or delete users that are no longer needed.',
  ],
  [
    'scim.uniqueness',
    'Two people or groups of the identity provider share a value that only one may have: change it in one of them, or remove the one that is left over, and provision again.',
  ],
  [
    'scim.look-alike',
    'Compare the characters of both. If it is the same person or group, give the account or team by hand the very value that the identity provider sends (account update, team rename) and provision again; if not, change the value in one of them.',
  ],
  [
    'scim.external-id-required',
    "Map externalId in the identity provider to what the login carries: objectId in Entra ID, the user's id in Okta.",
  ],
  ['scim.team-full', 'Split the group in the identity provider into several.'],
  [
    'scim.unresolved-reference',
    'Look for the conflict of the operation that it refers to, and mend that one first.',
  ],
  [
    'scim.invalidVers',
    'Take the version out of the Tenant URL in the identity provider; version 2 is at the base URL.',
  ],
  [
    'scim.invalidPath',
    'Correct the attribute mapping in the identity provider that has this target.',
  ],
  [
    'scim.noTarget',
    'Correct the attribute mapping in the identity provider: its filter selects no value.',
  ],
  [
    'scim.mutability',
    'Take the attribute out of the attribute mappings of the identity provider; it cannot be changed.',
  ],
  [
    'scim.invalidValue',
    'Correct the value in the source of the identity provider, or the attribute mapping that makes it.',
  ],
])

/** What to do about a refusal. */
export function remedyOf(messageId: string): string {
  return (
    REMEDIES.get(messageId) ??
    'Compare the request with the sentence, and correct the attribute mapping of the identity provider.'
  )
}
