/** Figures as pictures show them: three digits that say something, and no more. */

/** `0.72`, `7.2`, `72`, `7,200`. */
export function figure(value: number): string {
  if (value === 0) return '0'
  if (value >= 99.5) return Math.round(value).toLocaleString('en-US')
  if (value >= 9.95) return value.toFixed(0)
  return value >= 0.995 ? value.toFixed(1) : value.toFixed(2)
}

/** `0.1234` as `12.3 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** A coordinate, to a tenth of a pixel. */
export function pixel(value: number): number {
  return Math.round(value * 10) / 10
}
