import { expect, test } from 'vitest'
import { parseCoreList, partCores } from './cores.ts'

test('a list of ranges and single cores is read in its order', () => {
  expect(parseCoreList('0-2,5,8-9\n')).toEqual([0, 1, 2, 5, 8, 9])
})

test('the proxy has the last core for itself', () => {
  expect(partCores([2, 3, 6])).toEqual({ proxy: '6', others: '2,3' })
})

test('one core is not parted', () => {
  expect(partCores([0])).toEqual({ proxy: undefined, others: undefined })
})
