import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AffinityRequest, AffinityResponse } from './affinity.ts'
import { encodeDate } from './cookie-date.ts'
import { type InsertCookieOptions, insertCookie } from './insert-cookie.ts'

const NOW_SECONDS = 1_700_000_000
const SECRET = 'a secret of some length'

/** A cookie with nothing but its path, on a clock that stands. */
function plain(options: Partial<InsertCookieOptions> = {}) {
  return insertCookie({
    name: 'SRV',
    httpOnly: false,
    secure: false,
    sameSite: false,
    now: () => NOW_SECONDS * 1000 + 999,
    ...options,
  })
}

function request(cookie?: string, more: Partial<AffinityRequest> = {}): AffinityRequest {
  return { header: name => (name === 'cookie' ? cookie : undefined), ...more }
}

function response(setCookies: string[], cacheControl?: string): AffinityResponse {
  return { setCookies, header: name => (name === 'cache-control' ? cacheControl : undefined) }
}

/** The cookies that a client gets when it brings this one, and is served by this server. */
function sent(affinity: ReturnType<typeof plain>, cookie: string | undefined, serverId: string): string[] {
  const asked = request(cookie)
  const edits = affinity.bind(asked, serverId, affinity.find(asked) as string | undefined)
  return (edits?.append ?? []).filter(([name]) => name === 'set-cookie').map(([, value]) => value)
}

function dated(value: string, lastAgo: number, firstAgo?: number): string {
  const dates = firstAgo === undefined ? [lastAgo] : [lastAgo, firstAgo]
  return [value, ...dates.map(ago => encodeDate(NOW_SECONDS - ago))].join('|')
}

describe('a client', () => {
  test('without a cookie gets one that brings it back', () => {
    const affinity = insertCookie({ name: 'SRV' })
    expect(affinity.find(request())).toBeUndefined()
    expect(affinity.find(request('x=1'))).toBeUndefined()
    expect(affinity.bind(request(), 'app1', undefined)).toEqual({
      append: [
        ['set-cookie', 'SRV=app1; path=/; HttpOnly; SameSite=Lax'],
        ['cache-control', 'private'],
      ],
    })
    expect(affinity.find(request('x=1; SRV=app1'))).toBe('app1')
  })

  test('over TLS gets it for TLS only', () => {
    const edits = insertCookie({ name: 'SRV' }).bind(request(undefined, { secure: true }), 'app1', undefined)
    expect(edits?.append?.[0]?.[1]).toBe('SRV=app1; path=/; HttpOnly; Secure; SameSite=Lax')
  })

  test('that stays on its server gets nothing', () => {
    expect(plain().bind(request('SRV=app1'), 'app1', 'app1')).toBeUndefined()
  })

  test('that was served by another server gets that one', () => {
    expect(sent(plain(), 'SRV=app1', 'app2')).toEqual(['SRV=app2; path=/'])
  })

  test('gets a cookie for each domain', () => {
    expect(sent(plain({ domain: ['a.example', '.b.example'] }), undefined, 'app1')).toEqual([
      'SRV=app1; path=/; domain=a.example',
      'SRV=app1; path=/; domain=.b.example',
    ])
  })

  test('belongs to the first of its cookies that names a server', () => {
    const affinity = plain({ values: { app1: 's1', app2: 's2' } })
    expect(affinity.find(request('SRV=s9; SRV=; SRV=s2; SRV=s1'))).toBe('app2')
  })

  test('is a stranger with more than 16 cookies of the name', () => {
    expect(plain().find(request(new Array(16).fill('SRV=app1').join('; ')))).toBe('app1')
    expect(plain().find(request(new Array(17).fill('SRV=app1').join('; ')))).toBeUndefined()
    expect(plain().find(request(new Array(200).fill('SRV=app1').join('; ')))).toBeUndefined()
  })

  test('may bring a server of any id, and cannot be given one that injects', () => {
    const id = 'app 1; Domain=evil\r\nSet-Cookie: x=1|é'
    const [line] = sent(plain(), undefined, id)
    expect(line).toBe('SRV=app%201%3B%20Domain=evil%0D%0ASet-Cookie:%20x=1%7C%C3%A9; path=/')
    expect(plain().find(request(line!.split(';')[0]))).toBe(id)
  })
})

describe('values for servers', () => {
  const affinity = plain({ values: { app1: 's1', app2: 's2', twin: 's1' } })

  test('stand in the cookie for their ids', () => {
    expect(sent(affinity, undefined, 'app2')).toEqual(['SRV=s2; path=/'])
    expect(affinity.find(request('SRV=s2'))).toBe('app2')
    expect(affinity.find(request('SRV=app2'))).toBeUndefined()
  })

  test('that two servers share keep the client content on both', () => {
    expect(sent(affinity, 'SRV=s1', 'twin')).toEqual([])
  })

  test('are taken from the client by a server that has none', () => {
    expect(sent(affinity, 'SRV=s1', 'spare')).toEqual(['SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/'])
    expect(sent(affinity, undefined, 'spare')).toHaveLength(1)
  })
})

describe('the request that the server sees', () => {
  test('lacks the cookie, and nothing else', () => {
    expect(plain().conceal?.(request('x=1; SRV=app1; y="2"'))).toEqual({ set: [['cookie', 'x=1; y="2"']] })
    expect(plain().conceal?.(request('SRV=app1; SRV=rubbish'))).toEqual({ remove: ['cookie'] })
  })

  test('stays as it is where there is no such cookie', () => {
    expect(plain().conceal?.(request())).toBeUndefined()
    expect(plain().conceal?.(request('XSRV=1'))).toBeUndefined()
  })

  test('stays as it is when the cookie is not indirect', () => {
    expect(plain({ indirect: false }).conceal?.(request('SRV=app1'))).toBeUndefined()
  })
})

describe('a cookie that the server sets under our name', () => {
  const own = ['a=1; Path=/', 'SRV=evil; Path=/', 'b=2']

  test('is taken out, and the others stay', () => {
    const affinity = plain({ nocache: false })
    expect(affinity.bind(request(), 'app1', undefined, response(own))).toEqual({
      remove: ['set-cookie'],
      append: [
        ['set-cookie', 'a=1; Path=/'],
        ['set-cookie', 'b=2'],
        ['set-cookie', 'SRV=app1; path=/'],
      ],
    })
    expect(affinity.bind(request('SRV=app1'), 'app1', 'app1', response(own))).toEqual({
      remove: ['set-cookie'],
      append: [
        ['set-cookie', 'a=1; Path=/'],
        ['set-cookie', 'b=2'],
      ],
    })
  })

  test('stays, and is the only one, with preserve', () => {
    const affinity = plain({ preserve: true })
    expect(affinity.bind(request(), 'app1', undefined, response(own))).toBeUndefined()
    expect(affinity.bind(request(), 'app1', undefined, response(['a=1']))?.append).toHaveLength(2)
  })
})

describe('Cache-Control', () => {
  const added = (method: string | undefined, cacheControl?: string, options = {}) =>
    plain(options)
      .bind(request(undefined, { method }), 'app1', undefined, response([], cacheControl))
      ?.append?.filter(([name]) => name === 'cache-control').length

  test.each([undefined, 'public, max-age=60', 'no-cache="set-cookie"', 'max-age=60', ''])(
    'private is added beside %j',
    cacheControl => {
      expect(added('GET', cacheControl)).toBe(1)
      expect(added('HEAD', cacheControl)).toBe(1)
      expect(added(undefined, cacheControl)).toBe(1)
    },
  )

  test.each(['private', 'max-age=60 , No-Store', 'no-cache'])(
    'is left alone when it says %j',
    cacheControl => {
      expect(added('GET', cacheControl)).toBe(0)
    },
  )

  test('is left alone in an answer that is not kept, without nocache, and where no cookie is sent', () => {
    expect(added('POST')).toBe(0)
    expect(added('GET', undefined, { nocache: false })).toBe(0)
    expect(plain().bind(request('SRV=app1'), 'app1', 'app1', response([], 'public'))).toBeUndefined()
  })
})

test('with postOnly a cookie is sent in answers to POST only', () => {
  const affinity = plain({ postOnly: true })
  expect(affinity.bind(request(undefined, { method: 'GET' }), 'app1', undefined)).toBeUndefined()
  expect(affinity.bind(request(), 'app1', undefined)).toBeUndefined()
  expect(affinity.bind(request(undefined, { method: 'POST' }), 'app1', undefined)?.append).toHaveLength(1)
})

describe('a cookie with a longest idle time', () => {
  const affinity = plain({ maxIdleMs: 60_000 })

  test('says when it was sent', () => {
    expect(sent(affinity, undefined, 'app1')).toEqual(['SRV=app1|ZVPxA; path=/'])
  })

  test('is good for that time, and nothing after it', () => {
    expect(affinity.find(request(`SRV=${dated('app1', 60)}`))).toBe('app1')
    expect(affinity.find(request(`SRV=${dated('app1', 64)}`))).toBeUndefined()
  })

  test('is sent anew as soon as its date is behind', () => {
    expect(sent(affinity, `SRV=${dated('app1', 0)}`, 'app1')).toEqual([])
    expect(sent(affinity, `SRV=${dated('app1', 4)}`, 'app1')).toEqual(['SRV=app1|ZVPxA; path=/'])
  })

  test('is accepted without a date, and gets one', () => {
    expect(affinity.find(request('SRV=app1'))).toBe('app1')
    expect(sent(affinity, 'SRV=app1', 'app1')).toEqual(['SRV=app1|ZVPxA; path=/'])
  })

  test('is accepted with a date of tomorrow, not of later', () => {
    expect(affinity.find(request(`SRV=${dated('app1', -86_400)}`))).toBe('app1')
    expect(affinity.find(request(`SRV=${dated('app1', -86_404)}`))).toBeUndefined()
  })

  test('loses the date of the first visit, which nobody asks for', () => {
    expect(sent(affinity, `SRV=${dated('app1', 0, 100)}`, 'app1')).toEqual(['SRV=app1|ZVPxA; path=/'])
  })
})

describe('a cookie with a longest life', () => {
  const affinity = plain({ maxLifeMs: 3_600_000 })

  test('says when it was sent, and when for the first time', () => {
    expect(sent(affinity, undefined, 'app1')).toEqual(['SRV=app1|ZVPxA|ZVPxA; path=/'])
  })

  test('is good for that time, however it is used', () => {
    expect(affinity.find(request(`SRV=${dated('app1', 4, 3_600)}`))).toBe('app1')
    expect(affinity.find(request(`SRV=${dated('app1', 4, 3_604)}`))).toBeUndefined()
    expect(affinity.find(request(`SRV=${dated('app1', 4, -86_404)}`))).toBeUndefined()
  })

  test('keeps the first visit when it is sent anew, and when the server changes', () => {
    const first = encodeDate(NOW_SECONDS - 1_000)
    expect(sent(affinity, `SRV=${dated('app1', 100, 1_000)}`, 'app1')).toEqual([
      `SRV=app1|ZVPxA|${first}; path=/`,
    ])
    expect(sent(affinity, `SRV=${dated('app1', 100, 1_000)}`, 'app2')).toEqual([
      `SRV=app2|ZVPxA|${first}; path=/`,
    ])
  })

  test('begins a new life after the old one', () => {
    expect(sent(affinity, `SRV=${dated('app1', 100, 4_000)}`, 'app1')).toEqual([
      'SRV=app1|ZVPxA|ZVPxA; path=/',
    ])
  })

  test('gets the dates that it lacks', () => {
    expect(sent(affinity, 'SRV=app1', 'app1')).toEqual(['SRV=app1|ZVPxA|ZVPxA; path=/'])
    expect(sent(affinity, `SRV=${dated('app1', 0)}`, 'app1')).toEqual(['SRV=app1|ZVPxA|ZVPxA; path=/'])
  })
})

test('dates that are no longer asked for are taken off', () => {
  expect(plain().find(request(`SRV=${dated('app1', 1e6, 1e6)}`))).toBe('app1')
  expect(sent(plain(), `SRV=${dated('app1', 1e6, 1e6)}`, 'app1')).toEqual(['SRV=app1; path=/'])
})

test('the clock is the wall clock unless another is given', () => {
  const [line] = sent(plain({ now: undefined, maxIdleMs: 1_000 }), undefined, 'app1')
  const before = encodeDate(Math.floor(Date.now() / 1000) - 60)
  const after = encodeDate(Math.floor(Date.now() / 1000) + 60)
  const date = line!.slice('SRV=app1|'.length, 'SRV=app1|'.length + 5)
  const order = (text: string) =>
    [...text].map(char => 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(char))
  const number = (text: string) => order(text).reduce((sum, digit) => sum * 64 + digit, 0)
  expect(number(date)).toBeGreaterThan(number(before))
  expect(number(date)).toBeLessThan(number(after))
})

describe('a signed cookie', () => {
  const signed = plain({ signing: { secrets: [SECRET] }, maxLifeMs: 3_600_000 })
  const [line] = sent(signed, undefined, 'app1')
  const genuine = line!.split(';')[0]!.slice('SRV='.length)

  test('brings its client back', () => {
    expect(signed.find(request(`SRV=${genuine}`))).toBe('app1')
    expect(sent(signed, `SRV=${genuine}`, 'app1')).toEqual([])
  })

  test('is worth nothing once anything in it was changed', () => {
    for (let at = 0; at < genuine.length; at++)
      for (const char of ['A', 'b', '.', '|', '~'])
        if (genuine[at] !== char)
          expect(
            signed.find(request(`SRV=${genuine.slice(0, at)}${char}${genuine.slice(at + 1)}`)),
          ).toBeUndefined()
  })

  test('is worth nothing unsigned, or made for another name', () => {
    expect(signed.find(request('SRV=app1'))).toBeUndefined()
    const other = insertCookie({ name: 'OTHER', signing: { secrets: [SECRET] } })
    expect(other.find(request(`OTHER=${genuine}`))).toBeUndefined()
  })

  test('expires as others do', () => {
    const later = plain({
      signing: { secrets: [SECRET] },
      maxLifeMs: 3_600_000,
      now: () => (NOW_SECONDS + 3_601) * 1000,
    })
    expect(later.find(request(`SRV=${genuine}`))).toBeUndefined()
  })

  test('is sent anew, with its first visit, when the secret has changed', () => {
    const rotated = plain({
      signing: { secrets: ['another secret of some length', SECRET] },
      maxLifeMs: 3_600_000,
    })
    expect(rotated.find(request(`SRV=${genuine}`))).toBe('app1')
    const renewed = sent(rotated, `SRV=${genuine}`, 'app1')
    expect(renewed).toHaveLength(1)
    const cookie = renewed[0]!.split(';')[0]!
    expect(cookie.slice(0, -22)).toBe(`SRV=${genuine.slice(0, -22)}`)
    expect(cookie.slice(-22)).not.toBe(genuine.slice(-22))
    expect(sent(rotated, cookie, 'app1')).toEqual([])
  })
})

describe('an encrypted cookie', () => {
  const encrypted = plain({ encryption: { secrets: [SECRET] } })

  test('brings its client back, and tells nobody which server it is', () => {
    const lines = [1, 2].map(() => sent(encrypted, undefined, 'app1')[0] as string)
    expect(new Set(lines).size).toBe(2)
    for (const line of lines) {
      expect(line).not.toContain('app1')
      expect(encrypted.find(request(line.split(';')[0]))).toBe('app1')
      expect(sent(encrypted, line.split(';')[0], 'app1')).toEqual([])
    }
    expect(encrypted.find(request('SRV=app1'))).toBeUndefined()
  })

  test('is sent anew when the secret has changed', () => {
    const rotated = plain({ encryption: { secrets: ['another secret of some length', SECRET] } })
    const [line = ''] = sent(encrypted, undefined, 'app1')
    expect(rotated.find(request(line.split(';')[0]))).toBe('app1')
    expect(sent(rotated, line.split(';')[0], 'app1')).toHaveLength(1)
  })
})

test('a server that cannot be used is passed over for the next cookie, and its dates are those that count', () => {
  const affinity = plain({ maxLifeMs: 3_600_000 })
  const cookie = `SRV=${dated('app1', 0, 500)}; SRV=${dated('app2', 0, 1_000)}`
  expect(affinity.find(request(cookie), id => id === 'app2')).toBe('app2')
  expect(affinity.bind(request(cookie), 'app2', 'app2')).toBeUndefined()
  const late = `SRV=${dated('app1', 0, 500)}; SRV=${dated('app2', 8, 1_000)}`
  const first = encodeDate(NOW_SECONDS - 1_000)
  expect(affinity.bind(request(late), 'app2', 'app2')?.append?.[0]?.[1]).toBe(
    `SRV=app2|ZVPxA|${first}; path=/`,
  )
})

describe('whatever a client sends', () => {
  const affinities = [
    plain({ values: { app1: 's1', app2: 's2' }, maxIdleMs: 60_000, maxLifeMs: 60_000 }),
    plain({ signing: { secrets: [SECRET] } }),
  ]
  const rubbish = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.stringMatching(/^[sS]?[013-9]?[|.%;= A-C]{0,20}$/),
    fc.constantFrom('s1|', 's1|AAAAB', 's1|ZVPxA|', 's1.s1', '"s1"', 's1 s2', 's1\u0000', 'S1', '%73%31'),
  )

  test('that is no mark of ours chooses no server, and is no error', () => {
    fc.assert(
      fc.property(fc.array(rubbish, { maxLength: 20 }), values => {
        const honest = values.filter(value => !/(?:^|[;=])[ \t]*s[12][ \t]*(?:$|;)/.test(value))
        const header = honest.map(value => `SRV=${value}`).join('; ')
        for (const affinity of affinities) {
          expect(affinity.find(request(header))).toBeUndefined()
          expect(affinity.bind(request(header), 'app1', undefined)?.append?.length).toBe(2)
          affinity.conceal?.(request(header))
        }
      }),
    )
  })

  test('of every byte value chooses no server, and does not get into the response', () => {
    for (let code = 0; code < 256; code++) {
      const header = `SRV=${String.fromCharCode(code)}app3`
      expect(affinities[0]!.find(request(header))).toBeUndefined()
      for (const line of sent(plain(), header, 'app1')) expect(line).toBe('SRV=app1; path=/')
    }
  })

  test('of 64 KB chooses no server', () => {
    for (const affinity of [plain(), ...affinities]) {
      expect(affinity.find(request(`SRV=${'x'.repeat(65_536)}`))).toBeUndefined()
      expect(affinity.find(request(`SRV=app1|${'A'.repeat(65_536)}`))).toBeUndefined()
      expect(affinity.find(request(`SRV=${'a.'.repeat(32_768)}`))).toBeUndefined()
    }
  })
})

describe('an option is refused', () => {
  test.each([
    [
      { name: 'SRV', httponly: true },
      'insertCookie has no option "httponly" (value true); it has name, httpOnly,',
    ],
    [{}, 'name is undefined'],
    [{ name: 'a b' }, 'name is "a b"'],
    [{ name: 'SRV', indirect: 'yes' }, 'indirect is "yes"; allowed is true or false'],
    [{ name: 'SRV', nocache: 1 }, 'nocache is 1'],
    [{ name: 'SRV', postOnly: null }, 'postOnly is null'],
    [{ name: 'SRV', preserve: {} }, 'preserve is an object'],
    [{ name: 'SRV', maxIdleMs: 999 }, 'maxIdleMs is 999; allowed is an integer from 1000 to 2147483648000'],
    [{ name: 'SRV', maxLifeMs: Number.NaN }, 'maxLifeMs is NaN'],
    [{ name: 'SRV', values: { app1: 'a;b' } }, 'values.app1 is "a;b"'],
    [{ name: 'SRV', signing: SECRET }, 'signing is "a secret'],
    [{ name: 'SRV', signing: null }, 'signing is null'],
    [{ name: 'SRV', signing: { secret: SECRET } }, 'signing has no option "secret"'],
    [{ name: 'SRV', now: 7 }, 'now is 7; allowed is a function'],
  ])('%j', (options, message) => {
    expect(() => insertCookie(options as never)).toThrow(message)
    expect(() => insertCookie(options as never)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
    )
  })
})
