/** What became of a shared table's changes and questions. */

/** Plain numbers that only grow. */
export class ShareCounters {
  /** Batches applied; those that were answered with an error or not in time. */
  batches = 0
  batchErrors = 0
  batchTimeouts = 0
  /** Keys whose changes Redis has taken. */
  keysSent = 0
  /** Keys whose changes were lost: more than `maxPending`, or what has their name in Redis is no entry. */
  keysDropped = 0
  /** Look-ups sent; those without an answer in `waitMs`, with an error, and not sent because Redis was away. */
  lookups = 0
  lookupTimeouts = 0
  lookupErrors = 0
  lookupsSkipped = 0
  /** Answers of another form than Redis gives. */
  badAnswers = 0
}
