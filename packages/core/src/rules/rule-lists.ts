/** The rules of a door or a backend: options read, lists compiled. */
import {
  type ConnectionScope,
  type ContentScope,
  type RequestScope,
  type ResponseScope,
  type Rule,
  type RuleList,
  type Ruleset,
  type RulesetOptions,
  ruleset,
} from '@evener/rules'
import { knownOptions } from '../base/options.ts'
import { madeOfRules } from './option-error.ts'

/** Rules for requests and their responses, each list run from the first on until one says more than what to change. */
export interface HttpRules {
  /** With the head of a request: before the route where they are a door's, after it where a backend's. HAProxy's `http-request`. */
  readonly request?: readonly Rule<RequestScope>[] | undefined
  /** With the head of a server's response: the backend's first. HAProxy's `http-response`. */
  readonly response?: readonly Rule<ResponseScope>[] | undefined
  /** With the head of whatever goes to the client, answers of Evener's own included. HAProxy's `http-after-response`. */
  readonly afterResponse?: readonly Rule<ResponseScope>[] | undefined
}

/** The rules of a frontend. */
export interface FrontendRules extends HttpRules {
  /** When a client has connected, before anything is read. HAProxy's `tcp-request connection`. */
  readonly connection?: readonly Rule<ConnectionScope>[] | undefined
}

/** The rules of a TCP proxy. */
export interface TcpRules {
  /** When a client has connected, before anything is read. HAProxy's `tcp-request connection`. */
  readonly connection?: readonly Rule<ConnectionScope>[] | undefined
  /** Once a proxy in front has told who the client is, and the ClientHello was looked at. HAProxy's `tcp-request session`. */
  readonly session?: readonly Rule<ConnectionScope>[] | undefined
  /** With the first bytes of the client, for up to `timeouts.inspectMs`. HAProxy's `tcp-request content`. */
  readonly content?: readonly Rule<ContentScope>[] | undefined
}

/** The same, compiled. */
export interface TcpRuleLists {
  readonly connection: RuleList<ConnectionScope> | undefined
  readonly session: RuleList<ConnectionScope> | undefined
  readonly content: RuleList<ContentScope> | undefined
}

/**
 * @returns undefined where there is no rule at all
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function readTcpRules(field: string, options: TcpRules | undefined): TcpRuleLists | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, ['connection', 'session', 'content'])
  const { connection, session, content } = options
  const first = readRules(field, { connection, content }, ['connection', 'content'])
  // They are rules of connections like the others, and only run later.
  const later = readRules(`${field}.session`, { connection: session }, ['connection'])?.connection
  if (first === undefined && later === undefined) return undefined
  return { connection: first?.connection, session: later, content: first?.content }
}

/** The same, compiled: a list without rules is undefined. */
export type RuleLists = Pick<Ruleset, 'request' | 'response' | 'afterResponse'>

/** The lists that a place has: HAProxy's `http-request`, `http-response`, `http-after-response`. */
export const httpLists = ['request', 'response', 'afterResponse'] as const
/** With `tcp-request connection`. */
export const frontendLists = ['connection', ...httpLists] as const

/** Whether there are rules for requests or responses. */
export function hasHttpRules(rules: Ruleset | undefined): boolean {
  return rules !== undefined && httpLists.some(name => rules[name] !== undefined)
}

/**
 * @param names the lists that may stand there
 * @returns undefined where there is no rule at all
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function readRules(
  field: string,
  options: RulesetOptions | undefined,
  names: readonly (keyof RulesetOptions)[],
): Ruleset | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, names)
  const made = madeOfRules(`${field}.`, () => ruleset(options))
  return names.some(name => made[name] !== undefined) ? made : undefined
}
