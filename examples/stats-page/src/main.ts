/**
 * The statistics page of an application: who may look, who may drain a server, and where it is.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { get } from 'node:http'
import { hashPassword, listenStats } from '@evener/stats'
import { openShop } from './shop.ts'

/** Open the shop and its page. @param password the one user's, whose name is `operator` */
export async function open(password: string, port = 0) {
  const shop = await openShop()
  const page = await listenStats({
    frontends: shop.frontends,
    backends: shop.backends,
    title: 'Shop',
    users: { operator: await hashPassword(password) },
    actions: true,
    port,
  })
  async function close(): Promise<void> {
    await page.close()
    await shop.close()
  }
  return { shop, page, close }
}

if (import.meta.main) {
  const { shop, page } = await open('evener', Number(process.env.PORT ?? 8404))
  const paths = ['/', '/cart', '/static/logo.svg', '/missing']
  let sent = 0
  setInterval(() => {
    const path = paths[sent++ % paths.length]
    get({ host: '127.0.0.1', port: shop.port, path }, response => response.resume()).on(
      'error',
      () => undefined,
    )
  }, 20)
  console.log(`${page.url}  as operator, with the password evener`)
  console.log(`curl -u operator:evener '${page.url};csv'`)
  console.log(`curl -u operator:evener '${page.url}metrics'`)
}
