import { expect, test } from 'vitest'
import { History, historyLength } from './history.ts'

const backend = (rate: number) => ({ pxname: 'app', svname: 'BACKEND', type: 1, rate })

test('keeps the rates of doors and backends, the last ones, and of those only that are still there', () => {
  const history = new History()
  history.add([
    { pxname: 'main', svname: 'FRONTEND', type: 0, req_rate: 3, rate: 1 },
    { pxname: 'app', svname: 's1', type: 2 },
  ])
  expect(JSON.parse(history.text)).toEqual({ 'main/FRONTEND': [3] })
  for (let i = 0; i < historyLength + 5; i++) history.add([backend(i)])
  const samples = JSON.parse(history.text)
  expect(Object.keys(samples)).toEqual(['app/BACKEND'])
  expect([samples['app/BACKEND'].length, samples['app/BACKEND'][0]]).toEqual([historyLength, 5])
})
