/**
 * Asking servers for their load, for balancers that go by it (`prequal` of `@evener/algorithms`).
 *
 * The balancer says whom to ask, the backend asks after each choice, and no request waits for an answer.
 */
import type { LoadReport } from '@evener/algorithms'
import type { Server } from './server.ts'

/** How a server is asked for its load: {@link httpLoadProbe}, or your own. */
export interface LoadProbe {
  /**
   * Ask a server. Returns at once and does not throw; one that cannot be asked now is left out.
   * @param answered to be called at most once, with what the server said; not at all where it failed
   */
  probe(server: Server, answered: (report: LoadReport) => void): void
  /** Ask nobody any more, and give up what is under way. The backend calls it when it is closed. */
  close?(): void
}
