import type { StepState } from 'contract'

export type Shape = 'asking' | 'good' | 'warning' | 'waiting' | 'bad' | 'none'

/** One shape for each state, so that its colour is never the only signal: round, a triangle, broken, square. */
export const Sign = ({ shape }: { shape: Shape }) => (
  <svg class={`sign ${shape}`} viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    {shape === 'good' && <path class="filled" d="M12 1a11 11 0 1 0 0 22a11 11 0 0 0 0-22z" />}
    {shape === 'good' && <path class="mark" d="M7 12.5l3.5 3.5l6.5-7.5" />}
    {shape === 'warning' && <path class="filled" d="M12 1.5L23.5 22H.5z" />}
    {shape === 'warning' && <path class="mark" d="M12 9v6M12 17.8v1.2" />}
    {(shape === 'waiting' || shape === 'asking') && (
      <circle class="ring" cx="12" cy="12" r="9" pathLength="12" stroke-dasharray="2 1" />
    )}
    {shape === 'none' && <circle class="ring" cx="12" cy="12" r="5" />}
    {shape === 'bad' && <path class="filled" d="M1.5 1.5h21v21h-21z" />}
    {shape === 'bad' && <path class="mark" d="M7.5 7.5l9 9M16.5 7.5l-9 9" />}
  </svg>
)

/** The sign for the state of a step. */
export const shapeOf: Record<StepState, Shape> = {
  ok: 'good',
  warning: 'warning',
  failed: 'bad',
  waiting: 'waiting',
  skipped: 'none',
}
