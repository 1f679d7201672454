/** Plain numbers of a UDP proxy: a reader samples them. */
export class UdpProxyCounters {
  /** Sessions begun; there now; the most at once. */
  sessions = 0
  sessionsNow = 0
  sessionsMax = 0
  /** Datagrams of new clients dropped because there were as many sessions as there may be, or no route. */
  sessionsRefused = 0
  /** Sessions ended to make room for others. */
  sessionsEvicted = 0
  /** Datagrams passed on towards servers, and towards clients, and their bytes. */
  datagramsIn = 0
  datagramsOut = 0
  bytesIn = 0
  bytesOut = 0
  /** Datagrams dropped, those of refused sessions not included: too many waited for a server. */
  datagramsDropped = 0
}
