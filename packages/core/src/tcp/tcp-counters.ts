/** Plain numbers of a TCP proxy, as those of backends: a reader samples them. */
import { RateCounter } from '../base/rate-counter.ts'
import type { TcpRefusal } from './settings.ts'

export class TcpProxyCounters {
  /** Connections accepted; open now; the most at once. */
  connections = 0
  connectionsNow = 0
  connectionsMax = 0
  /** Connections per second, now and at most. */
  readonly connectionRate = new RateCounter()
  /** Connections closed before they had a server, altogether and by reason. */
  connectionsRefused = 0
  readonly refusedBy: Record<TcpRefusal, number> = {
    'connections-full': 0,
    'connection-rule': 0,
    'proxy-header': 0,
    'client-hello': 0,
    'session-rule': 0,
    'content-rule': 0,
    'no-route': 0,
  }
  /** Bytes passed on towards servers, and towards clients. */
  bytesIn = 0
  bytesOut = 0
}
