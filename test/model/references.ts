/** References to users and teams, some of which are to nobody. */
import fc from 'fast-check'

/** Often the first one, so that lanes meet. */
const numbered = (kind: string) =>
  fc.oneof(fc.constant(0), fc.nat(7)).map((number) => `${kind} ${number}`)
export const user = fc.oneof({ weight: 9, arbitrary: numbered('user') }, fc.constant('nobody'))
export const team = fc.oneof({ weight: 9, arbitrary: numbered('team') }, fc.constant('nothing'))
export const member = fc.oneof(
  { weight: 8, arbitrary: numbered('user') },
  fc.constant('nobody'),
  numbered('team'),
)
