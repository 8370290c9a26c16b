import type { Values } from './helm.ts';

/** What users of upstream's chart set: its values, and the README's and CI's ways to write them. */
export const OVERRIDES: readonly Values[] = [
  { daemonset: { image: { repository: 'registry.example.com/kubenurse' } } },
  { daemonset: { image: { tag: 'v1.15.2' } } },
  { daemonset: { extraEnvs: [{ name: 'KUBENURSE_CHECK_INTERVAL', value: '10s' }] } },
  { daemonset: { podLabels: { team: 'network' }, podAnnotations: { 'example.com/a': 'b' } } },
  { daemonset: { podLabels: [], podAnnotations: [] } },
  { daemonset: { podSecurityContext: { runAsUser: 1000 } } },
  { daemonset: { containerSecurityContext: { runAsNonRoot: true } } },
  { daemonset: { containerResources: { limits: { memory: '256Mi' } } } },
  { daemonset: { containerImagePullPolicy: 'Always' } },
  { daemonset: { tolerations: [] } },
  { daemonset: { dnsConfig: { options: [{ name: 'ndots', value: '1' }] } } },
  {
    daemonset: {
      volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
    },
    extra_ca: '/ca/ca.crt',
  },
  { daemonset: { priorityClassName: 'system-node-critical' } },
  { daemonset: { rollingUpdate: { maxUnavailable: 1, maxSurge: null } } },
  { daemonset: { rollingUpdate: { maxUnavailable: 0, maxSurge: '100%' } } },
  { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
  {
    serviceMonitor: {
      enabled: true,
      relabelings: [
        {
          sourceLabels: ['__meta_kubernetes_pod_node_name'],
          separator: ';',
          regex: '^(.*)$',
          targetLabel: 'nodename',
          replacement: '$1',
          action: 'replace',
        },
      ],
    },
  },
  {
    insecure: false,
    extra_checks: 'cloudy_check:http://cloudy.example.com|self:http://localhost:8080/alwayshappy',
  },
  {
    service_url: 'http://kubenurse.kube-system.svc:8080',
    kubernetes_service_dns: 'kubernetes.default.svc',
  },
  { allow_unschedulable: true },
  { insecure: 'True', reuse_connections: 1, expose_metadata: 'yes', neighbour_limit: -1 },
  { neighbour_filter: 'app.kubernetes.io/instance=kubenurse', neighbour_limit: '20' },
  { histogram_buckets: '.0005,.001,.0025,.005,.01,.025,.05,0.1,0.25,0.5,1' },
  { victoriametrics_histogram: true, expose_metadata: true },
  {
    check_api_server_direct: false,
    check_api_server_dns: 'false',
    check_me_ingress: false,
    check_me_service: false,
    check_neighbourhood: false,
  },
  { check_interval: '2s', reuse_connections: true, shutdown_duration: '10s' },
  { use_tls: true, cert_file: '/tls/tls.crt', cert_key: '/tls/tls.key' },
  {
    nameOverride: 'nurse',
    fullnameOverride: 'probe',
    imagePullSecrets: [{ name: 'registry' }],
    serviceAccount: { create: false, name: 'probe', imagePullSecrets: [{ name: 'registry' }] },
  },
  { service: { name: 'web', port: 80, labels: { a: 'b' } }, ingress: { enabled: false } },
  {
    ingress: {
      className: 'traefik',
      annotations: { a: 'b' },
      tlsSecretName: 'tls',
      url: 'ingress-nginx-controller.ingress-nginx.svc.cluster.local',
    },
    extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }],
  },
];
