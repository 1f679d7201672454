import { defineConfig } from 'vitest/config'

/**
 * Tests run on the sources: the same condition that tsc and the demo use. Vite adds `import` and `default` where they
 * belong; named here they would reach Node's `require` too, and CommonJS packages such as Express would get ES modules.
 */
const conditions = ['@evener/source', 'node']

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
      'fuzz/src/**/*.test.ts',
    ],
    environment: 'node',
    testTimeout: 30_000,
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
        'packages/core/src/**': { branches: 90 },
      },
    },
  },
})
