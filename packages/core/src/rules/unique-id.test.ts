import { deny, match, path, setHeader, template, uniqueId, uuid } from '@evener/rules'
import { answer, expectEventually, type FakeRequest } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { doors, ruled } from './test-support.ts'

const number = { format: '%{+X}o id-%rt', header: 'X-Request-Id' }

/** A sink that keeps what it is given. */
function kept(format: string) {
  const lines: string[] = []
  return { lines, log: { to: { write: (_: string, line: string) => void lines.push(line) }, format } }
}

/** What the server was told under this name, of all requests. */
const told = ({ requests }: { readonly requests: readonly FakeRequest[] }, wanted: string) =>
  requests.flatMap(({ headers }) =>
    headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value),
  )

describe.each(doors)('$name', kind => {
  test('each request has a name of its own, which server, log, rules and answers agree about', async () => {
    const { lines, log } = kept('%ID %rt %[unique-id] %ST')
    const { ask, server } = await ruled(kind, {
      door: {
        uniqueId: number,
        log,
        rules: {
          request: [deny().if(match.beg(path(), '/no'))],
          afterResponse: [setHeader('X-Named', uniqueId())],
        },
      },
    })
    expect((await ask()).headers['x-named']).toBe('id-0000')
    // The client does not choose its name.
    expect((await ask({ headers: { 'x-request-id': 'forged' } })).headers['x-named']).toBe('id-0001')
    expect(await ask({ path: '/no' })).toMatchObject({ status: 403, headers: { 'x-named': 'id-0002' } })
    expect(told(server, 'x-request-id')).toEqual(['id-0000', 'id-0001'])
    await expectEventually(() =>
      expect(lines).toEqual(['id-0000 0 id-0000 200', 'id-0001 1 id-0001 200', 'id-0002 2 id-0002 403']),
    )
  })

  test('it needs no rules, and is the same for each attempt', async () => {
    const { ask, server } = await ruled(kind, {
      door: { uniqueId: { format: uuid(), header: 'X-Id' } },
      backend: { retryOn: [500], retries: 1, retryDelayMs: 0 },
      behave: answer({ status: 500 }),
    })
    await ask()
    await ask()
    const [first, again, other] = told(server, 'x-id')
    expect(first).toMatch(/^[0-9a-f]{8}-/)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  test('what cannot be sent, is too long, is none, or throws, harms nobody', async () => {
    const formats: [format: unknown, sent: string][] = [
      ['%[path,url_dec]x', '/%0D%0AX-Evil: 1x'],
      [`%[str(${'y'.repeat(300)})]`, 'y'.repeat(127)],
      [{ ...uuid(), read: () => undefined }, ''],
      [{ ...uuid(), read: () => 7 }, '7'],
      ['%ID%[unique-id]-', '-'],
      [
        {
          ...uuid(),
          read: () => {
            throw new Error('of the host')
          },
        },
        '',
      ],
    ]
    for (const [format, sent] of formats) {
      const { ask, server } = await ruled(kind, {
        door: { uniqueId: { format: format as string, header: 'X-Id' } },
      })
      expect((await ask({ path: '/%0d%0aX-Evil:%201' })).status).toBe(200)
      expect(told(server, 'x-evil')).toEqual([])
      expect(told(server, 'x-id')).toEqual([sent])
    }
  })

  test.each([
    [{}, /uniqueId\.format: undefined is not allowed/],
    [{ format: '%{+X' }, /uniqueId\.format: unique-id-format is "%\{\+X"/],
    [{ format: '%[res.hdr(x)]' }, /known at the stage request/],
    [{ format: '%Ta' }, /known at the stage request/],
    [{ format: template('%ST', 'response') as never }, /known with the request/],
    [{ format: 'x', header: 'not a name' }, /uniqueId\.header: setHeader name is "not a name"/],
    [{ format: 'x', header: 'Content-Length' }, /framing/],
    [{ format: 'x', head: 'X' }, /uniqueId/],
  ])('%j is refused with the field', async (options, message) => {
    await expect(ruled(kind, { door: { uniqueId: options as never } })).rejects.toThrow(message as RegExp)
  })
})
