/**
 * Whatever a client sends: no value throws, none says another type than it has, and none takes long.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pipe } from '../pipe.ts'
import type { Sample, SampleType } from '../sample.ts'
import type { ResponseScope } from '../scope.ts'
import { headOf, requestScope, responseScope, tables } from '../test-support.ts'
import type { AnyType, Converter, Value } from '../value.ts'
import { Arguments } from './arguments.ts'
import { converters } from './converter-catalogue.ts'
import { fetches } from './fetch-catalogue.ts'
import type { Names } from './names.ts'

const names: Names = { table: () => tables, users: () => ({ allows: user => user === 'a' }) }

/** What is made of the first of these lists of arguments that a maker takes. */
const tried = [
  [],
  ['x'],
  ['1'],
  ['1', '/'],
  ['/', '2'],
  ['x', 'y'],
  ['sha256', 'a2V5'],
  ['txn.v'],
  ['%Y'],
  ['$.a'],
  ['1', '1', 'st'],
]
const more = [['HS256', 'k'], ['a;b'], ['00'], ['1.2.3.4'], ['::1'], ['true'], ['md5'], ['24', '64']]

function madeOf<T>(catalogue: ReadonlyMap<string, (given: Arguments) => T>): T[] {
  return [...catalogue].flatMap(([keyword, make]) => {
    for (const given of [...tried, ...more]) {
      try {
        const list = new Arguments(keyword, given, 'response', names)
        const made = make(list)
        list.end()
        return [made]
      } catch {
        // The next one.
      }
    }
    return []
  })
}

const isOf: Readonly<Record<AnyType, (value: Sample) => boolean>> = {
  bool: value => typeof value === 'boolean',
  int: value => Number.isInteger(value),
  str: value => typeof value === 'string' && isBytes(value),
  bin: value => typeof value === 'string' && isBytes(value),
  addr: value => typeof value === 'string' && /^[0-9a-f.:]+$/.test(value),
  any: () => true,
}

function isBytes(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text)
}

const odd = fc.constantFrom(
  ...[
    '',
    '=',
    ';',
    ',',
    '"',
    '\\',
    '%',
    '%4',
    '%00',
    '\0',
    '\xff',
    ' ',
    '\t',
    '/',
    '?',
    '&',
    ':',
    '[',
    ']',
    '{',
    '}',
    '.',
  ],
  ...[
    'a',
    'x',
    '$',
    '-',
    '+',
    '1',
    '99999999999999999999',
    '::',
    '1.2.3.4',
    'Basic ',
    'Bearer ',
    'http://',
    'q=',
    'Z',
  ],
)
const text = fc.array(odd, { maxLength: 14 }).map(parts => parts.join(''))
const fields = ['x', 'host', 'cookie', 'set-cookie', 'authorization', 'x-forwarded-for', 'a']

test('no fetch throws, and each says its type', () => {
  const values = madeOf(fetches) as Value<Sample, ResponseScope>[]
  expect(values.length).toBeGreaterThan(fetches.size * 0.9)
  fc.assert(
    fc.property(text, fc.array(text, { minLength: 7, maxLength: 7 }), text, (uri, lines, body) => {
      const headers = fields.flatMap((name, at) => [name, lines[at] as string, name, lines.at(-at) as string])
      const scope: ResponseScope = {
        ...requestScope(uri, headers, { body: Buffer.from(body, 'latin1') }),
        ...{ response: { ...responseScope(200).response, head: headOf(...headers) }, server: undefined },
        ...{ content: { bytes: Buffer.from(body, 'latin1'), complete: false, undecided: false } },
      }
      for (const value of values) {
        const found = value.read(scope)
        if (found !== undefined && !isOf[value.type](found))
          expect.fail(`${value.text} is ${JSON.stringify(found)}`)
        value.testing(one => {
          if (!isOf[value.type](one)) expect.fail(`${value.text} has ${JSON.stringify(one)}`)
          return false
        })(scope)
      }
    }),
    { numRuns: 150 },
  )
})

test('no converter throws, and each gives what it says', () => {
  const all = madeOf(converters) as Converter<never, Sample, ResponseScope>[]
  expect(all.length).toBeGreaterThan(100)
  const samples: fc.Arbitrary<readonly [SampleType, Sample]> = fc.oneof(
    text.map(value => ['str', value] as const),
    text.map(value => ['bin', value] as const),
    fc
      .oneof(fc.maxSafeInteger(), fc.constantFrom(0, 2 ** 63, -(2 ** 63), 2 ** 53, -1))
      .map(value => ['int', value] as const),
    fc.boolean().map(value => ['bool', value] as const),
    fc.constantFrom('1.2.3.4', '::1', '2002:102:304::').map(value => ['addr', value] as const),
  )
  const scope = responseScope(200)
  fc.assert(
    fc.property(samples, ([type, sample]) => {
      const value = {
        text: 'x',
        type,
        needs: 'connection',
        read: () => sample,
        testing: () => () => false,
      } as never
      for (const one of all) {
        let piped: Value<Sample, ResponseScope>
        try {
          piped = pipe(value, one) as Value<Sample, ResponseScope>
        } catch {
          continue
        }
        const found = piped.read(scope)
        if (found !== undefined && !isOf[piped.type](found))
          expect.fail(`${one.text} of ${type} ${JSON.stringify(sample)} is ${JSON.stringify(found)}`)
      }
    }),
    { numRuns: 300 },
  )
})
