import type { Live } from 'contract'

type PoolState = NonNullable<Live['pool']>

/** The pool as a train: every window a connection, lit while a statement has it. */
export const Pool = ({ pool }: { pool: PoolState }) => {
  const { limit, inUse, idle, waiting, queueLimit } = pool
  return (
    <section class="pool" aria-labelledby="pool-heading">
      <h3 id="pool-heading">Pool</h3>
      {limit <= 40 && <Coaches pool={pool} />}
      <dl class="figures">
        <Figure name="in use" value={inUse} />
        <Figure name="idle" value={idle} />
        <Figure name="not open" value={Math.max(0, limit - inUse - idle)} />
        <Figure name={`waiting, ${queueLimit} at most`} value={waiting} isBad={waiting > 0} />
      </dl>
    </section>
  )
}

const Figure = ({ name, value, isBad }: { name: string; value: number; isBad?: boolean }) => (
  <div class={isBad ? 'bad' : ''}>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)

const windowsPerCoach = 5

const Coaches = ({ pool: { limit, inUse, idle } }: { pool: PoolState }) => {
  const windows = Array.from({ length: limit }, (_, index) =>
    index < inUse ? 'lit' : index < inUse + idle ? 'dark' : 'closed',
  )
  const coaches = Array.from({ length: Math.ceil(limit / windowsPerCoach) }, (_, coach) =>
    windows.slice(coach * windowsPerCoach, (coach + 1) * windowsPerCoach),
  )
  return (
    <div class="coaches" aria-hidden="true">
      {coaches.map((coach, index) => (
        <svg key={index} viewBox="0 0 122 34" width="122" height="34" aria-hidden="true">
          <rect class="body" width="118" height="26" rx="4" />
          <path class="wheels" d="M20 30h.01M34 30h.01M84 30h.01M98 30h.01" />
          <path class="coupling" d="M118 22h4" />
          {coach.map((state, window) => (
            <rect key={window} class={state} x={8 + window * 21.5} y="6" width="16" height="10" rx="1.5" />
          ))}
        </svg>
      ))}
    </div>
  )
}
