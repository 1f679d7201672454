/**
 * An algorithm beside HAProxy's: the same requests to both, over random pools whose servers leave, return and change
 * weight.
 */
import type { Balancer, HashFunctionName, RequestInfo } from '@evener/algorithms'
import { expect, test } from 'vitest'
import { type Chance, seeded } from './chance.ts'
import { haproxyInstalled, haproxyTitle } from './haproxy.ts'
import { type FarmRequest, type FarmServer, farmServers, seen, startFarm, written } from './haproxy-farm.ts'

/** An algorithm with its options, in HAProxy and here. */
export interface Comparison {
  readonly title: string
  /** How HAProxy is told to. */
  readonly lines: readonly string[]
  balancer(): Balancer<RequestInfo>
  request(chance: Chance): FarmRequest
  /** Whether HAProxy lets weights be changed while it runs. */
  readonly dynamic: boolean
}

/** One that hashes, to which `hash-type` is added. */
export type Hashing = Pick<Comparison, 'title' | 'request'> & {
  readonly line?: string
  balancer(options: {
    type: 'map-based' | 'consistent'
    function?: HashFunctionName
    avalanche?: boolean
  }): Balancer<RequestInfo>
}

/** The same with this hash-type. */
export function hashing(
  { title, line = `balance ${title}`, balancer, request }: Hashing,
  hashType: string,
): Comparison {
  const [type, ...rest] = hashType.split(' ') as ['map-based' | 'consistent', ...string[]]
  const name = rest.find(word => word !== 'avalanche') as HashFunctionName | undefined
  const options = {
    type,
    ...(name && { function: name }),
    ...(rest.includes('avalanche') && { avalanche: true }),
  }
  return {
    title: `${title}, hash-type ${hashType}`,
    lines: [line, `hash-type ${hashType}`],
    balancer: () => balancer(options),
    request,
    dynamic: type === 'consistent',
  }
}

/** Five pools; together more than 10,000 requests. */
const pools = [
  { size: () => 1, heaviest: 256, changes: 3 },
  { size: () => 2, heaviest: 256, changes: 10 },
  { size: (chance: Chance) => 3 + chance(10), heaviest: 3, changes: 16 },
  { size: (chance: Chance) => 13 + chance(37), heaviest: 20, changes: 16 },
  { size: () => 50, heaviest: 40, changes: 10 },
]
const batch = 180

/** Change one server, in the pool and in the words that change it in HAProxy; an empty text where nothing changes. */
export function change(
  pool: readonly FarmServer[],
  away: Set<FarmServer>,
  dynamic: boolean,
  heaviest: number,
  chance: Chance,
): string {
  const one = pool[chance(pool.length)] as FarmServer
  const usable = pool.filter(other => other.weight > 0 && !away.has(other))
  const isLast = usable.length === 1 && usable[0] === one
  if (away.delete(one)) return `enable server app/${one.id}`
  if (chance(2) === 0 && !isLast) {
    away.add(one)
    return `disable server app/${one.id}`
  }
  if (dynamic) {
    one.weight = chance(heaviest + 1) || (isLast ? 1 : 0)
    return `set server app/${one.id} weight ${one.weight}`
  }
  return ''
}

/** Register the test that both choose alike. */
export function compare({ title, lines, balancer: make, request, dynamic }: Comparison): void {
  test.skipIf(!haproxyInstalled())(
    haproxyTitle(`${title}: the same servers for 10,000 requests`),
    async () => {
      const chance = seeded(title)
      for (const { size, heaviest, changes } of pools) {
        const pool = farmServers(Array.from({ length: size(chance) }, () => 1 + chance(heaviest)))
        const farm = await startFarm({ lines, servers: pool })
        try {
          const balancer = make()
          const away = new Set<FarmServer>()
          balancer.rebuild(pool)
          for (let phase = 0; phase <= changes; phase++) {
            const requests = Array.from({ length: batch }, () => request(chance))
            const chosen = requests.map(one => chooseAndServe(balancer, seen(one)))
            const answered = await farm.answers(requests)
            const wrong = requests.flatMap((one, place) =>
              chosen[place] === answered[place]
                ? []
                : [{ one: written(one), ours: chosen[place], theirs: answered[place] }],
            )
            expect(wrong.slice(0, 3), `phase ${phase} of a pool of ${pool.length}`).toEqual([])
            const commands: string[] = []
            for (let step = 0; step < 2; step++) {
              const command = change(pool, away, dynamic, heaviest, chance)
              if (command === '') continue
              commands.push(command)
              balancer.rebuild(pool.filter(one => !away.has(one)))
            }
            await farm.commands(commands)
          }
        } finally {
          await farm.stop()
        }
      }
    },
  )
}

/** One request that is over before the next one comes. */
function chooseAndServe(balancer: Balancer<RequestInfo>, request: RequestInfo): string {
  const chosen = balancer.pick(request) as FarmServer
  chosen.load++
  balancer.began?.(chosen)
  chosen.load--
  balancer.ended?.(chosen, { ok: true, latencyMs: 1 })
  return chosen.id
}
