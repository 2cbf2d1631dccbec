import { policies } from 'cassandra-driver'

type Info = policies.retry.OperationInfo

/**
 * Asks again what members did not answer in time, ten times: for tables to be filled and counted while members have
 * just started, or still have to write down what load has left them. Never for what is measured under load.
 */
export class PatientRetry extends policies.retry.RetryPolicy {
  override onReadTimeout(info: Info) {
    return this.#again(info)
  }
  override onWriteTimeout(info: Info) {
    return this.#again(info)
  }
  override onRequestError(info: Info) {
    return this.#again(info)
  }

  #again({ nbRetry }: Info) {
    // The same member: each of the others is asked once only. The declared type wants a consistency level; undefined,
    // which keeps the statement's own, is documented.
    return nbRetry < 10 ? this.retryResult(undefined as unknown as number, true) : this.rethrowResult()
  }
}
