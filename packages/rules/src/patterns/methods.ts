/** The methods by which patterns are compared: HAProxy's `-m`, but for `found` and `bool`, which have none. */
import { refuse } from '../options.ts'
import { AddressIndex } from './address-index.ts'
import type { PatternIndex } from './entry.ts'
import { IntegerIndex } from './integer-index.ts'
import { RegexIndex } from './regex-index.ts'
import { textIndex } from './text-index.ts'

export type MatchMethod = 'str' | 'beg' | 'end' | 'sub' | 'dir' | 'dom' | 'reg' | 'bin' | 'int' | 'len' | 'ip'

/** What an index of each is asked for. */
export interface Compared {
  str: string
  beg: string
  end: string
  sub: string
  dir: string
  dom: string
  reg: string
  bin: string
  int: number
  len: number
  ip: string
}

export function indexFor<M extends MatchMethod>(method: M, ignoreCase: boolean): PatternIndex<Compared[M]>
export function indexFor(method: MatchMethod, ignoreCase: boolean): PatternIndex<never> {
  switch (method) {
    case 'str':
    case 'beg':
    case 'end':
    case 'sub':
    case 'dir':
    case 'dom':
    case 'bin':
      return textIndex(method, ignoreCase)
    case 'reg':
      return new RegexIndex(ignoreCase)
    case 'int':
    case 'len':
      return new IntegerIndex()
    case 'ip':
      return new AddressIndex()
    default:
      return refuse('match', method, 'str, beg, end, sub, dir, dom, reg, bin, int, len or ip')
  }
}
