/**
 * How much work a request is: milliseconds on a worker of speed 1, drawn for each request.
 *
 * Work belongs to the request and not to the server, so that with one seed every balancer is given the same requests,
 * and what differs in the results is the balancer's doing.
 */
import { TestingError } from '../errors.ts'
import type { Random } from '../seeded-random.ts'

/** A distribution of work. One of your own is an object like this. */
export interface ServiceTime {
  /** What `draw` gives on average; arrivals by `load` are reckoned from it. */
  readonly meanMs: number
  /** Milliseconds of work for one request, 0 or more. */
  draw(random: Random): number
}

/**
 * Always the same: batch jobs, static files.
 * @param ms above 0
 */
export function fixed(ms: number): ServiceTime {
  positive('fixed()', 'ms', ms)
  return { meanMs: ms, draw: () => ms }
}

/**
 * Exponential: half of them below 0.7 of the mean, one in a hundred above 4.6 of it. What queueing theory is made on,
 * and a fair picture of requests of one kind.
 * @param meanMs above 0
 */
export function exponential(meanMs: number): ServiceTime {
  positive('exponential()', 'meanMs', meanMs)
  return { meanMs, draw: random => -meanMs * Math.log(1 - random()) }
}

/**
 * Pareto, a heavy tail: most requests are small, and a few are so large that they make up much of the work.
 * @param meanMs above 0
 * @param shape above 1, 1.5 by default; below 2 the variance is infinite. The smaller, the heavier the tail: of a
 *   thousand requests one is 33 times the mean with 1.5, and 16 times with 2
 */
export function pareto(meanMs: number, shape = 1.5): ServiceTime {
  positive('pareto()', 'meanMs', meanMs)
  if (!(Number.isFinite(shape) && shape > 1)) throw invalid('pareto()', 'shape', shape, 'a number above 1')
  const leastMs = (meanMs * (shape - 1)) / shape
  return { meanMs, draw: random => leastMs * (1 - random()) ** (-1 / shape) }
}

/**
 * Drawn from what was measured, each sample as likely as any other.
 * @param samplesMs at least one, each 0 or more
 */
export function measured(samplesMs: readonly number[]): ServiceTime {
  const samples = [...samplesMs]
  if (samples.length === 0) {
    throw new TestingError('EVENER_INVALID_OPTION', 'measured(): samplesMs is empty; allowed: at least one')
  }
  for (const [at, sample] of samples.entries()) {
    if (!(Number.isFinite(sample) && sample >= 0)) {
      throw invalid('measured()', `samplesMs[${at}]`, sample, '0 or more milliseconds')
    }
  }
  const meanMs = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  return { meanMs, draw: random => samples[Math.floor(random() * samples.length)]! }
}

function positive(owner: string, field: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) throw invalid(owner, field, value, 'milliseconds above 0')
}

function invalid(owner: string, field: string, value: unknown, allowed: string): TestingError {
  return new TestingError('EVENER_INVALID_OPTION', `${owner}: ${field} is ${value}; allowed: ${allowed}`)
}
