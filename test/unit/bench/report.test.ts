/** The figures of the benchmark: what is computed from samples, and how it is judged. */
import { expect, describe as group, test } from 'vitest'
import {
  aimsOf,
  describe,
  describeWorst,
  figuresOf,
  growthOf,
  percentile,
  type Result,
  ratioOf,
} from '../../../scripts/bench/report.ts'
import { readServerTiming } from '../../../scripts/lib/server-timing.ts'

function result(name: string, kind: Result['kind'], perSecond: number, more = {}): Result {
  const figures = { requests: 100, perSecond, p50: 2, p99: 9, cpu: 1 }
  return { target: 'Node', users: 2000, concurrency: 16, name, kind, figures, cost: {}, ...more }
}

group('percentile', () => {
  test('is the least value that so many of all do not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(percentile(hundred, 0.5)).toBe(50)
    expect(percentile(hundred, 0.99)).toBe(99)
    expect(percentile(hundred, 1)).toBe(100)
    expect(percentile([7], 0.99)).toBe(7)
    expect(percentile([9, 10, 2], 0.5)).toBe(9)
  })

  test('of nothing is no number', () => {
    expect(percentile([], 0.5)).toBeNaN()
  })
})

test('throughput goes by the time that passed, CPU time by the requests', () => {
  expect(figuresOf({ latencies: [1, 3, 2, 10], elapsed: 8, cpu: 6 })).toEqual({
    requests: 4,
    perSecond: 500,
    p50: 2,
    p99: 10,
    cpu: 1.5,
  })
  expect(figuresOf({ latencies: [1], elapsed: 1, cpu: undefined }).cpu).toBeUndefined()
})

group('a ratio', () => {
  const floors = [result('one batch', 'floor', 1000), result('two batches', 'floor', 400)]

  test('compares a read with one batch and a write with two', () => {
    expect(ratioOf(result('GET by id', 'read', 1500), floors)).toEqual({ speed: 1.5, cpu: 1 })
    expect(ratioOf(result('create', 'write', 300), floors)).toEqual({ speed: 0.75, cpu: 1 })
  })

  test('needs a floor of the same target, size and concurrency', () => {
    for (const other of [{ target: 'Worker' }, { users: 100_000 }, { concurrency: 1 }]) {
      expect(ratioOf(result('GET by id', 'read', 1500, other), floors)).toBeUndefined()
    }
    expect(ratioOf(floors[0] as Result, floors)).toBeUndefined()
  })
})

test('growth compares the medians of the smallest and the largest directory', () => {
  const figures = { requests: 1, perSecond: 1, p50: 3, p99: 3 }
  const grown = result('create', 'write', 1, { users: 100_000, figures })
  const once = result('GET by id', 'read', 1)
  expect(growthOf([grown, once, result('create', 'write', 1)])).toEqual([
    { target: 'Node', name: 'create', concurrency: 16, from: 2000, to: 100_000, factor: 1.5 },
  ])
})

group('the aims', () => {
  const judge = (...results: Result[]) =>
    aimsOf(
      [result('one batch', 'floor', 1000), result('two batches', 'floor', 400), ...results],
      'Node',
    )
  const met = (...results: Result[]) => judge(...results).map((aim) => aim.met)

  test('a read of one resource is as fast as the floor, and ahead of other servers', () => {
    expect(met(result('GET by id', 'read', 2442))).toEqual([true, true, true])
    expect(met(result('GET by id', 'read', 2441))).toEqual([false, true, true])
    expect(met(result('lookup by userName', 'read', 999))).toEqual([false, false, true])
  })

  test('a page, and a write, is half as fast', () => {
    expect(met(result('page of 50 at 1001', 'read', 500))).toEqual([true, true, true])
    expect(met(result('page of 50 by cursor', 'read', 499))).toEqual([false, true])
    expect(met(result('PATCH ±1 of 10 members', 'write', 200))).toEqual([true, true])
    expect(met(result('PATCH ±1 of 10 members', 'write', 199))).toEqual([false, true])
  })

  test('none takes more than twice the CPU time', () => {
    const figures = { requests: 1, perSecond: 900, p50: 1, p99: 1, cpu: 2.01 }
    expect(met(result('PATCH ±1 of 10 members', 'write', 1, { figures }))).toEqual([true, false])
  })

  test('are judged with 2,000 users and 16 lanes on one target only', () => {
    for (const other of [{ target: 'Worker' }, { users: 100_000 }, { concurrency: 1 }]) {
      expect(judge(result('create', 'write', 1, other))).toEqual([])
    }
  })
})

test('the tables show what is not known as a dash', () => {
  const figures = { requests: 4, perSecond: 500, p50: 1.5, p99: 10 }
  const cost = { trips: 1 }
  const lines = describe([result('GET by id', 'read', 0, { figures, cost })], []).split('\n')
  expect(lines[0]).toBe('Node: 2,000 users, concurrency 16')
  expect(lines[3]?.split(/\s{2,}/)).toEqual([
    ...['GET by id', '500', '1.50', '10.00', '–', '–', '–', '1', '–', '–'],
  ])
})

test('trips and rows are read from Server-Timing as far as it has them', () => {
  expect(
    readServerTiming('db;dur=1.2, trips;desc="2", rows-read;desc="19", rows-written;desc="12"'),
  ).toEqual({ trips: 2, rowsRead: 19, rowsWritten: 12 })
  expect(readServerTiming('db;dur=1.2, trips;desc="1"')).toEqual({ trips: 1 })
  expect(readServerTiming(undefined)).toEqual({})
})

group('the worst bodies', () => {
  const body = (name: string, milliseconds: number) => {
    return { name, milliseconds, outcome: 'done', parsing: 0 }
  }
  const linesOf = (text: string) => text.split('\n').map((line) => line.trim().split(/\s{2,}/))

  test('come worst first, and what takes more than 50 ms a MiB is marked', () => {
    expect(linesOf(describeWorst([body('a', 50), body('b', 50.1), body('c', 7)]))).toEqual([
      ['Worst bodies: 1 of 3 take more than 50 ms of CPU a MiB'],
      [''],
      ['body', 'outcome', 'CPU ms a MiB'],
      ['b', 'done', '50.1', 'TOO MUCH'],
      ['a', 'done', '50.0'],
      ['c', 'done', '7.0'],
    ])
  })

  test('are as many as asked for, but never fewer than take too much', () => {
    const bodies = [body('a', 60), body('b', 70), body('c', 1), body('d', 2)]
    expect(linesOf(describeWorst(bodies, 1))).toHaveLength(3 + 2)
    expect(linesOf(describeWorst(bodies, 3))).toHaveLength(3 + 3)
  })
})
