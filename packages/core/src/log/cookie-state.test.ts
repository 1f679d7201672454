/** The two letters of a session's cookie in the log (HAProxy's manual, section 8.5), through a door, for each kind of cookie. */
import { type Affinity, insertCookie, passiveCookie, prefixCookie, rewriteCookie } from '@evener/session'
import { answer, expectEventually, fakeServer, rawClient } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { createFrontend } from '../frontend/frontend.ts'

interface Case {
  readonly affinity: Affinity | undefined
  /** What the client sends as its cookie. */
  readonly cookie?: string
  /** What the server sets by itself. */
  readonly sets?: string
  /** The server that is away. */
  readonly away?: 's1' | 's2'
}

/** The letters of one request: of its state, then those of the cookie. */
async function lettersOf({ affinity, cookie, sets, away }: Case): Promise<string | undefined> {
  const lines: string[] = []
  const headers = sets === undefined ? {} : { 'Set-Cookie': sets }
  const servers = [
    await fakeServer({ behave: answer({ headers }) }),
    await fakeServer({ behave: answer({ headers }) }),
  ]
  const backend = createBackend({
    name: 'app',
    ...(affinity !== undefined && { affinity }),
    servers: servers.map(({ address }, at) => ({
      id: `s${at + 1}`,
      address,
      state: away === `s${at + 1}` ? 'maintenance' : 'ready',
    })),
  })
  const frontend = createFrontend({
    route: backend,
    log: { to: { write: (_, line) => void lines.push(line) }, format: '%tsc' },
  })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    for (const server of servers) await server.close()
  })
  const client = await rawClient({ port: port as number, timeoutMs: 5000 })
  onTestFinished(() => client.destroy())
  await client.send(
    `GET / HTTP/1.1\r\nHost: a.test\r\n${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`,
  )
  await client.readResponse()
  await expectEventually(() => expect(lines).toHaveLength(1))
  return lines[0]
}

const insert = () => insertCookie({ name: 'SRV' })
const indirect = () => insertCookie({ name: 'SRV', indirect: true, preserve: true })

test.each<[string, Case, string]>([
  ['without an affinity there is none', { affinity: undefined, cookie: 'SRV=s1' }, '----'],
  ['a client without one is given one', { affinity: insert() }, '--NI'],
  ['a client with one keeps it', { affinity: insert(), cookie: 'SRV=s1' }, '--VN'],
  ['one that names nobody is replaced', { affinity: insert(), cookie: 'SRV=nobody' }, '--II'],
  ['one of a server that is away is replaced', { affinity: insert(), cookie: 'SRV=s1', away: 's1' }, '--DI'],
  [
    'what the server sets by itself is left where the client is where it belongs',
    { affinity: indirect(), cookie: 'SRV=s1', sets: 'SRV=own' },
    '--VP',
  ],
  ['what the server sets is rewritten', { affinity: rewriteCookie({ name: 'SRV' }), sets: 'SRV=x' }, '--NR'],
  [
    'nothing is rewritten where the server sets nothing',
    { affinity: rewriteCookie({ name: 'SRV' }) },
    '--NN',
  ],
  ['what the server sets is prefixed', { affinity: prefixCookie({ name: 'SID' }), sets: 'SID=x' }, '--NR'],
  [
    'a prefix brings the client back',
    { affinity: prefixCookie({ name: 'SID' }), cookie: 'SID=s2~x' },
    '--VN',
  ],
  [
    "the application's own cookie is left",
    { affinity: passiveCookie({ name: 'APP' }), sets: 'APP=s1' },
    '--NP',
  ],
  ['and is found again', { affinity: passiveCookie({ name: 'APP' }), cookie: 'APP=s2' }, '--VN'],
])('%s', async (_, given, letters) => {
  expect(await lettersOf(given)).toBe(letters)
})
