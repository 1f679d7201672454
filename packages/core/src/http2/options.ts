/** The options on HTTP/2 with clients, checked. */
import { flag, integer, knownOptions } from '../base/options.ts'

/** How a frontend speaks HTTP/2 with its clients. */
export interface Http2Options {
  /** Requests at once on one connection: 1 to 10,000; 100 by default. HAProxy's `tune.h2.fe.max-concurrent-streams`. */
  readonly maxConcurrentStreams?: number | undefined
  /**
   * Bytes of a request body that a client may send before a server has taken any of them: 1024 to 16 MiB; 65,535 by
   * default. More makes uploads over long distances faster, and each request that waits dearer.
   */
  readonly initialWindowSize?: number | undefined
  /**
   * The size of a request's fields as RFC 9113 section 6.5.2 counts it, 32 bytes for each included: 1024 to 1 MiB;
   * 16,384 by default. Up to twice as much is answered with 431; beyond that the stream is reset.
   */
  readonly maxHeaderListBytes?: number | undefined
  /**
   * Requests that a client may take back before they are answered, within a minute, beyond as many as were answered: 1 to
   * 1,000,000; 200 by default. More close the connection (CVE-2023-44487, "rapid reset").
   */
  readonly maxResetsPerMinute?: number | undefined
  /**
   * PING and SETTINGS frames of a client within a minute, beyond as many as there were responses and pieces of them: 1 to
   * 1,000,000; 600 by default. More close the connection (CVE-2019-9512, CVE-2019-9515).
   */
  readonly maxControlFramesPerMinute?: number | undefined
  /**
   * Serve HTTP/2 on connections without TLS, to clients that begin with it unasked (gRPC without TLS does). False by
   * default.
   */
  readonly priorKnowledge?: boolean | undefined
}

/** The same, whole. */
export type Http2Limits = { readonly [Name in keyof Http2Options]-?: NonNullable<Http2Options[Name]> }

const names: readonly (keyof Http2Options)[] = [
  'maxConcurrentStreams',
  'initialWindowSize',
  'maxHeaderListBytes',
  'maxResetsPerMinute',
  'maxControlFramesPerMinute',
  'priorKnowledge',
]

/**
 * Check options and fill in what is missing.
 * @param field the name of the option that holds them, for messages
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function readHttp2Options(field: string, options: Http2Options = {}): Http2Limits {
  knownOptions(field, options, names)
  const number = (
    name: Exclude<keyof Http2Options, 'priorKnowledge'>,
    by: number,
    min: number,
    max: number,
  ) => integer(`${field}.${name}`, options[name], by, min, max)
  return {
    maxConcurrentStreams: number('maxConcurrentStreams', 100, 1, 10_000),
    initialWindowSize: number('initialWindowSize', 65_535, 1024, 16_777_216),
    maxHeaderListBytes: number('maxHeaderListBytes', 16_384, 1024, 1_048_576),
    maxResetsPerMinute: number('maxResetsPerMinute', 200, 1, 1_000_000),
    maxControlFramesPerMinute: number('maxControlFramesPerMinute', 600, 1, 1_000_000),
    priorKnowledge: flag(`${field}.priorKnowledge`, options.priorKnowledge, false),
  }
}
