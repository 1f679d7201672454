import { expect, test } from 'vitest'
import { parseDuration, parseWrk } from './wrk-output.ts'

const output = `Running 2s test @ http://127.0.0.1:7001/small
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.16ms    6.45ms  59.99ms   99.19%
    Req/Sec    10.60k     3.50k   17.00k    61.11%
  Latency Distribution
     50%  850.00us
     75%    1.02ms
     90%    1.48ms
     99%   34.80ms
  19462 requests in 1.85s, 2.82MB read
Requests/sec:  10499.68
Transfer/sec:      1.52MB
`

test('a clean run is read', () => {
  expect(parseWrk(output)).toEqual({
    requests: 19_462,
    requestsPerSecond: 10_499.68,
    p50Ms: 0.85,
    p99Ms: 34.8,
    errors: [],
  })
})

test('socket errors and other statuses are errors', () => {
  const bad = output.replace(
    'Requests/sec',
    '  Socket errors: connect 0, read 3, write 0, timeout 1\n  Non-2xx or 3xx responses: 863\nRequests/sec',
  )
  expect(parseWrk(bad).errors).toEqual([
    'socket errors: connect 0, read 3, write 0, timeout 1',
    '863 answers were neither 2xx nor 3xx',
  ])
})

test('durations come in milliseconds, whatever their unit', () => {
  expect(['500.00us', '1.50ms', '2.00s', '1.00m'].map(parseDuration)).toEqual([0.5, 1.5, 2_000, 60_000])
  expect(() => parseDuration('12')).toThrow("not a duration of wrk's")
})

test('anything else is refused, with what it was', () => {
  expect(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused')).toThrow('Connection refused')
})
