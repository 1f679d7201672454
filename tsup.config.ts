import { defineConfig } from 'tsup'

/** One build for every package: `tsup --config ../../tsup.config.ts ENTRY…` from the package's folder. */
export default defineConfig({
  format: ['esm'],
  target: 'node22',
  dts: true,
  clean: true,
  sourcemap: true,
  treeshake: true,
  // esbuild would shorten node:http to http, which hides that it is Node's own.
  removeNodeProtocol: false,
})
