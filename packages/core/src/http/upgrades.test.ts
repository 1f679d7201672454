import { expect, test } from 'vitest'
import { upgradeNames } from './upgrades.ts'

test('the protocols that clients may change to are in lower case; websocket alone by default', () => {
  expect([...upgradeNames('upgrades')]).toEqual(['websocket'])
  expect([...upgradeNames('upgrades', ['WebSocket', 'TLS/1.0'])]).toEqual(['websocket', 'tls/1.0'])
  expect([...upgradeNames('upgrades', [])]).toEqual([])
})

test.each([['websocket'], [['a b']], [['']], [[7]]])('what is no list of names is refused: %j', names => {
  expect(() => upgradeNames('upgrades', names as never)).toThrow(
    expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringMatching(/^upgrades: /) }),
  )
})
