/**
 * HAProxy's algorithms beside a running HAProxy: the same server for every request, with each option.
 */
import {
  first,
  hash,
  header,
  leastConnections,
  type RequestInfo,
  roundRobin,
  source,
  staticRoundRobin,
  uri,
  urlParameter,
} from '@evener/algorithms'
import { expect, test } from 'vitest'
import { seeded } from './support/chance.ts'
import { haproxyInstalled, haproxyTitle } from './support/haproxy.ts'
import { type Comparison, compare, type Hashing, hashing } from './support/haproxy-comparison.ts'
import { farmServers, namesFrom, startFarm, written } from './support/haproxy-farm.ts'
import {
  absoluteTarget,
  address,
  anything,
  domains,
  headers,
  number,
  oneLine,
  parameter,
  posted,
  target,
} from './support/haproxy-requests.ts'

const byTurns: Comparison[] = [
  {
    title: 'roundrobin',
    lines: ['balance roundrobin'],
    balancer: roundRobin,
    request: anything,
    dynamic: true,
  },
  {
    title: 'static-rr',
    lines: ['balance static-rr'],
    balancer: staticRoundRobin,
    request: anything,
    dynamic: false,
  },
  {
    title: 'leastconn',
    lines: ['balance leastconn'],
    balancer: leastConnections,
    request: anything,
    dynamic: true,
  },
  { title: 'first', lines: ['balance first'], balancer: first, request: anything, dynamic: true },
]
for (const one of byTurns) compare(one)

const keyOf = (request: RequestInfo) => request.header?.('x-key')
const hashes: Hashing[] = [
  { title: 'uri', balancer: options => uri(options), request: target },
  { title: 'uri whole', balancer: options => uri({ whole: true, ...options }), request: target },
  { title: 'uri len 12', balancer: options => uri({ length: 12, ...options }), request: target },
  { title: 'uri depth 2', balancer: options => uri({ depth: 2, ...options }), request: target },
  {
    title: 'uri len 9 depth 3 whole',
    balancer: options => uri({ length: 9, depth: 3, whole: true, ...options }),
    request: target,
  },
  {
    title: 'uri path-only',
    balancer: options => uri({ pathOnly: true, ...options }),
    request: absoluteTarget,
  },
  { title: 'url_param id', balancer: options => urlParameter('id', options), request: parameter },
  {
    title: 'url_param id check_post',
    line: 'balance url_param id check_post\n  option http-buffer-request',
    balancer: options => urlParameter('id', { checkPost: true, ...options }),
    request: posted,
  },
  { title: 'hdr(X-Key)', balancer: options => header('x-key', options), request: headers },
  {
    title: 'hdr(x-key) use_domain_only',
    balancer: options => header('x-key', { useDomainOnly: true, ...options }),
    request: domains,
  },
  { title: 'source', balancer: options => source(options), request: address },
  { title: 'hash req.fhdr(x-key)', balancer: options => hash({ key: keyOf, ...options }), request: oneLine },
  {
    // HAProxy hashes a number as its eight bytes.
    title: 'hash req.hdr_val(x-key)',
    balancer: options =>
      hash<RequestInfo>({
        key: request => {
          const bytes = Buffer.alloc(8)
          bytes.writeBigInt64BE(BigInt(keyOf(request) as string))
          return bytes
        },
        ...options,
      }),
    request: number,
  },
]
for (const one of hashes) for (const type of ['map-based', 'consistent']) compare(hashing(one, type))

const oracleTest = test.skipIf(!haproxyInstalled())

oracleTest(
  haproxyTitle('roundrobin: 3:2:1 interleaves alike where each request has a connection of its own'),
  async () => {
    const pool = farmServers([3, 2, 1])
    const farm = await startFarm({ lines: ['balance roundrobin'], servers: pool })
    try {
      const balancer = roundRobin()
      balancer.rebuild(pool)
      for (let turn = 0; turn < 60; turn++) {
        expect(await farm.answers([{}])).toEqual([balancer.pick(undefined)?.id])
      }
    } finally {
      await farm.stop()
    }
  },
)

oracleTest(
  haproxyTitle('source: the same servers for clients of many loopback addresses, and behind PROXY headers'),
  async () => {
    const pool = farmServers([3, 1, 2, 5, 1, 1, 8])
    const chance = seeded('source addresses')
    for (const type of ['map-based', 'consistent'] as const) {
      const farm = await startFarm({ lines: ['balance source', `hash-type ${type}`], servers: pool })
      try {
        const balancer = source({ type })
        balancer.rebuild(pool)
        const ours: (string | undefined)[] = []
        const theirs: string[] = []
        for (let client = 0; client < 150; client++) {
          const { sourceAddress = '' } = address(chance)
          const family = sourceAddress.includes(':') ? 'TCP6' : 'TCP4'
          const proxy = `PROXY ${family} ${sourceAddress} ${sourceAddress} 1 2\r\n`
          const loopback = `127.${chance(256)}.${chance(256)}.${1 + chance(254)}`
          ours.push(balancer.pick({ sourceAddress })?.id, balancer.pick({ sourceAddress: loopback })?.id)
          theirs.push(...(await namesFrom(farm.proxyPort, [proxy + written({})])))
          theirs.push(...(await namesFrom(farm.haproxy.ports[0] as number, [written({})], loopback)))
        }
        expect(ours).toEqual(theirs)
      } finally {
        await farm.stop()
      }
    }
  },
)
