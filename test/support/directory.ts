/** Users and groups that a test takes for granted, made over HTTP. */
import type { Client } from './client.ts'
import { groupBody, userBody } from './payload.ts'

/** A user or group that was just created, as the answer shows it. */
// biome-ignore lint/suspicious/noExplicitAny: the tests look into bodies of every form.
export type Body = any

/** Creates a user and gives its resource. */
export async function createUser(
  client: Client,
  userName: string,
  more: object = {},
): Promise<Body> {
  const { status, body } = await client.post('/Users', userBody(userName, more))
  if (status !== 201) throw new Error(`No user ${userName}: ${JSON.stringify(body)}`)
  return body
}

/** Creates users and gives their ids. */
export async function createUsers(client: Client, userNames: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const userName of userNames) ids.push((await createUser(client, userName)).id)
  return ids
}

/** Creates a group with these members and gives its resource. */
export async function createGroup(
  client: Client,
  displayName: string,
  memberIds: readonly string[] = [],
): Promise<Body> {
  const { status, body } = await client.post('/Groups', groupBody(displayName, memberIds))
  if (status !== 201) throw new Error(`No group ${displayName}: ${JSON.stringify(body)}`)
  return body
}

/** The ids of the members of a group, sorted. */
export async function memberIds(client: Client, groupId: string): Promise<string[]> {
  const { body } = await client.get(`/Groups/${groupId}`)
  return body.members.map(({ value }: { value: string }) => value).sort()
}
