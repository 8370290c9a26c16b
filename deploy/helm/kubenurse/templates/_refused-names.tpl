{{/*
Names, labels and hosts that the API server would reject, after it has created other objects of the release: a line each,
as a YAML list. Lengths and characters are those of Kubernetes's own validation.
*/}}
{{- define "kubenurse.refusedNames" -}}
{{- $mistakes := list -}}
{{- $pod := include "kubenurse.pod" . | fromYaml -}}
{{- $name := include "kubenurse.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- $mistakes = append $mistakes (printf "%q is not a valid Service name (lower-case letters, digits and \"-\", starting with a letter): set fullnameOverride or rename the release" $name) -}}
{{- end -}}
{{- with .Values -}}
{{- $objects := dict "ingress.className" .ingress.className "ingress.tlsSecretName" .ingress.tlsSecretName "tls.secretName" .tls.secretName "serviceAccount.name" .serviceAccount.name "priorityClassName" $pod.priorityClassName -}}
{{- $namespaces := dict "serviceMonitor.namespace" .serviceMonitor.namespace "podMonitor.namespace" .podMonitor.namespace "prometheusRule.namespace" .prometheusRule.namespace "networkPolicy.ingressNamespace" .networkPolicy.ingressNamespace "networkPolicy.prometheusNamespace" .networkPolicy.prometheusNamespace -}}
{{- range $key, $value := merge (dict) $objects $namespaces -}}
{{- if and $value (not (include "kubenurse.isDnsName" (list $value (ternary 63 253 (hasKey $namespaces $key))))) -}}
{{- $mistakes = append $mistakes (printf "%s: %q is not a valid name in Kubernetes (lower-case letters, digits and \"-\")" $key $value) -}}
{{- end -}}
{{- end -}}
{{- $labels := dict "nameOverride" (dict "app.kubernetes.io/name" (include "kubenurse.name" $)) "commonLabels" .commonLabels "podLabels" $pod.labels "nodeSelector" .nodeSelector "service.labels" .service.labels "serviceMonitor.additionalLabels" (.serviceMonitor.additionalLabels | default .serviceMonitor.labels) "podMonitor.additionalLabels" .podMonitor.additionalLabels "prometheusRule.additionalLabels" .prometheusRule.additionalLabels "dashboards.label" (dict .dashboards.label "1") -}}
{{- range $key, $map := $labels -}}
{{- range $label, $value := $map -}}
{{- if not (include "kubenurse.isQualifiedName" $label) -}}
{{- $mistakes = append $mistakes (printf "%s: %q is not a valid label name" $key $label) -}}
{{- end -}}
{{- if not (regexMatch "^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$" $value) -}}
{{- $mistakes = append $mistakes (printf "%s: %q is not a valid value of label %s (at most 63 letters, digits, \"-\", \"_\" and \".\", with a letter or digit at both ends)" $key $value $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $key, $map := dict "podAnnotations" $pod.annotations "serviceAccount.annotations" .serviceAccount.annotations "ingress.annotations" .ingress.annotations "httpRoute.annotations" .httpRoute.annotations "dashboards.annotations" .dashboards.annotations -}}
{{- range $annotation, $_ := $map -}}
{{- if not (include "kubenurse.isQualifiedName" (lower $annotation)) -}}
{{- $mistakes = append $mistakes (printf "%s: %q is not a valid annotation name" $key $annotation) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $hosts := dict -}}
{{- if and .ingress.url (include "kubenurse.isIngressMade" $) }}{{ $_ := set $hosts "ingress.url" (list (include "kubenurse.ingressHost" $)) }}{{ end -}}
{{- if .httpRoute.enabled }}{{ $_ := set $hosts "httpRoute.hostnames" (.httpRoute.hostnames | default (list (include "kubenurse.ingressHost" $) | compact)) }}{{ end -}}
{{- range $key, $list := $hosts -}}
{{- range $host := $list -}}
{{- $asName := trimPrefix "*." $host -}}
{{- if or (contains "[" $host) (regexMatch "^[0-9]+(\\.[0-9]+){3}$" $host) -}}
{{- $mistakes = append $mistakes (printf "%s: %q is an IP address, not a host name; if kubenurse is exposed by other means, set ingress.enabled=false" $key $host) -}}
{{- else if not (regexMatch "^[\\x00-\\x7F]*$" $host) -}}
{{- $mistakes = append $mistakes (printf "%s: %q must be written in Punycode (xn--…)" $key $host) -}}
{{- else if not (and (include "kubenurse.isDnsName" (list $asName 253)) (regexMatch "^[^.]{1,63}(\\.[^.]{1,63})*$" $asName)) -}}
{{- $mistakes = append $mistakes (printf "%s: %q is not a valid host name (parts of at most 63 lower-case letters, digits and \"-\")" $key $host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $mistakes -}}
{{- end }}

{{/* Takes (list text maxLength); a name of more than 63 characters may have several parts, separated by dots. */}}
{{- define "kubenurse.isDnsName" -}}
{{- $part := "[a-z0-9]([-a-z0-9]*[a-z0-9])?" -}}
{{- $pattern := eq (last .) 63 | ternary (printf "^%s$" $part) (printf "^%s(\\.%s)*$" $part $part) -}}
{{- if and (regexMatch $pattern (first .)) (le (len (first .)) (last .)) }}yes{{ end -}}
{{- end }}

{{/* Whether the API server accepts it as the name of a label or an annotation. */}}
{{- define "kubenurse.isQualifiedName" -}}
{{- $parts := splitList "/" . -}}
{{- $isNameRight := regexMatch "^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$" (last $parts) -}}
{{- $isPrefixRight := or (eq (len $parts) 1) (and (eq (len $parts) 2) (include "kubenurse.isDnsName" (list (first $parts) 253))) -}}
{{- if and $isNameRight $isPrefixRight }}yes{{ end -}}
{{- end }}
