export type { Balancer, Member, MemberResult, Random, RequestInfo } from './balancer.ts'
