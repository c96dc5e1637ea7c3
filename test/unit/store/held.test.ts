/** Errors are held back until the credential is decided, and no other errors are. */
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../../src/scim/error.ts'
import { andThen, hold, holdAsync, release } from '../../../src/store/held.ts'

const wrong = new ProtocolError('invalidValue', 'wrong')
const fault = new TypeError('a fault of ours')
const fail = (error: Error) => () => {
  throw error
}

describe('what is read before the credential is decided', () => {
  test('is held with its value, and released', async () => {
    expect(hold(() => 7)).toEqual({ ok: true, value: 7 })
    expect(await holdAsync(async () => 7)).toEqual({ ok: true, value: 7 })
    expect(release(hold(() => 7))).toBe(7)
  })

  test('is held with the error of the client, which is thrown when it is released', async () => {
    const held = hold(fail(wrong))
    expect(held).toEqual({ ok: false, error: wrong })
    expect(await holdAsync(async () => fail(wrong)())).toEqual({ ok: false, error: wrong })
    expect(() => release(held)).toThrow(wrong)
  })

  test('fails at once where the fault is ours', async () => {
    expect(() => hold(fail(fault))).toThrow(fault)
    await expect(holdAsync(async () => fail(fault)())).rejects.toBe(fault)
  })
})

describe('what is made of it', () => {
  test('is held as well', () => {
    expect(
      andThen(
        hold(() => 7),
        (value) => value + 1,
      ),
    ).toEqual({ ok: true, value: 8 })
    expect(
      andThen(
        hold(() => 7),
        fail(wrong),
      ),
    ).toEqual({ ok: false, error: wrong })
  })

  test('is the first error', () => {
    const held = hold(fail(wrong))
    expect(andThen(held, fail(fault))).toBe(held)
  })
})
