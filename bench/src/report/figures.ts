/** The figures of a sample: their titles, how they are printed, and in which order. */

/** Lower is better in all but the rate and the count of connections held. */
export const figures = {
  cpu: { title: 'CPU/request', print: (micros: number) => duration(micros) },
  each: { title: 'memory/connection', print: (bytes: number) => size(bytes) },
  rate: { title: 'requests/s', print: (rate: number) => Math.round(rate).toLocaleString('en-US') },
  held: { title: 'connections', print: (count: number) => count.toLocaleString('en-US') },
  p50: { title: 'p50', print: (ms: number) => duration(ms * 1_000) },
  p99: { title: 'p99', print: (ms: number) => duration(ms * 1_000) },
  late: { title: 'client late, p99', print: (ms: number) => duration(ms * 1_000) },
  memory: { title: 'memory', print: (bytes: number) => size(bytes) },
  peak: { title: 'peak', print: (bytes: number) => size(bytes) },
} as const satisfies Record<string, { title: string; print: (value: number) => string }>

export type FigureName = keyof typeof figures

export const figureNames = Object.keys(figures) as readonly FigureName[]

/** The subjects that others are given as multiples of. */
export const references = ['haproxy', 'http-proxy-3'] as const

/** Three significant digits at most: more would say more than was measured. */
export const digits = (value: number): string => String(Number(value.toPrecision(3)))

function duration(micros: number): string {
  return Math.abs(micros) < 1_000 ? `${digits(micros)} µs` : `${digits(micros / 1_000)} ms`
}

function size(bytes: number): string {
  if (Math.abs(bytes) < 1_024) return `${Math.round(bytes)} B`
  if (Math.abs(bytes) < 1_048_576) return `${digits(bytes / 1_024)} KB`
  return `${Math.round(bytes / 1_048_576)} MB`
}

/** A multiple, as in `1.5×`. */
export const multiple = (value: number): string => `${value >= 10 ? value.toFixed(1) : value.toFixed(2)}×`
