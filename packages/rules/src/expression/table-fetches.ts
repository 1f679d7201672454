/** HAProxy's `sc_…`, `sc0_…` to `sc2_…`, `src_…` and `table_…`: numbers of stick tables by name. */
import { tableIndexed, tableNumber } from '../converters/tables.ts'
import { src } from '../fetches/connection.ts'
import * as sc from '../fetches/sc.ts'
import { tableUsed } from '../fetches/table.ts'
import { pipe } from '../pipe.ts'
import type { Sample } from '../sample.ts'
import { type IndexedNumber, type TableNumber, tableNumbers } from '../tables.ts'
import type { Value } from '../value.ts'
import type { Arguments } from './arguments.ts'

type Maker = (given: Arguments) => Value<Sample, never>

const words = Object.keys(tableNumbers) as TableNumber[]

/** What HAProxy calls numbers of which there are several: with the index first, or in the name. */
const indexed: readonly [word: string, number: IndexedNumber, index?: number][] = [
  ['get_gpc', 'gpc'],
  ['get_gpc0', 'gpc', 0],
  ['get_gpc1', 'gpc', 1],
  ['gpc_rate', 'gpc_rate'],
  ['gpc0_rate', 'gpc_rate', 0],
  ['gpc1_rate', 'gpc_rate', 1],
  ['get_gpt', 'gpt'],
  ['get_gpt0', 'gpt', 0],
]

/** Makes a value of a tracker's entry; the tracker is in the name, or the next argument. */
type OfTracker = (given: Arguments, tracker: () => number) => Value<Sample, never>

const ofTracker: readonly [word: string, make: OfTracker][] = [
  ...words.map((word): [string, OfTracker] => [word, (_, tracker) => sc.get(word, tracker())]),
  ...indexed.map(([word, number, index]): [string, OfTracker] => [
    word,
    (given, tracker) => sc.indexed(number, index ?? given.integer(), tracker()),
  ]),
  ['inc_gpc', (given, tracker) => sc.incGpc(given.integer(), tracker())],
  ['inc_gpc0', (_, tracker) => sc.incGpc(0, tracker())],
  ['inc_gpc1', (_, tracker) => sc.incGpc(1, tracker())],
  ['clr_gpc', (given, tracker) => sc.clrGpc(given.integer(), tracker())],
  ['clr_gpc0', (_, tracker) => sc.clrGpc(0, tracker())],
  ['clr_gpc1', (_, tracker) => sc.clrGpc(1, tracker())],
  ['key', (_, tracker) => sc.key(tracker())],
  ['tracked', (_, tracker) => sc.tracked(tracker())],
  ['trackers', (_, tracker) => sc.trackers(tracker())],
]

export const tableFetches: readonly [string, Maker][] = [
  ...ofTracker.map(([word, make]): [string, Maker] => [
    `sc_${word}`,
    given => make(given, () => given.integer()),
  ]),
  ...[0, 1, 2].flatMap(tracker =>
    ofTracker
      // With an index, the tracker is always an argument.
      .filter(([word]) => !['get_gpc', 'gpc_rate', 'get_gpt', 'inc_gpc', 'clr_gpc'].includes(word))
      .map(([word, make]): [string, Maker] => [`sc${tracker}_${word}`, given => make(given, () => tracker)]),
  ),
  ...words.map((word): [string, Maker] => [
    `src_${word}`,
    given => pipe(src(), tableNumber(given.table(), word)),
  ]),
  ...indexed.map(([word, number, index]): [string, Maker] => [
    `src_${word}`,
    given => {
      const at = index ?? given.integer()
      return pipe(src(), tableIndexed(given.table(), number, at))
    },
  ]),
  ['table_cnt', given => tableUsed(given.table())],
]
