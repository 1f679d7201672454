/**
 * What stands in front of a line: HAProxy's `format` of a `log` line.
 *
 * | format | |
 * | --- | --- |
 * | `rfc3164` | `<134>Feb  6 12:14:14 lb1 evener[14389]: ` |
 * | `local` | the same without the host |
 * | `rfc5424` | `<134>1 2009-02-06T12:14:14.655+01:00 lb1 evener 14389 - - ` |
 * | `priority` | `<134>` |
 * | `short` | `<6>`, the level alone: what systemd reads |
 * | `timed` | `<6>2009-02-06T12:14:14.655+01:00 ` |
 * | `iso` | `2009-02-06T12:14:14.655+01:00 ` |
 * | `raw` | nothing |
 *
 * Cost: times are written anew once a second.
 */
import { type Facility, facilities } from './levels.ts'

export const lineFormats = [
  'rfc3164',
  'local',
  'rfc5424',
  'priority',
  'short',
  'timed',
  'iso',
  'raw',
] as const

export type LineFormat = (typeof lineFormats)[number]

export interface Origin {
  readonly facility: Facility
  readonly hostname: string
  readonly tag: string
  readonly processId: number
}

/** What writes the head of a line of this level, at this time in milliseconds since 1970. */
export type LineHead = (severity: number, at: number, structured: string | undefined) => string

export function lineHead(format: LineFormat, { facility, hostname, tag, processId }: Origin): LineHead {
  const base = facilities.indexOf(facility) * 8
  const legacy = perSecond(legacyTime)
  const iso = perSecond(isoSecond)
  const zone = perSecond(isoZone)
  const time = (at: number): string =>
    `${iso(at)}.${String(Math.floor(at) % 1000).padStart(3, '0')}${zone(at)}`
  const origin = format === 'local' ? '' : `${hostname} `
  switch (format) {
    case 'rfc3164':
    case 'local':
      return (severity, at) => `<${base + severity}>${legacy(at)} ${origin}${tag}[${processId}]: `
    case 'rfc5424':
      return (severity, at, structured = '-') =>
        `<${base + severity}>1 ${time(at)} ${hostname} ${tag} ${processId} - ${structured} `
    case 'priority':
      return severity => `<${base + severity}>`
    case 'short':
      return severity => `<${severity}>`
    case 'timed':
      return (severity, at) => `<${severity}>${time(at)} `
    case 'iso':
      return (_severity, at) => `${time(at)} `
    case 'raw':
      return () => ''
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 3164 section 4.1.2: the day is filled up with a space. */
function legacyTime(date: Date): string {
  return `${months[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${clockTime(date)}`
}

function isoSecond(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clockTime(date)}`
}

function isoZone(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

function clockTime(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function perSecond(write: (date: Date) => string): (at: number) => string {
  let second = Number.NaN
  let text = ''
  return at => {
    const now = Math.floor(at / 1000)
    if (now !== second) {
      second = now
      text = write(new Date(at))
    }
    return text
  }
}
