/** A real browser beside a test. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { test } from 'vitest'
import { afterwards } from './hosting.ts'

const executablePath = '/usr/bin/chromium'

/** A test that is skipped, by name, where there is no Chromium. */
export function withChromium(title: string, body: () => Promise<void>): void {
  const there = existsSync(executablePath)
  test.skipIf(!there)(there ? title : `chromium not installed: ${title}`, body)
}

/** Start it; it is closed after the test. */
export async function browser(): Promise<Browser> {
  const launched = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  afterwards(() => launched.close())
  return launched
}
