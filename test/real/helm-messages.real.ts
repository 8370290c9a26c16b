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
    [{ insecure: 'yes' }, "at '/insecure': value must be one of true, false"],
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
    [{ ingress: { url: 'https://example.com/nurse' } }, 'must be without a path'],
    [{ check_me_ingress: true }, 'check_me_ingress needs ingress.url'],
    [{ httpRoute: { enabled: true } }, 'httpRoute.enabled needs httpRoute.parentRefs'],
    [
      { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } },
      'would scrape every pod twice',
    ],
    [
      { podMonitor: { enabled: true }, exporters: 'otlp' },
      'a monitor scrapes /metrics, which exporters "otlp" do not have',
    ],
    [{ use_tls: true }, 'use_tls needs a certificate'],
    [{ use_tls: true, cert_file: '/a' }, 'use_tls needs a certificate'],
    [{ use_tls: false, tls: { secretName: 'a' } }, 'use_tls is false, and tls.secretName is set'],
    [{ tls: { secretName: 'a' }, tls_port: 8080 }, 'port and tls_port are both 8080'],
    [
      { tls: { secretName: 'a' }, service: { port: 8443 } },
      'service.port and tls_port are both 8443',
    ],
    [{ tls: { secretName: 'a' }, service: { name: 'https' } }, 'service.name is https'],
    [
      { httpRoute: { enabled: true, parentRefs: [{ name: 'a' }], hostnames: ['*.example.com'] } },
      'the check cannot ask "https://*.example.com": ingress.url must be one host',
    ],
    [
      { hostNetwork: true, updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      'hostNetwork and maxSurge',
    ],
    [
      { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      'of maxSurge and maxUnavailable exactly one',
    ],
    [{ daemonset: { rollingUpdate: { maxUnavailable: 0 } } }, 'exactly one'],
    [{ hostNetwork: true, networkPolicy: { enabled: true } }, 'network policies do not hold'],
    [
      { podLabels: { 'app.kubernetes.io/name': 'a' } },
      'podLabels must not have app.kubernetes.io/name',
    ],
    [
      { commonLabels: { 'app.kubernetes.io/instance': 'a' } },
      'commonLabels must not have app.kubernetes.io/instance',
    ],
  ])('refuses the combination %o in words', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  test.each<[Values, string]>([
    [{ fullnameOverride: 'kube.nurse' }, '"kube.nurse" cannot be the name of a Service'],
    [{ fullnameOverride: 'KubeNurse' }, '"KubeNurse" cannot be the name of a Service'],
    [{ fullnameOverride: '1nurse' }, '"1nurse" cannot be the name of a Service'],
    [{ nameOverride: 'Nurse' }, '"kubenurse-Nurse" cannot be the name of a Service'],
    [{ nameOverride: 'nurse/a' }, 'nameOverride: "nurse/a" cannot be the value of the label'],
    [{ podLabels: { team: 'a b' } }, 'podLabels: "a b" cannot be the value of the label team'],
    [{ podLabels: { team: 'a'.repeat(64) } }, `podLabels: "${'a'.repeat(64)}" cannot be the value`],
    [{ daemonset: { podLabels: { 'a/b/c': 'a' } } }, '"a/b/c" cannot be the name of a label'],
    [{ commonLabels: { [`${'a'.repeat(64)}`]: 'a' } }, 'cannot be the name of a label'],
    [
      { service: { labels: { 'Example.com/a': 'a' } } },
      'service.labels: "Example.com/a" cannot be',
    ],
    [
      { serviceMonitor: { labels: { a: '-a' } } },
      'serviceMonitor.additionalLabels: "-a" cannot be',
    ],
    [{ nodeSelector: { a: 'b,c' } }, 'nodeSelector: "b,c" cannot be the value of the label a'],
    [
      { podAnnotations: { 'a b': 'c' } },
      'podAnnotations: "a b" cannot be the name of an annotation',
    ],
    [
      { ingress: { className: 'Nginx' } },
      'ingress.className "Nginx" cannot be a name in Kubernetes',
    ],
    [{ tls: { secretName: 'my_tls' } }, 'tls.secretName "my_tls" cannot be a name in Kubernetes'],
    [{ serviceAccount: { name: 'A' } }, 'serviceAccount.name "A" cannot be a name in Kubernetes'],
    [{ serviceMonitor: { namespace: 'a.b' } }, 'serviceMonitor.namespace "a.b" cannot be a name'],
    [{ ingress: { url: '10.0.0.1' } }, 'ingress.url: "10.0.0.1" is an IP address'],
    [{ ingress: { url: 'https://[fd00::1]:8443' } }, 'ingress.url: "[fd00::1]" is an IP address'],
    [
      { ingress: { url: 'bücher.example' } },
      'ingress.url: "bücher.example" must be written as the DNS',
    ],
    [
      { ingress: { url: 'Kube.example.com' } },
      'ingress.url: "Kube.example.com" cannot be the name of',
    ],
    [
      { ingress: { url: 'a_b.example.com' } },
      'ingress.url: "a_b.example.com" cannot be the name of',
    ],
    [{ ingress: { url: `${'a'.repeat(64)}.example.com` } }, 'whose parts have at most 63'],
    [
      {
        ingress: { url: 'a.example.com', enabled: false },
        httpRoute: { enabled: true, parentRefs: [{ name: 'a' }], hostnames: ['10.0.0.1'] },
      },
      'httpRoute.hostnames: "10.0.0.1" is an IP address',
    ],
  ])('refuses %o, which the API server would after half an install', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  test('refuses a release whose name no Service can have', async () => {
    const refused = render({}, { release: 'kube.nurse' });
    await expect(refused).rejects.toThrow('"kube.nurse-kubenurse" cannot be the name of a Service');
    await render({ fullnameOverride: 'probe' }, { release: 'kube.nurse' });
  });

  test.each<Values>([
    { ingress: { url: 'https://10.0.0.1:8443', enabled: false } },
    { ingress: { url: 'xn--bcher-kva.example' } },
    { podLabels: { 'example.com/team': 'a.b_c-D', empty: '' } },
    { podAnnotations: { 'Example.com/Any': 'whatever it is' } },
  ])('takes %o', async (values) => {
    await render(values);
  });

  test.each<[Values, string]>([
    [{ namespace: 'kube-system' }, 'namespace is said to helm: --namespace'],
    [{ check_api_me_ingress: false }, 'check_api_me_ingress is called check_me_ingress'],
    [{ check_api_me_service: false }, 'check_api_me_service is called check_me_service'],
    [
      { rbac: { allow_unschedulable: { enabled: true } } },
      'rbac.allow_unschedulable is called allow_unschedulable',
    ],
    [
      { daemonset: { securityContext: { runAsUser: 1 } } },
      'daemonset.securityContext is called podSecurityContext',
    ],
    [{ httpRoute: { rules: [] } }, 'httpRoute.rules has nothing in its place'],
  ])(
    'names what takes the place of the key %o of upstream’s other charts',
    async (values, message) => {
      await expect(render(values)).rejects.toThrow(message);
    },
  );

  test('names all mistaken combinations at once', async () => {
    const refused = render({ use_tls: true, httpRoute: { enabled: true } });
    await expect(refused).rejects.toThrow(/parentRefs.*use_tls needs a certificate/s);
  });
});
