/**
 * What rules ask of the entries that a connection or a request tracks: HAProxy's `sc_http_req_rate(0)` and its like, as
 * functions. What carries the request puts the entries it tracks into `tracked`, in the order of its trackers.
 *
 * Where a tracker tracks nothing, or its table does not keep the number, the answer is undefined, with which every
 * comparison is false: HAProxy's "will not match".
 */
import { integerOption, refuse } from '../options.ts'
import type { DataType } from './data-types.ts'
import type { Tracked } from './tracked.ts'

/** A request, or a connection, with the entries that it tracks. */
export interface Tracking {
  /** By the number of the tracker, `sc0` first. */
  readonly tracked?: readonly (Tracked | undefined)[] | undefined
}

/** The most trackers there may be, `sc0` to `sc11`. */
export const mostTrackers = 12

/**
 * A number of what tracker `tracker` tracks, as a function of the request: `sc('http_req_rate', 0)` is
 * `sc_http_req_rate(0)`.
 *
 * @param index which of several, for `gpc`, `gpc_rate` and `gpt`
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for a number of a tracker that cannot be
 */
export function sc(type: DataType, tracker = 0, index = 0): (request: Tracking) => number | undefined {
  if (typeof type !== 'string') refuse('sc type', type, 'the name of a number, such as http_req_rate')
  integerOption('sc tracker', tracker, 0, mostTrackers - 1)
  integerOption('sc index', index, 0, 99)
  return request => request.tracked?.[tracker]?.get(type, index)
}

/** Whether tracker `tracker` tracks anything: `sc_tracked`. */
export function scTracked(tracker = 0): (request: Tracking) => boolean {
  integerOption('scTracked tracker', tracker, 0, mostTrackers - 1)
  return request => request.tracked?.[tracker] !== undefined
}
