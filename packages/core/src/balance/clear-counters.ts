/**
 * Setting counters back, which an operator may ask for: HAProxy's `clear counters` (management guide).
 *
 * Invariant: what is under way stays counted, and the equation of `counters.ts` holds before and after.
 * Cost: O(fields). Not for rates of alerts: who samples counters sees them fall.
 */
import { RateCounter } from '../base/rate-counter.ts'
import { PhaseTimes } from './request-times.ts'

/**
 * Set the greatest values back to those of now; with `all`, everything that was counted to 0.
 * @param counters those of a backend, a server, a door or a proxy
 */
export function clearCounters(counters: object, all = false): void {
  if (counters instanceof RateCounter) {
    counters.max = 0
    return
  }
  if (counters instanceof PhaseTimes) {
    counters.maxMs = 0
    if (all) counters.clear()
    return
  }
  const fields = counters as Record<string, unknown>
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) clearCounters(value, all)
    else if (typeof value !== 'number' || name.endsWith('Now') || name.endsWith('At')) continue
    else if (name.endsWith('Max')) fields[name] = fields[name.replace(/Max$/, 'Now')] ?? 0
    else if (all) fields[name] = 0
  }
  // What is under way was taken, and will end.
  if (all && 'requests' in fields && 'requestsNow' in fields) fields.requests = fields.requestsNow
}
