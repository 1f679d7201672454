import { expect, test } from 'vitest'
import { parseH2load } from './h2load-output.ts'

const output = `starting benchmark...
spawning thread #0: 4 total client(s). 1600 total requests
TLS Protocol: TLSv1.3
Cipher: TLS_AES_128_GCM_SHA256
Server Temp Key: X25519 253 bits
Application protocol: h2
progress: 100% done

finished in 123.45ms, 12960.71 req/s, 2.07MB/s
requests: 1600 total, 1600 started, 1600 done, 1600 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 1600 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 262.00KB (268288) total, 10.00KB (10240) headers (space savings 90.00%), 203.13KB (208000) data
`

test('a clean run is read', () => {
  expect(parseH2load(output)).toEqual({ requests: 1_600, requestsPerSecond: 12_960.71, errors: [] })
})

test('failed requests and other statuses are errors, in its own words', () => {
  const bad = output
    .replace('1600 succeeded, 0 failed', '1597 succeeded, 3 failed')
    .replace('1600 2xx, 0 3xx, 0 4xx, 0 5xx', '1597 2xx, 0 3xx, 0 4xx, 3 5xx')
  expect(parseH2load(bad).errors).toEqual([
    'requests: 1600 total, 1600 started, 1600 done, 1597 succeeded, 3 failed, 0 errored, 0 timeout',
    'status codes: 1597 2xx, 0 3xx, 0 4xx, 3 5xx',
  ])
})

test('another protocol is an error, and so is none', () => {
  expect(parseH2load(output.replace('protocol: h2', 'protocol: http/1.1')).errors).toEqual([
    'spoken was http/1.1 instead of h2',
  ])
  expect(parseH2load(output.replace(/^Application.*\n/m, '')).errors).toEqual([
    'spoken was nothing instead of h2',
  ])
})

test('anything else is refused, with what it was', () => {
  expect(() => parseH2load('Segmentation fault')).toThrow('Segmentation fault')
})
