import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from '@evener/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGateway } from '../src/main.ts'
import { sessionServer } from '../src/session-server.ts'

const secret = 'a secret of at least sixteen bytes'
let apps: Map<string, Server>
let gateway: ReturnType<typeof createGateway>

async function portOf(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

beforeEach(async () => {
  apps = new Map(['app1', 'app2'].map(id => [id, sessionServer(id)]))
  const servers = []
  for (const [id, app] of apps) servers.push({ id, address: `127.0.0.1:${await portOf(app)}` })
  gateway = createGateway(servers, secret, 20)
  await portOf(gateway.server)
})

afterEach(async () => {
  await gateway.close()
  for (const id of apps.keys()) kill(id)
})

function kill(id: string): void {
  apps.get(id)?.close()
  apps.get(id)?.closeAllConnections()
}

/** A browser: it keeps the cookies that it gets, and sends them back. */
class Browser {
  readonly cookies = new Map<string, string>()

  async ask(method: string, target: string): Promise<string> {
    const cookies = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { port } = gateway.server.address() as AddressInfo
    const headers: Record<string, string> = cookies === '' ? {} : { Cookie: cookies }
    const response = await request(port, { method, target, headers })
    for (const [name, value] of response.headers) {
      if (name.toLowerCase() !== 'set-cookie') continue
      const [, key = '', content = ''] = /^([^=]+)=([^;]*)/.exec(value) ?? []
      this.cookies.set(key, content)
    }
    return response.text.trim()
  }
}

test('who logs in on a server stays there, whoever else comes', async () => {
  const [ada, ben] = [new Browser(), new Browser()]
  const [adas] = (await ada.ask('POST', '/login?user=Ada')).split(':')
  const [bens] = (await ben.ask('POST', '/login?user=Ben')).split(':')
  expect(adas).not.toBe(bens)
  for (let visit = 1; visit <= 3; visit++) {
    expect(await ada.ask('GET', '/')).toBe(`${adas}: hello Ada, visit ${visit}`)
    expect(await ben.ask('GET', '/')).toBe(`${bens}: hello Ben, visit ${visit}`)
  }
})

test('when the server dies its clients move to another one, and stay there', async () => {
  const ada = new Browser()
  const [before = ''] = (await ada.ask('POST', '/login?user=Ada')).split(':')
  const down = new Promise(resolve => gateway.backend.once('down', resolve))
  kill(before)
  await down

  const after = before === 'app1' ? 'app2' : 'app1'
  // The session was in the memory of the server that died.
  expect(await ada.ask('GET', '/')).toBe(`${after}: please log in`)
  expect(await ada.ask('POST', '/login?user=Ada')).toBe(`${after}: logged in`)
  expect(await ada.ask('GET', '/')).toBe(`${after}: hello Ada, visit 1`)
})

test('a cookie that a client made up chooses no server', async () => {
  const stranger = new Browser()
  stranger.cookies.set('SERVER', 'app2')
  expect(await stranger.ask('GET', '/')).toBe('app1: please log in')
  expect(gateway.backend.counters.sticky).toBe(0)
})
