import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stepTitle } from './step-title.ts'

describe('stepTitle()', () => {
  const cases = [
    {
      it: 'shows a short instruction as it is',
      written: 'COPY --from=build /app /app',
      is: 'COPY --from=build /app /app',
    },
    { it: 'puts several lines on one', written: 'RUN a  &&\n\t b', is: 'RUN a && b' },
    {
      it: 'leaves out what a command is given to see',
      written: 'RUN --mount=type=cache,target=/root/.cache --network=none make',
      is: 'RUN make',
    },
    { it: 'names the stage when there are several', written: 'RUN make', stage: 'build', is: 'build: RUN make' },
    { it: 'cuts a long one', written: `RUN ${'x'.repeat(100)}`, is: `RUN ${'x'.repeat(67)}…` },
  ]
  for (const { it: name, written, stage, is } of cases) {
    it(name, () => {
      assert.equal(stepTitle(written, stage), is)
    })
  }
})
