/**
 * What may stand in SNI (RFC 6066 section 3) and in a dNSName: letters, digits, hyphens and underscores in
 * labels of 1 to 63, at most 253 in all, no dot at the end, and no IPv4 address, which SNI forbids.
 *
 * Underscores are no host names by RFC 952, but real names behind wildcards have them. Cost: O(length).
 */
const LABELS = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/i

/** Whether a text is a host name. */
export function isHostName(text: string): boolean {
  if (text.length > 253 || !LABELS.test(text)) return false
  // No top-level domain is a number: what ends in one is an IPv4 address in some notation.
  return !/^\d+$/.test(text.slice(text.lastIndexOf('.') + 1))
}

/** Whether a text is a host name or `*.` before one, as certificates have it. */
export const isCertificateName = (text: string): boolean =>
  isHostName(text.startsWith('*.') ? text.slice(2) : text)
