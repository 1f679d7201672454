/**
 * What Evener answers by itself: the right status, in the type that the client asks for, or on the host's own page.
 */
import { answer, reset, stall, VirtualClock } from '@evener/testing'
import { expect, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { world } from './stage.ts'
import type { ContractSubject } from './subject.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** Register the tests. */
export function answers(subject: ContractSubject): void {
  test('400 to a request that is not valid, and the connection ends', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    await one.send('GET / HTTP/1.1\r\nHost: a, b\r\n\r\n')
    const response = await one.readResponse()
    expect(response).toMatchObject({ status: 400, complete: true })
    expect(response.text).toContain('Host')
    expect(await one.closed).toBe('end')
    expect(server.totalRequests).toBe(0)
  })

  test('404 where no backend serves the request', async () => {
    const { client, backend } = await world(subject, {
      route: request => (request.uri === '/' ? 'backend' : undefined),
    })
    const one = await client()
    await one.send(get.replace('/', '/elsewhere'))
    expect(await one.readResponse()).toMatchObject({ status: 404, complete: true })
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
    expect(backend.counters.requests).toBe(1)
  })

  test('500 where the route throws', async () => {
    const route = () => {
      throw new Error('secret')
    }
    const { client } = await world(subject, { route })
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response).toMatchObject({ status: 500, complete: true })
    expect(response.text).not.toContain('secret')
  })

  test.each([true, false])('413 to a body that is larger than allowed; chunked: %s', async chunked => {
    const { client, server } = await world(subject, { door: { maxBodyBytes: 100 } })
    const one = await client()
    const framing = chunked ? 'Transfer-Encoding: chunked' : 'Content-Length: 101'
    await one.send(`POST / HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n\r\n`)
    await one.sendBody({ bytes: 101 }, { chunked })
    expect(await one.readResponse()).toMatchObject({ status: 413, complete: true })
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n')
    await one.sendBody({ bytes: 100 })
    expect((await one.readResponse()).status).toBe(200)
    expect(server.requests.filter(each => each.complete)).toHaveLength(1)
  })

  test('502 where the server cannot be reached, or gives no answer', async () => {
    const { client, server } = await world(subject, { backend: { retries: 0 } })
    server.script([reset('before-head')])
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(502)
    await server.kill()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(502)
  })

  test('503 where no server is up, and the reason is counted', async () => {
    const { client, backend } = await world(subject)
    backend.server('s1')?.maintenance()
    const one = await client()
    await one.send(get)
    expect(await one.readResponse()).toMatchObject({ status: 503, complete: true })
    expect(backend.counters).toMatchObject({ rejected: 1, rejectedBy: { 'no-server': 1 }, responses5xx: 1 })
    backend.server('s1')?.ready()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
  })

  test('503 to a request that waited as long as it may, with its body still to come', async () => {
    const clock = new VirtualClock()
    const { client, server, backend } = await world(subject, {
      clock,
      backend: { timeouts: { queueMs: 7_000 }, whenDown: 'queue' },
    })
    backend.server('s1')?.maintenance()
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n')
    await expect.poll(() => backend.queueLength, { interval: 1 }).toBe(1)
    await clock.advanceAsync(7_000)
    expect((await one.readResponse()).status).toBe(503)
    expect(backend.counters.rejectedBy['queue-timeout']).toBe(1)
    backend.server('s1')?.ready()
    await one.send(`0123456789${get}`)
    expect((await one.readResponse()).status).toBe(200)
    expect(server.totalRequests).toBe(1)
  })

  test('504 where the server is silent', async () => {
    const clock = new VirtualClock()
    const { client, server } = await world(subject, { clock, backend: { timeouts: { responseMs: 5_000 } } })
    server.behave(stall('before-head'))
    const one = await client()
    await one.send(get)
    await server.waitFor('request')
    await clock.advanceAsync(5_000)
    expect((await one.readResponse()).status).toBe(504)
  })

  test.each([
    [undefined, 'text/plain; charset=utf-8'],
    ['*/*', 'text/plain; charset=utf-8'],
    ['text/html,application/xhtml+xml;q=0.9', 'text/html; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['text/html;q=0.5, application/json;q=0.8', 'application/json; charset=utf-8'],
  ])('a client that accepts %s gets %s', async (accept, type) => {
    const { client, backend } = await world(subject)
    backend.server('s1')?.maintenance()
    const one = await client()
    await one.send(accept === undefined ? get : get.replace('\r\n\r\n', `\r\nAccept: ${accept}\r\n\r\n`))
    const response = await one.readResponse()
    expect(response.header('content-type')).toBe(type)
    expect(response.header('cache-control')).toBe('no-store')
    expect(response.text).toContain('503')
    if (type.startsWith('application/json')) expect(JSON.parse(response.text)).toMatchObject({ status: 503 })
  })

  test('HEAD gets the same head and no body', async () => {
    const { client, backend } = await world(subject)
    backend.server('s1')?.maintenance()
    const one = await client()
    await one.send(get.replace('GET', 'HEAD'))
    const response = await one.readResponse({ method: 'HEAD' })
    expect(response).toMatchObject({ status: 503, bodyBytes: 0, complete: true })
    expect(Number(response.header('content-length'))).toBeGreaterThan(0)
    await one.send(get)
    expect((await one.readResponse()).bodyBytes).toBe(Number(response.header('content-length')))
  })

  test('a page of the host stands in: text, another type, or a function of the request', async () => {
    const { client, server, backend } = await world(subject, {
      backend: { retries: 0 },
      door: {
        errorPages: {
          502: '<p>Back soon</p>',
          503: { contentType: 'text/markdown', body: '# Back soon' },
          413: ({ status, request }) => `${status} for ${request?.uri}`,
        },
        maxBodyBytes: 0,
      },
    })
    const one = await client()
    server.behave(reset('before-head'))
    await one.send(get)
    const html = await one.readResponse()
    expect(html).toMatchObject({ status: 502, text: '<p>Back soon</p>' })
    expect(html.header('content-type')).toBe('text/html; charset=utf-8')
    backend.server('s1')?.maintenance()
    await one.send(get)
    const markdown = await one.readResponse()
    expect(markdown).toMatchObject({ status: 503, text: '# Back soon' })
    expect(markdown.header('content-type')).toBe('text/markdown')
    await one.send('POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx')
    expect(await one.readResponse()).toMatchObject({ status: 413, text: '413 for /up' })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['returns nothing', () => undefined as never],
    ['returns no text', () => ({ contentType: 'text/html', body: 7 }) as never],
    ['returns a type that is no header', () => ({ contentType: 'text/html\r\nX-Evil: 1', body: 'page' })],
  ])('a page function that %s does not take the answer with it', async (_how, page) => {
    const { client, backend } = await world(subject, { door: { errorPages: { 503: page } } })
    backend.server('s1')?.maintenance()
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response).toMatchObject({ status: 503, complete: true })
    expect(response.text).toMatch(/^503 Service Unavailable/)
    expect(response.header('x-evil')).toBeUndefined()
    backend.server('s1')?.ready()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
  })

  test('a closed backend refuses with 503', async () => {
    const { client, backend } = await world(subject)
    backend.close()
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(503)
    expect(backend.counters.rejectedBy.closed).toBe(1)
  })

  test('answers count for the backend by their status, and for no server', async () => {
    const other = createBackend({ name: 'other', servers: [], allowEmpty: true })
    const { client, backend, server } = await world(subject, {
      route: request => (request.uri === '/' ? 'backend' : other),
    })
    server.behave(answer({ status: 404 }))
    const one = await client()
    await one.send(get)
    await one.readResponse()
    await one.send(get.replace('/', '/other'))
    await one.readResponse()
    expect(backend.counters).toMatchObject({ responses4xx: 1, responses5xx: 0 })
    expect(backend.server('s1')?.counters).toMatchObject({ responses4xx: 1 })
    expect(other.counters).toMatchObject({ requests: 1, rejected: 1, responses5xx: 1, requestsNow: 0 })
  })
}
