import { testPage } from 'conformance'

testPage({ name: 'the stop without a database', app: 'example' })
