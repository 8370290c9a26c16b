import { describe, expect, test } from 'vitest';
import { missingTools } from '../../lab/tools/tool.ts';
import { render, type Values } from './helm.ts';

describe.skipIf(missingTools(['helm']).length > 0)('the Helm chart', () => {
  test.each<[Values, string]>([
    [{ check_intervall: '5s' }, "at '': additional properties 'check_intervall' not allowed"],
    [
      { daemonset: { resources: {} } },
      "at '/daemonset': additional properties 'resources' not allowed",
    ],
    [{ check_interval: 5 }, "at '/check_interval': got number, want null or string"],
    [{ check_interval: '5 s' }, "at '/check_interval': '5 s' does not match pattern"],
    [{ use_tls: 'yes' }, "at '/use_tls': value must be one of true, false"],
    [{ service: { ipFamilies: ['IPv5'] } }, "at '/service/ipFamilies/0': value must be one of"],
    [
      { podMonitor: { additionalLabels: { a: true } } },
      "at '/podMonitor/additionalLabels/a': got boolean, want string",
    ],
    [{ port: 70_000 }, "at '/port': maximum: got 70,000, want 65,535"],
    [{ otlp: { endpoint: 'gateway:4318' } }, "at '/otlp/endpoint': 'gateway:4318' does not match"],
  ])('refuses the value %o', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  test.each<[Values, string]>([
    [{ ingress: { enabled: true } }, 'ingress.enabled needs ingress.url'],
    [{ ingress: { url: 'https://example.com/nurse' } }, 'must not have a path'],
    [{ check_me_ingress: true }, 'check_me_ingress needs ingress.url'],
    [{ httpRoute: { enabled: true } }, 'httpRoute.enabled needs httpRoute.parentRefs'],
    [
      { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } },
      'would scrape every pod twice',
    ],
    [
      { podMonitor: { enabled: true }, exporters: 'otlp' },
      'a monitor scrapes /metrics, which exporters "otlp" do not serve',
    ],
    [{ use_tls: true }, 'use_tls needs a certificate'],
    [{ use_tls: true, cert_file: '/a' }, 'use_tls needs a certificate'],
    [{ use_tls: false, tls: { secretName: 'a' } }, 'use_tls is false, but tls.secretName is set'],
    [{ tls: { secretName: 'a' }, tls_port: 8080 }, 'port and tls_port are both 8080'],
    [
      { tls: { secretName: 'a' }, service: { port: 8443 } },
      'service.port and tls_port are both 8443',
    ],
    [{ tls: { secretName: 'a' }, service: { name: 'https' } }, 'service.name is https'],
    [
      { httpRoute: { enabled: true, parentRefs: [{ name: 'a' }], hostnames: ['*.example.com'] } },
      '"https://*.example.com" cannot be checked: ingress.url must be a single host',
    ],
    [
      { hostNetwork: true, updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      'hostNetwork and maxSurge',
    ],
    [
      { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      'exactly one of maxSurge and maxUnavailable',
    ],
    [{ daemonset: { rollingUpdate: { maxUnavailable: 0 } } }, 'exactly one'],
    [{ hostNetwork: true, networkPolicy: { enabled: true } }, 'network policies have no effect'],
    [
      { podLabels: { 'app.kubernetes.io/name': 'a' } },
      'podLabels must not contain app.kubernetes.io/name',
    ],
    [
      { commonLabels: { 'app.kubernetes.io/instance': 'a' } },
      'commonLabels must not contain app.kubernetes.io/instance',
    ],
  ])('refuses the combination %o with a reason', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  test.each<[Values, string]>([
    [{ fullnameOverride: 'kube.nurse' }, '"kube.nurse" is not a valid Service name'],
    [{ fullnameOverride: 'KubeNurse' }, '"KubeNurse" is not a valid Service name'],
    [{ fullnameOverride: '1nurse' }, '"1nurse" is not a valid Service name'],
    [{ nameOverride: 'Nurse' }, '"kubenurse-Nurse" is not a valid Service name'],
    [{ nameOverride: 'nurse/a' }, 'nameOverride: "nurse/a" is not a valid value of label'],
    [{ podLabels: { team: 'a b' } }, 'podLabels: "a b" is not a valid value of label team'],
    [
      { podLabels: { team: 'a'.repeat(64) } },
      `podLabels: "${'a'.repeat(64)}" is not a valid value`,
    ],
    [{ daemonset: { podLabels: { 'a/b/c': 'a' } } }, '"a/b/c" is not a valid label name'],
    [{ commonLabels: { [`${'a'.repeat(64)}`]: 'a' } }, 'is not a valid label name'],
    [
      { service: { labels: { 'Example.com/a': 'a' } } },
      'service.labels: "Example.com/a" is not a valid label name',
    ],
    [
      { serviceMonitor: { labels: { a: '-a' } } },
      'serviceMonitor.additionalLabels: "-a" is not a valid value',
    ],
    [{ nodeSelector: { a: 'b,c' } }, 'nodeSelector: "b,c" is not a valid value of label a'],
    [{ podAnnotations: { 'a b': 'c' } }, 'podAnnotations: "a b" is not a valid annotation name'],
    [
      { ingress: { className: 'Nginx' } },
      'ingress.className: "Nginx" is not a valid name in Kubernetes',
    ],
    [
      { tls: { secretName: 'my_tls' } },
      'tls.secretName: "my_tls" is not a valid name in Kubernetes',
    ],
    [
      { serviceAccount: { name: 'A' } },
      'serviceAccount.name: "A" is not a valid name in Kubernetes',
    ],
    [
      { serviceMonitor: { namespace: 'a.b' } },
      'serviceMonitor.namespace: "a.b" is not a valid name',
    ],
    [{ ingress: { url: '10.0.0.1' } }, 'ingress.url: "10.0.0.1" is an IP address'],
    [{ ingress: { url: 'https://[fd00::1]:8443' } }, 'ingress.url: "[fd00::1]" is an IP address'],
    [
      { ingress: { url: 'bücher.example' } },
      'ingress.url: "bücher.example" must be written in Punycode',
    ],
    [
      { ingress: { url: 'Kube.example.com' } },
      'ingress.url: "Kube.example.com" is not a valid host name',
    ],
    [
      { ingress: { url: 'a_b.example.com' } },
      'ingress.url: "a_b.example.com" is not a valid host name',
    ],
    [{ ingress: { url: `${'a'.repeat(64)}.example.com` } }, 'parts of at most 63'],
    [
      {
        ingress: { url: 'a.example.com', enabled: false },
        httpRoute: { enabled: true, parentRefs: [{ name: 'a' }], hostnames: ['10.0.0.1'] },
      },
      'httpRoute.hostnames: "10.0.0.1" is an IP address',
    ],
  ])(
    'refuses %o, which the API server would reject after half an install',
    async (values, message) => {
      await expect(render(values)).rejects.toThrow(message);
    },
  );

  test('refuses a release whose name no Service can have', async () => {
    const refused = render({}, { release: 'kube.nurse' });
    await expect(refused).rejects.toThrow('"kube.nurse-kubenurse" is not a valid Service name');
    await render({ fullnameOverride: 'probe' }, { release: 'kube.nurse' });
  });

  test.each<Values>([
    { ingress: { url: 'https://10.0.0.1:8443', enabled: false } },
    { ingress: { url: 'xn--bcher-kva.example' } },
    { podLabels: { 'example.com/team': 'a.b_c-D', empty: '' } },
    { podAnnotations: { 'Example.com/Any': 'whatever it is' } },
  ])('accepts %o', async (values) => {
    await render(values);
  });

  test.each<[Values, string]>([
    [{ namespace: 'kube-system' }, "namespace: use helm's --namespace"],
    [{ check_api_me_ingress: false }, 'check_api_me_ingress: use check_me_ingress'],
    [{ check_api_me_service: false }, 'check_api_me_service: use check_me_service'],
    [
      { rbac: { allow_unschedulable: { enabled: true } } },
      'rbac.allow_unschedulable: use allow_unschedulable',
    ],
    [
      { daemonset: { securityContext: { runAsUser: 1 } } },
      'daemonset.securityContext: use podSecurityContext',
    ],
    [{ httpRoute: { rules: [] } }, 'httpRoute.rules: no replacement'],
  ])('names the replacement of the key %o of upstream’s other charts', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  test('names all invalid combinations at once', async () => {
    const refused = render({ use_tls: true, httpRoute: { enabled: true } });
    await expect(refused).rejects.toThrow(/parentRefs.*use_tls needs a certificate/s);
  });
});
