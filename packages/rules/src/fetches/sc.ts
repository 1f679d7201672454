/**
 * HAProxy's `sc_…`: what is known of the entries that the connection or the request tracks, by the tracker's number.
 *
 * Nothing where that tracker tracks nothing, or where its table does not keep the number: no comparison is true then.
 */
import { integerOption, refuse } from '../options.ts'
import type { ConnectionScope, TrackedView } from '../scope.ts'
import { type IndexedNumber, inUnit, type TableNumber, tableNumbers } from '../tables.ts'
import { fetch, type Value } from '../value.ts'

type Counted = Value<number, ConnectionScope>

/** One of an entry's numbers: `sc.get('http_req_rate')` is `sc_http_req_rate(0)`. */
export function get(word: TableNumber, tracker = 0): Counted {
  const type = tableNumbers[word] as string | undefined
  if (type === undefined) refuse('sc number', word, Object.keys(tableNumbers).join(', '))
  return number(`sc_${word}(${tracker})`, tracker, one => inUnit(word, one.get(type)))
}

/** One of its general purpose counters, their rates, or tags: `sc.indexed('gpc', 1)` is `sc_get_gpc(1,0)`. */
export function indexed(word: IndexedNumber, index = 0, tracker = 0): Counted {
  integerOption('sc index', index, 0, 99)
  if (!['gpc', 'gpc_rate', 'gpt'].includes(word)) refuse('sc number', word, 'gpc, gpc_rate or gpt')
  const name = word === 'gpc_rate' ? 'sc_gpc_rate' : `sc_get_${word}`
  return number(`${name}(${index},${tracker})`, tracker, one => one.get(word, index))
}

/** Count on a general purpose counter. What comes is its new number. */
export const incGpc = (index = 0, tracker = 0): Counted =>
  number(`sc_inc_gpc(${index},${tracker})`, tracker, one => one.increment(index))

/** Set a general purpose counter to 0. What comes is its number before. */
export const clrGpc = (index = 0, tracker = 0): Counted =>
  number(`sc_clr_gpc(${index},${tracker})`, tracker, one => one.clear(index))

/** How many connections and requests track the entry now. */
export const trackers = (tracker = 0): Counted =>
  number(`sc_trackers(${tracker})`, tracker, one => one.trackers)

/** The entry's key. */
export const key = (tracker = 0): Value<string, ConnectionScope> => {
  checkTracker(tracker)
  return fetch(
    `sc_key(${tracker})`,
    'str',
    'connection',
    ({ tracked }: ConnectionScope) => tracked?.[tracker]?.key,
  )
}

/** Whether anything is tracked. */
export const tracked = (tracker = 0): Value<boolean, ConnectionScope> => {
  checkTracker(tracker)
  return fetch(
    `sc_tracked(${tracker})`,
    'bool',
    'connection',
    (scope: ConnectionScope) => scope.tracked?.[tracker] !== undefined,
  )
}

function number(text: string, tracker: number, read: (one: TrackedView) => number | undefined): Counted {
  checkTracker(tracker)
  return fetch(text, 'int', 'connection', ({ tracked }: ConnectionScope) => {
    const one = tracked?.[tracker]
    return one === undefined ? undefined : read(one)
  })
}

function checkTracker(tracker: unknown): void {
  integerOption('sc tracker', tracker, 0, 11)
}
