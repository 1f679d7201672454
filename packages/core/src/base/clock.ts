/**
 * Where time comes from. Everything that waits takes a {@link Clock}, so that a test moves time by hand. The process's
 * own is the one that health checks use: monotonic, and its timers do not keep the process alive.
 */
export { type Clock, monotonicClock as monotonic, type Timer } from '@evener/health'
