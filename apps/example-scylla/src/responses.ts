import { type errors, types } from 'cassandra-driver'
import type { FaultAt } from 'connection'
import type { Config } from './config.ts'

/** A login that was refused: what is wrong, and what to do. */
export const explainLogin = (message: string, server: string, user: string) => {
  // A cluster that cannot look users up says so in the answer it has for a wrong password.
  if (/consistency level/.test(message))
    return {
      problem: `${server} cannot look up the user ${user}: too few members are up`,
      remedy: 'Start them; more copies of the keyspace system_auth let logins go on without.',
    }
  if (/not permitted to log in/.test(message))
    return {
      problem: `${server} lets the user ${user} not log in`,
      remedy: `ALTER ROLE ${user} WITH LOGIN = true.`,
    }
  return { problem: `${server} refused the user ${user} or its password`, remedy: 'Correct them in the URL.' }
}

const { responseErrorCodes: codes, consistencyToString } = types as typeof types & {
  consistencyToString: Record<number, string>
}

const isGone = /unconfigured table|unknown (?:CF|keyspace|table)|(?:keyspace|table) .*does not exist/i

/** The cluster's own answers that say "not now" or "not you"; undefined for those that are a fault of this program. */
export const explainResponse = (
  error: errors.ResponseError,
  { COMPOSE_SCYLLA_URL }: Config,
): FaultAt | undefined => {
  const { code, message, consistencies, required, alive, received, blockFor, failures } =
    error as errors.ResponseError & Record<string, number>
  const level = `the consistency level ${consistencyToString[Number(consistencies)]}`
  const cluster = (problem: string, remedy: string): FaultAt => ({
    step: 'read and write',
    origin: 'the cluster',
    problem,
    remedy,
  })
  switch (code) {
    case codes.unavailableException:
      return cluster(
        `${level} needs ${required} replicas; alive: ${alive}`,
        'Start the members that are down.',
      )
    case codes.readTimeout:
    case codes.writeTimeout:
      return cluster(
        `${received} of the ${blockFor} replicas that ${level} needs answered in time`,
        'A member is down, paused or overloaded.',
      )
    case codes.readFailure:
    case codes.writeFailure:
      return cluster(
        `${failures} of the replicas failed; ${level} needs ${blockFor}, and ${received} answered`,
        'Their logs say why; a disk that is full is a common reason.',
      )
    case codes.overloaded:
    case codes.isBootstrapping:
      return cluster('the member is overloaded or still starting', 'Try again.')
    case codes.invalid:
    case codes.serverError:
    case codes.unprepared:
      // Which of these, and in which words, depends on what is gone and on what the member had prepared: a statement that
      // cannot be prepared again is "unprepared" on every member.
      return code === codes.unprepared || isGone.test(message)
        ? {
            step: 'schema',
            origin: 'keyspace grand_tour',
            problem: 'the keyspace or its table words is gone',
            remedy: 'It is made again with the next connection.',
          }
        : undefined
    case codes.unauthorized:
      return {
        step: /CREATE/.test(message) ? 'schema' : 'read and write',
        origin: `the user ${COMPOSE_SCYLLA_URL[0]?.user}`,
        problem: `it has no ${/no (\w+) permission on (<[^>]*>)/.exec(message)?.slice(1).join(' permission on ')}`,
        remedy: 'GRANT it; a user who may not CREATE can use what another has made.',
      }
  }
  if (/disk usage|disk utilization/i.test(message)) return cluster('its disks are full', 'Make room on them.')
  return undefined
}
