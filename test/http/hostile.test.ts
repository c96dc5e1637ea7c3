/**
 * Hostile input: whatever is sent, the answer is no 5xx, and what is refused with a 4xx is refused
 * with a sentence and leaves everything as it was. FUZZ_RUNS sets how often each property is tried.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, readAnswer } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectErrorBody, expectList, messageIdOf } from '../support/expect.ts'
import { operatorOf } from '../support/operator.ts'
import { groupBody, PATCH_OP, USER, userBody } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

const { FUZZ_RUNS } = env as unknown as { readonly FUZZ_RUNS?: string }
const numRuns = Number(FUZZ_RUNS ?? 300)
const MIB = 1024 * 1024

/** A namespace with one user in one group, and what every answer to a bad request must be. */
async function target() {
  const client = await tenant()
  const user = await createUser(client, 'ada', { emails: [{ value: 'ada@x', type: 'work' }] })
  const group = await createGroup(client, 'G', [user.id])
  let before = await dump(client.namespace)
  /** Expects an answer that is no fault, and that a refusal changed nothing. */
  const expectHarmless = async (answer: Answer, scim = true) => {
    expect(answer.status).toBeLessThan(500)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    const after = await dump(client.namespace)
    if (answer.status >= 400) {
      if (scim)
        expectErrorBody(answer.body, answer.status, messageIdOf(answer), answer.body.scimType)
      else expect(answer.body.statusCode).toBe(answer.status)
      expect(answer.body.detail ?? answer.body.message).toMatch(/^.+\S$/s)
      expect(JSON.stringify(answer.body)).not.toMatch(/SQLITE|D1_ERROR|\bat .*\.ts:\d+/)
      expect((answer.body.detail ?? answer.body.message).length).toBeLessThan(1500)
      expect(after).toBe(before)
    }
    before = after
  }
  return { client, user, group, expectHarmless }
}

const check = <T extends unknown[]>(property: fc.IAsyncProperty<T>, examples: T[] = []) =>
  fc.assert(property, {
    ...{ numRuns, examples },
    ...{ interruptAfterTimeLimit: 50_000, markInterruptAsFailure: false },
  })

/** Whether a path is still that of a SCIM endpoint once the URL has resolved its dots. */
function isBelow(base: string, path: string): boolean {
  return `${new URL(`${base}${path}`).pathname}/`.startsWith(`${new URL(base).pathname}/`)
}

/** Names that mean something to somebody: to SCIM, to JavaScript, to SQL. */
const name = fc.constantFrom(
  ...['userName', 'externalId', 'name', 'emails', 'active', 'displayName', 'members', 'manager'],
  ...['value', 'type', 'primary', 'schemas', 'meta', 'id', 'groups', 'password', 'Operations'],
  ...['op', 'path', 'USERNAME', 'userName ', '', '__proto__', 'constructor', 'prototype'],
  ...[
    'toString',
    'hasOwnProperty',
    '$ref',
    "x'; drop table user; --",
    '\u0000',
    '\ud800',
    'ſchemas',
  ],
)

/** Texts that some layer may stumble over. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    ...[
      '',
      ' ',
      '\u0000',
      'a\u0000b',
      '\ud800',
      '\udc00',
      '\u202eadmin',
      'ａｄａ',
      'аda',
      'İ',
      'ß',
    ],
    ...[
      '\ufeff',
      '\u0301',
      `a${'\u0301'.repeat(500)}`,
      'null',
      'True',
      '-0',
      '1e999',
      "'",
      '"',
      '\\',
    ],
    ...['ada', 'ada@x', 'G', '%00', '%', '[object Object]', '../../etc', '{{x}}', '🏴'],
  ),
)

const leaf = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.constantFrom<unknown>(null, true, false, 0, -0, 1.5, 1e308, -1e-320, 2 ** 53, [], {}),
)

/** JSON whose members are named as something. */
const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie('value')), { maxLength: 6 })
      .map((members) => Object.fromEntries(members)),
  ),
})).value

/** A body that is almost one: some of its members are replaced or added. */
const nearly = (body: object) =>
  fc
    .array(fc.tuple(name, json), { maxLength: 3 })
    .map((members) => JSON.stringify({ ...body, ...Object.fromEntries(members) }))

/** Text that JSON.stringify never makes: members twice, huge numbers, depth, bytes in between. */
const broken = fc.oneof(
  fc.tuple(name, name, json, json).map(
    ([a, b, x, y]) =>
      `{${[
        [a, x],
        [b, y],
        [a, y],
      ].map(([n, v]) => `${JSON.stringify(n)}:${JSON.stringify(v)}`)}}`,
  ),
  fc.constantFrom(
    '{"userName":1e999999}',
    `{"userName":${'9'.repeat(5000)}}`,
    `{"userName":"a","externalId":"x","x":${'['.repeat(70)}${']'.repeat(70)}}`,
    `{"userName":"a","externalId":"x","x":${'{"a":'.repeat(62)}1${'}'.repeat(62)}}`,
    '{"userName":"\\ud800","externalId":"x"}',
    '{"userName":"a","__proto__":{"polluted":1},"externalId":"x"}',
    '{"constructor":{"prototype":{"polluted":1}},"userName":"a","externalId":"y"}',
  ),
  fc
    .tuple(nearly(userBody('x')), fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([body, at, more]) => {
      const place = at % (body.length + 1)
      return `${body.slice(0, place)}${more}${body.slice(place + 1)}`
    }),
)

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array(array))

describe('any body', () => {
  test('is taken, or refused with a sentence and without effect', async () => {
    const { client, user, group, expectHarmless } = await target()
    const routes = [
      ['POST', '/Users', userBody('x')],
      ['PUT', `/Users/${user.id}`, userBody('ada')],
      ['PATCH', `/Users/${user.id}`, { schemas: [PATCH_OP], Operations: [] }],
      ['POST', '/Groups', groupBody('H')],
      ['PUT', `/Groups/${group.id}`, groupBody('G')],
      ['PATCH', `/Groups/${group.id}`, { schemas: [PATCH_OP], Operations: [] }],
      ['POST', '/Bulk', { schemas: [], Operations: [] }],
      ['POST', '/.search', { schemas: [], filter: 'userName pr' }],
    ] as const
    const sent = fc.constantFrom(...routes).chain(([method, path, body]) =>
      fc
        .oneof(
          { weight: 4, arbitrary: nearly(body) },
          broken,
          bytes,
          json.map((one) => JSON.stringify(one)),
        )
        .map((content) => ({ method, path, content })),
    )
    await check(
      fc.asyncProperty(sent, async ({ method, path, content }) => {
        await expectHarmless(await client.request(method, path, content))
      }),
    )
  })

  test('of the admin API is taken, or refused with a sentence and without effect', async () => {
    const { client, expectHarmless } = await target()
    const operator = operatorOf(client)
    const routes = [
      ['PUT', '/config/default', { spec: {} }],
      ['POST', '/serviceaccounts', { name: 'a' }],
      ['POST', '/login/check', { userName: 'ada' }],
      ['POST', '/accounts', { login: 'eve', email: 'eve@x' }],
      ['POST', '/teams', { name: 'T' }],
      ['POST', '/import/users', { users: [] }],
    ] as const
    const sent = fc
      .constantFrom(...routes)
      .chain(([method, path, body]) =>
        fc.oneof(nearly(body), broken, bytes).map((content) => ({ method, path, content })),
      )
    await check(
      fc.asyncProperty(sent, async ({ method, path, content }) => {
        await expectHarmless(await operator.request(method, path, content), false)
      }),
    )
  })
})

describe('any operation of a PATCH', () => {
  const word = fc.constantFrom(
    ...['emails', 'emails.value', 'emails[type eq "work"]', 'emails[type eq "work"].value', 'name'],
    ...['name.givenName', 'active', 'members', 'members[value eq "x"]', 'members[display sw "a"]'],
    ...['groups', 'id', 'meta', 'schemas', USER, `${USER}:userName`, 'displayName', 'externalId'],
    ...[
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager',
      'password',
      'nothing',
    ],
  )
  const piece = fc.constantFrom(
    ...[
      '[',
      ']',
      '(',
      ')',
      '.',
      ':',
      ' ',
      ' eq ',
      ' and ',
      ' or ',
      'not (',
      '"',
      "'",
      '\\',
      ' pr',
      '$',
    ],
    ...['\u0000', '\ud800', '__proto__', '0', 'true', 'null'],
  )
  const path = fc.oneof(
    { weight: 3, arbitrary: word },
    fc.array(fc.oneof(word, piece, text), { maxLength: 5 }).map((parts) => parts.join('')),
  )
  const operation = fc.record(
    {
      op: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom('add', 'remove', 'replace', 'Add') },
        text,
      ),
      path,
      value: fc.oneof(json, leaf),
    },
    { requiredKeys: ['op'] },
  )

  test('is applied, or refused with a sentence and without effect', async () => {
    const { client, user, group, expectHarmless } = await target()
    const paths = fc.constantFrom(`/Users/${user.id}`, `/Groups/${group.id}`)
    await check(
      fc.asyncProperty(paths, fc.array(operation, { maxLength: 4 }), async (at, operations) => {
        await expectHarmless(await client.patch(at, operations))
      }),
    )
  })
})

describe('any query', () => {
  const term = fc.oneof(
    fc.constantFrom(
      'userName',
      'emails.value',
      'meta.created',
      'active',
      'name',
      'members',
      'nothing',
    ),
    fc.constantFrom(
      'eq',
      'ne',
      'co',
      'sw',
      'ew',
      'gt',
      'le',
      'pr',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
    ),
    fc.constantFrom(
      '"ada"',
      '"\\u0000"',
      '"\\ud800"',
      '"%_\\\\"',
      "'x'",
      'true',
      'null',
      '1e999',
      '-',
      '2026',
    ),
    text,
  )
  const filter = fc.oneof(
    fc.array(term, { maxLength: 9 }).map((terms) => terms.join(' ')),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      `${'('.repeat(3000)}userName pr${')'.repeat(3000)}`,
      `${'not ('.repeat(60)}userName pr${')'.repeat(60)}`,
      Array(200).fill('userName co "x"').join(' or '),
      `userName co "${'%'.repeat(5000)}"`,
      `userName eq "${'a'.repeat(20_000)}"`,
    ),
  )
  const parameters = fc.record(
    {
      filter,
      startIndex: text,
      count: fc.oneof(text, fc.constantFrom('-1', '1e9', '0', '99999999999999999999')),
      sortBy: fc.oneof(term, text),
      sortOrder: text,
      attributes: fc.array(fc.oneof(term, name)).map((names) => names.join()),
      excludedAttributes: fc.array(name).map((names) => names.join()),
      cursor: text,
    },
    { requiredKeys: [] },
  )
  // What is no URL never becomes a request.
  const encoded = (value: string) => encodeURIComponent(value.toWellFormed())

  test('is answered, or refused with a sentence', async () => {
    const { client, expectHarmless } = await target()
    const at = fc.constantFrom('/Users', '/Groups', '', '/Schemas')
    await check(
      fc.asyncProperty(at, parameters, async (path, given) => {
        const query = Object.entries(given).map(([key, value]) => `${key}=${encoded(value)}`)
        await expectHarmless(await client.get(`${path}?${query.join('&')}`))
      }),
    )
  })

  test('in the body of a search is answered, or refused with a sentence', async () => {
    const { client, expectHarmless } = await target()
    const at = fc.constantFrom('/Users/.search', '/Groups/.search', '/.search')
    await check(
      fc.asyncProperty(at, parameters, async (path, given) => {
        await expectHarmless(await client.post(path, given))
      }),
    )
  })

  test('that is no proper encoding is answered, or refused with a sentence', async () => {
    const { client, user, expectHarmless } = await target()
    const part = fc.constantFrom(
      ...[
        '%',
        '%zz',
        '%c3%28',
        '%00',
        '%2e%2e',
        '%2f',
        '&&',
        '==',
        '?',
        '[',
        '%ed%a0%80',
        '+',
        '%25',
      ],
      ...['filter=', 'userName%20pr', `/${user.id}`, '/..', '//', ';', '%0d%0a', 'count=1'],
    )
    const tail = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))
    await check(
      fc.asyncProperty(
        fc.constantFrom('/Users?', '/Users/', '/Groups/'),
        tail,
        async (at, more) => {
          const path = `${at}${more}`
          await expectHarmless(await client.get(path), isBelow(client.base, path))
        },
      ),
      [['/Groups/', '%2e%2e/..']],
    )
  })
})

test('any header is ignored, taken, or refused with a sentence', async () => {
  const { client, user, expectHarmless } = await target()
  const header = fc.constantFrom(
    ...[
      'Accept',
      'Content-Type',
      'Content-Length',
      'Content-Encoding',
      'If-Match',
      'If-None-Match',
    ],
    ...['Prefer', 'Authorization', 'X-HTTP-Method-Override', 'Accept-Encoding', 'Range', 'Expect'],
    ...['X-Forwarded-Host', 'X-Request-Id', 'Origin', 'Cookie', 'CF-Connecting-IP', 'Traceparent'],
  )
  const value = fc.oneof(
    fc.constantFrom(
      ...[
        '',
        '*',
        '*/*',
        'W/"',
        '"',
        ',,,,',
        'W/"1", *',
        'q=',
        'text/html;q=x',
        'gzip',
        '-1',
        'NaN',
      ],
      ...[
        'application/scim+json; charset=utf-16',
        'Bearer',
        'Bearer a b',
        'Basic !',
        '1e3',
        ';;;=',
      ],
    ),
    fc.constantFrom('x', '"', ',', ';q=0.1').map((one) => one.repeat(8000)),
    fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
  )
  const headers = fc.dictionary(header, value, { maxKeys: 3 })
  const routes = [
    ['GET', '/Users', undefined],
    ['GET', `/Users/${user.id}`, undefined],
    ['PUT', `/Users/${user.id}`, userBody('ada')],
    ['GET', '/Schemas', undefined],
  ] as const
  await check(
    fc.asyncProperty(fc.constantFrom(...routes), headers, async ([method, path, body], given) => {
      const answer = await client.request(method, path, body, given)
      if (answer.status !== 304) await expectHarmless(answer)
    }),
  )
})

describe('a body that comes slowly', () => {
  const trickle = (text: string, chunk: number) => {
    const content = new TextEncoder().encode(text)
    let at = 0
    return new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (at >= content.length) return controller.close()
        controller.enqueue(content.slice(at, at + chunk))
        at += chunk
      },
    })
  }

  test('byte by byte is read like any other', async () => {
    const { client } = await target()
    const answer = await client.post('/Users', trickle(JSON.stringify(userBody('slow')), 1))
    expect(answer).toMatchObject({ status: 201, body: { userName: 'slow' } })
  })

  test('and breaks off is refused or fails, and leaves everything as it was', async () => {
    const { client } = await target()
    const before = await dump(client.namespace)
    const half = JSON.stringify(userBody('half')).slice(0, 40)
    expectError(await client.post('/Users', trickle(half, 5)), 400, { scimType: 'invalidSyntax' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('and never ends is cancelled at its limit', async () => {
    const { client } = await target()
    let cancelled = false
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += 32 * 1024
        controller.enqueue(new Uint8Array(32 * 1024).fill(32))
      },
      cancel() {
        cancelled = true
      },
    })
    const request = new Request(`${client.base}/Users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${client.token}` },
      body: endless,
    })
    expectError(await readAnswer(await client.send(request)), 413)
    expect(cancelled).toBe(true)
    expect(sent).toBeLessThan(2 * MIB)
  })

  test('is not waited for where there is no credential', async () => {
    const { client } = await target()
    let pulled = 0
    const never = new ReadableStream(
      {
        pull() {
          pulled += 1
          return new Promise(() => undefined)
        },
      },
      { highWaterMark: 0 },
    )
    expectError(await client.withToken(undefined).post('/Users', never), 401)
    expect(pulled).toBe(0)
  })
})

describe('a userName', () => {
  test.each([
    ['ada', 'аda', 'Cyrillic а'],
    ['paypal', 'раураl', 'Cyrillic рау'],
    ['admin', 'admіn', 'Ukrainian і'],
    ['grace', 'gгace', 'Cyrillic г'],
    ['ok', 'οk', 'Greek ο'],
    ['strasse', 'straße', 'sharp s'],
    ['ilk', 'ılk', 'dotless i'],
    ['ada', 'ada\u200b', 'a zero width space'],
    ['ada', '\u202eada', 'an override of direction'],
    ['ada', 'ada\u00ad', 'a soft hyphen'],
    ['l1', 'ⅼ1', 'a Roman numeral'],
  ])('%s is another one than its look-alike %j: %s', async (plain, alike) => {
    const { client } = await target()
    const first = await createUser(client, `${plain}.x`)
    const second = await createUser(client, `${alike}.x`)
    expect(second.id).not.toBe(first.id)
    for (const user of [first, second]) {
      const filter = `userName eq ${JSON.stringify(user.userName)}`
      expect(expectList(await client.find('/Users', filter), 1)[0].id).toBe(user.id)
    }
  })

  test.each([
    ['Ada', 'ADA'],
    ['Ａｄａ', 'ada'],
    ['é', 'e\u0301'],
    ['ÅSA', 'a\u030asa'],
    ['ΣΑΣ', 'σασ'],
    ['\u212b', 'å'],
    ['ﾊﾞ', 'バ'],
    ['a\u0323\u0307', 'a\u0307\u0323'],
  ])('%j is the same as %j, both ways', async (one, other) => {
    const { client } = await target()
    for (const [given, again] of [
      [`1${one}`, `1${other}`],
      [`2${other}`, `2${one}`],
    ] as const) {
      const { id } = await createUser(client, given)
      const answer = await client.post('/Users', userBody(again, { externalId: 'new' }))
      expectError(answer, 409, { scimType: 'uniqueness' })
      const filter = `userName eq ${JSON.stringify(again)}`
      expect(expectList(await client.find('/Users', filter), 1)[0].id).toBe(id)
    }
  })
})
