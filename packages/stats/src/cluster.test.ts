import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expectEventually, get } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { hashPassword } from './password.ts'
import { basic } from './test-support.ts'

const fixture = fileURLToPath(new URL('./cluster.isolated.ts', import.meta.url))

interface Told {
  readonly running?: number
  readonly port?: number
  readonly url?: string
  readonly admin?: string
}

test('whichever worker is asked, the numbers are those of all, and what is done is done in all', async () => {
  const child = fork(fixture, ['2', await hashPassword('secret')], {
    execArgv: ['--conditions=@evener/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const told: Told[] = []
  child.on('message', message => told.push(message as Told))
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await expectEventually(() => expect(told.some(({ running }) => running === 2)).toBe(true), {
    timeoutMs: 20_000,
  })
  // Workers share their ports: the system, or the primary, gives each connection to one of them.
  const { port = 0, url = '' } = told.find(each => each.url !== undefined) as Told
  const headers = { authorization: basic('operator', 'secret') }
  for (let i = 0; i < 10; i++) await get(port)

  for (let i = 0; i < 4; i++) {
    const csv = await (await fetch(`${url};csv`, { headers: { ...headers, connection: 'close' } })).text()
    const columns = (name: string) =>
      csv
        .split('\n')
        .find(line => line.startsWith(name))
        ?.split(',') ?? []
    expect([columns('main,FRONTEND')[7], columns('app,s1')[7], columns('app,BACKEND')[39 + 1]]).toEqual([
      '10',
      '10',
      '10',
    ])
  }
  const metrics = await (await fetch(`${url}metrics`, { headers })).text()
  expect(metrics).toContain('haproxy_process_nbproc 2')
  expect(metrics).toContain('evener_backend_total_time_seconds_count{proxy="app"} 10')

  const token =
    /evener-token" content="([^"]+)"/.exec(await (await fetch(url, { headers })).text())?.[1] ?? ''
  const response = await fetch(`${url};action`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'x-evener-token': token },
    body: JSON.stringify({ backend: 'app', server: 's1', action: 'drain' }),
  })
  expect(response.status).toBe(204)
  child.send('admin')
  await expectEventually(() => {
    expect(told.filter(({ admin }) => admin !== undefined).map(({ admin }) => admin)).toEqual([
      'drain',
      'drain',
    ])
  })
})
