/** Scopes written by hand, for tests. */
import { EditedHead, PairFields } from './heads/edited-head.ts'
import type { Sample } from './sample.ts'
import type { ConnectionScope, RequestCarrier, RequestScope, ResponseScope } from './scope.ts'
import type { TableView } from './tables.ts'

export function headOf(...pairs: readonly string[]): EditedHead {
  return new EditedHead(new PairFields(pairs))
}

/** What carriers were told. */
export interface Told {
  readonly told: unknown[][]
}

/** Keeps what it is told. */
export function carrier(): RequestCarrier & Told {
  const told: unknown[][] = []
  const tell =
    (what: keyof RequestCarrier) =>
    (...words: unknown[]): void => {
      told.push([what, ...words])
    }
  return {
    told,
    setLogLevel: tell('setLogLevel'),
    setAddress: tell('setAddress'),
    track: tell('track'),
    capture: tell('capture'),
    setTimeout: tell('setTimeout'),
    useServer: tell('useServer'),
    earlyHint: tell('earlyHint'),
  }
}

export function connectionScope(
  more: Partial<ConnectionScope['connection']> = {},
): ConnectionScope & { readonly carrier: RequestCarrier & Told } {
  const held = new Map<string, Sample>()
  return {
    connection: {
      peerAddress: '192.0.2.1',
      peerPort: 4711,
      localAddress: '198.51.100.2',
      localPort: 80,
      tls: undefined,
      ...more,
    },
    carrier: carrier(),
    variables: {
      get: name => held.get(name),
      set: (name, value) => void (value === undefined ? held.delete(name) : held.set(name, value)),
    },
    tracked: undefined,
    around: { now: () => 1_700_000_000_123, random: () => 0.5, frontend: undefined },
  }
}

export function requestScope(
  uri: string,
  headers: readonly string[] = [],
  more: Partial<RequestScope['request']> = {},
): RequestScope & { readonly carrier: Told } {
  return {
    ...connectionScope(),
    request: {
      method: 'GET',
      uri,
      target: uri,
      version: '1.1',
      secure: false,
      head: headOf(...headers),
      body: undefined,
      bodySize: undefined,
      ...more,
    },
    backend: undefined,
    uniqueId: undefined,
  }
}

export function responseScope(
  status: number,
  headers: readonly string[] = [],
): ResponseScope & { readonly carrier: Told } {
  return {
    ...requestScope('/'),
    response: { status, reason: '', version: '1.1', head: headOf(...headers) },
    server: undefined,
  }
}

/** A stick table with one entry, `k`, and no sessions. */
export const tables: TableView = {
  has: key => key === 'k',
  get: (key, type, index = 0) => {
    if (type.startsWith('sess')) return undefined
    const base = { conn_cnt: 4, bytes_in_cnt: 3500, gpc: 10, gpc_rate: 20, gpt: 30 }[type] ?? 1
    return key === 'k' ? base + index : 0
  },
  trackers: key => (key === 'k' ? 2 : 0),
  idleMs: key => (key === 'k' ? 77 : undefined),
  server: key => (key === 'k' ? 's1' : undefined),
  used: 1,
}
