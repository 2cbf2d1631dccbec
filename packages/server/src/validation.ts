import type { FastifySchemaCompiler } from 'fastify'
import type { ZodType, z } from 'zod'
import { type FieldError, Refused, wrongFields } from './errors.ts'

/** Validates with the zod schema of the contract, and words what is wrong for the person who sent it. */
export const validatorCompiler: FastifySchemaCompiler<ZodType> = ({ schema, httpPart }) => {
  const part = httpPart === 'querystring' ? 'query' : (httpPart ?? 'request')
  return (data) => {
    const result = schema.safeParse(data, { error: wording })
    // Headers stay as they came: with others in their place, Fastify makes one object of both whenever somebody looks.
    if (result.success) return httpPart === 'headers' ? {} : { value: result.data }
    const fields = result.error.issues.flatMap((issue) => fieldsOf(issue, part))
    return { error: new Refused(400, wrongFields(part, fields), fields) }
  }
}

/** Words for what zod itself finds; the rules that the contract words itself come first. */
const wording: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'unrecognized_keys') return 'is not a field of this request'
  if (issue.code !== 'invalid_type') return undefined
  if (issue.input === undefined) return 'is missing'
  if (issue.expected === 'string') return Array.isArray(issue.input) ? 'must be given once' : 'must be text'
  return `must be ${issue.expected === 'object' ? 'an object' : issue.expected}`
}

const fieldsOf = (issue: z.core.$ZodIssue, part: string): FieldError[] => {
  const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.') || part]
  return names.map((field) => ({ field, message: issue.message }))
}
