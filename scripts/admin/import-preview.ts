// What would become of members in a dry run.
import { fold } from '../../src/scim/comparison.ts'
import type { AdminClient } from '../lib/admin-client.ts'
import { findAccount } from './accounts.ts'
import type { Answer, Outcome } from './import-answer.ts'
import type { ImportMember, ImportTeam, ImportUser } from './import-files.ts'
import { findTeam } from './teams.ts'

/** Remembers what an import would create, and foresees by it what would become of members. */
export interface Preview {
  noteUser(user: ImportUser, outcome: Outcome): void
  noteTeam(team: ImportTeam, outcome: Outcome): void
  /** The answer of the server, unless the import itself would have changed it by then. */
  foresee(member: ImportMember, answer: Answer): Promise<Answer>
}

type Standing = 'known' | 'managed' | 'unknown'

/**
 * In a dry run the server knows neither the people nor the teams that the import would have created
 * before it comes to their members. Where only one of the two is new, the server is asked for the
 * other, once.
 */
export function createPreview(client: AdminClient): Preview {
  const standings = new Map<string, Promise<Standing>>()
  const created = new Set<string>()
  const standingOf = (key: string, ask: () => Promise<Standing>): Promise<Standing> => {
    const standing = standings.get(key) ?? ask()
    standings.set(key, standing)
    return standing
  }
  const note = (key: string) => {
    created.add(key)
    standings.set(key, Promise.resolve('known'))
  }

  return {
    noteUser({ login, email }, outcome) {
      // An update may bring the e-mail that a member is then known by.
      if (outcome !== 'created' && outcome !== 'updated') return
      note(loginKey(login))
      if (email !== undefined) note(emailKey(email))
    },

    noteTeam({ name }, outcome) {
      if (outcome === 'created') note(teamKey(name))
    },

    async foresee(member, answer) {
      if (answer.outcome !== 'unknown') return answer
      const team = teamKey(member.team)
      const person = 'login' in member ? loginKey(member.login) : emailKey(member.email)
      // With neither of them new, the server has seen what there is.
      if (!created.has(team) && !created.has(person)) return answer
      const teamIs = await standingOf(team, async () => {
        const found = await findTeam(client, member.team)
        if (found === undefined) return 'unknown'
        return found.isProvisioned ? 'managed' : 'known'
      })
      if (teamIs === 'managed') return { ...answer, outcome: 'managed', detail: undefined }
      const personIs = await standingOf(person, async () => {
        const found = await findAccount(
          client,
          'login' in member ? { login: member.login } : { email: member.email },
        )
        return found === undefined ? 'unknown' : 'known'
      })
      if (teamIs === 'unknown' || personIs === 'unknown') return answer
      return { ...answer, outcome: 'added', detail: undefined }
    },
  }
}

function teamKey(name: string): string {
  return `team ${fold(name)}`
}

function loginKey(login: string): string {
  return `login ${fold(login)}`
}

function emailKey(email: string): string {
  return `email ${fold(email)}`
}
