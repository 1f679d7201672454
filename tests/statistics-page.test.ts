/** The statistics page in a real browser: live, usable by everybody, and closed to those who would misuse it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type BackendOptions, createBackend, createFrontend } from '@evener/core'
import { tcpCheck } from '@evener/health'
import { hashPassword, listenStats, statsBackend } from '@evener/stats'
import { fakeServer, get } from '@evener/testing'
import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { browser, withChromium } from './support/chromium.ts'
import { afterwards } from './support/hosting.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Two servers that are checked often, a third in maintenance, a backup, and a door in front of them. */
async function world(options: Partial<BackendOptions> = {}) {
  const origins = await Promise.all(['app1', 'app2'].map(name => fakeServer({ name })))
  for (const origin of origins) afterwards(() => origin.close())
  const [app1, app2] = origins as [(typeof origins)[0], (typeof origins)[0]]
  const backend = createBackend({
    name: 'app',
    checks: { checker: tcpCheck(), intervalMs: 200, fall: 2, rise: 1 },
    servers: [
      { id: 'app1', address: app1.address },
      { id: 'app2', address: app2.address },
      { id: 'app3', address: app2.address, state: 'maintenance' },
      { id: 'spare', address: app2.address, backup: true, state: 'drain' },
      { id: 'free', address: app2.address, check: false },
    ],
    ...options,
  })
  afterwards(() => backend.close())
  const frontend = createFrontend({ route: backend })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  afterwards(() => frontend.close({ drainMs: 0 }))
  return { app1, app2, backend, frontend, port: port as number }
}

const credentials = { username: 'operator', password: 'correct horse' }

async function stats({ backend, frontend }: Pick<Awaited<ReturnType<typeof world>>, 'backend' | 'frontend'>) {
  const users = { [credentials.username]: await hashPassword(credentials.password) }
  const listener = await listenStats({
    frontends: { main: frontend },
    backends: [backend],
    users,
    actions: true,
    refreshMs: 250,
    title: 'Shop',
  })
  afterwards(() => listener.close())
  return listener
}

async function open(url: string, more: object = {}): Promise<Page> {
  const context = await (await browser()).newContext({ httpCredentials: credentials, ...more })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))
  afterwards(() => expect(complaints).toEqual([]))
  await page.goto(url)
  await page.getByText('Live.').waitFor()
  return page
}

const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name, exact: true }) })

async function violations(page: Page): Promise<unknown> {
  // By the protocol, which is not bound by the page's policy.
  await page.evaluate(axe)
  return await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(node => node.html + ' ' + node.failureSummary)]))`,
  )
}

describe('the page', () => {
  withChromium(
    'shows a server that is killed as down within two seconds, and up again when it comes back',
    async () => {
      const all = await world()
      const page = await open((await stats(all)).url)
      const row = rowOf(page, 'app1')
      await row.and(page.locator('.up')).waitFor()
      expect(await row.locator('.status').textContent()).toMatch(/ UP$/)

      const killed = performance.now()
      await all.app1.kill()
      await row.and(page.locator('.down')).waitFor({ timeout: 2_000 - (performance.now() - killed) })
      expect(await row.locator('.status').textContent()).toMatch(/ DOWN$/)
      expect(await page.locator('#news').textContent()).toContain('app/app1 is DOWN')
      await all.app1.accept()
      await row.and(page.locator('.up')).waitFor({ timeout: 2_000 })
    },
  )

  withChromium('counts on while requests pass, and says the rest of a line on demand', async () => {
    const all = await world()
    const page = await open((await stats(all)).url)
    for (let i = 0; i < 6; i++) await get(all.port)
    const total = rowOf(page, 'app2').locator('td').nth(9)
    await expect.poll(() => total.textContent()).not.toBe('0')
    await page.getByRole('button', { name: 'app2', exact: true }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'app/app2' })
    await dialog.getByRole('row', { name: /^2xx responses [1-9]/ }).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
  })

  withChromium('a drain that is clicked takes effect, and so do a weight and an end of that', async () => {
    const all = await world()
    const page = await open((await stats(all)).url)
    await page.getByLabel('Select app/app1').check()
    await page.getByRole('button', { name: 'Drain' }).click()
    await rowOf(page, 'app1').and(page.locator('.drain')).waitFor()
    expect(all.backend.server('app1')?.admin).toBe('drain')
    await page.getByLabel('Weight', { exact: true }).fill('7')
    await page.getByRole('button', { name: 'Set weight' }).click()
    await page.getByRole('button', { name: 'Ready' }).click()
    await rowOf(page, 'app1').and(page.locator('.up')).waitFor()
    expect(all.backend.server('app1')).toMatchObject({ admin: 'ready', configuredWeight: 7 })
  })

  withChromium('is found by name, address and state', async () => {
    const all = await world()
    const page = await open((await stats(all)).url)
    await page.getByRole('searchbox').fill('spare')
    await rowOf(page, 'app1').waitFor({ state: 'hidden' })
    await rowOf(page, 'spare').waitFor()
    await page.getByRole('searchbox').fill('')
    await page.getByRole('combobox').selectOption('maint')
    await rowOf(page, 'app3').waitFor()
    expect(await rowOf(page, 'app2').count()).toBe(0)
  })

  withChromium(
    'axe finds nothing to complain of, in light and dark, on a desk and on a phone, with a dialog and actions',
    async () => {
      const all = await world()
      const { url } = await stats(all)
      await all.app1.kill()
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 390],
      ] as const) {
        const page = await open(url, { colorScheme, viewport: { width, height: 800 } })
        await rowOf(page, 'app1').and(page.locator('.down')).waitFor()
        expect(await page.locator('html').getAttribute('data-theme')).toBe(colorScheme)
        expect(await violations(page)).toEqual([])
        await page.getByLabel('Select app/app1').check()
        await page.getByRole('button', { name: 'app2', exact: true }).click()
        expect(await violations(page)).toEqual([])
      }
    },
  )

  withChromium('light or dark is a choice that is remembered', async () => {
    const { url } = await stats(await world())
    const page = await open(url, { colorScheme: 'light' })
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await background()).toBe('rgb(255, 255, 255)')
    await page.getByRole('button', { name: 'Dark' }).click()
    expect(await background()).toBe('rgb(19, 21, 22)')
    await page.reload()
    await page.getByText('Live.').waitFor()
    expect(await background()).toBe('rgb(19, 21, 22)')
  })

  withChromium('text of servers is text, whatever it looks like', async () => {
    const evil = `<img/src=x/onerror="document.title='owned'">`
    const all = await world({
      name: `"><script>owned=1</script>`,
      checks: {
        intervalMs: 200,
        checker: {
          name: 'evil',
          check: () =>
            Promise.resolve({ ok: true, code: 'L7OK', message: `</script>${evil}`, durationMs: 1 }),
        },
      },
      servers: [{ id: evil, address: '127.0.0.1:9' }],
    })
    const page = await open((await stats(all)).url)
    await page.getByRole('button', { name: evil, exact: true }).click()
    await page.getByRole('cell', { name: `</script>${evil}` }).waitFor()
    expect(await page.evaluate('[document.title, typeof owned, document.images.length]')).toEqual([
      'Shop',
      'undefined',
      0,
    ])
  })

  withChromium('behind a route of a frontend it is the same', async () => {
    const all = await world()
    const page = await statsBackend({ backends: [all.backend], refreshMs: 250 })
    afterwards(() => page.close())
    const frontend = createFrontend({
      route: ({ uri }) => (uri.startsWith('/stats') ? page.backend : all.backend),
    })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    afterwards(() => frontend.close({ drainMs: 0 }))
    const tab = await open(`http://127.0.0.1:${port}/stats`)
    await get(port as number)
    await rowOf(tab, 'app2').waitFor()
    expect(await tab.getByRole('checkbox').count()).toBe(0)
  })
})
