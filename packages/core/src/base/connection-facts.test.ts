import { type ProxyHeader, ProxyHeaderReader, proxyHeaderV2 } from '@evener/proxy-protocol'
import { expect, test } from 'vitest'
import { connectionFacts } from './connection-facts.ts'

const socket = { remoteAddress: '::ffff:10.0.0.1', remotePort: 1, localAddress: '10.0.0.2', localPort: 2 }

function header(
  family: 'tcp4' | 'unix-stream' | 'unknown',
  source: string,
  destination: string,
): ProxyHeader {
  const content = { command: 'proxy' as const, family, sourcePort: 0, destinationPort: 0, tlvs: {} }
  const bytes = proxyHeaderV2({ ...content, sourceAddress: source, destinationAddress: destination })
  return new ProxyHeaderReader().read(bytes) as ProxyHeader
}

const ends = (proxyHeader?: ProxyHeader) => {
  const facts = connectionFacts(socket, undefined, proxyHeader)
  return [facts.peerAddress, facts.peerPort, facts.localAddress, facts.localPort]
}

test('the addresses are the socket’s own, IPv4 as such', () => {
  expect(ends()).toEqual(['10.0.0.1', 1, '10.0.0.2', 2])
})

test('a header’s word counts where it says anything of addresses', () => {
  expect(ends(header('tcp4', '192.0.2.1', '192.0.2.2'))).toEqual(['192.0.2.1', 0, '192.0.2.2', 0])
  expect(ends(header('unknown', '', ''))).toEqual(['10.0.0.1', 1, '10.0.0.2', 2])
})

test('a client that reached the proxy by a unix socket has no address: a path is none', () => {
  expect(ends(header('unix-stream', '/run/client', '/run/proxy'))).toEqual(['', 0, '', 0])
})
