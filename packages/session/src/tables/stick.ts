/**
 * Persistence by tables: HAProxy's `stick on`, `stick match`, `stick store-request`, `stick store-response`.
 *
 * ```text
 *  find   the rules that match, in their order: the first whose key is known, and whose server can be used, decides
 *  bind   the rules that store: the first with a key, once for each table by request and once by response
 * ```
 *
 * Invariant: a key function or a shared table that fails leads to "no server known" and to a call of `onError`, never to
 * an exception nor to an unhandled rejection.
 * Cost: that of the keys, and a look into a table for each rule. Not for clients that share a key, such as those behind
 * one NAT, where the load must be even (`insertCookie`).
 */
import type { Affinity, AffinityRequest, AffinityResponse } from '../affinity.ts'
import { checkNames, functionOption, refuse } from '../options.ts'
import { bySourceAddress, type ResponseKey, type StickKey } from './keys.ts'
import { StickTable } from './stick-table.ts'

/** One rule: exactly one of the first four, which say what it does. */
export interface StickRule<R = AffinityRequest> {
  /** Match, and store by the request. HAProxy's `stick on`. */
  readonly on?: StickKey<R> | undefined
  /** Find the client's server by this. HAProxy's `stick match`. */
  readonly match?: StickKey<R> | undefined
  /** Remember the server by this of the request. HAProxy's `stick store-request`. */
  readonly storeRequest?: StickKey<R> | undefined
  /** Remember the server by this of the response. HAProxy's `stick store-response`. */
  readonly storeResponse?: ResponseKey<R> | undefined
  /** Another table than that of the options. */
  readonly table?: StickTable | undefined
  /** Requests that the rule is for; all by default. HAProxy's `if`. */
  readonly when?: ((request: R) => boolean) | undefined
}

/** The options of {@link stick}. */
export interface StickOptions<R = AffinityRequest> {
  /** The table of all rules that name none. */
  readonly table?: StickTable | undefined
  /** One rule in short: `stick on` this. Default {@link bySourceAddress}, unless there are `rules`. */
  readonly on?: StickKey<R> | undefined
  /** The rules, in their order: 1 to 64. */
  readonly rules?: readonly StickRule<R>[] | undefined
  /** Ids of servers that are never remembered, such as those of backup servers; none by default. HAProxy's `non-stick`. */
  readonly nonStick?: readonly string[] | undefined
  /** Told what went wrong and in which step; what it throws itself is dropped. Default: nobody is told. */
  readonly onError?: ((error: unknown, step: StickStep) => void) | undefined
}

/** Where something that the host has plugged in went wrong. */
export type StickStep = 'key' | 'find' | 'bind'

/**
 * Remember each client's server in a table.
 *
 * ```ts
 * stick({ table: stickTable({ type: 'string', expireMs: 3_600_000 }), on: byHeader('x-api-key') })
 * ```
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value that is not allowed
 */
export function stick<R extends AffinityRequest = AffinityRequest>(options: StickOptions<R>): Affinity<R> {
  return new Stick<R>(options)
}

interface RequestRule<R> {
  readonly table: StickTable
  readonly key: StickKey<R>
  readonly when: ((request: R) => boolean) | undefined
}

interface ResponseRule<R> extends Omit<RequestRule<R>, 'key'> {
  readonly key: ResponseKey<R>
}

const KINDS = ['on', 'match', 'storeRequest', 'storeResponse'] as const

class Stick<R extends AffinityRequest> implements Affinity<R> {
  readonly name = 'stick'
  readonly #matches: RequestRule<R>[] = []
  readonly #stores: RequestRule<R>[] = []
  readonly #responseStores: ResponseRule<R>[] = []
  readonly #nonStick: ReadonlySet<string>
  readonly #onError: (error: unknown, step: StickStep) => void

  constructor(options: StickOptions<R>) {
    checkNames('stick', options, ['table', 'on', 'rules', 'nonStick', 'onError'])
    const { rules, on, nonStick = [] } = options
    if (
      rules !== undefined &&
      (on !== undefined || !Array.isArray(rules) || rules.length < 1 || rules.length > 64)
    )
      refuse('rules', rules, '1 to 64 rules, without the option on')
    if (!Array.isArray(nonStick) || !nonStick.every(id => typeof id === 'string'))
      refuse('nonStick', nonStick, 'a list of server ids')
    this.#nonStick = new Set(nonStick)
    this.#onError = functionOption('onError', options.onError, () => {})
    if (options.table !== undefined) checkTable('table', options.table)
    if (rules === undefined) this.#add('', { on: on ?? (bySourceAddress() as StickKey<R>) }, options.table)
    else for (const [at, rule] of rules.entries()) this.#add(`rules[${at}].`, rule, options.table)
  }

  #add(field: string, rule: StickRule<R>, common: StickTable | undefined): void {
    checkNames(`${field}rule`, rule, [...KINDS, 'table', 'when'])
    const kinds = KINDS.filter(kind => rule[kind] !== undefined)
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1)
      refuse(`${field}rule`, kinds.join(', ') || 'empty', `exactly one of ${KINDS.join(', ')}`)
    if (typeof rule[kind] !== 'function') refuse(`${field}${kind}`, rule[kind], 'a function')
    const table = checkTable(`${field}table`, rule.table ?? common)
    const when = rule.when === undefined ? undefined : functionOption(`${field}when`, rule.when, () => true)
    if (kind === 'storeResponse') this.#responseStores.push({ table, key: rule.storeResponse!, when })
    else {
      const key = rule[kind]!
      if (kind !== 'storeRequest') this.#matches.push({ table, key, when })
      if (kind !== 'match') this.#stores.push({ table, key, when })
    }
  }

  find(
    request: R,
    usable?: ((serverId: string) => boolean) | undefined,
  ): string | undefined | Promise<string | undefined> {
    return this.#findFrom(0, request, usable)
  }

  #findFrom(
    first: number,
    request: R,
    usable: ((serverId: string) => boolean) | undefined,
  ): string | undefined | Promise<string | undefined> {
    for (let at = first; at < this.#matches.length; at++) {
      const rule = this.#matches[at]!
      const key = this.#keyFor(rule, request)
      if (key === undefined) continue
      const found = this.#lookUp(rule.table, key)
      if (found instanceof Promise) {
        return found.then(
          id => (id !== undefined && usable?.(id) !== false ? id : this.#findFrom(at + 1, request, usable)),
          error => {
            this.#failed(error, 'find')
            return this.#findFrom(at + 1, request, usable)
          },
        )
      }
      if (found !== undefined && usable?.(found) !== false) return found
    }
    return undefined
  }

  bind(
    request: R,
    serverId: string,
    found: string | undefined,
    response?: AffinityResponse | undefined,
  ): undefined {
    if (this.#nonStick.has(serverId)) return
    for (let at = 0; at < this.#stores.length; at++) {
      const rule = this.#stores[at]!
      if (at > 0 && this.#stored(this.#stores, at, request, undefined)) continue
      this.#store(rule.table, this.#keyFor(rule, request), serverId, found)
    }
    if (response === undefined) return
    for (let at = 0; at < this.#responseStores.length; at++) {
      const rule = this.#responseStores[at]!
      if (at > 0 && this.#stored(this.#responseStores, at, request, response)) continue
      this.#store(rule.table, this.#responseKeyFor(rule, response, request), serverId, found)
    }
  }

  /** Whether an earlier rule has a key for the same table: only the first is stored. */
  #stored(
    rules: readonly (RequestRule<R> | ResponseRule<R>)[],
    before: number,
    request: R,
    response: AffinityResponse | undefined,
  ): boolean {
    const { table } = rules[before]!
    for (let at = 0; at < before; at++) {
      const rule = rules[at]!
      if (rule.table !== table) continue
      const key =
        response === undefined
          ? this.#keyFor(rule as RequestRule<R>, request)
          : this.#responseKeyFor(rule as ResponseRule<R>, response, request)
      if (key !== undefined) return true
    }
    return false
  }

  #lookUp(table: StickTable, key: string): string | undefined | Promise<string | undefined> {
    try {
      return table.find(key)
    } catch (error) {
      return this.#failed(error, 'find')
    }
  }

  #store(table: StickTable, key: string | undefined, serverId: string, found: string | undefined): void {
    if (key === undefined) return
    try {
      table.bind(key, serverId, found)
    } catch (error) {
      this.#failed(error, 'bind')
    }
  }

  #keyFor({ table, key, when }: RequestRule<R>, request: R): string | undefined {
    try {
      return when?.(request) === false ? undefined : table.keyOf(key(request))
    } catch (error) {
      return this.#failed(error, 'key')
    }
  }

  #responseKeyFor(
    { table, key, when }: ResponseRule<R>,
    response: AffinityResponse,
    request: R,
  ): string | undefined {
    try {
      return when?.(request) === false ? undefined : table.keyOf(key(response, request))
    } catch (error) {
      return this.#failed(error, 'key')
    }
  }

  #failed(error: unknown, step: StickStep): undefined {
    try {
      this.#onError(error, step)
    } catch {
      // Whoever listens must not be able to break a request.
    }
  }
}

function checkTable(field: string, table: unknown): StickTable {
  if (!(table instanceof StickTable)) refuse(field, table, 'a stickTable()')
  return table
}
