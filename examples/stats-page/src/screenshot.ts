/** `npx pnpm@12 screenshot`: the picture of the page for its README, in a real Chromium, with some traffic behind it. */
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { open } from './main.ts'

const picture = fileURLToPath(new URL('../../../packages/stats/page.png', import.meta.url))
const { shop, page, close } = await open('evener')
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const tab = await browser.newPage({
  httpCredentials: { username: 'operator', password: 'evener' },
  viewport: { width: 1440, height: 860 },
  colorScheme: 'light',
})
await tab.goto(page.url)
await tab.getByText('Live.').waitFor()
// Fifteen seconds of traffic, which comes and goes, for the curves.
for (const until = Date.now() + 15_000; Date.now() < until; ) {
  const some = 1 + Math.round(8 * (1 + Math.sin(Date.now() / 1_500)))
  const paths = Array.from({ length: some }, (_, i) => ['/', '/cart', '/static/logo.svg', '/missing'][i % 4])
  await Promise.all(paths.map(async path => (await fetch(`http://127.0.0.1:${shop.port}${path}`)).text()))
}
await tab.screenshot({ path: picture })
await browser.close()
await close()
console.log(picture)
