/** HAProxy's converters by name: how each is made of its arguments. */
import { lower, upper } from '../converters/letters.ts'
import { field, word } from '../converters/parts.ts'
import type { Sample } from '../sample.ts'
import type { Converter } from '../value.ts'
import type { Arguments } from './arguments.ts'

/** Makes a converter of what is in the parentheses. */
type Maker = (given: Arguments) => Converter<never, Sample, never>

const entries: Readonly<Record<string, Maker>> = {
  lower,
  upper,
  field: given => field(given.integer(), given.text(), given.maybeInteger()),
  word: given => word(given.integer(), given.text(), given.maybeInteger()),
}

export const converters: ReadonlyMap<string, Maker> = new Map(Object.entries(entries))
