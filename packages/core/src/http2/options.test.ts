import { expect, test } from 'vitest'
import { readHttp2Options } from './options.ts'

test('what is not said has its default', () => {
  expect(readHttp2Options('http2')).toEqual({
    maxConcurrentStreams: 100,
    initialWindowSize: 65_535,
    maxHeaderListBytes: 16_384,
    maxResetsPerMinute: 200,
    maxControlFramesPerMinute: 600,
    priorKnowledge: false,
  })
  expect(readHttp2Options('http2', { maxConcurrentStreams: 7 }).maxConcurrentStreams).toBe(7)
})

test.each([
  ['maxConcurrentStreams', 0],
  ['maxConcurrentStreams', 10_001],
  ['initialWindowSize', 1_023],
  ['maxHeaderListBytes', 1.5],
  ['maxResetsPerMinute', 0],
  ['maxControlFramesPerMinute', -1],
  ['priorKnowledge', 'yes'],
])('%s: %j is not allowed', (name, value) => {
  expect(() => readHttp2Options('frontend.http2', { [name]: value })).toThrow(
    expect.objectContaining({
      code: 'EVENER_INVALID_OPTION',
      message: expect.stringContaining(`frontend.http2.${name}`),
    }),
  )
})

test('an option that nobody knows is an error', () => {
  expect(() => readHttp2Options('http2', { maxStreams: 1 } as object)).toThrow(
    expect.objectContaining({ code: 'EVENER_UNKNOWN_OPTION' }),
  )
})
