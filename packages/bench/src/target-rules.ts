import { cpu, list, type Rule, speed, start, total } from './target-figures.ts'

const both = ['mysql', 'scylla']
const one = 'ours, one query a request'

/** What is to be reached, in the order in which it was asked for. */
export const rules: readonly Rule[] = [
  cpu(
    'words100: one query a request, CPU by that of the floor',
    both,
    ['words100', one],
    ['words100', 'floor'],
    {
      most: 1.1,
    },
  ),
  speed(
    'words100: requests/s by those of express',
    ['mysql'],
    ['words100', 'ours'],
    ['words100', 'express'],
    {
      least: 6,
    },
  ),
  speed(
    'words100: requests/s by those of express',
    ['scylla'],
    ['words100', 'ours'],
    ['words100', 'express'],
    {
      least: 8,
    },
  ),
  speed('words100: requests/s by those of the limit', both, ['words100', 'ours'], ['words100', 'limit'], {
    least: 0.4,
  }),
  speed('words1000: requests/s by those of express', both, ['words1000', 'ours'], ['words1000', 'express'], {
    least: 9,
  }),
  cpu('PUT: one query a request, CPU by that of the floor', both, ['put', one], ['put', 'floor'], {
    most: 1.15,
  }),
  // No target: the floor has a commit for each word.
  cpu(
    'PUT: words that share a commit, CPU by that of the floor',
    ['mysql'],
    ['put', 'ours'],
    ['put', 'floor'],
    {},
  ),
  speed('PUT: requests/s by those of express', ['mysql'], ['put', 'ours'], ['put', 'express'], { least: 3 }),
  cpu('PUT: CPU with a key by that without', ['mysql'], ['put', 'ours, with a key'], ['put', 'ours'], {
    most: 3,
  }),
  total('the whole list: transfers that were not all of it', both, { most: 0 }, (row) =>
    row.kind === 'list' ? row.failed : undefined,
  ),
  list('the whole list: peak memory, whoever reads', { most: 150, unit: ' MB' }, (lists) =>
    Math.max(...lists.map(({ peakRss }) => peakRss ?? Number.NaN)),
  ),
  list('the whole list: memory above idle, whoever reads', { most: 50, unit: ' MB' }, (lists) =>
    Math.max(...lists.map(({ peakRss, idleRss }) => (peakRss ?? Number.NaN) - (idleRss ?? Number.NaN))),
  ),
  list('the whole list: first byte', { most: 1000, unit: ' ms' }, (lists) =>
    Math.max(...lists.map(({ firstByteMs }) => firstByteMs ?? Number.NaN)),
  ),
  list('the whole list: time by that of a floor that streams', { most: 1.15 }, ([ours], floor) =>
    floor === undefined ? undefined : (ours?.totalMs ?? Number.NaN) / (floor.totalMs ?? Number.NaN),
  ),
  cpu(
    'a page: CPU in a large table by that in a small one, first page',
    both,
    ['page-of-many', 'ours, first page'],
    ['page', 'ours, first page'],
    { least: 0.9, most: 1.1 },
  ),
  cpu(
    'a page: CPU in a large table by that in a small one, last page',
    both,
    ['page-of-many', 'ours, last page'],
    ['page', 'ours, last page'],
    { least: 0.9, most: 1.1 },
  ),
  cpu(
    'a page: CPU of the last by that of the first, large table',
    both,
    ['page-of-many', 'ours, last page'],
    ['page-of-many', 'ours, first page'],
    { least: 0.9, most: 1.1 },
  ),
  speed('GET /: requests/s by those of the limit', ['none'], ['index', 'ours'], ['index', 'limit'], {
    least: 0.6,
  }),
  total('GET / and its script, packed, and 304: wrong answers', ['none'], { most: 0 }, (row) =>
    row.kind === 'load' && row.server === 'ours' ? row.failed : undefined,
  ),
  start('from the start of the process until it listens', 'ours', { most: 500, unit: ' ms' }),
  start('from a change of the source until it listens again', 'ours, node --watch', {
    most: 2000,
    unit: ' ms',
  }),
  total('lists older than their request', both, { most: 0 }, (row) =>
    row.kind === 'stale' && row.pairs >= 100_000 ? row.stale : undefined,
  ),
  total('mixed load: most of the last third by that of the middle one', both, { most: 1.1 }, (row) =>
    row.kind === 'soak' && row.minutes >= 20 ? row.growth : undefined,
  ),
]
