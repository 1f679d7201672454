/** Reading the parts of a request that a check sends. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { readOptions, refuse } from './options.ts'

const OWN_HEADERS = ['connection', 'content-length', 'expect', 'host', 'transfer-encoding', 'upgrade']

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readMethod(field: string, method: unknown): string {
  if (typeof method !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Z-]+$/.test(method) || method === 'CONNECT') {
    refuse(field, method, 'an HTTP method in capitals, other than CONNECT')
  }
  return method
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readPath(field: string, path: unknown): string {
  if (typeof path !== 'string' || !/^(\/[\x21-\x7e]*|\*)$/.test(path)) {
    refuse(field, path, 'a path that begins with /, percent-encoded, or *')
  }
  return path
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readHost(field: string, host: unknown): string {
  if (typeof host !== 'string' || !/^[\x21-\x7e]+$/.test(host)) {
    refuse(field, host, 'a host name, with a port where needed')
  }
  return host
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readHeader(field: string, name: string, value: unknown): string {
  if (OWN_HEADERS.includes(name.toLowerCase())) {
    refuse(field, value, 'left to the check; Host has its option `host`')
  }
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value as string)
  } catch {
    refuse(field, value, 'a valid header name and a text as its value')
  }
  if (typeof value !== 'string') refuse(field, value, 'a text')
  return value
}

/**
 * Headers by name.
 * @param made a value may be a function, whose values are read when they are made
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function readHeaders(field: string, headers: unknown, made = false): Readonly<Record<string, string>> {
  const given = headers as Record<string, unknown>
  readOptions(field, given, Object.keys(given ?? {}))
  for (const [name, value] of Object.entries(given)) {
    readHeader(`${field}.${name}`, name, made && typeof value === 'function' ? '' : value)
  }
  return given as Record<string, string>
}
