// RFC 7644 §3.11: /Me.
import { area, may, must, should } from '../check.ts'
import { expectAnswer, expectMember, expectThat } from '../expect.ts'
import { read } from '../json.ts'

export const me = area('me', 'The authenticated subject', [
  should(
    'me-is-served-or-not-implemented',
    'RFC 7644 §3.11',
    'GET /Me is answered with 501, or with the subject: 200 or 308; 404 if the token is nobody.',
    async (t) => expectAnswer(await t.get('/Me'), '501', '200', '308', '404'),
  ),
  must(
    'me-needs-a-credential-where-it-is-served',
    'RFC 7644 §3.11',
    'GET /Me without a credential reveals nobody.',
    async (t) => expectAnswer(await t.withToken(undefined).get('/Me'), '401', '501'),
  ),
  must(
    'me-has-the-location-of-the-subject',
    'RFC 7644 §3.11',
    'Where /Me is served in place, its Location is that of the permanent resource.',
    async (t) => {
      const answer = await t.get('/Me')
      if (answer.status !== 200) return t.skip('/Me is not served for this token.')
      expectMember(answer, 'meta.location', answer.header('Location') ?? '(absent)')
      const id = String(read(answer.body, 'id'))
      expectMember(await t.read(`/Users/${id}`), 'id', id)
    },
  ),
  may(
    'me-redirects-to-the-subject',
    'RFC 7644 §3.11',
    'Where /Me redirects, it does so with 308 to the permanent resource.',
    async (t) => {
      const answer = await t.get('/Me')
      if (answer.status < 300 || answer.status > 399) return t.skip('/Me does not redirect.')
      expectAnswer(answer, '308')
      const location = answer.header('Location') ?? '(absent)'
      expectThat(answer, 'a Location below /Users', location.includes('/Users/'), location)
    },
  ),
])
