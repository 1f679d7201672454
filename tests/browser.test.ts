/** A browser: Chromium loads a page over HTTP/2, and speaks WebSocket through the same frontend. */
import { createServer } from 'node:http'
import { type ClientRequest, createBackend, createFrontend } from '@evener/core'
import { testCertificate } from '@evener/testing'
import { expect } from 'vitest'
import { WebSocketServer } from 'ws'
import { browser, withChromium } from './support/chromium.ts'
import { afterwards, portOf } from './support/hosting.ts'

const page = `<!doctype html>
<title>Evener</title>
<link rel="icon" href="data:,">
<script>
  const socket = new WebSocket(location.origin.replace('https', 'wss') + '/socket', ['other', 'chat'])
  const asked = 'hello \\u{1f600} '.repeat(20000)
  window.echoed = new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(asked)
    socket.onmessage = event => resolve(event.data === asked)
    socket.onerror = () => reject(new Error('the WebSocket failed'))
  })
  window.ended = new Promise(resolve => {
    socket.onclose = event => resolve({ code: event.code, wasClean: event.wasClean })
  })
  window.socket = socket
</script>`

/** A server with a page, and a WebSocket on it that says everything back. */
async function site() {
  const server = createServer((_req, res) => {
    res.setHeader('Content-Type', 'text/html; charset=utf-8')
    res.end(page)
  })
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: true,
    handleProtocols: protocols => (protocols.has('chat') ? 'chat' : false),
  })
  const origins: (string | undefined)[] = []
  sockets.on('connection', (socket, request) => {
    origins.push(request.headers.origin)
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  afterwards(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  })
  const backend = createBackend({
    name: 'site',
    servers: [{ id: 's1', address: `127.0.0.1:${await portOf(server)}` }],
  })
  afterwards(() => backend.close())
  const requests: ClientRequest[] = []
  const route = (request: ClientRequest) => {
    requests.push(request)
    return backend
  }
  const frontend = createFrontend({ route, tls: { certificates: testCertificate } })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  afterwards(() => frontend.close({ drainMs: 0 }))
  return { backend, frontend, origins, requests, url: `https://localhost:${port}/` }
}

withChromium('a page over HTTP/2, and a WebSocket beside it on the same connection', async () => {
  const { backend, frontend, origins, requests, url } = await site()
  const context = await (await browser()).newContext({ ignoreHTTPSErrors: true })
  const tab = await context.newPage()
  const response = await tab.goto(url)
  expect(response?.status()).toBe(200)
  const protocol = await tab.evaluate(
    "performance.getEntriesByType('navigation').map(entry => entry.nextHopProtocol)[0]",
  )
  expect(protocol).toBe('h2')
  expect(await tab.evaluate('echoed')).toBe(true)
  expect(await tab.evaluate('[socket.protocol, socket.extensions.split(";")[0]]')).toEqual([
    'chat',
    'permessage-deflate',
  ])
  expect(origins).toEqual([url.slice(0, -1)])
  expect(backend.counters.requestsNow).toBe(1)
  // RFC 8441: the WebSocket is a stream of the connection that the page came by.
  expect(requests.map(({ uri, upgrade }) => [uri, upgrade])).toEqual([
    ['/', undefined],
    ['/socket', 'websocket'],
  ])
  expect(requests[0]?.connection?.tls?.alpn).toBe('h2')
  expect(requests[1]?.connection).toBe(requests[0]?.connection)

  const closed = frontend.close({ drainMs: 500 })
  expect(await tab.evaluate('ended')).toEqual({ code: 1001, wasClean: true })
  await closed
})
