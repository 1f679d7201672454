/** Rules that end a list without an answer: HAProxy's `allow`, `accept`, `reject`, `silent-drop`. */
import { Rule, type Verdict } from '../action.ts'
import type { ConnectionScope } from '../scope.ts'

const allowed: Verdict = Object.freeze({ kind: 'allow' })
const rejected: Verdict = Object.freeze({ kind: 'reject', silently: false })
const dropped: Verdict = Object.freeze({ kind: 'reject', silently: true })

/** No further rule of this list is run. HAProxy's `allow`; and `accept`, its word for the same at layer 4. */
export function allow(): Rule<ConnectionScope> {
  return new Rule<ConnectionScope>('allow', 'connection', () => allowed)
}

/** As {@link allow}. HAProxy's `accept`. */
export function accept(): Rule<ConnectionScope> {
  return new Rule<ConnectionScope>('accept', 'connection', () => allowed, ['connection', 'content'])
}

/** The client's connection is closed without an answer. HAProxy's `reject`. */
export function reject(): Rule<ConnectionScope> {
  return new Rule<ConnectionScope>('reject', 'connection', () => rejected, [
    'connection',
    'content',
    'request',
  ])
}

/**
 * The client's connection is left without an answer, and the client, where that is possible, without a word of its end.
 * HAProxy's `silent-drop`.
 */
export function silentDrop(): Rule<ConnectionScope> {
  return new Rule<ConnectionScope>('silent-drop', 'connection', () => dropped, [
    'connection',
    'content',
    'request',
    'response',
  ])
}
