/**
 * Are a proxy's answers right? Asked before a row is measured and after it: what is fast and wrong is not measured.
 *
 * Looks at the status and the bytes of the very answer that the row asks for, that both servers are used, that the
 * server sees the client's address, that an upload arrives whole, that a cookie is set by whom it is claimed, and that TLS
 * is what all are to speak.
 */
import { bodies, sha256, uploadBody } from '../origin/bodies.ts'
import type { Echo } from '../origin/echo.ts'
import type { Row } from '../row.ts'
import { type Subject, speaksTls } from '../subjects/subject.ts'
import { cipherSuite } from '../subjects/tls.ts'
import { askOnce, clientFor } from './client.ts'
import type { Answer, Client } from './contract.ts'

/** Enough that a proxy which chooses by chance uses both servers: all on one side is 1 in 2^31. */
const requests = 32

/** @throws an Error that says what is wrong */
export async function verify(port: number, subject: Subject, row: Row): Promise<void> {
  const client = clientFor(row.mode, port)
  try {
    if (row.path !== '/upload') await verifyBody(client, subject, row)
    if (row.mode === 'tcp') await verifySpread(port)
    else if (subject.proxies) await verifyForwarding(client, row)
    if (subject.proxies && row.path === '/upload') await verifyUpload(client)
  } finally {
    client.close()
  }
}

async function verifyBody(client: Client, subject: Subject, row: Row): Promise<void> {
  const expected = bodies[row.path as keyof typeof bodies]
  const headers = { ...(row.close && { Connection: 'close' }) }
  const answer = await client.ask({ path: row.path, headers })
  expectStatus(answer, row.path)
  if (speaksTls(row.mode) && answer.tls !== `TLSv1.3 ${cipherSuite}`) {
    throw new Error(`${answer.tls} was spoken instead of TLSv1.3 ${cipherSuite}`)
  }
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

async function verifyForwarding(client: Client, row: Row): Promise<void> {
  const servers = new Set<string>()
  for (let i = 0; i < requests; i++) {
    const headers = { ...(row.close && { Connection: 'close' }) }
    const seen = echoOf(await client.ask({ path: '/echo', headers }))
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
  for (let i = 0; i < requests; i++) {
    servers.add(echoOf(await askOnce('tcp', port, { path: '/echo' })).server)
  }
  if (servers.size !== 2)
    throw new Error(`${requests} connections went to ${servers.size} servers instead of 2`)
}

async function verifyUpload(client: Client): Promise<void> {
  const body = uploadBody()
  const seen = echoOf(await client.ask({ path: '/echo', method: 'POST', body }))
  if (seen.method !== 'POST' || seen.bodyBytes !== body.length || seen.bodySha256 !== sha256(body)) {
    throw new Error(
      `an upload of ${body.length} bytes arrived as ${seen.method} with ${seen.bodyBytes} bytes`,
    )
  }
  expectStatus(await client.ask({ path: '/upload', method: 'POST', body }), '/upload')
}

function echoOf(answer: Answer): Echo {
  expectStatus(answer, '/echo')
  return JSON.parse(answer.body.toString()) as Echo
}

function expectStatus({ status }: Answer, path: string): void {
  if (status !== 200) throw new Error(`${path}: status ${status} instead of 200`)
}
