type Schema = {
  $ref?: string
  type?: string | string[]
  description?: string
  enum?: unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}
type Described = { description?: string; schema?: Schema }
type Contents = { content?: Record<string, Described> }
type Operation = {
  summary?: string
  description?: string
  parameters?: (Described & { name: string; in: string; required?: boolean })[]
  requestBody?: Contents
  responses?: Record<string, Described & Contents & { headers?: Record<string, Described> }>
}
/** As much of an OpenAPI 3.1 document as the reference shows. */
export type Reference = {
  info: { title: string }
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema> }
}

/** A page to read an OpenAPI document on: no script, nothing from elsewhere, its style at `stylesheet`. */
export const referencePage = (
  { info, paths = {}, components = {} }: Reference,
  stylesheet: string,
): string => {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationSection(path, method, operation)),
  )
  const schemas = Object.entries(components.schemas ?? {}).map(schemaSection)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${stylesheet}">
<title>${escaped(info.title)}: reference</title>
<main>
<h1>${escaped(info.title)}</h1>
<p><a href="/">The page</a> · <a href="/openapi.json">This as OpenAPI 3.1</a></p>
${operations.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</main>
</html>
`
}

export const referenceStyle = `
:root { font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
body { margin: 0; padding: 1rem; }
main { max-width: 56rem; margin: auto; }
section { border-top: 1px solid color-mix(in srgb, currentcolor 25%, transparent); }
h3 { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; margin: 0.75rem 0; }
caption { text-align: start; font-weight: 600; }
th, td { text-align: start; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; overflow-wrap: anywhere; }
th { white-space: nowrap; }
`

const operationSection = (path: string, method: string, operation: Operation): string => {
  const { summary = '', description, parameters = [], requestBody, responses = {} } = operation
  const answers = Object.entries(responses).map(([status, response]) => [
    status,
    prose(response.description) +
      Object.entries(response.headers ?? {})
        .map(([name, header]) => `<br><code>${escaped(name)}</code>: ${prose(header.description)}`)
        .join(''),
    contents(response),
  ])
  return `<section>
<h2>${escaped(summary)}</h2>
<h3>${method.toUpperCase()} ${escaped(path)}</h3>
${description === undefined ? '' : `<p>${prose(description)}</p>`}
${[...Map.groupBy(parameters, ({ in: place }) => place)]
  .map(([place, placed]) =>
    table(
      place === 'header' ? 'Headers' : 'Query',
      ['Name', 'Type', 'Meaning'],
      placed.map(({ name, schema, description: meaning, required }) => [
        name,
        typeOf(schema),
        prose(meaning) + (required ? '' : ' (optional)'),
      ]),
    ),
  )
  .join('')}
${requestBody === undefined ? '' : `<p>Body: ${contents(requestBody)}</p>`}
${table('Answers', ['Status', 'Meaning', 'Body'], answers)}
</section>`
}

const schemaSection = ([name, schema]: [string, Schema]): string => `<section id="${escaped(name)}">
<h3>${escaped(name)}</h3>
<p>${prose(schema.description)}${schema.items ? `: ${typeOf(schema)}` : ''}</p>
${table('Fields', ['Name', 'Type', 'Meaning'], fieldRows(schema.items ?? schema))}
</section>`

/** A row for each field, and for each field of those that are objects themselves. */
const fieldRows = (schema: Schema, prefix = ''): string[][] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const object = [field, field.items, ...(field.anyOf ?? [])].find((part) => part?.properties)
    const optional = schema.required?.includes(name) ? '' : ' (optional)'
    const row = [`${prefix}${escaped(name)}`, typeOf(field), prose(field.description) + optional]
    return [row, ...(object ? fieldRows(object, `${prefix}${escaped(name)}${field.items ? '[]' : ''}.`) : [])]
  })

const contents = ({ content = {} }: Contents): string =>
  Object.entries(content)
    .map(([type, { schema }]) => `<code>${escaped(type)}</code>: ${typeOf(schema)}`)
    .join('<br>')

const typeOf = (schema: Schema = {}): string => {
  const { $ref, anyOf, items, minimum, maximum, minLength, maxLength } = schema
  if ($ref !== undefined) {
    const name = escaped($ref.slice($ref.lastIndexOf('/') + 1))
    return `<a href="#${name}">${name}</a>`
  }
  if (anyOf) return anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map((value) => `<code>${escaped(String(value))}</code>`).join(' or ')
  if (items) return `array of ${typeOf(items)}`
  const range = [minimum ?? minLength, maximum ?? maxLength].filter((bound) => bound !== undefined).join('–')
  return (
    escaped([schema.type].flat().join(' or ')) +
    (range && ` (${range}${maxLength === undefined ? '' : ' characters'})`)
  )
}

const table = (caption: string, head: string[], rows: string[][]): string =>
  rows.length === 0
    ? ''
    : `<table><caption>${caption}</caption>
<thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')}</tbody></table>`

/** Text as HTML, with what stands between backticks as code. */
const prose = (text = ''): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
