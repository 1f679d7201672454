export { type EvenerOptions, evener } from './plugin.ts'
