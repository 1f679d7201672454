import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { type HealthChange, HealthMonitor, httpCheck, type Target, tcpCheck } from './index.ts'
import { allClosed, listen, targetOf } from './test-support.ts'

/** A monitor in real time, and a way to wait for its next change. */
function watching(checker = tcpCheck()) {
  const monitor = new HealthMonitor({ checker, intervalMs: 5, timeoutMs: 10_000 })
  onTestFinished(() => monitor.stop())
  const nextChange = () =>
    new Promise<HealthChange>(resolve => monitor.once('change', (_: Target, change) => resolve(change)))
  return { monitor, nextChange }
}

it('a server that goes is found down, and up again when it is back', async () => {
  const server = await listen(createServer())
  const target = targetOf(server)
  const { monitor, nextChange } = watching()
  monitor.add(target).start()
  const goingDown = nextChange()
  await allClosed(server)
  expect(await goingDown).toMatchObject({ state: 'down', result: { code: 'L4CON' } })
  const comingUp = nextChange()
  const again = await listen(createServer(), { port: target.port })
  expect(await comingUp).toMatchObject({ state: 'up', result: { code: 'L4OK' }, consecutive: 2 })
  monitor.stop()
  await allClosed(again)
})

it('a server that says it is not well is found down, though it listens', async () => {
  let status = 200
  const server = await listen(createServer((_, response) => response.writeHead(status).end()))
  const { monitor, nextChange } = watching(httpCheck({ path: '/health' }))
  monitor.add(targetOf(server)).start()
  await once(server, 'request')
  status = 503
  expect(await nextChange()).toMatchObject({
    state: 'down',
    result: { code: 'L7STS', message: '503 Service Unavailable' },
  })
})

it('a check under way when the monitor stops leaves no socket', async () => {
  const server = await listen(createServer())
  const { monitor } = watching(httpCheck())
  monitor.add(targetOf(server)).start()
  await once(server, 'request')
  monitor.stop()
  await allClosed(server)
  expect(monitor.status('app')).toMatchObject({ checking: false, lastResult: undefined })
})
