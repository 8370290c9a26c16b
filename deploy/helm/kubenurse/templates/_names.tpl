{{/* The selector's labels are upstream's: those of a DaemonSet cannot be changed by an upgrade. */}}
{{- define "kubenurse.selectorLabels" -}}
{{- toYaml (dict "app.kubernetes.io/name" (include "kubenurse.name" .) "app.kubernetes.io/instance" .Release.Name) -}}
{{- end }}

{{/* The labels of an object: its own before those of all. Takes (list context "own labels, as a map"). */}}
{{- define "kubenurse.labels" -}}
{{- $ := first . -}}
{{- $labels := include "kubenurse.selectorLabels" $ | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/part-of" "kubenurse" -}}
{{- $_ := set $labels "app.kubernetes.io/version" $.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $.Release.Service -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- toYaml (merge (dict) (index . 1 | default dict) ($.Values.commonLabels | default dict) $labels) -}}
{{- end }}

{{/* Name, namespace and labels. Takes (list context "own labels, as a map"), and a namespace other than the release's, if there is one. */}}
{{- define "kubenurse.metadata" -}}
{{- $ := first . -}}
{{- $namespace := "" -}}
{{- if gt (len .) 2 }}{{ $namespace = last . }}{{ end -}}
name: {{ include "kubenurse.fullname" $ }}
namespace: {{ $namespace | default $.Release.Namespace | quote }}
labels:
  {{- include "kubenurse.labels" . | nindent 2 }}
{{- end }}

{{- define "kubenurse.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kubenurse.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "kubenurse.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "kubenurse.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of objects without a namespace, so that releases of one name in two namespaces keep apart. */}}
{{- define "kubenurse.clusterWideName" -}}
{{- printf "%s-%s" .Release.Namespace (include "kubenurse.fullname" .) }}
{{- end }}

{{- define "kubenurse.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "kubenurse.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "kubenurse.serviceHost" -}}
{{- printf "%s.%s.svc.%s" (include "kubenurse.fullname" .) .Release.Namespace .Values.clusterDomain }}
{{- end }}

{{- define "kubenurse.image" -}}
{{- $image := .Values.image -}}
{{- $old := (include "kubenurse.pod" . | fromYaml).image -}}
{{- if $old -}}
{{- $old.repository }}:{{ $old.tag | default .Chart.AppVersion }}
{{- else -}}
{{- list $image.registry $image.repository | compact | join "/" -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}
