import { testStop } from 'conformance'

testStop({ name: 'the stop without a database', app: 'example' })
