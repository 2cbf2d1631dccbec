import { afterAll } from '@jest/globals'
import { testBreaking } from 'conformance'
import { freshDatabase } from './database.ts'

const database = await freshDatabase()
testBreaking('example-mysql', database)
afterAll(database.release)
