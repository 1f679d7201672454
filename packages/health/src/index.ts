export type { CheckCode, Checker, CheckResult, Clock, Random, Target, TargetTls, Timer } from './contract.ts'
