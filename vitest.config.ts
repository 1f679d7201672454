import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Tests run on the sources: the same condition that tsc and the demo use. Vite adds `import` and `default` where they
 * belong; named here they would reach Node's `require` too, and CommonJS packages such as Express would get ES modules.
 */
const conditions = ['@evener/source', 'node']

/** The long ones first, so that no processor waits for the last of them: those that run servers and loads. */
class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const weight = ({ moduleId }: TestSpecification) =>
      longOnes.findIndex(part => moduleId.includes(part)) + 1 || longOnes.length + 1
    return [...files].sort((a, b) => weight(a) - weight(b) || (a.moduleId < b.moduleId ? -1 : 1))
  }
}

const longOnes = [
  'tests/rolling-restart',
  'tests/hostile-clients',
  'src/engines/http-proxy-3.test',
  'frontend.contract.test',
  'http1-engine.test',
  'tests/',
  'cluster.test',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@evener/source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'tests/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'scripts/check/**/*.test.ts',
      'bench/src/**/*.test.ts',
      'docs/src/**/*.test.ts',
      'fuzz/src/**/*.test.ts',
    ],
    environment: 'node',
    testTimeout: 30_000,
    // Much of a test's time is another process's, or the network's: no processor need be left free for vitest itself.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongOnesFirst },
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/index.ts', '**/test-support*', 'packages/*/src/testing/**'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: {
        'packages/algorithms/src/**': { branches: 95 },
        'packages/health/src/**': { branches: 95 },
        'packages/session/src/**': { branches: 95 },
        'packages/http1/src/**': { branches: 95 },
        'packages/tls/src/**': { branches: 95 },
        'packages/proxy-protocol/src/**': { branches: 95 },
        'packages/log/src/**': { branches: 95 },
        'packages/rules/src/**': { branches: 95 },
        'packages/core/src/**': { branches: 90 },
        'packages/stats/src/**': { branches: 90 },
      },
    },
  },
})
