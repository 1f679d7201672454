/**
 * A gateway whose rules say who is let in, who is sent elsewhere, what the servers see, and which of them it is.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, createFrontend, type FrontendRules } from '@evener/core'
import { patternList } from '@evener/rules'
import { testCertificate } from '@evener/testing'
import { haproxyRules } from './haproxy-rules.ts'
import { type Site, siteRules } from './rules.ts'

/** Where the servers are. */
export interface Addresses {
  readonly web: string
  readonly api: string
  readonly images: string
}

/** @param rules as functions ({@link siteRules}), or as HAProxy writes them ({@link haproxyRules}) */
export function createGateway(addresses: Addresses, rules: (site: Site) => FrontendRules) {
  const backend = (name: 'web' | 'api' | 'images') =>
    createBackend({ name, servers: [{ id: `${name}1`, address: addresses[name] }] })
  const [web, api, images] = [backend('web'), backend('api'), backend('images')]
  const blocked = patternList({ name: 'blocked', entries: ['192.0.2.0/24', '2001:db8::/32'] })
  const frontend = createFrontend({
    route: web,
    rules: rules({ api, images, blocked }),
    // A certificate to try it with: yours come from a folder.
    tls: { certificates: testCertificate },
  })
  async function close(): Promise<void> {
    await frontend.close({ drainMs: 0 })
    for (const each of [web, api, images]) each.close()
  }
  return { frontend, blocked, close }
}

if (import.meta.main) {
  const started = async (name: string) => {
    const server = createServer((req, res) => res.end(`${name}: ${req.method} ${req.url}\n`))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const addresses = { web: await started('web'), api: await started('api'), images: await started('images') }
  const { frontend } = createGateway(addresses, process.argv.includes('--haproxy') ? haproxyRules : siteRules)
  const https = await frontend.listen({ port: Number(process.env.PORT ?? 8443) })
  const http = await frontend.listen({ port: Number(process.env.HTTP_PORT ?? 8080), tls: false })
  console.log(`curl -i  -H 'Host: www.example.test' http://localhost:${http.port}/
curl -ik -H 'Host: example.test'     https://localhost:${https.port}/about
curl -ik -H 'Host: www.example.test' https://localhost:${https.port}/blog/2024/horses?page=2
curl -ik -H 'Host: www.example.test' https://localhost:${https.port}/product/12
curl -ik -H 'Host: www.example.test' https://localhost:${https.port}/v1/orders
curl -ik -H 'Host: www.example.test' https://localhost:${https.port}/Logo.PNG`)
}
