/** What checks and agents found, as HAProxy's statistics say it: a description for each code (management guide, `check_desc`). */

const descriptions: Readonly<Record<string, string>> = {
  UNK: 'Unknown',
  INI: 'Initializing',
  SOCKERR: 'Socket error',
  HANA: 'Health analyze',
  L4OK: 'Layer4 check passed',
  L4TOUT: 'Layer4 timeout',
  L4CON: 'Layer4 connection problem',
  L6OK: 'Layer6 check passed',
  L6TOUT: 'Layer6 timeout',
  L6RSP: 'Layer6 invalid response',
  L7OK: 'Layer7 check passed',
  L7OKC: 'Layer7 check conditionally passed',
  L7TOUT: 'Layer7 timeout',
  L7RSP: 'Layer7 invalid response',
  L7STS: 'Layer7 wrong status',
  PROCERR: 'External check error',
  PROCTOUT: 'External check timeout',
  PROCOK: 'External check passed',
}

/** All codes that have a description. */
export const checkCodes: readonly string[] = Object.keys(descriptions)

/** A code in words; the code itself where there are none. */
export function describeCode(code: string): string {
  return descriptions[code] ?? code
}
