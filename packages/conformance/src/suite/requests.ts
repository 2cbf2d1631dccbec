import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import { Problem, paths, problemMediaType, type Word } from 'contract'
import type { App, Stop } from '../stop.ts'

/** The stop that a test is about. */
export type Subject = {
  app: App
  /** It may be another process after `empty`: take it anew in each test. */
  readonly stop: Stop
  empty(): Promise<void>
  fill(words: readonly Word[]): Promise<void>
  connectionsInUse: ((stop: Stop) => Promise<number>) | undefined
}

export const json = 'application/json'
export const form = 'application/x-www-form-urlencoded'

/** A text that no other test uses, so that tests may share a table. */
export const unique = (text: string): string => `${text} ${randomUUID()}`

/** Sends a body to PUT /words as it is, byte for byte. */
export const put = ({ stop }: Subject, contentType: string, body: string | Uint8Array<ArrayBuffer>) =>
  fetch(`${stop.url}${paths.words}`, { method: 'PUT', headers: { 'content-type': contentType }, body })

export const putJson = (subject: Subject, value: unknown) => put(subject, json, JSON.stringify(value))

export const putForm = (subject: Subject, fields: Record<string, string>) =>
  put(subject, form, new URLSearchParams(fields).toString())

/** Asserts that a word was taken: 204 with nothing in it. */
export const expectAdded = async (response: Response): Promise<void> => {
  expect({ status: response.status, body: await response.text() }).toEqual({ status: 204, body: '' })
}

/** Asserts that an answer is a problem of the contract with this status, without a word about the code; gives it. */
export const expectProblem = async (response: Response, status: number): Promise<Problem> => {
  const body = await response.text()
  expect({ status: response.status, body }).toEqual({ status, body: expect.any(String) })
  expect(response.headers.get('content-type')?.split(';')[0]).toBe(problemMediaType)
  expect(body).not.toMatch(/node_modules|\.ts:\d|\.js:\d/)
  const problem = Problem.parse(JSON.parse(body))
  expect(problem.status).toBe(status)
  return problem
}
