// What would become of members in a dry run.
import { fold } from '../../src/scim/comparison.ts'
import type { Answer, ImportAnswer, Outcome } from './import-answer.ts'
import type { ImportMember, ImportTeam, ImportUser } from './import-files.ts'

/** Remembers what an import would create, and foresees by it what would become of members. */
export interface Preview {
  noteUser(user: ImportUser, outcome: Outcome): void
  noteTeam(team: ImportTeam, outcome: Outcome): void
  /** The answers to a batch of members as they would be after the users and teams. */
  foresee(members: readonly ImportMember[], answers: readonly Answer[]): Promise<Answer[]>
}

/** The users and teams that are sent along with members who need them. */
interface Question {
  readonly users: Map<string, ImportUser>
  readonly teams: Map<string, ImportTeam>
  /** Places in the batch. */
  readonly members: number[]
}

/**
 * In a dry run nothing of the users and teams that went before is there when it comes to their
 * members. Where both would be new, the member would be added; where one is, the server is asked
 * again and told of the new one.
 *
 * @param ask sends what an import consists of, as a dry run
 * @param most how many users and teams go into a request
 */
export function createPreview(ask: (body: object) => Promise<ImportAnswer>, most: number): Preview {
  const people = new Map<string, ImportUser>()
  const created = new Map<string, ImportTeam>()

  return {
    noteUser(user, outcome) {
      // An update may bring the e-mail that a member is then known by.
      if (outcome !== 'created' && outcome !== 'updated') return
      people.set(loginKey(user.login), user)
      if (user.email !== undefined) people.set(emailKey(user.email), user)
    },

    noteTeam(team, outcome) {
      if (outcome === 'created') created.set(fold(team.name), team)
    },

    async foresee(members, answers) {
      const foreseen = [...answers]
      const questions: Question[] = []
      for (const [place, member] of members.entries()) {
        const answer = answers[place]
        if (answer?.outcome !== 'unknown') continue
        const teamKey = fold(member.team)
        const personKey = 'login' in member ? loginKey(member.login) : emailKey(member.email)
        const [team, person] = [created.get(teamKey), people.get(personKey)]
        if (team !== undefined && person !== undefined) {
          foreseen[place] = { ...answer, outcome: 'added', detail: undefined }
        } else if (team !== undefined || person !== undefined) {
          const question = questionFor(questions, most)
          if (team !== undefined) question.teams.set(teamKey, team)
          if (person !== undefined) question.users.set(fold(person.login), person)
          question.members.push(place)
        }
      }
      for (const { users, teams, members: places } of questions) {
        const again = await ask({
          users: [...users.values()],
          teams: [...teams.values()],
          members: places.flatMap((place) => members[place] ?? []),
        })
        for (const [index, place] of places.entries()) {
          const answer = again.members[index]
          if (answer !== undefined) foreseen[place] = answer
        }
      }
      return foreseen
    },
  }
}

/** The question that one more user or team has room in. */
function questionFor(questions: Question[], most: number): Question {
  const last = questions.at(-1)
  if (last !== undefined && last.users.size + last.teams.size < most) return last
  const next: Question = { users: new Map(), teams: new Map(), members: [] }
  questions.push(next)
  return next
}

function loginKey(login: string): string {
  return `login ${fold(login)}`
}

function emailKey(email: string): string {
  return `email ${fold(email)}`
}
