/** The stop's line where it passes a member, and the branch from it into the platform: `panel.css` says which way. */
export const Branch = () => (
  <>
    <svg class="passing" aria-hidden="true">
      <rect width="100%" height="100%" />
    </svg>
    <svg class="branching aside" viewBox="0 0 24 60" aria-hidden="true">
      <path d="M2 0V46a12 12 0 0 0 12 12H24" />
    </svg>
    <svg class="branching below" viewBox="0 0 14 30" aria-hidden="true">
      <path d="M0 2A12 12 0 0 1 12 14V30" />
    </svg>
  </>
)

/** The station that the line comes from. */
export const Origin = () => (
  <svg class="start" viewBox="0 0 20 20" aria-hidden="true">
    <circle cx="10" cy="10" r="8" />
  </svg>
)
