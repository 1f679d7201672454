/** Levels and facilities of syslog, by HAProxy's names (manual section 8.1; RFC 5424 section 6.2.1). */

/** From the worst, 0, to the least, 7. */
export const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const

export type Level = (typeof levels)[number]

/** By their number. */
export const facilities = [
  ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news'] as const),
  ...(['uucp', 'cron', 'auth2', 'ftp', 'ntp', 'audit', 'alert', 'cron2'] as const),
  ...(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
]

export type Facility = (typeof facilities)[number]

const numbers = new Map<string, number>(levels.map((level, number) => [level, number]))

/** @returns 0 to 7; that of `info` for what is no level */
export function severity(level: Level): number {
  return numbers.get(level) ?? 6
}
