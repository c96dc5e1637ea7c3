import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Short files first, since the first failure is enough; vitest would begin with the long ones. */
class ShortFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).reverse()
  }
}

/** The tests of what is altered; scripts/mutation.ts says which. All are pure, so that they can share one worker. */
export default defineConfig({
  test: {
    include: [process.env.SCIM_EDGE_MUTATION ?? 'test/unit/{scim,tenancy,store,http}/**/*.test.ts'],
    isolate: false,
    sequence: { sequencer: ShortFirst },
  },
})
