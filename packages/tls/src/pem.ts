/** PEM (RFC 7468) taken apart: its blocks in their order. What stands between them is left aside. */

/** One block, with its label. */
export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`, … */
  readonly label: string
  /** The block itself, from `-----BEGIN` to the end of `END-----`. */
  readonly text: string
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*(?:-(?!----END )[^-]*)*-----END \1-----/g

/** The blocks of a text. Cost: O(length). */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  for (const match of text.matchAll(BLOCK)) blocks.push({ label: match[1] as string, text: `${match[0]}\n` })
  return blocks
}

/** Whether a text is PEM rather than the name of a file. */
export const looksLikePem = (text: string): boolean => text.includes('-----BEGIN ')

export const isCertificate = (block: PemBlock): boolean =>
  block.label === 'CERTIFICATE' || block.label === 'X509 CERTIFICATE' || block.label === 'TRUSTED CERTIFICATE'

export const isPrivateKey = (block: PemBlock): boolean => block.label.endsWith('PRIVATE KEY')
