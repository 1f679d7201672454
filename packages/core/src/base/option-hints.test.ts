import { describe, expect, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'
import { createFrontend } from '../frontend/frontend.ts'
import { httpHandler } from '../http/http-handler.ts'
import { hintFor } from './option-hints.ts'

const server = { id: 's1', address: '127.0.0.1:1' }
const withServer = (more: object) => createBackend({ name: 'app', servers: [{ ...server, ...more }] })
const withBackend = (more: object) => createBackend({ name: 'app', servers: [server], ...more } as never)
const withFrontend = (more: object) => createFrontend({ route: () => undefined, ...more })

describe("HAProxy's word is answered with ours", () => {
  test.each<[string, () => unknown, string]>([
    ['maxconn of a server', () => withServer({ maxconn: 10 }), 'did you mean maxConnections?'],
    ['maxconn of a frontend', () => withFrontend({ maxconn: 10 }), 'did you mean maxConnections?'],
    [
      'maxconn of a backend',
      () => withBackend({ maxconn: 10 }),
      'did you mean maxConnections of a server or a frontend?',
    ],
    ['maxqueue', () => withServer({ maxqueue: 10 }), 'did you mean maxQueue?'],
    ['slowstart', () => withServer({ slowstart: 10 }), 'did you mean slowStartMs?'],
    ['inter of a server', () => withServer({ inter: 10 }), 'did you mean checks.intervalMs of a backend?'],
    ['inter of a backend', () => withBackend({ inter: 10 }), 'did you mean checks.intervalMs?'],
    ['fall', () => withBackend({ fall: 3 }), 'did you mean checks.fall?'],
    ['rise', () => withServer({ rise: 3 }), 'did you mean checks.rise of a backend?'],
    ['disabled', () => withServer({ disabled: true }), "did you mean state: 'maintenance'?"],
    ['balance', () => withBackend({ balance: 'leastconn' }), 'did you mean balancer?'],
    ['retry-on', () => withBackend({ 'retry-on': [503] }), 'did you mean retryOn?'],
    ['timeout connect', () => withBackend({ timeouts: { connect: 1 } }), 'did you mean connectMs?'],
    [
      'timeout connect, outside',
      () => withBackend({ timeoutConnect: 1 }),
      'did you mean timeouts.connectMs?',
    ],
    ['default_backend', () => withFrontend({ default_backend: 1 }), 'did you mean route?'],
    ['errorfile', () => httpHandler(() => undefined, { errorfile: 1 } as never), 'did you mean errorPages?'],
    ['pool-max-conn', () => http1Engine({ 'pool-max-conn': 1 } as never), 'did you mean maxIdle?'],
  ])('%s', (_, make, hint) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'EVENER_UNKNOWN_OPTION', message: expect.stringContaining(hint) }),
    )
  })
})

describe('an option of ours', () => {
  test('in the wrong place is shown the right one', () => {
    expect(() => withBackend({ connectMs: 1 })).toThrow('did you mean timeouts.connectMs?')
    expect(() => withBackend({ server: [] })).toThrow('did you mean servers?')
    expect(() => withBackend({ maxConnections: 1 })).toThrow('maxConnections of a server or a frontend?')
  })

  test.each([
    ['maxConections', 'maxConnections'],
    ['wieght', 'weight'],
    ['chekc', 'check'],
    ['slow_start_ms', 'slowStartMs'],
  ])('misspelt as %s is recognised as %s', (given, meant) => {
    expect(() => withServer({ [given]: 1 })).toThrow(`did you mean ${meant}?`)
  })

  test('is not guessed at where nothing is near', () => {
    for (const given of ['c', 'colour', '', '💥', 'x'.repeat(100_000)]) {
      expect(hintFor(given, ['id', 'address', 'weight'])).toBe('')
    }
  })
})
