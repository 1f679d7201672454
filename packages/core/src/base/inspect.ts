/** What `console.log` shows of an object whose state is private: its name and what one wants to know of it. */
import type { InspectOptions, inspect } from 'node:util'

/** The name of the method by which Node asks, without an import of `node:util`. */
export const inspected: unique symbol = Symbol.for('nodejs.util.inspect.custom')

/** To be returned from that method, with its arguments. */
export function shown(
  label: string,
  fields: object,
  depth: number,
  options: InspectOptions,
  print: typeof inspect,
): string {
  return depth < 0 ? `[${label}]` : `${label} ${print(fields, options)}`
}

/** The counters that have counted something; not what they measure. */
export function counted(counters: object): object {
  const shows = (value: unknown) =>
    typeof value === 'number'
      ? value !== 0 && Number.isFinite(value)
      : Object.getPrototypeOf(value) === Object.prototype
  return Object.fromEntries(
    Object.entries(counters).filter(([name, value]) => !name.endsWith('At') && shows(value)),
  )
}
