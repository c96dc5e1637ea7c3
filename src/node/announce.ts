/** What a server on this machine prints for somebody who has never used it. */

/** The two lines that the identity provider is given. */
export function credentialLines(tenantUrl: string, token: string, more = ''): string {
  return `  Tenant URL  ${tenantUrl}\n  Token       ${token}${more}`
}

/** Two curl lines that create a user and list all, ready to be pasted. */
export function curlLines(tenantUrl: string, token: string): string {
  const authorization = `-H 'Authorization: Bearer ${token}'`
  const body =
    '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com",' +
    '"externalId":"ada-1","name":{"givenName":"Ada","familyName":"Lovelace"},' +
    '"emails":[{"value":"ada@example.com","type":"work","primary":true}]}'
  return [
    `curl -X POST '${tenantUrl}/Users' ${authorization} -H 'Content-Type: application/scim+json' -d '${body}'`,
    `curl '${tenantUrl}/Users' ${authorization}`,
  ].join('\n')
}
