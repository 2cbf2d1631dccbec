/**
 * The known name that a mistyped one was most likely meant to be: the one with the fewest edits between them.
 *
 * @param most edits that still count as a slip; a third of the name unless given
 * @returns undefined when all known names are further away
 */
export const nearest = (
  name: string,
  known: readonly string[],
  most = Math.max(2, Math.floor(name.length / 3)),
): string | undefined =>
  known
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits)[0]?.candidate

/** Characters to put in, take out or change, at the least (Levenshtein, row by row). */
const editsBetween = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1]
    for (const [j, wanted] of [...to].entries()) {
      const [across = 0, change = 0, down = 0] = [next[j], row[j], row[j + 1]]
      next.push(Math.min(across + 1, down + 1, change + (character === wanted ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
