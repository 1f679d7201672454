import { defineConfig } from 'vitest/config'
import workspace from '../../vitest.config.ts'

/** Runs the ```ts test blocks that `check docs` has written, on the sources as the repository's own tests are. */
export default defineConfig({
  ...workspace,
  root: import.meta.dirname,
  test: { include: ['.generated/*.test.ts'], testTimeout: 20_000 },
})
