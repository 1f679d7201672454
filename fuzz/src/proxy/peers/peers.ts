/** All other proxies that are installed. Which are not is said by name. */
import type { Accounted } from '../codec-reader.ts'
import type { Ledger } from '../ledger.ts'
import { Peer } from './peer.ts'
import type { ProgramName } from './programs.ts'

export interface Peers {
  /** Show them the bytes of one server connection. */
  check(bytes: Buffer, messages: readonly Accounted[]): void
  /** Wait while too much is to be looked at. */
  room(): Promise<void>
  /** Wait until all has been looked at. */
  finish(): Promise<void>
  figures(): string
  refusals(): string[]
  close(): void
}

export async function startPeers(
  names: readonly ProgramName[],
  directory: string,
  ledger: Ledger,
  say: (line: string) => void,
): Promise<Peers> {
  const peers: Peer[] = []
  for (const name of names) {
    const peer = new Peer(name, ledger)
    const missing = await peer.start(directory)
    if (missing === undefined) peers.push(peer)
    else say(`left out: ${missing}`)
  }
  return {
    check: (bytes, messages) => {
      for (const peer of peers) peer.check(bytes, messages)
    },
    async room() {
      for (const peer of peers) while (peer.full) await peer.progress()
    },
    async finish() {
      for (const peer of peers) while (!peer.idle) await peer.progress()
    },
    figures: () => peers.map(peer => `${peer.name} agrees on ${peer.agreed}`).join(', '),
    refusals: () =>
      peers.map(({ name, refusals }) => {
        const counted = [...refusals].map(([what, times]) => `${what} ${times}`)
        return `${name} refused ${counted.length === 0 ? 'nothing' : counted.join(', ')}`
      }),
    close: () => {
      for (const peer of peers) peer.close()
    },
  }
}
