/** The reason phrases of the statuses that rules may give. */
import { STATUS_CODES } from 'node:http'

export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown'
}
