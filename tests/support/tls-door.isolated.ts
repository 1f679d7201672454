/**
 * A frontend with TLS, HTTP/2 and PROXY headers from 127.0.0.2, and low limits on handshakes, in a process of its own.
 */
import { createFrontend } from '@evener/core'
import { runIsolated } from '@evener/core/contract'
import { testCertificate } from '@evener/testing'

await runIsolated({
  name: 'a frontend with TLS',
  async serve(route) {
    const frontend = createFrontend({
      route,
      tls: { certificates: testCertificate, maxHandshakes: 100, handshakeTimeoutMs: 1_000 },
      timeouts: { httpRequestMs: 2_000 },
    })
    const { port } = await frontend.listen({
      port: 0,
      host: '0.0.0.0',
      acceptProxy: { trust: ['127.0.0.2'], others: 'direct', timeoutMs: 1_000 },
    })
    return {
      port: port as number,
      active: () => frontend.active,
      drain: drainMs => frontend.close({ drainMs }),
      close: () => frontend.close({ drainMs: 0 }),
    }
  },
})
