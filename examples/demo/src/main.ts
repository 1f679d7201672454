/**
 * The main job, narrated: alternation, static paths, a server killed under traffic and revived.
 *
 * `pnpm demo` stays up with the URLs to try; `pnpm demo --once` ends by itself, with exit code 1 if anything was not as
 * it should be.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Backend, Server } from '@evener/core'
import { listenStats } from '@evener/stats'
import { NamedServer } from './named-server.ts'
import { createProxy } from './proxy.ts'
import { Traffic } from './traffic.ts'

const onceOnly = process.argv.includes('--once')
const minimum = 2_000
const began = performance.now()
const complaints: string[] = []

function say(line: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`)
}

/** Say a fact, and remember it if it is not one. */
function check(fact: boolean, line: string): void {
  say(`${fact ? '✓' : '✗'} ${line}`)
  if (!fact) complaints.push(line)
}

/** Wait until a server of the backend is found up or down; give up after a while. */
async function found(backend: Backend, state: 'up' | 'down', id: string): Promise<boolean> {
  const server = backend.server(id) as Server
  const signal = AbortSignal.timeout(20_000)
  while (server.health !== state && !signal.aborted) {
    await once(backend as unknown as EventTarget, state, { signal }).catch(() => undefined)
  }
  return server.health === state
}

const app1 = new NamedServer('app1')
const app2 = new NamedServer('app2')
const statics = new NamedServer('static')
await Promise.all([app1.start(), app2.start(), statics.start()])
const proxy = createProxy({ static: statics.address, app1: app1.address, app2: app2.address })

async function listen(port: number): Promise<boolean> {
  proxy.server.listen(port)
  return await Promise.race([
    once(proxy.server, 'listening').then(() => true),
    once(proxy.server, 'error').then(() => false),
  ])
}
if (!(await listen(8080))) await listen(0)
const { port } = proxy.server.address() as AddressInfo
const statistics = { frontends: { main: proxy.handler }, backends: [proxy.statics, proxy.app], title: 'Demo' }
const page = await listenStats({ ...statistics, port: 8404 }).catch(() => listenStats(statistics))

say(
  `proxy on http://localhost:${port}; app1 ${app1.address}, app2 ${app2.address}, static ${statics.address}`,
)
say(`statistics on ${page.url}`)
for (const backend of [proxy.app, proxy.statics]) {
  backend.on('down', server =>
    say(`  ${server.id} found down: ${server.lastCheck?.code} ${server.lastCheck?.message}`),
  )
  backend.on('up', server => say(`  ${server.id} found up: ${server.lastCheck?.code}`))
}

const traffic = new Traffic(port, ['/', '/about', '/Static/logo', '/search?q=evener', '/img/Photo.JPG'])

const turns: string[] = []
for (let i = 0; i < 6; i++) turns.push((await traffic.send('/')).by)
const alternates = turns.every((by, i) => by === turns[i % 2]) && turns[0] !== turns[1]
check(alternates, `six requests for / take turns: ${turns.join(' ')}`)

for (const path of ['/static/logo', '/IMAGES/cat', '/app.CSS', '/a/b/photo.Jpg?size=2']) {
  const { by } = await traffic.send(path)
  check(by === 'static', `${path} goes to ${by}`)
}

say('20 clients send without pause')
traffic.start(20)
await reach(traffic.sent + 600)
say(`app1 is killed, with ${proxy.handler.active} requests under way`)
await app1.kill()
check(await found(proxy.app, 'down', 'app1'), 'app1 is found down')
const whileDown = app1.served
await reach(traffic.sent + 600)
check(app1.served === whileDown, 'app2 serves alone, and nobody waits for app1')

say('app1 comes back')
await app1.start()
check(await found(proxy.app, 'up', 'app1'), 'app1 is found up')
const [before1, before2] = [app1.served, app2.served]
await reach(Math.max(minimum, traffic.sent + 600))
await traffic.stop()
const [share1, share2] = [app1.served - before1, app2.served - before2]
check(
  Math.abs(share1 - share2) <= 0.1 * (share1 + share2),
  `app1 and app2 share again: ${share1} and ${share2}`,
)

for (const [reason, count] of traffic.failures) say(`  failed: ${count} × ${reason}`)
const { counters } = proxy.app
say(`  app: ${counters.retries} retries, ${counters.redispatches} moved to the other server`)
check(traffic.sent >= minimum, `at least ${minimum} requests were sent`)
check(traffic.answeredInAll === traffic.sent, 'every request was answered')
say(`requests: ${traffic.sent} sent, ${traffic.answeredInAll} answered, ${traffic.failed} failed`)

if (onceOnly) await end()
else {
  console.log(`\nIt stays up. Try, and try again:
  curl -i http://localhost:${port}/
  curl -i http://localhost:${port}/static/logo.png
and watch it on ${page.url}
Ctrl-C ends it.`)
  process.once('SIGINT', () => void end())
  process.once('SIGTERM', () => void end())
}

/** Wait until this many requests have been sent. */
async function reach(count: number): Promise<void> {
  while (traffic.sent < count) await new Promise(resolve => setTimeout(resolve, 20))
}

async function end(): Promise<void> {
  await page.close()
  proxy.server.close()
  proxy.server.closeIdleConnections()
  await proxy.handler.close({ drainMs: 5_000 })
  proxy.server.closeAllConnections()
  proxy.app.close()
  proxy.statics.close()
  await Promise.all([app1.kill(), app2.kill(), statics.kill()])
  if (complaints.length > 0)
    console.error(`\nNot as it should be:\n${complaints.map(line => `  - ${line}`).join('\n')}`)
  process.exitCode = complaints.length > 0 ? 1 : 0
}
