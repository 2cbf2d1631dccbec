import type { Live } from 'contract'
import { inMs } from '../in-words.ts'

/** The last read and the last write, as they went to the database. */
export const Statements = ({ statements, at }: { statements: Live['statements']; at: string }) => (
  <section class="statements" aria-labelledby="statements-heading">
    <h3 id="statements-heading">Statements</h3>
    {statements.length === 0 && <p class="note">None yet.</p>}
    {statements.map((statement) => (
      <figure key={statement.kind}>
        <figcaption>
          <strong>last {statement.kind}</strong> {inMs(statement.ms)}
          {statement.member && <> from {statement.member}</>}, {ago(statement.at, at)}
          {statement.source && <Source source={statement.source} />}
        </figcaption>
        <pre>
          <code>{highlighted(statement.text)}</code>
        </pre>
      </figure>
    ))}
  </section>
)

const Source = ({
  source: { file, line, url },
}: {
  source: NonNullable<Live['statements'][number]['source']>
}) => {
  const text = `${file}:${line}`
  return url === null ? (
    <span class="source">{text}</span>
  ) : (
    <a class="source" href={url}>
      {text}
    </a>
  )
}

/** How long before `now` it was, both by the stop's clock. */
const ago = (time: string, now: string): string => {
  const seconds = Math.round((Date.parse(now) - Date.parse(time)) / 1000)
  if (seconds < 1) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`
}

const tokens = /([A-Z]{2,})|(\?|'[^']*'|\b\d+\b)|([a-z_]+)(?=\()/g

/** CQL and SQL, as these stops write them: keywords in capitals, functions in small letters, values as `?`. */
const highlighted = (text: string) => {
  const parts = []
  let end = 0
  for (const match of text.matchAll(tokens)) {
    const [token, keyword, value] = match
    parts.push(text.slice(end, match.index))
    parts.push(<span class={keyword ? 'keyword' : value ? 'value' : 'function'}>{token}</span>)
    end = match.index + token.length
  }
  return [...parts, text.slice(end)]
}
