/** What a load cost the proxy: processor time for each request, and memory. */
import { forgetPeak, processorMicros, residentBytes } from '../machine/process-figures.ts'
import type { Sample } from '../row.ts'

/**
 * Run a load and take the proxy's figures around it.
 * @param load gives the number of requests served beside figures of its own
 */
export async function measured(
  pid: number,
  load: () => Promise<{ readonly requests: number; readonly sample: Sample }>,
): Promise<Sample> {
  forgetPeak(pid)
  const before = processorMicros(pid)
  const { requests, sample } = await load()
  const used = processorMicros(pid) - before
  const { now, peak } = residentBytes(pid)
  if (requests === 0) throw new Error('not one request was served')
  return { cpu: used / requests, ...sample, memory: now, peak }
}
