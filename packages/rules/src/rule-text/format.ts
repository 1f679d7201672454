/** Formats in rules: a text without variables and expressions is a constant, and is checked as one; others are templates. */
import type { Names } from '../expression/names.ts'
import { template } from '../log-format/template.ts'
import type { Stage } from '../stage.ts'
import type { Text } from '../text.ts'

/** @throws {RuleError} `EVENER_INVALID_OPTION` that names the place */
export function formatted(text: string, at: Stage, names: Names | undefined): Text<never> {
  return text.replaceAll('%%', '').includes('%') ? template(text, at, names) : text.replaceAll('%%', '%')
}
