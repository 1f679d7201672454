/** The clock, chance, variables and the process itself. */
import { hostname as nameOfHost } from 'node:os'
import { type DateUnit, unitsInSecond } from '../converters/dates.ts'
import { variableName } from '../converters/operand.ts'
import { integerOption, refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope, RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

/** The time. @param offset is added, in the unit @param unit `s` (default), `ms` or `us`, of which the last three digits are 0 */
export function date(offset = 0, unit: DateUnit = 's'): Value<number, ConnectionScope> {
  integerOption('date offset', offset, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const inSecond = unitsInSecond('date unit', unit)
  const text = offset === 0 && unit === 's' ? 'date' : `date(${offset}${unit === 's' ? '' : `,${unit}`})`
  return fetch(
    text,
    'int',
    'connection',
    ({ around }: ConnectionScope) => inUnits(around.now(), inSecond) + offset,
  )
}

/** The microseconds of the time's second. */
export const dateUs = (): Value<number, ConnectionScope> =>
  fetch(
    'date_us',
    'int',
    'connection',
    ({ around }: ConnectionScope) => (Math.floor(around.now()) % 1000) * 1000,
  )

/** When the connection was accepted. */
export const acceptDate = (unit: DateUnit = 's'): Value<number, ConnectionScope> => {
  const inSecond = unitsInSecond('accept_date unit', unit)
  const text = unit === 's' ? 'accept_date' : `accept_date(${unit})`
  return fetch(text, 'int', 'connection', ({ connection }: ConnectionScope) =>
    connection.acceptedAt === undefined ? undefined : inUnits(connection.acceptedAt, inSecond),
  )
}

/** When the request's head was complete. */
export const requestDate = (unit: DateUnit = 's'): Value<number, RequestScope> => {
  const inSecond = unitsInSecond('request_date unit', unit)
  return fetch(
    unit === 's' ? 'request_date' : `request_date(${unit})`,
    'int',
    'request',
    ({ request }: RequestScope) =>
      request.arrivedAt === undefined ? undefined : inUnits(request.arrivedAt, inSecond),
  )
}

/** A number from 0 on, below the range. @param range 2^32 by default */
export function rand(range = 2 ** 32): Value<number, ConnectionScope> {
  integerOption('rand range', range, 1, 2 ** 32)
  return fetch(
    range === 2 ** 32 ? 'rand' : `rand(${range})`,
    'int',
    'connection',
    ({ around }: ConnectionScope) => Math.floor(around.random() * range),
  )
}

/** RFC 9562: of chance (4), or of the time and chance (7). */
export function uuid(version: 4 | 7 = 4): Value<string, ConnectionScope> {
  if (version !== 4 && version !== 7) refuse('uuid version', version, '4 or 7')
  return fetch(version === 4 ? 'uuid' : 'uuid(7)', 'str', 'connection', ({ around }: ConnectionScope) => {
    const digits = (count: number) =>
      Math.floor(around.random() * 16 ** count)
        .toString(16)
        .padStart(count, '0')
    const time =
      version === 4 ? digits(12) : Math.floor(around.now()).toString(16).padStart(12, '0').slice(-12)
    const variant = (8 + Math.floor(around.random() * 4)).toString(16)
    return `${time.slice(0, 8)}-${time.slice(8)}-${version}${digits(3)}-${variant}${digits(3)}-${digits(12)}`
  })
}

/** What a variable holds. HAProxy's `var`. @param byDefault where it holds nothing */
export function variable(name: string, byDefault?: Sample): Value<Sample, ConnectionScope> {
  const checked = variableName('var', name)
  const text = `var(${name}${byDefault === undefined ? '' : `,${String(byDefault)}`})`
  return fetch(
    text,
    'any',
    'connection',
    ({ variables }: ConnectionScope) => variables.get(checked) ?? byDefault,
  )
}

/** A variable of the process's environment, as it is when this is called. */
export function env(name: string): Value<string, unknown> {
  if (typeof name !== 'string' || name === '')
    refuse('env', name, 'the name of a variable of the environment')
  const value = process.env[name]
  return fetch(`env(${name})`, 'str', 'connection', () => value)
}

/** The machine's name. */
export const hostname = (): Value<string, unknown> => {
  const name = nameOfHost()
  return fetch('hostname', 'str', 'connection', () => name)
}

export const pid = (): Value<number, unknown> => fetch('pid', 'int', 'connection', () => process.pid)

/** For how many seconds the process has been running. */
export const uptime = (): Value<number, unknown> =>
  fetch('uptime', 'int', 'connection', () => Math.floor(process.uptime()))

/** The name of its own of a request, or of a connection at layer 4, where the door gives it one. */
export const uniqueId = (): Value<string, ConnectionScope> =>
  fetch('unique-id', 'str', 'connection', (scope: ConnectionScope) => scope.uniqueId)

function inUnits(milliseconds: number, inSecond: number): number {
  return inSecond === 1 ? Math.floor(milliseconds / 1000) : Math.floor(milliseconds) * (inSecond / 1000)
}
