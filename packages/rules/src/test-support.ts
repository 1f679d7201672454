/** Scopes written by hand, for tests. */
import type { Head } from './head.ts'
import type { Sample } from './sample.ts'
import type { ConnectionScope, RequestScope, ResponseScope } from './scope.ts'

/** A head of names and values in turn, that cannot be changed. */
export function headOf(...pairs: readonly string[]): Head {
  const all = (name: string) => pairs.filter((_, at) => at % 2 === 1 && pairs[at - 1]?.toLowerCase() === name)
  const fixed = () => {
    throw new Error('this head is only read')
  }
  return {
    all,
    last: name => all(name).at(-1),
    has: name => all(name).length > 0,
    pairs: () => pairs,
    set: fixed,
    add: fixed,
    delete: fixed,
  }
}

export function connectionScope(more: Partial<ConnectionScope['connection']> = {}): ConnectionScope {
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
): RequestScope {
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

export function responseScope(status: number, headers: readonly string[] = []): ResponseScope {
  return {
    ...requestScope('/'),
    response: { status, reason: '', version: '1.1', head: headOf(...headers) },
    server: undefined,
  }
}
