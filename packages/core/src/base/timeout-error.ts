/** The cause of a failure by time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}
