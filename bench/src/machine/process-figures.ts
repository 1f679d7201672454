/**
 * What a process has used, from Linux's /proc: processor time of all its threads, and resident memory.
 *
 * Processor time comes in ticks of 10 ms: a load must run for a second or so before it says anything.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** Ticks a second in /proc/PID/stat: 100 on practically every Linux. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100

/** User and system ticks in the text of /proc/PID/stat: fields 14 and 15 of proc(5). */
export function parseTicks(stat: string): number {
  // The second field is the program's name in brackets, and may itself hold brackets and spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** A size in the text of /proc/PID/status, in bytes. */
export function parseStatusBytes(status: string, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  if (kilobytes === undefined) throw new Error(`/proc/PID/status has no ${field}`)
  return Number(kilobytes) * 1024
}

/** Processor time used so far by all threads of a process, in microseconds. */
export function processorMicros(pid: number): number {
  return (parseTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')) * 1_000_000) / ticksPerSecond
}

/** Resident memory now, and its peak since the start or the last {@link forgetPeak}; bytes. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return { now: parseStatusBytes(status, 'VmRSS'), peak: parseStatusBytes(status, 'VmHWM') }
}

/** Begin the peak anew. Where the kernel does not permit it, the peak is that of the process's whole life. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Said in the docstring: nothing else can be done.
  }
}
