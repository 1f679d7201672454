/**
 * The name of its own that a door gives each request, or each connection at layer 4: HAProxy's `unique-id-format`.
 *
 * Invariant: it is made once, when it is first asked for (by a rule, on the way to a server, for a line of the log), and
 * stays what it was.
 */
import {
  type ConnectionScope,
  isKnownAt,
  type RequestScope,
  type Rule,
  setHeader,
  uniqueId,
  uniqueIdFormat,
  type Value,
} from '@evener/rules'
import { invalid, knownOptions, withMethods } from '../base/options.ts'
import { madeOfRules } from './option-error.ts'

/** How connections at layer 4 get a name. */
export interface ConnectionIdOptions {
  /**
   * What it is made of: a template of HAProxy's `unique-id-format`, such as `%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid`, or any
   * text value, such as `uuid()`. What is longer than 127 characters is cut.
   */
  readonly format: string | Value<string, ConnectionScope>
}

/** How requests get a name. */
export interface UniqueIdOptions {
  /** What it is made of: see {@link ConnectionIdOptions.format}; of the request's head as well. */
  readonly format: string | Value<string, RequestScope>
  /**
   * The field in which the server is told, in place of what came from the client under this name. None by default.
   * HAProxy's `unique-id-header`, which leaves the client's beside it.
   */
  readonly header?: string | undefined
}

/** HAProxy's. */
const longest = 127

/** A door's way to name what comes by it. */
export class UniqueId<S extends ConnectionScope> {
  /** What tells the server, where it is told. */
  readonly told: Rule<RequestScope> | undefined
  readonly #format: Value<string, S>

  constructor(format: Value<string, S>, told: Rule<RequestScope> | undefined) {
    this.#format = format
    this.told = told
  }

  /** @param failed told what a value of the host's own throws; then there is no name */
  of(scope: S, failed: (error: unknown) => void): string {
    try {
      // Plain JavaScript can give anything.
      return String(this.#format.read(scope) ?? '').slice(0, longest)
    } catch (error) {
      failed(error)
      return ''
    }
  }
}

/**
 * @returns undefined where nothing is named
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function readUniqueId(
  field: string,
  options: UniqueIdOptions | undefined,
): UniqueId<RequestScope> | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, ['format', 'header'])
  const { format, header } = options
  return new UniqueId(
    readFormat(`${field}.format`, format, 'request'),
    header === undefined ? undefined : madeOfRules(`${field}.header: `, () => setHeader(header, uniqueId())),
  )
}

/**
 * The same at layer 4.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function readConnectionId(
  field: string,
  options: ConnectionIdOptions | undefined,
): UniqueId<ConnectionScope> | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, ['format'])
  return new UniqueId(readFormat(`${field}.format`, options.format, 'connection'), undefined)
}

function readFormat<S>(
  field: string,
  format: string | Value<string, S>,
  stage: 'connection' | 'request',
): Value<string, S> {
  if (typeof format === 'string') {
    return madeOfRules(`${field}: `, () => uniqueIdFormat(format, stage) as unknown as Value<string, S>)
  }
  const value = withMethods(field, format, ['read'], 'uuid()')
  if (isKnownAt(value.needs, stage)) return value
  throw invalid(field, value.text, `what is known with the ${stage}`)
}
