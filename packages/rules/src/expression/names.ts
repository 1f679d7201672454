/** What a text names and cannot hold itself: given by whoever compiles texts, and asked while they are compiled. */
import type { KeyObject } from 'node:crypto'
import type { Condition } from '../condition.ts'
import type { Users } from '../fetches/auth.ts'
import { PatternList } from '../patterns/pattern-list.ts'
import type { Sample } from '../sample.ts'
import type { BackendView, FrontendView, ServerView } from '../scope.ts'
import type { TableView } from '../tables.ts'

/** What is not given is not there: to name it is refused. */
export interface Names {
  backend?(name: string): BackendView | undefined
  /** @param backend undefined for the backend that the rule stands in */
  server?(backend: string | undefined, name: string): ServerView | undefined
  frontend?(name: string): FrontendView | undefined
  /** @param name undefined for the table of the backend or frontend that the rule stands in */
  table?(name: string | undefined): TableView | undefined
  users?(name: string): Users | undefined
  /**
   * The list of a file, or of any other name: for `-f`, for the converters `map_…`, and for the rules that change lists,
   * which so are about the same. Undefined: the file is read, for that place alone.
   * @param isMap whether its lines have a value behind the pattern
   */
  list?(file: string, isMap: boolean): PatternList | undefined
  /** A named condition: HAProxy's `acl`. */
  condition?(name: string): Condition | undefined
  /** The public key, or the certificate, that `jwt_verify` names by its path. */
  publicKey?(path: string): KeyObject | undefined
  /** Told what passes by the converter `debug`. */
  debug?(prefix: string, value: Sample): void
}

/** The list of a file that is only looked up in. @throws {RuleError} `EVENER_INVALID_OPTION` for a file that cannot be read */
export function listOf(names: Names | undefined, file: string, isMap: boolean): PatternList {
  return names?.list?.(file, isMap) ?? new PatternList({ file, map: isMap })
}
