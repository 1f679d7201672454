/**
 * `node:http2`, loaded when the first server is spoken to in HTTP/2: who has none does not pay for it, neither in time
 * to start nor in memory.
 */
import { getBuiltinModule } from 'node:process'

type NodeHttp2 = typeof import('node:http2')

let loaded: NodeHttp2 | undefined

export function nodeHttp2(): NodeHttp2 {
  loaded ??= getBuiltinModule('node:http2') as NodeHttp2
  return loaded
}

/** The error codes that are told apart here (RFC 9113 section 7). */
export const errorCodes = {
  none: 0x0,
  protocol: 0x1,
  flowControl: 0x3,
  frameSize: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compression: 0x9,
  enhanceYourCalm: 0xb,
  http11Required: 0xd,
} as const
