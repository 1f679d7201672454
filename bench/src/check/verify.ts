/**
 * Are a proxy's answers right? Asked before a row is measured and after it: what is fast and wrong is not measured.
 *
 * Looks at the status and the bytes of the very answer that the row asks for, that both servers are used, that the
 * server sees the client's address, that an upload arrives whole, and that a cookie is set by whom it is claimed.
 */
import { Agent } from 'node:http'
import { bodies, sha256, uploadBody } from '../origin/bodies.ts'
import type { Echo } from '../origin/echo.ts'
import type { Row } from '../row.ts'
import type { Subject } from '../subjects/subject.ts'
import { type Answer, fetchAnswer } from './client.ts'

/** Enough that a proxy which chooses by chance uses both servers: all on one side is 1 in 2^31. */
const requests = 32

/** @throws an Error that says what is wrong */
export async function verify(port: number, subject: Subject, row: Row): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    if (row.path !== '/upload') await verifyBody(port, subject, row, agent)
    if (row.mode === 'tcp') await verifySpread(port)
    else if (subject.proxies) await verifyForwarding(port, row, agent)
    if (subject.proxies && row.path === '/upload') await verifyUpload(port, agent)
  } finally {
    agent.destroy()
  }
}

async function verifyBody(port: number, subject: Subject, row: Row, agent: Agent): Promise<void> {
  const expected = bodies[row.path as keyof typeof bodies]
  const headers = { ...(row.close && { Connection: 'close' }) }
  const answer = await fetchAnswer({ port, path: row.path, headers, agent })
  expectStatus(answer, row.path)
  if (answer.body.length !== expected.length) {
    throw new Error(`${row.path}: ${answer.body.length} bytes came instead of ${expected.length}`)
  }
  if (sha256(answer.body) !== sha256(expected))
    throw new Error(`${row.path}: other bytes came than were sent`)
  if (row.close && answer.headers.connection?.toLowerCase() !== 'close') {
    throw new Error('a request with Connection: close was not answered with it')
  }
  if (subject.sticky && row.mode !== 'tcp' && answer.headers['set-cookie'] === undefined) {
    throw new Error('no cookie was set for a client without one')
  }
}

async function verifyForwarding(port: number, row: Row, agent: Agent): Promise<void> {
  const servers = new Set<string>()
  for (let i = 0; i < requests; i++) {
    const headers = { ...(row.close && { Connection: 'close' }) }
    const seen = echoOf(await fetchAnswer({ port, path: '/echo', headers, agent }))
    if (seen.forwardedFor !== '127.0.0.1') {
      throw new Error(`the server saw X-Forwarded-For "${seen.forwardedFor}" instead of "127.0.0.1"`)
    }
    servers.add(seen.server)
  }
  if (servers.size !== 2) throw new Error(`${requests} requests went to ${servers.size} servers instead of 2`)
}

/** At layer 4 nothing is written into requests, and it is connections that are spread. */
async function verifySpread(port: number): Promise<void> {
  const servers = new Set<string>()
  for (let i = 0; i < requests; i++) servers.add(echoOf(await fetchAnswer({ port, path: '/echo' })).server)
  if (servers.size !== 2)
    throw new Error(`${requests} connections went to ${servers.size} servers instead of 2`)
}

async function verifyUpload(port: number, agent: Agent): Promise<void> {
  const body = uploadBody()
  const seen = echoOf(await fetchAnswer({ port, path: '/echo', method: 'POST', body, agent }))
  if (seen.method !== 'POST' || seen.bodyBytes !== body.length || seen.bodySha256 !== sha256(body)) {
    throw new Error(
      `an upload of ${body.length} bytes arrived as ${seen.method} with ${seen.bodyBytes} bytes`,
    )
  }
  expectStatus(await fetchAnswer({ port, path: '/upload', method: 'POST', body, agent }), '/upload')
}

function echoOf(answer: Answer): Echo {
  expectStatus(answer, '/echo')
  return JSON.parse(answer.body.toString()) as Echo
}

function expectStatus({ status }: Answer, path: string): void {
  if (status !== 200) throw new Error(`${path}: status ${status} instead of 200`)
}
