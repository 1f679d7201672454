/** Results for tests. */
import type { RowResult, SubjectResult } from './results.ts'

export const subjectOf = (name: string, cpu: readonly number[], failure?: string): SubjectResult => ({
  name,
  version: '1.0',
  about: `about ${name}`,
  samples: cpu.map(value => ({ cpu: value, rate: 1e6 / value })),
  ...(failure !== undefined && { failure }),
})

export const rowOf = (name: string, subjects: readonly SubjectResult[]): RowResult => ({
  name,
  title: `the row ${name}`,
  compared: 'cpu',
  date: '2030-01-02T03:04:05.000Z',
  commit: 'abc1234',
  repeats: 3,
  seconds: 2,
  quick: false,
  machine: {
    processor: 'a processor',
    cores: 2,
    memoryGiB: 4,
    kernel: 'Linux 6.1',
    node: '24.0.0',
    pinning: 'proxy on core 1, load and servers on 0',
    openFiles: 20_000,
  },
  origin: 'nginx 1.0',
  load: 'wrk 4.1',
  subjects,
})
