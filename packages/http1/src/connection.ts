/**
 * What the Connection header says: whether the connection persists, and which headers end at this hop.
 *
 * The two values that nearly every message has (`keep-alive`, `close`) are told apart by letters, without a list.
 * `host`, `content-length` and `transfer-encoding` cannot be named away: dropping them would change how the next
 * hop frames the message (RFC 9110, 7.6.1 forbids senders to name headers meant for all).
 *
 * Source: RFC 9110, 7.6.1 (Connection), 7.8 (Upgrade is ignored in HTTP/1.0); RFC 9112, 9.3 (persistence).
 */
import { tokenList } from './list.ts'

/** What a Connection header says. */
export interface ConnectionOptions {
  readonly close: boolean
  readonly keepAlive: boolean
  readonly upgrade: boolean
  /** Other headers it names, lower case: they end at this hop. `undefined` when there are none. */
  readonly named: readonly string[] | undefined
}

const options = (close: boolean, keepAlive: boolean, upgrade: boolean): ConnectionOptions =>
  Object.freeze({ close, keepAlive, upgrade, named: undefined })

/** No Connection header. */
export const noOptions: ConnectionOptions = options(false, false, false)

const ALONE = new Map([
  ['keep-alive', options(false, true, false)],
  ['Keep-Alive', options(false, true, false)],
  ['close', options(true, false, false)],
  ['Close', options(true, false, false)],
  ['upgrade', options(false, false, true)],
  ['Upgrade', options(false, false, true)],
])

/** Options that are no header of their own, or that every hop drops anyway. */
const OWN = new Set(['close', 'keep-alive', 'upgrade', 'te', 'connection', 'proxy-connection'])
const ALWAYS_KEPT = new Set(['host', 'content-length', 'transfer-encoding'])

/** Read the value of Connection, its lines joined; `undefined` if it is not a list of tokens. */
export function connectionOptions(value: string): ConnectionOptions | undefined {
  const alone = ALONE.get(value)
  if (alone !== undefined) return alone
  const list = tokenList(value)
  if (list === undefined) return undefined
  const named = list.filter(name => !OWN.has(name) && !ALWAYS_KEPT.has(name))
  return {
    close: list.includes('close'),
    keepAlive: list.includes('keep-alive'),
    upgrade: list.includes('upgrade'),
    named: named.length > 0 ? named : undefined,
  }
}

/** Whether the connection can carry another message after this one. `close` wins over `keep-alive`. */
export function persists(found: ConnectionOptions, minorVersion: 0 | 1): boolean {
  return !found.close && (minorVersion === 1 || found.keepAlive)
}
