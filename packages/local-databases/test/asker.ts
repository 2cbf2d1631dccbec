import { isAgreedTo } from '../src/index.ts'

console.log(await isAgreedTo('Go on?', new AbortController().signal))
