import { expect, test } from 'vitest'
import { disagreement, type Reading } from './reading.ts'

const reading = (ending: Reading['ending'], ...messages: [start: string, content: string][]): Reading => ({
  messages: messages.map(([start, content]) => ({ start, content })),
  ending,
})

test.each([
  ['another body', reading('open', ['GET /', 'a']), reading('open', ['GET /', 'b']), /another body/],
  [
    'another target',
    reading('open', ['GET /', '']),
    reading('open', ['GET /x', '']),
    /is GET \/ here, GET \/x there/,
  ],
  ['a longer body', reading('open', ['GET /', '']), reading('partial'), /complete here, there it is partial/],
  [
    'one message more',
    reading('open', ['GET /', '']),
    reading('open', ['GET /', ''], ['GET /', '']),
    /1 messages here, 2/,
  ],
  ['a shorter body', reading('partial'), reading('open', ['GET /', '']), /0 messages here, 1/],
])('the rule finds %s', (_what, ours, theirs, words) => {
  expect(disagreement(ours, theirs)).toMatch(words)
})

test.each([
  ['the same', reading('open', ['GET /', 'a']), reading('open', ['GET /', 'a'])],
  ['a refusal there', reading('open', ['GET /', 'a'], ['GET /', '']), reading('refused', ['GET /', 'a'])],
  ['a refusal here', reading('refused', ['GET /', 'a']), reading('open', ['GET /', 'a'], ['GET /', ''])],
])('the rule allows %s', (_what, ours, theirs) => {
  expect(disagreement(ours, theirs)).toBeUndefined()
})
