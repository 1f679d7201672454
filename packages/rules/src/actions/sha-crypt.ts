/**
 * The hashes of passwords that HAProxy's user lists have (`mkpasswd -m sha-512`): SHA-crypt with SHA-256 (`$5$`) and SHA-512
 * (`$6$`). Its thousands of rounds are done a few at a time, so that other work goes on between them.
 *
 * Source: U. Drepper, "Unix crypt using SHA-256 and SHA-512", 0.6.
 */
import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** About a third of a millisecond. */
const roundsATurn = 200
/** As many as are taken: beyond, one password would cost seconds. */
export const mostRounds = 200_000

export interface ShaCrypt {
  readonly algorithm: 'sha256' | 'sha512'
  readonly rounds: number
  readonly salt: string
  readonly digest: string
}

/** Undefined for what is no such hash. */
export function parseShaCrypt(text: string): ShaCrypt | undefined {
  const parts = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]{0,16})\$([./0-9A-Za-z]+)$/.exec(text)
  if (parts === null) return undefined
  const [, id, rounds = '5000', salt = '', digest = ''] = parts
  if (digest.length !== (id === '5' ? 43 : 86)) return undefined
  return { algorithm: id === '5' ? 'sha256' : 'sha512', rounds: Math.max(1000, Number(rounds)), salt, digest }
}

/** The digest of a password, spelt as in the hash. */
export async function shaCrypt(password: string, { algorithm, rounds, salt }: ShaCrypt): Promise<string> {
  const key = Buffer.from(password)
  const grain = Buffer.from(salt)
  const digest = (...parts: Buffer[]): Buffer => hash(algorithm, Buffer.concat(parts), 'buffer')
  const repeated = (of: Buffer, length: number): Buffer => Buffer.alloc(length, of)

  const second = digest(key, grain, key)
  const pieces = [key, grain, repeated(second, key.length)]
  for (let bits = key.length; bits > 0; bits >>= 1) pieces.push((bits & 1) === 1 ? second : key)
  let last = digest(...pieces)
  const keys = repeated(digest(...Array<Buffer>(key.length).fill(key)), key.length)
  const grains = repeated(digest(...Array<Buffer>(16 + (last[0] as number)).fill(grain)), grain.length)
  for (let round = 0; round < rounds; round++) {
    if (round % roundsATurn === roundsATurn - 1) await setImmediate()
    const odd = round % 2 === 1
    const parts = [odd ? keys : last]
    if (round % 3 !== 0) parts.push(grains)
    if (round % 7 !== 0) parts.push(keys)
    parts.push(odd ? last : keys)
    last = digest(...parts)
  }
  return spelled(last)
}

/** Three bytes at a time, from places a third of the digest apart, taking turns; the rest at the end. */
function spelled(digest: Buffer): string {
  const third = Math.floor(digest.length / 3)
  const step = digest.length === 64 ? 1 : 2
  let text = ''
  for (let group = 0; group < third; group++) {
    const turn = (group * step) % 3
    const at = [0, 1, 2].map(place => group + ((place + turn) % 3) * third)
    text += letters(digest, at as [number, number, number], 4)
  }
  return digest.length === 64
    ? text + letters(digest, [-1, -1, 63], 2)
    : text + letters(digest, [-1, 31, 30], 3)
}

function letters(digest: Buffer, [high, middle, low]: [number, number, number], count: number): string {
  const byte = (at: number) => (at < 0 ? 0 : (digest[at] as number))
  let bits = (byte(high) << 16) | (byte(middle) << 8) | byte(low)
  let text = ''
  for (let index = 0; index < count; index++) {
    text += alphabet[bits & 63]
    bits >>= 6
  }
  return text
}
