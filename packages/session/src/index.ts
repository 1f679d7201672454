export type { Affinity, AffinityRequest, HeaderEdits } from './affinity.ts'
