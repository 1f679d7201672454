/** What every algorithm makes of odd pools and keys; the contract suite has the weights of 0, one server, and none. */
import { describe, expect, it } from 'vitest'
import { aperture } from './aperture.ts'
import type { Balancer, RequestInfo } from './balancer.ts'
import { byPriority } from './by-priority.ts'
import { fallBack } from './fall-back.ts'
import { filter } from './filter.ts'
import { first } from './first.ts'
import { hash } from './hash.ts'
import { header } from './header.ts'
import { leastConnections } from './least-connections.ts'
import { leastResponseTime } from './least-response-time.ts'
import { localities } from './localities.ts'
import { maglev } from './maglev.ts'
import { peakEwma } from './peak-ewma.ts'
import { powerOfTwo } from './power-of-two.ts'
import { prequal } from './prequal.ts'
import { priorityLevels } from './priority-levels.ts'
import { random } from './random.ts'
import { rdpCookie } from './rdp-cookie.ts'
import { rendezvous } from './rendezvous.ts'
import { roundRobin } from './round-robin.ts'
import { shadow } from './shadow.ts'
import { source } from './source.ts'
import { staticRoundRobin } from './static-round-robin.ts'
import { sticky } from './sticky.ts'
import { seeded, type TestMember } from './test-members.ts'
import { uri } from './uri.ts'
import { urlParameter } from './url-parameter.ts'

const consistent = { type: 'consistent' } as const

/** All of them, and with each what two requests look like whose keys are these bytes. */
const algorithms: Record<string, () => Balancer<RequestInfo>> = {
  roundRobin,
  staticRoundRobin,
  leastConnections,
  first,
  random: () => random({ random: seeded(1) }),
  sticky,
  'source, map-based': source,
  'source, consistent': () => source(consistent),
  'uri, map-based': uri,
  'uri, consistent': () => uri(consistent),
  urlParameter: () => urlParameter('id', { checkPost: 1_048_576 }),
  header: () => header('x-key', consistent),
  rdpCookie: () => rdpCookie('key', consistent),
  'hash, map-based': () => hash<RequestInfo>({ key: request => request.uri }),
  'hash, consistent': () => hash<RequestInfo>({ key: request => request.uri, ...consistent }),
  maglev: () => maglev<RequestInfo>({ key: request => request.uri }),
  powerOfTwo: () => powerOfTwo({ random: seeded(1) }),
  peakEwma: () => peakEwma({ random: seeded(1) }),
  prequal: () => prequal({ random: seeded(1) }),
  rendezvous: () => rendezvous<RequestInfo>({ key: request => request.uri }),
  'rendezvous, seats': () => rendezvous<RequestInfo>({ key: request => request.uri, seats: 4096 }),
  leastResponseTime,
  aperture: () => aperture({ peers: 10, peer: 3, random: seeded(1) }),
  byPriority: () => byPriority({ levelOf: () => 0, of: roundRobin }),
  priorityLevels: () => priorityLevels({ levelOf: ({ id }) => id.length, of: roundRobin, random: seeded(1) }),
  localities: () => localities({ localityOf: ({ id }) => id.slice(-1), of: roundRobin, random: seeded(1) }),
  fallBack: () =>
    fallBack(
      filter(({ id }) => id.endsWith('7'), roundRobin()),
      roundRobin(),
    ),
  shadow: () => shadow(roundRobin(), leastConnections()),
}

const bytesOf = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0))

/** A request that has this key wherever an algorithm looks for one. */
function requestOf(key: string): RequestInfo {
  return {
    sourceAddress: '192.0.2.1',
    uri: `/${key}?id=${key}`,
    header: () => key,
    body: () => bytesOf(`\x03\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: key=${key}\r\n`),
  }
}

const member = (id: string, weight = 1): TestMember => ({ id, weight, load: 0, saturated: false })

describe.each(Object.entries(algorithms))('%s', (_name, make) => {
  it('has room for 100,000 servers', () => {
    const members = Array.from({ length: 100_000 }, (_, place) => member(`server-${place}`))
    const balancer = make()
    balancer.rebuild(members)
    const known = new Set<unknown>(members)
    for (let place = 0; place < 100; place++)
      expect(known.has(balancer.pick(requestOf(`k${place}`)))).toBe(true)
    balancer.rebuild(members.slice(1))
    expect(balancer.pick(requestOf('k'))).toBeDefined()
    expect(balancer.pick(requestOf('k'))).not.toBe(members[0])
  })

  it('knows servers apart whose ids differ in upper and lower case only', () => {
    const [lower, upper] = [member('app'), member('APP')]
    const balancer = make()
    balancer.rebuild([lower, upper])
    const seen = new Set<unknown>()
    for (let place = 0; place < 200; place++) {
      const picked = balancer.pick(requestOf(`k${place}`)) as TestMember
      picked.load++
      balancer.began?.(picked)
      seen.add(picked)
    }
    for (const one of seen) expect([lower, upper]).toContain(one)
    balancer.rebuild([upper])
    expect(balancer.pick(requestOf('k'))).toBe(upper)
    balancer.rebuild([lower])
    expect(balancer.pick(requestOf('k'))).toBe(lower)
  })

  it('takes keys that are empty, of 64 KB, of a megabyte, of any bytes, and of characters beyond bytes', () => {
    const members = Array.from({ length: 7 }, (_, place) => member(`s${place}`))
    const keys = ['', 'k'.repeat(65_536), 'k'.repeat(1_000_000), '\xff\xfe\0\x80', '\ud800', '日本']
    const balancer = make()
    balancer.rebuild(members)
    for (const key of keys) expect(members).toContain(balancer.pick(requestOf(key)))
    if (balancer.keyed !== true) return
    for (const key of keys.slice(1)) {
      expect(balancer.pick(requestOf(key))).toBe(balancer.pick(requestOf(key)))
    }
  })
})

describe('a key that is not a number', () => {
  it.each([
    ['hash', () => hash<RequestInfo>({ key: () => Number.NaN })],
    ['maglev', () => maglev<RequestInfo>({ key: () => Number.NaN, tableSize: 251 })],
    ['rendezvous', () => rendezvous<RequestInfo>({ key: () => Number.NaN })],
  ])('is no key for %s: the servers take turns', (_, make) => {
    const balancer = make()
    balancer.rebuild(['a', 'b'].map(id => ({ id, weight: 1, load: 0, saturated: false })))
    const request = { sourceAddress: '192.0.2.1', header: () => undefined } as unknown as RequestInfo
    const picked = [1, 2, 3, 4].map(() => balancer.pick(request)?.id)
    expect(picked).toEqual(['a', 'b', 'a', 'b'])
  })
})
