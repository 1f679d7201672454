/**
 * Rules whose effect is elsewhere: they tell the carrier, or name the backend. HAProxy's `set-log-level`, `set-timeout`,
 * `use-server`, `use_backend`, `early-hint`, `capture`.
 */
import { Rule, type Verdict } from '../action.ts'
import { constantValue, fieldName, isFieldValue, sendable } from '../heads/field-text.ts'
import { checkNames, integerOption, refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope, LogLevel, RequestScope, TimeoutName } from '../scope.ts'
import { laterStage, type Stage } from '../stage.ts'
import { asText, isValue, quoted, type Text, writtenText } from '../text.ts'
import type { Value } from '../value.ts'
import { type Numeric, readNumber } from './number.ts'
import { responding } from './which-head.ts'

const aDay = 86_400_000
const timeoutNames = ['client', 'connect', 'queue', 'server', 'tunnel'] as const
const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'silent'] as const

/** The level of the request's line in the log; with `silent` it has none. HAProxy's `set-log-level`. @throws {RuleError} */
export function setLogLevel(level: LogLevel): Rule<ConnectionScope> {
  if (!levels.includes(level)) refuse('level', level, levels.join(', '))
  return new Rule<ConnectionScope>(
    `set-log-level ${level}`,
    'connection',
    ({ carrier }) => {
      carrier.setLogLevel(level)
      return undefined
    },
    ['content', 'request', 'response', 'afterResponse'],
  )
}

/**
 * Timeouts of this request alone, in milliseconds: 1 to a day. A value that is none changes nothing. HAProxy's `set-timeout`.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function setTimeouts<S = unknown>(
  timeouts: Partial<Readonly<Record<TimeoutName, Numeric<S>>>>,
): Rule<RequestScope & S> {
  checkNames('setTimeouts', timeouts, timeoutNames)
  const given = timeoutNames.flatMap(name => {
    const timeout = timeouts[name]
    return timeout === undefined ? [] : [{ name, number: readNumber<S>(name, timeout, 1, aDay) }]
  })
  if (given.length === 0) refuse('setTimeouts', timeouts, timeoutNames.join(', '))
  return new Rule<RequestScope & S>(
    given.map(({ name, number }) => `set-timeout ${name} ${number.text}`).join(', '),
    given.reduce<Stage>((stage, { number }) => laterStage('setTimeouts', stage, number.needs), 'request'),
    scope => {
      for (const { name, number } of given) {
        const ms = number.read(scope)
        if (ms !== undefined) scope.carrier.setTimeout(name, ms)
      }
      return undefined
    },
    ['request', 'response'],
  )
}

/** The server that should serve the request, by its name; where it cannot be used, another does. HAProxy's `use-server`. */
export function useServer<S = unknown>(name: Text<S>): Rule<RequestScope & S> {
  const text = writtenText('useServer', name)
  return new Rule<RequestScope & S>(
    `use-server ${quoted(text.text)}`,
    laterStage('useServer', 'request', text.needs),
    scope => {
      const server = text.write(scope)
      if (server !== '') scope.carrier.useServer(server)
      return undefined
    },
    ['request'],
  )
}

/**
 * The backend that serves it. The list ends. HAProxy's `use_backend`.
 * @param backend of whoever carries it: a backend of `@evener/core`
 */
export function useBackend(backend: object): Rule<ConnectionScope> {
  if (typeof backend !== 'object' || backend === null) refuse('useBackend', backend, 'a backend')
  const verdict: Verdict = Object.freeze({ kind: 'backend', backend })
  const { name } = backend as { readonly name?: unknown }
  return new Rule<ConnectionScope>(
    `use_backend ${typeof name === 'string' ? name : 'backend'}`,
    'connection',
    () => verdict,
    ['connection', 'content', 'request'],
  )
}

/** A field of a 103 that goes out at once, before any other answer (RFC 8297): `Link`. HAProxy's `early-hint`. @throws {RuleError} */
export function earlyHint<S = unknown>(name: string, value: Text<S>): Rule<RequestScope & S> {
  const field = fieldName('earlyHint name', name)
  const text = writtenText('earlyHint value', value)
  if (text.constant !== undefined) constantValue('earlyHint value', text.constant)
  return new Rule<RequestScope & S>(
    `early-hint ${field} ${quoted(text.text)}`,
    laterStage('earlyHint', 'request', text.needs),
    scope => {
      const written = text.write(scope)
      scope.carrier.earlyHint(field, isFieldValue(written) ? written : sendable(written))
      return undefined
    },
    ['request'],
  )
}

/** The options of {@link capture}. */
export interface CaptureOptions {
  /** Which of the captures of its side, from 0 on: to 31. HAProxy's `id`. */
  readonly slot: number
  /** How much of it is kept, in bytes: 1 to 8192; default 256. HAProxy's `len`. */
  readonly length?: number | undefined
}

/** Keep a value for logs: in rules of requests among the request's captures, else among the response's. HAProxy's `capture`. */
export function capture<S>(value: Value<Sample, S>, options: CaptureOptions): Rule<ConnectionScope & S> {
  if (!isValue(value)) refuse('capture', value, 'a value, such as req.hdr()')
  checkNames('capture', options, ['slot', 'length'])
  const slot = integerOption('slot', options.slot, 0, 31)
  const length = integerOption('length', options.length ?? 256, 1, 8192)
  const { read } = value
  return new Rule<ConnectionScope & S>(
    `capture ${value.text} len ${length}`,
    value.needs,
    scope => {
      const sample = read(scope)
      if (sample === undefined) return undefined
      const side = responding(scope as unknown as RequestScope) ? 'response' : 'request'
      scope.carrier.capture(side, slot, asText(sample).slice(0, length))
      return undefined
    },
    ['content', 'request', 'response', 'afterResponse'],
  )
}
