import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { LiveFeed } from './live-feed.ts'
import { pageFields } from './page-fields.ts'
import { visitRows } from './snapshot.ts'
import type { Statistics } from './statistics.ts'
import { backendOf, serve } from './test-support.ts'

interface Told {
  readonly event: string
  readonly data: {
    rows: unknown[][]
    fields?: string[]
    history?: Record<string, number[]>
    info: { Pid: number }
  }
}

/** A feed of two servers, and who watches it. */
async function world(intervalMs = 60_000) {
  const { backend, clock } = backendOf()
  const sources = { doors: new Map(), backends: [backend] }
  const feed = new LiveFeed({ visit: (detail, visit) => visitRows(sources, detail, visit) }, intervalMs)
  const responses: ServerResponse[] = []
  const server = createServer((_, response) => {
    responses.push(response)
    feed.watch(response.writeHead(200, { 'Content-Type': 'text/event-stream' }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    feed.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const watch = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`)
    const reader = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream())
      .getReader()
    let text = ''
    return async (): Promise<Told> => {
      while (!text.includes('\n\n')) text += (await reader.read()).value ?? '\n\n'
      const end = text.indexOf('\n\n')
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
      text = text.slice(end + 2)
      return { event, data: JSON.parse(data) }
    }
  }
  return { backend, clock, feed, watch, port, responses }
}

test('a watcher gets all lines, and then what has changed', async () => {
  const { backend, clock, feed, watch } = await world()
  const next = await watch()
  const all = await next()
  expect(all.event).toBe('all')
  expect(all.data.fields).toEqual(pageFields)
  expect(all.data.rows.map(([px, sv]) => `${px}/${sv}`)).toEqual(['app/s1', 'app/s2', 'app/BACKEND'])
  serve(backend, clock, 1, 5)
  feed.refresh()
  const { event, data } = await next()
  expect([event, data.rows.map(([row]) => row)]).toEqual(['delta', [0, 2]])
  expect(data.info.Pid).toBe(process.pid)
})

test('all who watch are told the same, and one who comes later begins with all', async () => {
  const { backend, feed, watch } = await world()
  const first = await watch()
  await first()
  const second = await watch()
  expect((await second()).event).toBe('all')
  backend.server('s1')?.drain()
  feed.refresh()
  // The first has had one without a change, when the second came.
  expect((await first()).data.rows).toEqual([])
  expect((await first()).data).toEqual((await second()).data)
  expect(feed.watching).toBe(2)
})

test('a server more is told by sending all again', async () => {
  const { backend, feed, watch } = await world()
  const next = await watch()
  await next()
  backend.addServer({ id: 's3', address: '127.0.0.1:9009' })
  feed.refresh()
  const { event, data } = await next()
  expect([event, data.rows.length]).toEqual(['all', 4])
})

test('it is told without being asked, at its pace', async () => {
  const { watch } = await world(5)
  const next = await watch()
  await next()
  expect((await next()).event).toBe('delta')
  expect((await next()).event).toBe('delta')
})

test('who does not read costs no memory, misses what passes, and gets all again', async () => {
  const { feed, port, responses, backend } = await world()
  const client = connect(port, '127.0.0.1').setEncoding('utf8').pause()
  onTestFinished(() => void client.destroy())
  let received = ''
  client.on('data', text => {
    received += text
  })
  client.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => feed.watching).toBe(1)
  const [response] = responses as [ServerResponse]
  // As if what it has not read were much.
  response.socket?.cork()
  response.write(`: ${'x'.repeat(100_000)}\n\n`)
  expect(response.writableNeedDrain).toBe(true)
  const held = response.writableLength
  for (let i = 0; i < 20; i++) {
    if (i % 2) backend.server('s1')?.drain()
    else backend.server('s1')?.ready()
    feed.refresh()
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(response.writableLength).toBe(held)
  response.socket?.uncork()
  client.resume()
  await expect.poll(() => response.writableNeedDrain).toBe(false)
  feed.refresh()
  await expect.poll(() => received.split('event: all').length).toBe(3)
})

test('a tick that fails harms nobody, and the next one tells everything', async () => {
  const { backend } = backendOf()
  let fails = true
  const lines = {
    visit: async (...[detail, visit]: Parameters<Statistics['visit']>) => {
      const info = await visitRows({ doors: new Map(), backends: [backend] }, detail, visit)
      if (fails) throw new Error('a clock that throws')
      return info
    },
  }
  const feed = new LiveFeed(lines, 60_000)
  const server = createServer((_, response) => feed.watch(response.writeHead(200))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    feed.close()
    server.closeAllConnections()
    server.close()
  })
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  fails = false
  feed.refresh()
  const { value } = (await response.body?.getReader().read()) ?? {}
  expect(new TextDecoder().decode(value)).toMatch(/^event: all\n/)
})

test('a feed that is closed ends all who watch, and takes nobody more', async () => {
  const { feed, watch, port } = await world()
  const next = await watch()
  await next()
  feed.close()
  expect(feed.watching).toBe(0)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('')
})
