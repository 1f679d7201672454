/**
 * Times as texts, and back. A time is a whole number since 1970: of seconds, or of milliseconds or microseconds where the
 * name says so. Beyond the year 275760, which is as far as JavaScript's dates go, there is nothing.
 */
import { integerOption, refuse } from '../options.ts'
import { type Converter, converter } from '../value.ts'
import { strftime } from './strftime.ts'

type Dated = Converter<number, string>

/** A time in the zone of this process. @param format of strftime(3) @param offset is added, in seconds */
export const ltime = (format: string, offset?: number): Dated => formatted('ltime', format, offset, 1, true)

/** A time in UTC. */
export const utime = (format: string, offset?: number): Dated => formatted('utime', format, offset, 1, false)

/** As `ltime`, from milliseconds; `%N`, or `%3N`, is the fraction of the second. */
export const msLtime = (format: string, offset?: number): Dated =>
  formatted('ms_ltime', format, offset, 1e3, true)

export const msUtime = (format: string, offset?: number): Dated =>
  formatted('ms_utime', format, offset, 1e3, false)

/** As `ltime`, from microseconds. */
export const usLtime = (format: string, offset?: number): Dated =>
  formatted('us_ltime', format, offset, 1e6, true)

export const usUtime = (format: string, offset?: number): Dated =>
  formatted('us_utime', format, offset, 1e6, false)

export type DateUnit = 's' | 'ms' | 'us'

/** How many of a unit are a second. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function unitsInSecond(field: string, unit: unknown): number {
  return unit === 's' ? 1 : unit === 'ms' ? 1e3 : unit === 'us' ? 1e6 : refuse(field, unit, 's, ms or us')
}

/** A time as HTTP writes it (RFC 9110 section 5.6.7), with a fraction of the second where the unit has one. */
export function httpDate(offset = 0, unit: DateUnit = 's'): Dated {
  integerOption('http_date offset', offset, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const inSecond = unitsInSecond('http_date unit', unit)
  const text =
    offset === 0 && unit === 's' ? 'http_date' : `http_date(${offset}${unit === 's' ? '' : `,${unit}`})`
  return converter(text, 'int', 'str', value => {
    const time = value + offset
    const date = new Date(Math.trunc(time / inSecond) * 1000)
    if (Number.isNaN(date.getTime())) return undefined
    const written = date.toUTCString()
    return inSecond === 1 ? written : `${written.slice(0, -4)}.${time % inSecond} GMT`
  })
}

/** Back from HTTP's three ways to write a time, to seconds; nothing for what is none. */
export const parseDate = (): Converter<string, number> => converter('date', 'str', 'int', secondsOf)

function formatted(
  name: string,
  format: unknown,
  offset: number | undefined,
  inSecond: number,
  local: boolean,
): Dated {
  if (typeof format !== 'string') refuse(`${name} format`, format, 'a format of strftime(3)')
  const shift = integerOption(
    `${name} offset`,
    offset ?? 0,
    -Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
  )
  const write = strftime(format, local)
  return converter(`${name}(${format}${offset === undefined ? '' : `,${offset}`})`, 'int', 'str', value => {
    const time = value + shift
    const seconds = Math.floor(time / inSecond)
    if (Math.abs(seconds) > 8.64e12) return undefined
    return write(seconds, Math.round((time - seconds * inSecond) * (1e9 / inSecond)))
  })
}

const monthNames = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** IMF-fixdate, RFC 850 and asctime. */
const forms = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) GMT$/,
  /^[A-Z][a-z]+day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) (?<year>\d{4})$/,
]

function secondsOf(text: string): number | undefined {
  for (const form of forms) {
    const groups = form.exec(text)?.groups
    if (groups === undefined) continue
    const month = monthNames.indexOf(groups.month as string)
    if (month < 0 || month % 3 !== 0) return undefined
    let year = Number(groups.year)
    // Of two digits: in the years from 1970 to 2069.
    if (groups.year?.length === 2) year += year < 70 ? 2000 : 1900
    const { day, hour, minute, second } = groups
    return Date.UTC(year, month / 3, Number(day), Number(hour), Number(minute), Number(second)) / 1000
  }
  return undefined
}
