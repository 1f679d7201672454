/** Reading a target: refused here, where the mistake is made, rather than failing every check from then on. */
import type { Target } from './contract.ts'
import { refuse } from './options.ts'
import { readTargetTls } from './target-tls.ts'

/** @throws {HealthError} `EVENER_INVALID_OPTION` for a target that could never be checked */
export function readTarget<T extends Target>(target: T): T {
  if (typeof target !== 'object' || target === null) refuse('target', target, 'an object')
  const { id, host, port, path, tls, preamble, seen } = target
  if (typeof id !== 'string' || id === '') refuse('target.id', id, 'a string that is not empty')
  if (path === undefined) {
    if (typeof host !== 'string' || !/^[^\s[\]/]+$/.test(host)) {
      refuse(`target.host of ${id}`, host, 'a host name or an address, IPv6 without brackets')
    }
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      refuse(`target.port of ${id}`, port, 'an integer from 1 to 65535')
    }
  } else if (typeof path !== 'string' || path === '') {
    refuse(`target.path of ${id}`, path, 'the path of a unix socket')
  }
  if (preamble !== undefined && !(preamble instanceof Uint8Array)) {
    refuse(`target.preamble of ${id}`, preamble, 'bytes: a Buffer or Uint8Array')
  }
  if (seen !== undefined && typeof seen !== 'function') {
    refuse(`target.seen of ${id}`, seen, 'a function that gives a state')
  }
  if (tls !== undefined) readTargetTls(`target.tls of ${id}`, tls)
  return target
}
