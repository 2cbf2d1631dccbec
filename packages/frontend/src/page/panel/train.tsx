/** The engine of the poster. */
export const Train = () => (
  <svg class="engine" viewBox="0 0 84 22" width="42" height="11" aria-hidden="true">
    <path class="body" d="M0 0h62a22 22 0 0 1 22 22H4a4 4 0 0 1-4-4z" />
    <path class="glass" d="M10 5h14v8H10zM30 5h14v8H30zM50 5h12a14 14 0 0 1 10 8H50z" />
  </svg>
)
