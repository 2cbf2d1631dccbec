export { createClient, newKey, ProblemError } from './client.ts'
export {
  ConnectionReport,
  Fault,
  type Live,
  Step,
  type StepName,
  type StepState,
  stepNames,
} from './connection.ts'
export { limits, paths } from './limits.ts'
export { Health, Problem, problemMediaType } from './problems.ts'
export { contract } from './routes.ts'
export { codePoints, faultOf } from './text.ts'
export { InDoubtError } from './until-answered.ts'
export { Word, Words, WordsQuery } from './words.ts'
