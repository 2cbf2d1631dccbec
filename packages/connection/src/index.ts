export type { Fault } from 'contract'
export type { Activity, MemberState, Statement } from './activity.ts'
export { diagnose } from './diagnose.ts'
export { causesOf, explainNetwork, type FaultAt, SchemaFault, sentence, type Target } from './faults.ts'
export { certificateFile, keyOf, type PemFile, privateKeyFile } from './files.ts'
export { type ConnectionStatus, keepConnected, type ServerFacts } from './keep-connected.ts'
export { nearest } from './nearest.ts'
export {
  certificateOf,
  expiryWarning,
  keepRefused,
  notEncrypted,
  openSocket,
  probeTls,
  resolveName,
} from './probe.ts'
export type { Report } from './report.ts'
export type { Found, Steps } from './steps.ts'
export { type ServerUrl, serverOf, serverUrls } from './urls.ts'
export { within } from './within.ts'
