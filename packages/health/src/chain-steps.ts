/**
 * The steps of a chain, as they are written, and the reading of those that every kind of chain has.
 *
 * A chain that does not say where to connect begins by connecting to its target; one that does begins with that, as
 * HAProxy wants it: who writes a `connect` further down would else be surprised by one in front.
 */
import type { ChainRun } from './chain.ts'
import {
  type CheckContext,
  CONNECT_OPTION_NAMES,
  type ConnectOptions,
  type EndpointOf,
  readConnect,
} from './connect.ts'
import type { CheckCode, CheckResult } from './contract.ts'
import { readChoice, readInteger, readOptions, refuse } from './options.ts'

/** How a `connect` step differs from connecting to the target. */
export interface ConnectStepOptions extends ConnectOptions {
  /**
   * Speak to it as to the target (TLS, PROXY header) where this step does not say otherwise: false by default. HAProxy's
   * `default`.
   */
  readonly default?: boolean | undefined
}

/** What any step may have beside what it does. */
export interface StepNotes {
  /** Said of the step where it fails. HAProxy's `comment`. */
  readonly comment?: string | undefined
}

/** What an `expect` step may have beside what it expects. */
export interface ExpectNotes extends StepNotes {
  /**
   * Decide once so many bytes came, fits or not: 0 to 2^20. By default a step waits until it fits. With 0 the first
   * bytes decide. HAProxy's `min-recv`.
   */
  readonly minRecv?: number | undefined
  /** The code where the last step fits: `L7OK` by default. HAProxy's `ok-status`. */
  readonly okStatus?: 'L7OK' | 'L7OKC' | 'L6OK' | 'L4OK' | undefined
  /**
   * The code where the step does not fit: `L7RSP` by default, `L7STS` of a status or header. HAProxy's `error-status`.
   */
  readonly errorStatus?: 'L7OKC' | 'L7RSP' | 'L7STS' | 'L6RSP' | 'L4CON' | undefined
  /** The code where it was not decided in time: `L7TOUT` by default. HAProxy's `tout-status`. */
  readonly toutStatus?: 'L7TOUT' | 'L6TOUT' | 'L4TOUT' | undefined
  /** The message where the last step fits; given what was received (a body, of HTTP). HAProxy's `on-success`. */
  readonly onSuccess?: string | ((received: Buffer, context: CheckContext) => string) | undefined
  /** The message where the step does not fit. HAProxy's `on-error`. */
  readonly onError?: string | ((received: Buffer, context: CheckContext) => string) | undefined
  /** The result's status, read out of what was received. HAProxy's `status-code`. */
  readonly statusCode?: ((received: Buffer) => number | undefined) | undefined
}

/** Steps that every kind of chain has. */
export type CommonStep =
  /** Open a connection, and close the one before. */
  | (StepNotes & { readonly connect: ConnectStepOptions })
  /** Said of the next step where it fails. */
  | { readonly comment: string }
  /** Remember something for later steps: `context.variables`. HAProxy's `set-var`, `set-var-fmt`. */
  | { readonly set: string; readonly to: unknown | ((context: CheckContext) => unknown) }
  /** Forget it. HAProxy's `unset-var`. */
  | { readonly unset: string }

/** What an answer means, where it ends the check there, well or not. */
export interface Verdict extends Pick<CheckResult, 'code' | 'message' | 'status' | 'agent'> {}

/** Whether a step's expectation fits; undefined while that is open. */
export type Fit = boolean | Verdict | undefined

/** What a kind of chain has of an answer. */
export interface Answer {
  /** What came, as far as it is kept: bytes, or the body. */
  readonly received: Buffer
  /** The protocol's status, where it has one. */
  readonly status: number | undefined
}

/** One step, read. */
export type ChainStep<R extends Answer> =
  | { readonly kind: 'connect'; readonly endpoint: EndpointOf }
  | { readonly kind: 'set'; readonly apply: (context: CheckContext) => void }
  /** Sends, and calls `run.proceed` when that is done. */
  | { readonly kind: 'send'; readonly place: string; readonly send: (run: ChainRun<R>, answer: R) => void }
  | ExpectStep<R>

/** One `expect` step, read. */
export interface ExpectStep<R extends Answer> {
  readonly kind: 'expect'
  readonly place: string
  /** Whether it fits; `final` where nothing more will come. */
  readonly look: (answer: R, final: boolean) => Fit
  readonly errorCode: CheckCode
  /** What is wrong where it does not fit, where the step has no `onError`. */
  readonly wrong: (answer: R) => string
  readonly notes: ExpectNotes
}

/** The names of what an `expect` step may have. */
export const expectNoteNames: readonly string[] = [
  'comment',
  'minRecv',
  'okStatus',
  'errorStatus',
  'toutStatus',
  'onSuccess',
  'onError',
  'statusCode',
]

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readExpectNotes(field: string, step: ExpectNotes): ExpectNotes {
  const { minRecv, okStatus, errorStatus, toutStatus, onSuccess, onError, statusCode } = step
  if (minRecv !== undefined) readInteger(`${field}.minRecv`, minRecv, 0, 0, 2 ** 20)
  readChoice(`${field}.okStatus`, okStatus, 'L7OK', ['L7OK', 'L7OKC', 'L6OK', 'L4OK'])
  readChoice(`${field}.errorStatus`, errorStatus, 'L7RSP', ['L7OKC', 'L7RSP', 'L7STS', 'L6RSP', 'L4CON'])
  readChoice(`${field}.toutStatus`, toutStatus, 'L7TOUT', ['L7TOUT', 'L6TOUT', 'L4TOUT'])
  for (const [name, value] of Object.entries({ onSuccess, onError })) {
    if (value !== undefined && typeof value !== 'string' && typeof value !== 'function') {
      refuse(`${field}.${name}`, value, 'a text, or a function that gives one')
    }
  }
  if (statusCode !== undefined && typeof statusCode !== 'function') {
    refuse(`${field}.statusCode`, statusCode, 'a function that gives a number')
  }
  return step
}

/** How one kind of chain reads a step of its own: `field` for errors, `place` for messages. */
export type StepReader<S, R extends Answer> = (step: S, field: string, place: string) => ChainStep<R>

/**
 * Read a chain.
 * @param own by the name that a step is known by, what else it may have and how it is read
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function readSteps<S extends object, R extends Answer>(
  steps: readonly (S | CommonStep)[],
  own: Readonly<Record<string, { readonly names: readonly string[]; readonly read: StepReader<S, R> }>>,
): ChainStep<R>[] {
  if (!Array.isArray(steps)) refuse('steps', steps, 'a list of steps')
  const kinds = ['connect', 'comment', 'set', 'unset', ...Object.keys(own)]
  const chain: ChainStep<R>[] = []
  let pending: string | undefined
  for (const [index, step] of (steps as readonly (S & StepNotes)[]).entries()) {
    const field = `steps[${index}]`
    const isObject = typeof step === 'object' && step !== null
    // `comment` is a step of its own, or a note of another one.
    const kind = isObject ? kinds.findLast(name => name in step) : undefined
    if (kind === undefined) refuse(field, step, `an object with one of ${kinds.join(', ')}`)
    if (step.comment !== undefined && (typeof step.comment !== 'string' || step.comment === '')) {
      refuse(`${field}.comment`, step.comment, 'a text that is not empty')
    }
    const comment = step.comment ?? pending
    if (kind === 'comment') {
      readOptions(field, step, ['comment'])
      pending = comment
      continue
    }
    const place = comment === undefined ? `step ${index + 1}` : `step ${index + 1} (${comment})`
    const reader = own[kind]
    if (reader === undefined) chain.push(readCommon(step as unknown as CommonStep, field))
    else {
      readOptions(field, step, [kind, 'comment', ...reader.names])
      chain.push(reader.read(step, field, place))
    }
    // What is set is never said to fail: the comment is for the step behind it.
    if (kind !== 'set' && kind !== 'unset') pending = undefined
  }
  return connected(chain)
}

function readCommon<R extends Answer>(step: CommonStep, field: string): ChainStep<R> {
  if ('connect' in step) {
    readOptions(field, step, ['connect', 'comment'])
    readOptions(`${field}.connect`, step.connect, ['default', ...CONNECT_OPTION_NAMES])
    const { default: inherits = false, ...options } = step.connect
    if (typeof inherits !== 'boolean') refuse(`${field}.connect.default`, inherits, 'true or false')
    return { kind: 'connect', endpoint: readConnect(`${field}.connect`, options, inherits) }
  }
  const name = 'set' in step ? step.set : (step as { unset: string }).unset
  const kind = 'set' in step ? 'set' : 'unset'
  readOptions(field, step, kind === 'set' ? ['set', 'to'] : ['unset'])
  if (typeof name !== 'string' || name === '') refuse(`${field}.${kind}`, name, 'the name of a variable')
  const value = 'set' in step ? step.to : undefined
  return {
    kind: 'set',
    apply: context => {
      if (kind === 'unset') context.variables.delete(name)
      else context.variables.set(name, typeof value === 'function' ? value(context) : value)
    },
  }
}

/** The chain with its first connection. */
function connected<R extends Answer>(chain: readonly ChainStep<R>[]): ChainStep<R>[] {
  if (!chain.some(({ kind }) => kind === 'connect')) {
    return [{ kind: 'connect', endpoint: readConnect('', undefined) }, ...chain]
  }
  if (chain.find(({ kind }) => kind !== 'set')?.kind !== 'connect') {
    refuse(
      'steps',
      chain.map(({ kind }) => kind),
      'a chain that begins with connect, where it has one',
    )
  }
  return [...chain]
}
