/** The backend of all Evener subjects, with everything on: checks, stickiness cookie, counters. */
import { type Backend, createBackend } from '@evener/core'
import { httpCheck } from '@evener/health'
import { insertCookie } from '@evener/session'
import type { Place } from './subject.ts'

export const allFeatures = 'X-Forwarded-For, health checks, stickiness cookie, counters'

export function evenerBackend({ servers }: Place): Backend {
  return createBackend({
    name: 'servers',
    affinity: insertCookie({ name: 'SERVERID' }),
    checks: { checker: httpCheck({ method: 'GET', path: '/check' }), intervalMs: 2_000 },
    timeouts: { connectMs: 5_000, serverMs: 3_600_000 },
    servers: servers.map((port, i) => ({ id: `s${i + 1}`, address: `127.0.0.1:${port}` })),
  })
}

/** X-Forwarded-For and nothing else, as with the peers. */
export const forwarded = { proto: false, host: false }
