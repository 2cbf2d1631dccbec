export { type Lease, lease } from './lease.ts'
export { type ProvisionOptions, provision } from './provision.ts'
export type { ControlAction, Kind, LeaseOptions, Member, Way } from './settings.ts'
