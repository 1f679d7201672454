/** The protocols that clients may change to, checked and in lower case. */
import { invalid } from '../base/options.ts'

/** @throws {EvenerError} `EVENER_INVALID_OPTION` for what is no protocol name (RFC 9110 section 7.8) */
export function upgradeNames(
  field: string,
  upgrades: readonly string[] = ['websocket'],
): ReadonlySet<string> {
  if (!Array.isArray(upgrades)) throw invalid(field, upgrades, 'an array of protocol names')
  for (const upgrade of upgrades) {
    if (typeof upgrade !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z/-]+$/.test(upgrade)) {
      throw invalid(field, upgrade, 'a protocol name such as websocket')
    }
  }
  return new Set(upgrades.map(upgrade => upgrade.toLowerCase()))
}
