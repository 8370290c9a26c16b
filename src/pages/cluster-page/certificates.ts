import { certificateSentence, expiringCertificates } from '../../verdict/certificates.ts';
import type { ClusterView } from '../../verdict/report.ts';
import { count } from '../../verdict/words.ts';
import { type Content, html } from './html.ts';
import { badge } from './states.ts';

const MAX_CERTIFICATES = 20;

/**
 * Certificates that expire soon or have expired; nothing if there are none. `runbooks`: the URL of
 * the runbooks' folder.
 */
export function certificates(view: ClusterView, runbooks: string): Content {
  const all = expiringCertificates(view);
  const more = all.length - MAX_CERTIFICATES;
  return (
    all.length > 0 &&
    html`<section aria-labelledby="certificates"><h2 id="certificates">Certificates</h2>
<ul class="certificates">${all
      .slice(0, MAX_CERTIFICATES)
      .map(
        (each) =>
          html`<li>${badge(each.isUrgent ? 'fail' : 'warn')} ${certificateSentence(each, view.now)}</li>`,
      )}</ul>
<p class="note">${more > 0 && `And ${count(more, 'more certificate')}. `}<a href="${runbooks}KubenurseCertificateExpiresSoon.md" rel="noreferrer">Runbook</a></p></section>
`
  );
}
