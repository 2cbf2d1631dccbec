import type { ConnectionReport, Step } from 'contract'
import { tlsInWords } from '../in-words.ts'
import { type Shape, Sign } from '../sign.tsx'
import { pure } from './pure.ts'

type Certificate = NonNullable<Extract<Step, { step: 'certificate' }>['found']>

/** The certificates that the servers showed, and how long they are valid still. */
export const Certificates = pure(({ servers }: Pick<ConnectionReport, 'servers'>) => {
  const shown = new Map<string, Certificate>()
  for (const { steps } of servers) {
    for (const step of steps) {
      if (step.step === 'certificate' && step.found?.validTo)
        shown.set(JSON.stringify([step.found.subject, step.found.names, step.found.validTo]), step.found)
    }
  }
  const [first] = shown.values()
  if (first === undefined) return null
  const { protocol, cipher } = first
  return (
    <section class="certificates" aria-labelledby="certificates-heading">
      <h3 id="certificates-heading">{shown.size > 1 ? 'Certificates' : 'Certificate'}</h3>
      <p class="summary">{[protocol && tlsInWords(protocol), cipher].filter(Boolean).join(', ')}</p>
      {[...shown].map(([key, certificate]) => (
        <CertificateView key={key} certificate={certificate} />
      ))}
    </section>
  )
})

/** Days that the bar shows at most, and days before the end at which it turns. */
const barDays = 90
const soonDays = 30

const CertificateView = ({ certificate }: { certificate: Certificate }) => {
  const { subject, issuer, names, validTo, daysLeft } = certificate
  const days = daysLeft ?? 0
  const shape: Shape = days < 0 ? 'bad' : days < soonDays ? 'warning' : 'good'
  const share = Math.max(0, Math.min(1, days / barDays)) * 100
  return (
    <div class={`certificate ${shape}`}>
      <p class="of">
        <Sign shape={shape} />
        <strong>{subject ?? 'The server'}</strong>
        <span class="days">{daysInWords(days)}</span>
      </p>
      <svg class="bar" aria-hidden="true">
        <rect class="rest" width="100%" height="100%" rx="4" />
        <rect class="left" width={`${share}%`} height="100%" rx="4" />
        <line x1={`${(soonDays / barDays) * 100}%`} x2={`${(soonDays / barDays) * 100}%`} y1="0" y2="100%" />
      </svg>
      <p class="names">
        {[
          names.length > 0 && `for ${names.join(', ')}`,
          issuer && `issued by ${issuer}`,
          validTo && `valid until ${dateOf(validTo)}`,
        ]
          .filter(Boolean)
          .join('; ')}
      </p>
    </div>
  )
}

const daysInWords = (days: number): string => {
  if (days < 0) return `Expired ${-days} ${days === -1 ? 'day' : 'days'} ago`
  return `${days} ${days === 1 ? 'day' : 'days'} left${days < soonDays ? ': renew it' : ''}`
}

const dateOf = (time: string): string =>
  new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
