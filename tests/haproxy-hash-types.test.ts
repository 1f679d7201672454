/**
 * HAProxy's hash functions and types beside a running HAProxy: the same server for every key.
 */
import { header, source, uri } from '@evener/algorithms'
import { compare, type Hashing, hashing } from './support/haproxy-comparison.ts'
import { address, headers, target } from './support/haproxy-requests.ts'

const byUri: Hashing = { title: 'uri', balancer: options => uri(options), request: target }
const bySource: Hashing = { title: 'source', balancer: options => source(options), request: address }
const byHeader: Hashing = {
  title: 'hdr(x-key)',
  balancer: options => header('x-key', options),
  request: headers,
}

for (const type of ['map-based', 'consistent']) {
  for (const name of ['sdbm', 'djb2', 'wt6', 'crc32']) {
    for (const modifier of ['', ' avalanche']) compare(hashing(byUri, `${type} ${name}${modifier}`))
  }
}
// An address is no text: the function has no part in it, the modifier has.
compare(hashing(bySource, 'map-based wt6 avalanche'))
compare(hashing(bySource, 'consistent djb2'))
compare(hashing(byHeader, 'consistent crc32'))
