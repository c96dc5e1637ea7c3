// The people and teams of the simulated company. The same numbers give the same company.

/** A person as the provider's own directory knows them. */
export interface Person {
  index: number
  /** The provider's own key, sent as externalId. */
  key: string
  userName: string
  givenName: string
  familyName: string
  middleName?: string
  displayName: string
  nickName?: string
  title?: string
  language?: string
  workEmail: string
  otherEmail?: string
  workPhone?: string
  mobilePhone?: string
  address?: Address
  employeeNumber?: string
  department?: string
  costCenter?: string
  organization?: string
  division?: string
  /** Place of the manager in the list of people; the first person has none. */
  manager?: number
  /** What the endpoint calls the manager, once it was told of them. */
  managerId?: string
  active: boolean
  /** What the endpoint calls the person, once it has answered. */
  id?: string
}

/** A postal address of a work place. */
export interface Address {
  streetAddress?: string
  locality: string
  region?: string
  postalCode?: string
  country: string
}

/** A team as the provider's own directory knows it; members are places in the list of people. */
export interface Team {
  index: number
  /** The provider's own key; only some providers send it. */
  key: string
  displayName: string
  members: number[]
  id?: string
}

/** Everybody and every team of a run. */
export interface Company {
  people: Person[]
  teams: Team[]
}

// Apostrophes, accents composed and decomposed, other scripts, a name of one letter: all of them
// have broken integrations.
const GIVEN =
  'Ada Zoë José Søren Łukasz Siobhán Иван Ελένη 美咲 محمد Ngọc Gülşen Anne-Marie O'.split(' ')
GIVEN.push("D'Arcy", 'Zoe\u0308', 'María José')
const FAMILY =
  "Lovelace O'Brien Müller Straße Петрова Παπαδοπούλου 田中 Nguyễn İnce Ångström".split(' ')
FAMILY.push('García Márquez', 'van der Berg', 'Smith & Sons')
const LOCAL = ['ada.lovelace', "o'brien", 'zoë', 'J.Garcia+work', 'Mueller', 'ivan_petrov', 'x']
const DEPARTMENTS = ['Engineering', 'R&D "Core"', 'Finance', 'Vertrieb & Kundendienst', '開発']
const TITLES = ['Engineer', 'Dr', "Chef d'équipe", 'Head of R&D', 'Tour Guide']
const TEAM_NAMES = [
  'Platform',
  "Équipe d'ingénierie",
  'R&D "Core"',
  'Ops 100%',
  '開発チーム',
  'A+B/C',
]
const PLACES: Address[] = [
  {
    streetAddress: "12 Rue de l'Église\nBâtiment C",
    locality: 'Liège',
    region: 'Wallonie',
    postalCode: '4000',
    country: 'BE',
  },
  {
    streetAddress: '1 Main Street',
    locality: 'Springfield',
    region: 'IL',
    postalCode: '62701',
    country: 'US',
  },
]

/**
 * Founds the company of a run.
 *
 * @param run - Starts every userName and team name
 */
export function foundCompany(run: string, users: number, groups: number): Company {
  return {
    people: Array.from({ length: users }, (_, index) => hire(run, index)),
    teams: Array.from({ length: groups }, (_, index) => formTeam(run, index, users)),
  }
}

function hire(run: string, index: number): Person {
  const givenName = pick(GIVEN, index)
  const familyName = pick(FAMILY, index)
  const local = `${run}${pick(LOCAL, index)}.${index}`
  const person: Person = {
    index,
    key: `${run}${String(index).padStart(6, '0')}`,
    userName: `${local}@example.com`,
    givenName,
    familyName,
    displayName: `${givenName} ${familyName}`,
    nickName: `${givenName}${index}`,
    title: pick(TITLES, index),
    language: pick(['en-US', 'fr-BE', 'ja-JP'], index),
    workEmail: `${local}@example.com`,
    otherEmail: `${local}@home.example.net`,
    workPhone: `+32 2 ${String(index).padStart(7, '0')}`,
    mobilePhone: `tel:+1-201-555-${String(index).padStart(4, '0')}`,
    address: pick(PLACES, index),
    employeeNumber: String(700_000 + index),
    department: pick(DEPARTMENTS, index),
    costCenter: `CC-${index % 7}`,
    organization: 'Universal Studios',
    division: 'Theme Park',
    active: true,
  }
  if (index % 4 === 1) person.middleName = 'Jane'
  if (index >= 1) person.manager = Math.floor(index / 10)
  return person
}

function formTeam(run: string, index: number, users: number): Team {
  const members: number[] = []
  for (let person = 0; person < users; person++) {
    if ((person * 7 + index * 3) % 4 === 0) members.push(person)
  }
  return {
    index,
    key: `${run}team-${index}`,
    displayName: `${run}${pick(TEAM_NAMES, index)} ${index}`,
    members,
  }
}

function pick<Item>(list: readonly Item[], index: number): Item {
  const item = list[index % list.length]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

/** The people whose profile changes during a run, and how they look afterwards. */
export function promotions(people: readonly Person[]): { person: Person; next: Person }[] {
  return people
    .filter(({ index }) => index % 3 === 0)
    .map((person) => {
      const next: Person = {
        ...person,
        givenName: `${person.givenName} (new)`,
        displayName: `${person.givenName} (new) ${person.familyName}`,
        title: `Senior ${person.title ?? 'Engineer'}`,
        department: `${person.department ?? 'Engineering'} / Łódź`,
        mobilePhone: `tel:+1-202-555-${String(person.index).padStart(4, '0')}`,
        address: { ...person.address, locality: 'Delft', country: 'NL' },
      }
      // Marriage: a new name to log in with, and a new work address.
      if (person.index % 6 === 0) {
        next.userName = person.userName.replace('@', '.renamed@')
        next.workEmail = person.workEmail.replace('@', '.renamed@')
      }
      return { person, next }
    })
}

/** Those who are suspended for a while. */
export function suspended(people: readonly Person[]): Person[] {
  return people.filter(({ index }) => index % 5 === 1)
}

/** Those of the suspended who come back; the others stay inactive. */
export function returning(people: readonly Person[]): Person[] {
  return suspended(people).filter(({ index }) => index % 2 === 1)
}

/** Those who leave for good at the end: the last tenth, nobody's managers. */
export function leavers(people: readonly Person[]): Person[] {
  if (people.length < 2) return []
  return people.slice(-Math.ceil(people.length / 10))
}

/** The teams that are dissolved at the end; at least one stays. */
export function dissolved(teams: readonly Team[]): Team[] {
  return teams.filter(({ index }) => index > 0 && (index === teams.length - 1 || index % 10 === 5))
}

/** The teams that get another name. */
export function renamed(teams: readonly Team[]): { team: Team; displayName: string }[] {
  return teams
    .filter(({ index }) => index % 2 === 0)
    .map((team) => ({ team, displayName: `${team.displayName} (renamed)` }))
}

/** The members whom a team loses during a run. */
export function losses(team: Team): number[] {
  return team.members.filter((_, position) => position % 4 === 1)
}

/** Cuts a list into pieces. */
export function chunks<Item>(list: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  )
}
