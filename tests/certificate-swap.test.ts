/**
 * A thousand certificates in a folder, all of them replaced again and again while clients shake hands: none fails, each is
 * shown a certificate of its name that was in service, and connections that stand are not touched.
 */
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createSecureContext } from 'node:tls'
import { createFrontend } from '@evener/core'
import { expectEventually, fakeServer, rawClient } from '@evener/testing'
import { Authority } from '@evener/tls/testing'
import { expect, test } from 'vitest'
import { afterwards, backendOf } from './support/hosting.ts'

const names = Array.from({ length: 1_000 }, (_, i) => `n${i}.swap.test`)
const swaps = 2
const plain = (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase()

test('certificates are swapped under load without a failed handshake', {
  timeout: 60_000,
}, async () => {
  const authority = new Authority()
  const folder = mkdtempSync(join(tmpdir(), 'evener-swap-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  /** By name, the digests of all certificates that it ever had. */
  const issued = new Map<string, string[]>(names.map(name => [name, []]))
  const issueAll = () =>
    names.map(name => {
      const { cert, key, x509 } = authority.issue({ names: [name] })
      issued.get(name)?.push(plain(x509.fingerprint256))
      return { file: join(folder, `${name}.pem`), pem: cert + key }
    })
  for (const { file, pem } of issueAll()) writeFileSync(file, pem)

  const server = await fakeServer()
  afterwards(() => server.close())
  const frontend = createFrontend({
    route: backendOf(server),
    tls: { certificates: folder, watch: { debounceMs: 100 } },
    // The connection that stands says nothing while a thousand certificates are made.
    timeouts: { httpKeepAliveMs: Number.POSITIVE_INFINITY },
  })
  afterwards(() => frontend.close({ drainMs: 0 }))
  const failures: string[] = []
  frontend.tls?.on('handshake-failed', ({ reason, code }) => failures.push(`${reason} ${code}`))
  frontend.tls?.on('reload-failed', ({ reason }) => failures.push(`reload ${reason}`))
  const { port } = (await frontend.listen({ port: 0, host: '127.0.0.1' })) as { port: number }

  const secureContext = createSecureContext({ ca: authority.cert })
  let shaken = 0
  const shake = async (name: string): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', servername: name, secureContext })
    await once(socket, 'secureConnect')
    const digest = plain(socket.getPeerCertificate().fingerprint256)
    // One that is destroyed at once would not have said its last word of the handshake.
    socket.resume().end()
    await once(socket, 'close').catch(error => failures.push(`after the handshake: ${error.message}`))
    if (issued.get(name)?.includes(digest) !== true) failures.push(`${name} shows ${digest}`)
    shaken++
    return digest
  }
  const nameOf = (index: number) => names[(index * 383) % names.length] as string

  const standing = await rawClient({ port, tls: { secureContext, servername: nameOf(0) } })
  afterwards(() => standing.destroy())
  const stands = async () => {
    await standing.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect((await standing.readResponse()).status).toBe(200)
  }
  let over = false
  const clients = (async () => {
    const under = new Set<Promise<unknown>>()
    for (let i = 0; !over; i++) {
      const one: Promise<unknown> = shake(nameOf(i))
        .catch((error: Error) => failures.push(`client: ${error.message}`))
        .finally(() => under.delete(one))
      under.add(one)
      if (under.size >= 4) await Promise.race(under)
    }
    await Promise.all(under)
  })()

  await stands()
  for (let swap = 0; swap < swaps; swap++) {
    const files = issueAll()
    const reloaded = new Promise<void>(resolve => {
      const listener = (): void => {
        const shown = frontend.tls?.certificates() ?? []
        if (shown.length !== names.length) failures.push(`${shown.length} certificates`)
        const newest = new Set([...issued.values()].map(each => each.at(-1)))
        if (!shown.every(each => newest.has(each.fingerprint256))) return
        frontend.tls?.off('reloaded', listener)
        resolve()
      }
      frontend.tls?.on('reloaded', listener)
    })
    for (const [i, { file, pem }] of files.entries()) {
      // As those do it who want files to be whole at any time.
      writeFileSync(`${folder}/.next`, pem)
      renameSync(`${folder}/.next`, file)
      if (i % 20 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await reloaded
    await stands()
    // Whoever comes now is shown the new one.
    const name = nameOf(swap)
    expect(await shake(name)).toBe(issued.get(name)?.at(-1))
  }
  await expectEventually(() => shaken >= 600, { timeoutMs: 30_000 })
  over = true
  await clients
  expect(failures).toEqual([])
})
