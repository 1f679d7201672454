/**
 * HAProxy's log variables (manual section 8.2.6): when each is known, and what it says.
 *
 * Most are of the record, which there is at the end. Those of the connection and of the request's head are known earlier,
 * and can stand in headers and in a `unique-id-format`.
 */
import type { ConnectionScope, ResponseScope } from '../scope.ts'
import type { Stage } from '../stage.ts'
import { dateTime, gmtDateTime, localDateTime, milliseconds, pad3 } from './dates.ts'
import { addressHex, captureText, type Flags, hex, type Place, plainText, requestText } from './escaping.ts'
import type { LogRecord, LogScope } from './log-scope.ts'
import { methodOf, pathOf, queryOf, targetOf, uriPathOf, versionOf } from './request-line.ts'

/** Any scope: what a variable reads is there from the stage on that it names. */
export type AnyScope = ConnectionScope & {
  readonly [K in Exclude<keyof (ResponseScope & LogScope), keyof ConnectionScope>]?:
    | (ResponseScope & LogScope)[K]
    | undefined
}

export interface Variable {
  readonly needs: Stage
  /** As a number, for JSON; undefined for a text. */
  readonly number: ((scope: AnyScope) => number) | undefined
  /** Compile how it is written. Where it gives undefined, it is as if it did not stand there. */
  readonly written: (flags: Flags, place: Place) => (scope: AnyScope) => string | number | undefined
  /** As a text without anything escaped, for JSON. */
  readonly text: (scope: AnyScope) => string | undefined
}

const accepted = (scope: AnyScope): number => scope.connection.acceptedAt ?? scope.around.now()
const record = (scope: AnyScope): LogRecord => scope.record as LogRecord

/** Where the request began: idle times of a client that sent nothing do not count. */
function started(scope: AnyScope): number {
  const { idleMs, handshakeMs } = record(scope)
  return accepted(scope) + (idleMs < 0 ? 0 : idleMs + handshakeMs)
}

function totalMs({ idleMs, handshakeMs, activeMs }: LogRecord): number {
  return idleMs < 0 ? activeMs : handshakeMs + idleMs + activeMs
}

function dataMs(one: LogRecord): number {
  const { requestMs, queueMs, connectMs, responseMs, activeMs } = one
  if (one.mode === 'tcp') return connectMs < 0 ? -1 : activeMs - queueMs - connectMs
  return responseMs < 0 ? -1 : activeMs - requestMs - queueMs - connectMs - responseMs
}

/** As received. Where the head is at hand and there is no record yet, it is put together again. */
function line(scope: AnyScope): string | undefined {
  if (scope.record !== undefined) return scope.record.requestLine
  const { request } = scope
  return request === undefined ? undefined : `${request.method} ${request.target} HTTP/${request.version}`
}

function fact(scope: AnyScope, name: 'version' | 'cipher'): string | undefined {
  return scope.connection.tls?.[name]
}

function number(needs: Stage, read: (scope: AnyScope) => number, digits = 0): Variable {
  return {
    needs,
    number: read,
    text: scope => String(read(scope)),
    written: flags => (digits > 0 && flags.hex ? scope => hex(read(scope), digits) : read),
  }
}

const counted = (read: (scope: AnyScope) => number, digits = 0): Variable => number('log', read, digits)

/** With a plus in front where it goes on. */
const partial = (read: (one: LogRecord) => number): Variable => ({
  ...counted(scope => read(record(scope))),
  written: () => scope => {
    const one = record(scope)
    return one.partial ? `+${read(one)}` : read(one)
  },
})

function text(needs: Stage, read: (scope: AnyScope) => string | undefined): Variable {
  return {
    needs,
    number: undefined,
    text: read,
    written: (flags, place) => remembered(read, value => plainText(value, place, flags)),
  }
}

/** Names and addresses are the same again and again: what was made of the last one is kept. */
function remembered(
  read: (scope: AnyScope) => string | undefined,
  write: (value: string) => string,
): (scope: AnyScope) => string {
  let last = ''
  let text = write(last)
  return scope => {
    const value = read(scope) ?? ''
    if (value !== last) {
      last = value
      text = write(value)
    }
    return text
  }
}

/** Dates are as they are, whatever the flags. */
const date = (needs: Stage, read: (scope: AnyScope) => string): Variable => ({
  ...text(needs, read),
  written: () => read,
})

const address = (needs: Stage, read: (scope: AnyScope) => string | undefined): Variable => ({
  ...text(needs, read),
  written: (flags, place) =>
    remembered(read, value => (flags.hex && addressHex(value)) || plainText(value, place, flags)),
})

const port = (needs: Stage, read: (scope: AnyScope) => number | undefined): Variable => ({
  ...number(needs, scope => read(scope) ?? 0, 4),
  written: (flags, place) => scope => {
    const value = read(scope)
    if (value === undefined) return plainText('', place, flags)
    return flags.hex ? hex(value, 4) : String(value)
  },
})

const ofRequest = (read: (line: string | undefined) => string): Variable => ({
  ...text('request', scope => read(line(scope))),
  written: flags => scope => {
    const safe = requestText(read(line(scope)), flags)
    return flags.quote ? `"${safe}"` : safe
  },
})

function captures(read: (one: LogRecord) => LogRecord['requestCaptures']): Variable {
  return {
    ...text('log', scope =>
      read(record(scope))
        ?.map(value => value ?? '')
        .join('|'),
    ),
    written: flags => scope => {
      const list = read(record(scope))
      if (list === undefined) return undefined
      const safe = list.map(value => captureText(value ?? '', flags)).join('|')
      return flags.quote ? `"{${safe}}"` : `{${safe}}`
    },
  }
}

/** The same as a list, as the common log format has it. */
function captureList(read: (one: LogRecord) => LogRecord['requestCaptures']): Variable {
  return {
    ...captures(read),
    written: flags => scope =>
      read(record(scope))
        ?.map(value => {
          if (flags.quote) return `"${captureText(value ?? '', flags)}"`
          return value === undefined ? '-' : captureText(value, flags)
        })
        .join(' '),
  }
}

export const variables: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ['B', partial(one => one.bytesRead)],
  ['CC', text('log', scope => record(scope).requestCookie)],
  ['CS', text('log', scope => record(scope).responseCookie)],
  ['H', text('connection', scope => scope.around.hostname)],
  ['HM', ofRequest(methodOf)],
  ['HP', ofRequest(uriPathOf)],
  ['HPO', ofRequest(pathOf)],
  ['HQ', ofRequest(queryOf)],
  ['HU', ofRequest(targetOf)],
  ['HV', ofRequest(versionOf)],
  ['ID', text('connection', scope => scope.record?.uniqueId ?? scope.uniqueId)],
  ['ST', number('response', scope => scope.record?.status ?? scope.response?.status ?? 0)],
  ['T', date('connection', scope => gmtDateTime(accepted(scope)))],
  ['TR', counted(scope => record(scope).requestMs)],
  ['Ta', partial(one => one.activeMs)],
  ['Tc', counted(scope => record(scope).connectMs)],
  ['Td', counted(scope => dataMs(record(scope)))],
  ['Th', counted(scope => record(scope).handshakeMs)],
  ['Ti', counted(scope => record(scope).idleMs)],
  ['Tl', date('connection', scope => localDateTime(accepted(scope)))],
  [
    'Tq',
    counted(scope => {
      const { requestMs, handshakeMs, idleMs } = record(scope)
      return requestMs < 0 ? -1 : handshakeMs + idleMs + requestMs
    }),
  ],
  ['Tr', counted(scope => record(scope).responseMs)],
  ['Ts', number('connection', scope => Math.floor(accepted(scope) / 1000), 4)],
  ['Tt', partial(totalMs)],
  ['Tu', partial(one => totalMs(one) - Math.max(0, one.idleMs))],
  ['Tw', counted(scope => record(scope).queueMs)],
  ['U', counted(scope => record(scope).bytesUploaded)],
  ['ac', counted(scope => record(scope).processConnections)],
  ['b', text('request', scope => scope.record?.backend ?? scope.backend?.name)],
  ['bc', counted(scope => record(scope).backendConnections)],
  ['bi', address('log', scope => record(scope).sourceAddress)],
  ['bp', port('log', scope => record(scope).sourcePort)],
  ['bq', counted(scope => record(scope).backendQueue)],
  ['ci', address('connection', scope => scope.connection.peerAddress || 'unix')],
  ['cp', port('connection', scope => scope.connection.peerPort)],
  ['f', text('connection', scope => scope.record?.frontend ?? scope.around.frontend?.name)],
  ['fc', counted(scope => record(scope).frontendConnections)],
  ['fi', address('connection', scope => scope.connection.localAddress || 'unix')],
  ['fp', port('connection', scope => scope.connection.localPort)],
  [
    'ft',
    text('connection', scope => {
      const name = scope.record?.frontend ?? scope.around.frontend?.name ?? ''
      return (scope.record?.secure ?? scope.connection.tls !== undefined) ? `${name}~` : name
    }),
  ],
  ['hr', captures(one => one.requestCaptures)],
  ['hrl', captureList(one => one.requestCaptures)],
  ['hs', captures(one => one.responseCaptures)],
  ['hsl', captureList(one => one.responseCaptures)],
  ['lc', counted(scope => record(scope).logNumber, 4)],
  [
    'ms',
    {
      ...number('connection', scope => milliseconds(accepted(scope))),
      written: flags => scope => {
        const value = milliseconds(accepted(scope))
        return flags.hex ? hex(value, 2) : pad3(value)
      },
    },
  ],
  ['pid', number('connection', scope => scope.around.processId ?? 0, 4)],
  ['r', ofRequest(whole => whole ?? '<BADREQ>')],
  [
    'rc',
    {
      ...counted(scope => record(scope).retries),
      written: () => scope => {
        const { redispatched, retries } = record(scope)
        return redispatched ? `+${retries}` : String(retries)
      },
    },
  ],
  ['rt', number('connection', scope => scope.record?.requestNumber ?? scope.requestNumber ?? 0, 4)],
  ['s', text('response', scope => scope.record?.server ?? scope.server?.name ?? '<NOSRV>')],
  ['sc', counted(scope => record(scope).serverConnections)],
  ['si', address('log', scope => record(scope).serverAddress)],
  ['sp', port('log', scope => record(scope).serverPort)],
  ['sq', counted(scope => record(scope).serverQueue)],
  ['sslc', text('connection', scope => fact(scope, 'cipher'))],
  ['sslv', text('connection', scope => fact(scope, 'version'))],
  ['t', date('connection', scope => dateTime(accepted(scope)))],
  ['tr', date('log', scope => dateTime(started(scope)))],
  ['trg', date('log', scope => gmtDateTime(started(scope)))],
  ['trl', date('log', scope => localDateTime(started(scope)))],
  ['ts', date('log', scope => record(scope).termination.slice(0, 2))],
  ['tsc', date('log', scope => record(scope).termination)],
])
