/**
 * How large a message may be before it is refused. Everything that a peer can make grow is bounded here.
 *
 * Invariant: a `Limits` object holds every limit, checked once, at construction of whatever uses it.
 */

/** Limits of heads and bodies; each may be left out. */
export interface LimitOptions {
  /** Bytes of a whole head, from the start line to the empty line. Default 16384, 64 to 1 GiB. Beyond: 431. */
  readonly maxHeadBytes?: number
  /** Bytes of the request or status line with its CRLF. Default 8192, 16 to 1 GiB. Beyond: 414. */
  readonly maxStartLineBytes?: number
  /** Bytes of one header line with its CRLF. Default 16384, 16 to 1 GiB. Beyond: 431. */
  readonly maxLineBytes?: number
  /** Header lines in a head. Default 100, 1 to 10000. Beyond: 431. */
  readonly maxHeaders?: number
  /** Bytes of the extensions of one chunk. Default 1024, 0 (none allowed) to 1 GiB. Beyond: 413. */
  readonly maxExtensionBytes?: number
  /** Bytes of the extensions of all chunks of one body together. Default 16384, 0 to 2^53 - 1. Beyond: 413. */
  readonly maxTotalExtensionBytes?: number
  /** Bytes of the trailer section. Default 8192, 2 to 1 GiB. Beyond: 431. */
  readonly maxTrailerBytes?: number
  /** Trailer lines. Default 32, 0 to 10000. Beyond: 431. */
  readonly maxTrailers?: number
  /** Bytes of content in a chunked body. Default 2^53 - 1 (no limit), 0 and up. Beyond: 413. */
  readonly maxBodyBytes?: number
}

/** Every limit, resolved. */
export type Limits = Readonly<Required<LimitOptions>>

/** An option that cannot be; thrown at construction only, never for input. */
export class Http1OptionError extends TypeError {
  readonly code = 'EVENER_INVALID_OPTION'
  override readonly name = 'Http1OptionError'
}

const GIBIBYTE = 2 ** 30

const RULES: { readonly [Name in keyof Limits]: readonly [byDefault: number, least: number, most: number] } =
  {
    maxHeadBytes: [16_384, 64, GIBIBYTE],
    maxStartLineBytes: [8192, 16, GIBIBYTE],
    maxLineBytes: [16_384, 16, GIBIBYTE],
    maxHeaders: [100, 1, 10_000],
    maxExtensionBytes: [1024, 0, GIBIBYTE],
    maxTotalExtensionBytes: [16_384, 0, Number.MAX_SAFE_INTEGER],
    maxTrailerBytes: [8192, 2, GIBIBYTE],
    maxTrailers: [32, 0, 10_000],
    maxBodyBytes: [Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER],
  }

/** The limits that hold when none are given. */
export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(Object.entries(RULES).map(([name, rule]) => [name, rule[0]])) as unknown as Limits,
)

/**
 * Fill in and check limits. Do it once per listener and hand the result to every reader: what is already
 * resolved passes through untouched.
 *
 * @throws {Http1OptionError} `EVENER_INVALID_OPTION` for an unknown name or a value out of its range
 */
export function resolveLimits(options: LimitOptions | Limits = defaultLimits): Limits {
  if (resolved.has(options)) return options as Limits
  const limits: Record<string, number> = { ...defaultLimits }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      throw new Http1OptionError(`unknown option '${name}'; known are ${Object.keys(RULES).join(', ')}`)
    }
    if (value === undefined) continue
    const [, least, most] = RULES[name as keyof Limits]
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new Http1OptionError(
        `${name} must be a whole number from ${least} to ${most}, not ${String(value)}`,
      )
    }
    limits[name] = value
  }
  const result = Object.freeze(limits) as unknown as Limits
  resolved.add(result)
  return result
}

/** What resolveLimits has made, so that a connection pays nothing for limits that its listener has checked. */
const resolved = new WeakSet<object>([defaultLimits])
