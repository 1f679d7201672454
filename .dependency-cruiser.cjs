/**
 * The house's floors as rules: `check layering` runs them (ARCHITECTURE.md says why they are).
 *
 * A package imports from floors below its own, never from its own floor or above, and only through a front door
 * (an entry in `exports`). Leaves, on floor 1, know no other package, their tests included. A new package needs a
 * floor in scripts/check/floors.json; the step `policy` asks for it.
 */
const floors = require('./scripts/check/floors.json')

const floorOf = Object.fromEntries(
  Object.entries(floors).flatMap(([floor, names]) => names.map(name => [name, Number(floor)])),
)
const names = Object.keys(floorOf)
// Tests, what only they use, and contract suites, which are tests that others run.
const tests = '(\\.test\\.ts$|/test/|/src/testing/|/test-support|/contract)'

const below = floor => names.filter(name => floorOf[name] < floor)
const anyPackageBut = allowed => `^packages/(?!(?:${allowed.join('|')})/)`

const floorRules = names.flatMap(name => {
  const floor = floorOf[name]
  const allowed = [name, ...below(floor)]
  const where = floor === 1 ? 'a leaf imports no other package' : `only packages below floor ${floor}`
  const rule = (suffix, from, allowedThere) => ({
    name: `floor-${floor}-${name}${suffix}`,
    comment: `${name} is on floor ${floor}: ${where}.`,
    severity: 'error',
    from,
    to: { path: anyPackageBut(allowedThere) },
  })
  if (floor === 1) return [rule('', { path: `^packages/${name}/` }, allowed)]
  // The testing kit may serve the tests of its own floor: what is published does not depend on it.
  return [
    rule('', { path: `^packages/${name}/`, pathNot: tests }, allowed),
    rule('-tests', { path: `^packages/${name}/.*${tests}` }, [...allowed, 'testing']),
  ]
})

module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'packages-are-the-ground',
      comment:
        'A package imports nothing of the examples, the benchmarks, the fuzzer, the scripts or the end-to-end tests.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(examples|bench|docs|fuzz|scripts|tests)/' },
    },
    {
      name: 'front-door-between-packages',
      comment: 'Another package is imported by its name, not by a path into its inside.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'front-door-from-above',
      comment: 'Examples, benchmarks and tests import a package by its name, not by a path into its inside.',
      severity: 'error',
      from: { path: '^(examples|bench|docs|fuzz|tests|scripts)/' },
      to: { path: '^packages/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-circle',
      comment:
        'Files that need each other to run are one concept, or something belongs in a third. Types may.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'Misspelt, not installed, or not declared in the other package\'s "exports" (a deep import).',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage|\\.generated)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@evener/source', 'node', 'import', 'module', 'types', 'default'],
    },
  },
}
