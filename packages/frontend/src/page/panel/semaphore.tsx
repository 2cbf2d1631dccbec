/** A railway signal: the arm raised and the round lamp lit for clear, the arm level and the square one lit for stop. */
export const Semaphore = ({ isClear }: { isClear: boolean }) => (
  <svg
    class={isClear ? 'semaphore clear' : 'semaphore'}
    viewBox="0 0 40 64"
    width="40"
    height="64"
    aria-hidden="true"
  >
    <path class="post" d="M12 10V64M5 64H19" />
    <g class="arm">
      <path d="M12 8.5h25v9H12a4.5 4.5 0 0 1 0-9z" />
      <path class="stripe" d="M27 8.5h5v9h-5z" />
    </g>
    {isClear ? <circle class="lamp" cx="12" cy="34" r="6" /> : <path class="lamp" d="M6 28h12v12H6z" />}
  </svg>
)
