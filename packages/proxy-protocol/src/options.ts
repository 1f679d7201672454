/** Checks of options and of what is to be written: each returns the value it accepted, or throws. */
import { ProxyOptionError, ProxyWriteError } from './errors.ts'

/** The options are an object and have no name but the known ones. */
export function checkNames(maker: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    refuseOption(`${maker} options`, options, 'an object')
  for (const [name, value] of Object.entries(options as object)) {
    if (known.includes(name)) continue
    const unknown = `${maker} has no option ${JSON.stringify(name)} (value ${show(value)})`
    throw new ProxyOptionError(name, `${unknown}; it has ${known.join(', ')}`)
  }
}

/** Refuse an option. */
export function refuseOption(field: string, value: unknown, allowed: string): never {
  throw new ProxyOptionError(field, `${field} is ${show(value)}; allowed is ${allowed}`)
}

/** Refuse to write a field. */
export function refuseField(field: string, value: unknown, allowed: string): never {
  throw new ProxyWriteError(field, `${field} is ${show(value)}; allowed is ${allowed}`)
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
