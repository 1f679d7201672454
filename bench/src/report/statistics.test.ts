import { expect, test } from 'vitest'
import { ratios, spreadOf } from './statistics.ts'

test('the median of an odd number of repeats is the one in the middle, by size and not by order', () => {
  expect(spreadOf([10, 2, 9])).toEqual({ median: 9, min: 2, max: 10 })
})

test('the median of an even number lies between the two in the middle', () => {
  expect(spreadOf([4, 1, 3, 100])).toEqual({ median: 3.5, min: 1, max: 100 })
})

test('nothing has no median', () => {
  expect(spreadOf([])).toBeUndefined()
})

test('a ratio is taken within each repeat, so that a slow minute falls out', () => {
  // The second repeat was twice as slow for both.
  expect(ratios([30, 60, 30], [10, 20, 10])).toEqual({ median: 3, min: 3, max: 3 })
})

test('repeats without a reference, or with one of 0, give no ratio', () => {
  expect(ratios([30, 60], [10])).toEqual({ median: 3, min: 3, max: 3 })
  expect(ratios([30], [0])).toBeUndefined()
})
