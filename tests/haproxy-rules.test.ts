/**
 * Beside HAProxy with the same lines: for each request the server sees the same request, and the client the same response.
 *
 * The lines are HAProxy's own text on both sides, read here by `rule()` and `acl()`.
 */
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Backend, createBackend, createFrontend, type Frontend } from '@evener/core'
import { type AclContext, acl, any, type Condition, rule } from '@evener/rules'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { type Ask, type RuleGroup, ruleGroups } from './support/rule-cases.ts'

/** Fields of one hop, of the test, and what one of the two adds of itself. */
const ofTheHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'date',
  'case-of',
  'case-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'via',
])

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: Record<string, string[]>
}

interface Fate {
  /** Undefined where no server saw it. */
  readonly seen: Seen | undefined
  readonly status: number | undefined
  readonly headers: Record<string, string[]>
  readonly body: string
}

/** By name, each with its values in their order. */
function fields(raw: readonly string[]): Record<string, string[]> {
  const byName: Record<string, string[]> = {}
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    if (ofTheHop.has(name)) continue
    byName[name] ??= []
    byName[name].push(raw[at + 1] as string)
  }
  return byName
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })
const seen = new Map<string, Seen>()
let asked = 0

function ask(port: number, caseOf: string, { method = 'GET', target, headers = [] }: Ask): Promise<Fate> {
  const id = String(++asked)
  return new Promise((resolve, reject) => {
    const given = ['Host', 'localhost:8080', 'Case-Of', caseOf, 'Case-Id', id, ...headers]
    const sent = httpRequest(
      { host: '127.0.0.1', port, method, path: target, headers: given, agent, timeout: 10_000 },
      response => {
        let body = ''
        response.setEncoding('latin1')
        response.on('data', chunk => {
          body += chunk
        })
        response.on('end', () =>
          resolve({
            seen: seen.get(id),
            status: response.statusCode,
            headers: fields(response.rawHeaders),
            body,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer')))
    sent.end()
  })
}

/** The lists of a group, for us. */
function compiled({ lines }: RuleGroup) {
  const parts = lines.map(line => /^(\S+) (.*)$/.exec(line) as unknown as [string, string, string])
  const acls: Record<string, Condition<never>> = {}
  for (const [, keyword, text] of parts) {
    const [name = '', ...test] = text.split(' ')
    if (keyword !== 'acl') continue
    const one = acl(test.join(' '), 'request') as Condition<never>
    acls[name] = acls[name] === undefined ? one : any(acls[name], one)
  }
  const context: AclContext = { acls }
  const of = <P extends 'request' | 'response' | 'afterResponse'>(keyword: string, place: P) =>
    parts.filter(part => part[1] === keyword).map(part => rule(part[2], place, context))
  return {
    request: of('http-request', 'request'),
    response: of('http-response', 'response'),
    afterResponse: of('http-after-response', 'afterResponse'),
  }
}

describe.skipIf(!haproxyInstalled())(haproxyTitle('rules beside HAProxy'), () => {
  let server: Server
  let haproxy: Haproxy
  let frontend: Frontend
  let port: number
  const backends: Backend[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.set(String(request.headers['case-id']), {
        method: request.method,
        url: request.url,
        headers: fields(request.rawHeaders),
      })
      response.writeHead(200, [
        ...['Content-Type', 'text/plain', 'Server', 'origin', 'X-Res', 'a', 'X-Res', 'b, c'],
        ...['Cache-Control', 'max-age=3600, public', 'Set-Cookie', 'C=1; Path=/', 'Set-Cookie', 'D=2'],
        ...['Content-Length', '2'],
      ])
      response.end('ok')
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    haproxy = await startHaproxy({
      config: own =>
        [
          'global',
          '  expose-experimental-directives',
          'defaults',
          '  mode http',
          '  timeout connect 5s',
          '  timeout client 10s',
          '  timeout server 10s',
          'frontend main',
          `  bind 127.0.0.1:${own}`,
          '  use_backend %[req.hdr(case-of)]',
          ...ruleGroups.flatMap(({ lines }, at) => [
            `backend case${at}`,
            ...lines.map(line => `  ${line}`),
            `  server s1 ${address}`,
          ]),
          '',
        ].join('\n'),
    })
    for (const [at, group] of ruleGroups.entries())
      backends.push(
        createBackend({
          name: `case${at}`,
          servers: [{ id: 's1', address }],
          rules: compiled(group),
        }),
      )
    frontend = createFrontend({
      route: request => backends[Number(request.header('case-of')?.slice(4))] as Backend,
    })
    port = ((await frontend.listen({ port: 0, host: '127.0.0.1' })) as { port: number }).port
  })

  afterAll(async () => {
    agent.destroy()
    await frontend?.close({ drainMs: 0 })
    for (const backend of backends) backend.close()
    await haproxy?.stop()
    server?.close()
    server?.closeAllConnections()
  })

  test('there are enough of them', () => {
    expect(ruleGroups.reduce((count, { asks }) => count + asks.length, 0)).toBeGreaterThan(1000)
  })

  test.each(ruleGroups.map((group, at) => ({ ...group, at, title: group.lines.join(' ⏎ ') })))(
    '$title',
    async group => {
      for (const each of group.asks) {
        const [theirs, ours] = await Promise.all(
          [haproxy.ports[0] as number, port].map(to => ask(to, `case${group.at}`, each)),
        )
        const shown = `${each.method ?? 'GET'} ${each.target} ${each.headers?.join(' ') ?? ''}`
        expect(comparable(ours as Fate, group), shown).toEqual(comparable(theirs as Fate, group))
      }
    },
  )
})

/**
 * What may differ: the page of a denial and what protects it, and blanks in lists, which HAProxy takes out around elements
 * that it replaces and we leave.
 */
function comparable(fate: Fate, { page = false, lines }: RuleGroup): Fate {
  const replaced = lines.some(line => line.includes('replace-value'))
  const unblanked = replaced ? (JSON.parse(JSON.stringify(fate).replaceAll(/ *, */g, ',')) as Fate) : fate
  if (!page || fate.body === 'ok') return unblanked
  const { 'content-type': _, 'cache-control': __, 'x-content-type-options': ___, ...headers } = fate.headers
  return { ...fate, headers, body: '' }
}
