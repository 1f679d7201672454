import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { patternFile, patternList } from './pattern-list.ts'
import { textIndex } from './text-index.ts'

const folder = mkdtempSync(join(tmpdir(), 'evener-patterns-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a list of patterns', () => {
  it('is read from a file as HAProxy reads one', () => {
    const path = file(
      'acl',
      '# a comment\n\n  \t/indented\n #not a comment\r\n/with space at the end \n/last',
    )
    expect([...patternFile(path).entries()].map(({ pattern }) => pattern)).toEqual([
      '/indented',
      '#not a comment',
      '/with space at the end ',
      '/last',
    ])
    const map = patternList({ file: file('map', '# key value\na   one two  \nb\n'), map: true })
    expect([...map.entries()].map(({ pattern, value }) => [pattern, value])).toEqual([
      ['a', 'one two'],
      ['b', ''],
    ])
  })

  it('changes while it is used', () => {
    const list = patternList({ entries: ['/a', '/b'] })
    const { find } = list.view('beg', false)
    const folded = list.view('beg', true)
    expect(find('/c/d')).toBeUndefined()
    const { id } = list.add('/c')
    expect([find('/c/d')?.id, folded.find('/C/D')?.id]).toEqual([id, id])
    expect([list.delete('/a'), list.delete('/a'), find('/a'), list.size]).toEqual([1, 0, undefined, 2])
    expect([list.deleteId(id), list.deleteId(id), find('/c'), list.has('/c')]).toEqual([
      true,
      false,
      undefined,
      false,
    ])
    list.clear()
    expect([find('/b'), folded.find('/b'), list.size]).toEqual([undefined, undefined, 0])
  })

  it('has of equal patterns the first, and the next once that is gone', () => {
    const list = patternList({
      entries: [
        ['a', '1'],
        ['a', '2'],
        ['b', '3'],
      ],
    })
    const { find } = list.view('str', false)
    const [first] = list.entries()
    expect(find('a')?.value).toBe('1')
    list.deleteId(first!.id)
    expect(find('a')?.value).toBe('2')
    expect([list.set('a', '4'), find('a')?.value, list.set('c', '5')]).toEqual([1, '4', 0])
  })

  it('refuses a pattern that one of its methods cannot read, and stays as it was', () => {
    const list = patternList({ entries: ['1'] })
    const texts = list.view('str', false)
    list.view('int', false)
    expect(() => list.add('x')).toThrow('int pattern is "x"')
    expect([list.size, list.has('x'), texts.find('x')]).toEqual([1, false, undefined])
    expect(() => list.add('')).toThrow('pattern is ""')
    expect(() => patternList({ entries: { a: '1' } }).add('b')).toThrow('value is undefined')
  })

  it('is another one after its file has changed, for everybody who uses it', async () => {
    const path = file('reloaded', '/a\n')
    const list = patternFile(path)
    const { find } = list.view('str', false)
    writeFileSync(path, '/b\n')
    expect(find('/a')).toBeDefined()
    await list.reload()
    expect([find('/a'), find('/b')?.pattern, list.size]).toEqual([undefined, '/b', 1])
    list.view('reg', false)
    writeFileSync(path, '/c\n(\n')
    await expect(list.reload()).rejects.toThrow('reg pattern is "("')
    expect([find('/b')?.pattern, find('/c')]).toEqual(['/b', undefined])
    await expect(patternList().reload()).rejects.toThrow('file is undefined')
    rmSync(path)
    await expect(list.reload()).rejects.toThrow('a file that can be read')
  })

  it('takes a view that is asked for while it is read again', async () => {
    const list = patternFile(file('views', Array.from({ length: 5000 }, (_, n) => `/p${n}`).join('\n')))
    list.view('str', false)
    const reloading = list.reload()
    const late = list.view('beg', false)
    await reloading
    expect(late.find('/p4999/x')?.pattern).toBe('/p4999')
    expect(list.delete('/p4999')).toBe(1)
    expect(late.find('/p4999/x')?.pattern).toBe('/p499')
  })

  it('is refused where its options make no sense', () => {
    expect(() => patternList({ file: 'a', entries: [] })).toThrow('none beside file')
    expect(() => patternFile(join(folder, 'none'))).toThrow('a file that can be read')
    expect(() => patternList({ entries: [''] })).toThrow('entries[0] is ""')
    expect(() => patternList({ entries: [['a', 1 as never]] })).toThrow('a text as value')
    expect(() => patternList({ file: 5 as never })).toThrow('file is 5')
  })
})

describe('many patterns', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/'), maxLength: 6 })

  it.each(['beg', 'end', 'sub', 'dir', 'dom'] as const)(
    'are found by %s as a few are, one by one',
    method => {
      fc.assert(
        fc.property(
          fc.array(
            letters.filter(text => text !== ''),
            { minLength: 9, maxLength: 30 },
          ),
          letters,
          (patterns, value) => {
            const many = textIndex(method, false)
            const entries = patterns.map((pattern, id) => ({ id, pattern, value: undefined }))
            for (const entry of entries) many.add(entry)
            // Some come and go.
            for (const entry of entries.slice(0, 3)) many.remove(entry)
            const again = { ...entries[0]!, id: entries.length }
            many.add(again)
            const left = [...entries.slice(3), again]
            const matching = left.filter(entry => {
              const one = textIndex(method, false)
              one.add(entry)
              return one.find(value) !== undefined
            })
            const found = many.find(value)
            if (method === 'beg')
              expect(found?.pattern.length).toBe(
                matching.length === 0
                  ? undefined
                  : Math.max(...matching.map(({ pattern }) => pattern.length)),
              )
            else expect(found?.id).toBe(matching[0]?.id)
          },
        ),
      )
    },
  )
})
