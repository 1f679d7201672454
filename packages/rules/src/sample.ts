/**
 * What a value is while rules run.
 *
 * HAProxy's types. Texts and bytes are both strings with a byte in each character (Latin-1), which is how HTTP's heads
 * come; an address is its canonical text. What is not there is undefined, and matches nothing.
 */
export interface SampleTypes {
  bool: boolean
  /** HAProxy's are signed and have 64 bits; these are whole to 2^53, beyond which they are rounded. */
  int: number
  str: string
  bin: string
  /** An IPv4 or IPv6 address. */
  addr: string
}

export type SampleType = keyof SampleTypes
export type Sample = string | number | boolean
