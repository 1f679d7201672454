/**
 * `strftime` of C, in the C locale: a format is taken apart once, and then written for each date.
 *
 * What it does not know stands for itself. `%N` is of date(1): the fraction of the second, to nine digits.
 */

/** The parts of a date, local or of UTC. */
interface Parts {
  readonly seconds: number
  readonly nanoseconds: number
  readonly year: number
  /** From 0. */
  readonly month: number
  readonly day: number
  /** From 0, which is Sunday. */
  readonly weekday: number
  /** From 0. */
  readonly dayOfYear: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** East of Greenwich, in minutes. */
  readonly offset: number
  readonly zone: string
}

type Writer = (parts: Parts) => string

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

const two = (number: number) => String(number).padStart(2, '0')
const twoOrBlank = (number: number) => String(number).padStart(2)
const ofTwelve = (hour: number) => hour % 12 || 12

/** Weeks that begin on this day of the week, counted from the year's first such day. */
const week = ({ dayOfYear, weekday }: Parts, first: number) =>
  Math.floor((dayOfYear + 7 - ((weekday - first + 7) % 7)) / 7)

const letters: Readonly<Record<string, Writer>> = {
  a: ({ weekday }) => (days[weekday] as string).slice(0, 3),
  A: ({ weekday }) => days[weekday] as string,
  b: ({ month }) => (months[month] as string).slice(0, 3),
  B: ({ month }) => months[month] as string,
  C: ({ year }) => two(Math.floor(year / 100)),
  d: ({ day }) => two(day),
  e: ({ day }) => twoOrBlank(day),
  g: parts => two(isoYear(parts) % 100),
  G: parts => String(isoYear(parts)),
  H: ({ hour }) => two(hour),
  I: ({ hour }) => two(ofTwelve(hour)),
  j: ({ dayOfYear }) => String(dayOfYear + 1).padStart(3, '0'),
  k: ({ hour }) => twoOrBlank(hour),
  l: ({ hour }) => twoOrBlank(ofTwelve(hour)),
  m: ({ month }) => two(month + 1),
  M: ({ minute }) => two(minute),
  n: () => '\n',
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  P: ({ hour }) => (hour < 12 ? 'am' : 'pm'),
  s: ({ seconds }) => String(seconds),
  S: ({ second }) => two(second),
  t: () => '\t',
  u: ({ weekday }) => String(weekday || 7),
  U: parts => two(week(parts, 0)),
  V: parts => two(isoWeek(parts)),
  w: ({ weekday }) => String(weekday),
  W: parts => two(week(parts, 1)),
  y: ({ year }) => two(year % 100),
  Y: ({ year }) => String(year),
  z: ({ offset }) =>
    `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`,
  Z: ({ zone }) => zone,
  '%': () => '%',
}

/** Those that stand for several. */
const composed: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

/** Compile a format. @returns how a time is written: seconds since 1970, and the nanoseconds beyond */
export function strftime(format: string, local: boolean): (seconds: number, nanoseconds: number) => string {
  const writers = compile(
    format.replace(/%([cDFhrRTxX])/g, (_, letter: string) => composed[letter] as string),
  )
  return (seconds, nanoseconds) => {
    const parts = partsOf(seconds, nanoseconds, local)
    let text = ''
    for (const write of writers) text += typeof write === 'string' ? write : write(parts)
    return text
  }
}

function compile(format: string): (string | Writer)[] {
  const writers: (string | Writer)[] = []
  let at = 0
  for (const match of format.matchAll(/%(?:([0-9]*)N|([A-Za-z%]))/g)) {
    const [whole, width, letter] = match
    writers.push(format.slice(at, match.index))
    at = match.index + whole.length
    if (letter !== undefined) writers.push(letters[letter] ?? whole)
    else {
      const digits = width === '' ? 9 : Math.min(Number(width), 9)
      writers.push(({ nanoseconds }) => String(nanoseconds).padStart(9, '0').slice(0, digits))
    }
  }
  writers.push(format.slice(at))
  return writers
}

function partsOf(seconds: number, nanoseconds: number, local: boolean): Parts {
  const time = new Date(seconds * 1000)
  const offset = local ? -time.getTimezoneOffset() : 0
  // The same clock, as if it were of UTC.
  const date = new Date(seconds * 1000 + offset * 60_000)
  const year = date.getUTCFullYear()
  return {
    seconds,
    nanoseconds,
    year,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    dayOfYear: Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    offset,
    zone: local ? zoneOf(time) : 'GMT',
  }
}

function zoneOf(time: Date): string {
  return /\(([A-Z]{2,5})\)/.exec(time.toString())?.[1] ?? shortZone(time)
}

function shortZone(time: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

/** ISO 8601: week 1 is the one that has the year's first Thursday. */
function isoWeek({ year, dayOfYear, weekday }: Parts): number {
  const found = Math.floor((dayOfYear - ((weekday + 6) % 7) + 10) / 7)
  if (found < 1) return weeksOf(year - 1)
  return found > weeksOf(year) ? 1 : found
}

function isoYear(parts: Parts): number {
  const found = isoWeek(parts)
  if (parts.month === 0 && found > 50) return parts.year - 1
  return parts.month === 11 && found === 1 ? parts.year + 1 : parts.year
}

function weeksOf(year: number): number {
  const last = new Date(Date.UTC(year, 11, 31)).getUTCDay()
  const first = new Date(Date.UTC(year, 0, 1)).getUTCDay()
  return first === 4 || last === 4 ? 53 : 52
}
