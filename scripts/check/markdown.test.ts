import { expect, test } from 'vitest'
import { codeBlocks } from './markdown.ts'

const page = (...lines: string[]): string => lines.join('\n')

test('a fenced block is found with its language and the line it begins on', () => {
  const blocks = codeBlocks(page('# Title', '', '```ts', 'const a = 1', '', 'a', '```', 'text'))
  expect(blocks).toEqual([{ language: 'ts', rest: '', line: 3, code: 'const a = 1\n\na' }])
})

test('what follows the language is kept apart from it', () => {
  const [block] = codeBlocks(page('```TS  test   only', '```'))
  expect(block).toMatchObject({ language: 'ts', rest: 'test only' })
})

test('a block without a language is found, with an empty one', () => {
  expect(codeBlocks(page('```', 'x', '```'))[0]).toMatchObject({ language: '', code: 'x' })
})

test('a longer fence holds a shorter one', () => {
  const blocks = codeBlocks(page('````md', '```ts', 'inner', '```', '````'))
  expect(blocks).toHaveLength(1)
  expect(blocks[0]?.code).toBe('```ts\ninner\n```')
})

test('a fence of tildes is not closed by backticks', () => {
  expect(
    codeBlocks(page('~~~text', '```', '~~~', '```ts', '1', '```')).map(({ language }) => language),
  ).toEqual(['text', 'ts'])
})

test('a block in a list item loses the indentation of its fence, and no more', () => {
  expect(codeBlocks(page('- item', '  ```ts', '  if (a) {', '    b()', '  }', '  ```'))[0]?.code).toBe(
    'if (a) {\n  b()\n}',
  )
})

test('inline code that opens with three backticks is not a fence', () => {
  expect(codeBlocks(page('```ts x``` is code', 'text'))).toEqual([])
})

test('a block that is never closed runs to the end of the page', () => {
  expect(codeBlocks(page('```ts', 'a', 'b'))[0]?.code).toBe('a\nb')
})
