import { get } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../src/main.ts'

test('the page asks who it is, and its numbers are those of the shop', async () => {
  const { shop, page, close } = await open('secret')
  onTestFinished(close)
  for (const target of ['/', '/cart', '/static/logo.svg']) await get(shop.port, target)
  expect((await fetch(page.url)).status).toBe(401)
  const headers = { authorization: `Basic ${btoa('operator:secret')}` }
  const csv = await (await fetch(`${page.url};csv`, { headers })).text()
  const stot = (name: string) =>
    Number(
      csv
        .split('\n')
        .find(line => line.startsWith(`${name},`))
        ?.split(',')[7],
    )
  expect([stot('main,FRONTEND'), stot('app,BACKEND'), stot('static,BACKEND'), stot('app,app4')]).toEqual([
    3, 2, 1, 0,
  ])
})
