/**
 * What a server's agent says about it: one line of words, read into a typed value.
 *
 * ```text
 *   up 75% maxconn:30\n        ready, weight:12\r\n        down # disk full\n
 * ```
 * Words are separated by spaces, tabs and commas, in any case and order; of several of one kind the last counts. What
 * follows a word that begins with `#` is the description. A word that is not known is told and changes nothing, and the
 * known ones beside it count, as with HAProxy.
 *
 * Invariant: what the line does not speak of is undefined here, and to be left as it is.
 * Cost: O(length of the line), which its reader bounds.
 * Source: HAProxy manual, `agent-check`. `failed`, which older editions of it name, is read as `fail`.
 */

/** What an agent reported. What is undefined was not spoken of, and stays as it is. */
export interface AgentReport {
  /** How the service is: `up`, or one of three words for down, which differ only in the logs. */
  readonly health?: 'up' | 'down' | 'stopped' | 'fail' | undefined
  /** What the server is to be used for: HAProxy's administrative states. */
  readonly admin?: 'ready' | 'drain' | 'maint' | undefined
  /** The weight, 0 to 256. At most one of `weight` and `weightPercent` is set. */
  readonly weight?: number | undefined
  /** The weight in percent of the configured one, 0 to 25,600. */
  readonly weightPercent?: number | undefined
  /** The server's limit of connections: 0 or more, where 0 is none. */
  readonly maxConnections?: number | undefined
  /** What the agent added in words, at most 200 characters; empty where it added nothing. */
  readonly description: string
  /** The first word that makes no sense, at most 80 characters; undefined where all do. It changes nothing. */
  readonly unknown?: string | undefined
}

const HEALTH: Readonly<Record<string, AgentReport['health']>> = {
  __proto__: null as never,
  up: 'up',
  down: 'down',
  stopped: 'stopped',
  fail: 'fail',
  failed: 'fail',
}
const ADMIN: readonly string[] = ['ready', 'drain', 'maint']
const MAX_PERCENT = 25_600

/** One word's part of the report; undefined for a word that makes no sense. */
function meaningOf(word: string): Partial<AgentReport> | undefined {
  const health = HEALTH[word]
  if (health !== undefined) return { health }
  if (ADMIN.includes(word)) return { admin: word as 'ready' }
  const [, name, digits, percent] = /^(weight:|maxconn:|)(\d{1,9})(%?)$/.exec(word) ?? []
  const value = Number(digits)
  if (name === 'maxconn:' && percent === '') return { maxConnections: value }
  if (name === 'maxconn:' || name === undefined) return undefined
  if (percent === '%') return { weight: undefined, weightPercent: Math.min(value, MAX_PERCENT) }
  return name === 'weight:' && value <= 256 ? { weight: value, weightPercent: undefined } : undefined
}

/** Read one line, without its end, as an agent sends it. Never throws. */
export function parseAgentReport(line: string): AgentReport {
  const report: { -readonly [Name in keyof AgentReport]: AgentReport[Name] } = { description: '' }
  const words = /[^ \t,]+/g
  for (let match = words.exec(line); match !== null; match = words.exec(line)) {
    if (match[0].startsWith('#')) {
      report.description = line
        .slice(match.index + 1)
        .trim()
        .slice(0, 200)
      break
    }
    const meaning = meaningOf(match[0].toLowerCase())
    if (meaning === undefined) report.unknown ??= match[0].slice(0, 80)
    else Object.assign(report, meaning)
  }
  return report
}
