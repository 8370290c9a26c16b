{{/* Ends the rendering with every combination of values that cannot be, in words. */}}
{{- define "kubenurse.refuseMistakes" -}}
{{- $mistakes := concat (include "kubenurse.goneKeys" . | fromYamlArray) (include "kubenurse.refusedNames" . | fromYamlArray) -}}
{{- $pod := include "kubenurse.pod" . | fromYaml -}}
{{- $isIngressMade := include "kubenurse.isIngressMade" . -}}
{{- with .Values -}}
{{- if and $isIngressMade (not .ingress.url) -}}
{{- $mistakes = append $mistakes "ingress.enabled needs ingress.url, the host that the Ingress is for" -}}
{{- else if and $isIngressMade (not (has (urlParse (include "kubenurse.ingressUrl" $)).path (list "" "/"))) -}}
{{- $mistakes = append $mistakes (printf "ingress.url %q must be without a path, since the Ingress publishes /alwayshappy; where somebody else publishes it with a path, set ingress.enabled=false" .ingress.url) -}}
{{- end -}}
{{- if and (eq (toString .check_me_ingress) "true") (not (include "kubenurse.ingressUrl" $)) (not (include "kubenurse.isInExtraEnv" (list $ "KUBENURSE_INGRESS_URL"))) -}}
{{- $mistakes = append $mistakes "check_me_ingress needs ingress.url, the address that the check asks" -}}
{{- end -}}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) -}}
{{- $mistakes = append $mistakes "httpRoute.enabled needs httpRoute.parentRefs, the gateway that the route is for" -}}
{{- end -}}
{{- if contains "*" (include "kubenurse.ingressUrl" $) -}}
{{- $mistakes = append $mistakes (printf "the check cannot ask %q: ingress.url must be one host" (include "kubenurse.ingressUrl" $)) -}}
{{- end -}}
{{- if and .serviceMonitor.enabled .podMonitor.enabled -}}
{{- $mistakes = append $mistakes "serviceMonitor.enabled and podMonitor.enabled would scrape every pod twice: choose one" -}}
{{- end -}}
{{- if and .exporters (not (has "prometheus" (splitList "," (nospace .exporters)))) (or .serviceMonitor.enabled .podMonitor.enabled) -}}
{{- $mistakes = append $mistakes (printf "a monitor scrapes /metrics, which exporters %q do not have: add prometheus" .exporters) -}}
{{- end -}}
{{- if and (eq (toString .use_tls) "true") (not .tls.secretName) (not (and .cert_file .cert_key)) -}}
{{- $mistakes = append $mistakes "use_tls needs a certificate: tls.secretName, or cert_file and cert_key" -}}
{{- end -}}
{{- if and (eq (toString .use_tls) "false") .tls.secretName -}}
{{- $mistakes = append $mistakes "use_tls is false, and tls.secretName is set: take one of them away" -}}
{{- end -}}
{{- if and (include "kubenurse.usesTls" $) (eq (int .port) (int .tls_port)) -}}
{{- $mistakes = append $mistakes (printf "port and tls_port are both %d: HTTP and HTTPS need a port each" (int .port)) -}}
{{- end -}}
{{- if and (include "kubenurse.usesTls" $) (eq (int .service.port) (int .tls_port)) -}}
{{- $mistakes = append $mistakes (printf "service.port and tls_port are both %d: the Service needs a port each for HTTP and HTTPS" (int .service.port)) -}}
{{- end -}}
{{- if and (include "kubenurse.usesTls" $) (eq .service.name "https") -}}
{{- $mistakes = append $mistakes "service.name is https, which is the name of the port of HTTPS: take another" -}}
{{- end -}}
{{- $rolling := $pod.updateStrategy.rollingUpdate | default dict -}}
{{- $surges := not (has (toString $rolling.maxSurge) (list "0" "0%" "<nil>")) -}}
{{- $halts := not (has (toString $rolling.maxUnavailable) (list "0" "0%" "<nil>")) -}}
{{- if and $surges .hostNetwork -}}
{{- $mistakes = append $mistakes "hostNetwork and maxSurge: the new pod of a node cannot listen where the old one still does; set maxUnavailable instead" -}}
{{- end -}}
{{- if and $rolling (eq $surges $halts) -}}
{{- $mistakes = append $mistakes "of maxSurge and maxUnavailable exactly one must be other than 0" -}}
{{- end -}}
{{- if and .hostNetwork .networkPolicy.enabled -}}
{{- $mistakes = append $mistakes "hostNetwork and networkPolicy.enabled: network policies do not hold for pods in the node's network" -}}
{{- end -}}
{{- range $key, $labels := dict "podLabels" $pod.labels "commonLabels" .commonLabels -}}
{{- range $label := list "app.kubernetes.io/name" "app.kubernetes.io/instance" -}}
{{- if hasKey ($labels | default dict) $label -}}
{{- $mistakes = append $mistakes (printf "%s must not have %s, by which the pods are selected; nameOverride changes the name" $key $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $mistakes -}}
{{- fail (printf "\n\nthese values cannot be:\n- %s\n" (join "\n- " $mistakes)) -}}
{{- end -}}
{{- end }}

{{/* Keys of upstream's other charts that are not supported, each with its replacement: a YAML list. */}}
{{- define "kubenurse.goneKeys" -}}
{{- $gone := list -}}
{{- with .Values -}}
{{- if hasKey . "namespace" }}{{ $gone = append $gone "namespace: use helm's --namespace" }}{{ end -}}
{{- if hasKey . "check_api_me_ingress" }}{{ $gone = append $gone "check_api_me_ingress: use check_me_ingress" }}{{ end -}}
{{- if hasKey . "check_api_me_service" }}{{ $gone = append $gone "check_api_me_service: use check_me_service" }}{{ end -}}
{{- if hasKey .rbac "allow_unschedulable" }}{{ $gone = append $gone "rbac.allow_unschedulable: use allow_unschedulable, which also sets the rights" }}{{ end -}}
{{- if hasKey .daemonset "securityContext" }}{{ $gone = append $gone "daemonset.securityContext: use podSecurityContext" }}{{ end -}}
{{- if hasKey .httpRoute "rules" }}{{ $gone = append $gone "httpRoute.rules: no replacement, the route publishes /alwayshappy only" }}{{ end -}}
{{- end -}}
{{- toYaml $gone -}}
{{- end }}
