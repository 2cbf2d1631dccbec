import swagger, { type SwaggerTransform, type SwaggerTransformObject } from '@fastify/swagger'
import { paths } from 'contract'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { type Reference, referencePage, referenceStyle } from './reference.ts'

/**
 * GET /openapi.json, made of the contract's schemas, and GET /docs to read it. To be called before any route is made.
 */
export const documentContract = async (server: FastifyInstance, title: string) => {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `The Grand Tour: ${title}`,
        version: '1.0.0',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'words', description: 'Words and their definitions' },
        { name: 'health', description: 'Whether this stop can serve' },
      ],
    },
    transform: withHeaders,
    transformObject: withOneNameEach,
  })
  const schema = { hide: true }
  const stylesheet = `${paths.docs}/reference.css`
  server.get(paths.openapi, { schema }, async () => server.swagger())
  server.get(paths.docs, { schema }, async (_, reply) =>
    reply.type('text/html; charset=utf-8').send(referencePage(server.swagger() as Reference, stylesheet)),
  )
  // Browsers ask for it where a page names no icon of its own.
  server.get('/favicon.ico', { schema }, async (_, reply) => reply.code(204).send())
  server.get(stylesheet, { schema }, async (_, reply) =>
    reply.type('text/css; charset=utf-8').send(referenceStyle),
  )
}

type Responses = Record<string, { headers?: unknown }>
type Document = { components?: { schemas?: Record<string, object> } }

/** fastify-type-provider-zod 7 drops the headers of a response that has a content type. */
const withHeaders: SwaggerTransform = (route) => {
  const transformed = jsonSchemaTransform(route)
  const answers = (transformed.schema.response ?? {}) as Responses
  for (const [status, { headers }] of Object.entries((route.schema?.response ?? {}) as Responses)) {
    if (headers && answers[status]) answers[status].headers = headers
  }
  return transformed
}

/**
 * It also writes every schema twice, as `Word` for answers and `WordInput` for requests. Ours are the same both
 * ways; the first kind would forbid answers to ever have one more field.
 */
const withOneNameEach: SwaggerTransformObject = (document) => {
  const { components, ...rest } = jsonSchemaTransformObject(document) as Document
  const inputs = Object.entries(components?.schemas ?? {}).filter(([name]) => name.endsWith('Input'))
  const schemas = Object.fromEntries(inputs.map(([name, schema]) => [name.replace(/Input$/, ''), schema]))
  const text = JSON.stringify({ ...rest, components: { schemas } })
  return JSON.parse(text.replaceAll(/("#\/components\/schemas\/\w+?)Input"/g, '$1"'))
}
