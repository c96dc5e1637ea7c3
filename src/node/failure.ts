/** Why a start or a tool ends: one sentence for whoever is at the terminal. */
export class StartFailure extends Error {
  override readonly name = 'Failure'
}
