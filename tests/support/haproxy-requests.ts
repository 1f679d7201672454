/** Requests by lot, with keys of odd bytes wherever an algorithm of HAProxy's looks for a key. Characters are bytes. */
import type { Chance } from './chance.ts'
import type { FarmRequest } from './haproxy-farm.ts'

function textOf(chance: Chance, most: number, alphabet: string): string {
  return Array.from({ length: chance(most + 1) }, () => alphabet[chance(alphabet.length)]).join('')
}

const range = (from: number, to: number) =>
  String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, place) => from + place))
/** All that a target may have, bytes beyond ASCII included; slashes and what separates parameters more often. */
const targetBytes = `${range(0x21, 0x7e)}${range(0x80, 0xff)}${'/?&=%'.repeat(12)}`
/** All that a header's value may have; what separates values more often. */
const valueBytes = `\t${range(0x20, 0x7e)}${range(0x80, 0xff)}${', ".\\'.repeat(12)}`
const tokenBytes = "abcXYZ019%+-._~!#$'*^`|"

export const anything = (): FarmRequest => ({})

export function target(chance: Chance): FarmRequest {
  const plain = `/${['img', 'css', 'api'][chance(3)]}/${chance(40)}/${chance(1000)}.html?v=${chance(5)}`
  return { uri: chance(3) === 0 ? plain : `/${textOf(chance, 60, targetBytes)}` }
}

export function absoluteTarget(chance: Chance): FarmRequest {
  const { uri: path = '/' } = target(chance)
  return { uri: chance(2) === 0 ? path : `http://farm${path}` }
}

export function parameter(chance: Chance): FarmRequest {
  const others = textOf(chance, 20, targetBytes)
  const value = textOf(chance, 30, targetBytes)
  const query = [
    `?id=${value}`,
    `?${others}&id=${value}`,
    `?id=${value}&${others}`,
    `?xid=${value}`,
    '?id',
    '',
  ]
  return { uri: `/${chance(10)}${query[chance(query.length)]}` }
}

export function posted(chance: Chance): FarmRequest {
  if (chance(3) === 0) return parameter(chance)
  const value = textOf(chance, 30, tokenBytes)
  // No space or line break: where a value has them, versions differ, since a fix of 2026.
  const forms = [`id=${value}`, `a=b&id=${value}&c=d`, `b=${value}`, `xid=${value}`, 'id', '']
  return { uri: chance(4) === 0 ? `/?id=${chance(9)}` : '/form', form: forms[chance(forms.length)] as string }
}

export function headers(chance: Chance): FarmRequest {
  const value = () => (chance(4) === 0 ? `tenant-${chance(500)}` : textOf(chance, 40, valueBytes))
  if (chance(8) === 0) return {}
  return { headers: [['X-Key', value()], ...(chance(4) === 0 ? [['x-key', value()] as const] : [])] }
}

export function domains(chance: Chance): FarmRequest {
  // HAProxy looks one byte too far, at what lies behind the header: there has to be another one, or it is anything.
  return {
    headers: [
      ['x-key', textOf(chance, 20, 'abcde-....:8')],
      ['x-end', '1'],
    ],
  }
}

export function oneLine(chance: Chance): FarmRequest {
  if (chance(8) === 0) return {}
  // What the expression gets and what the balancer gets must be the same text: no space around it, nothing empty.
  return { headers: [['x-key', `k${textOf(chance, 40, valueBytes)}k`]] }
}

export function address(chance: Chance): FarmRequest {
  if (chance(2) === 0) return { sourceAddress: [0, 0, 0, 0].map(() => chance(256)).join('.') }
  const groups = Array.from({ length: 8 }, () => (chance(4) === 0 ? 0 : chance(65_536)).toString(16))
  return { sourceAddress: groups.join(':') }
}

export function number(chance: Chance): FarmRequest {
  return { headers: [['x-key', `${chance(2) === 0 ? '-' : ''}${chance(2 ** 30)}`]] }
}
