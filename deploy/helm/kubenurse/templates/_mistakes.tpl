{{/* Fails with a list of all invalid combinations of values. */}}
{{- define "kubenurse.refuseMistakes" -}}
{{- $mistakes := concat (include "kubenurse.goneKeys" . | fromYamlArray) (include "kubenurse.refusedNames" . | fromYamlArray) -}}
{{- $pod := include "kubenurse.pod" . | fromYaml -}}
{{- $isIngressMade := include "kubenurse.isIngressMade" . -}}
{{- with .Values -}}
{{- if and $isIngressMade (not .ingress.url) -}}
{{- $mistakes = append $mistakes "ingress.enabled needs ingress.url, the host of the Ingress" -}}
{{- else if and $isIngressMade (not (has (urlParse (include "kubenurse.ingressUrl" $)).path (list "" "/"))) -}}
{{- $mistakes = append $mistakes (printf "ingress.url %q must not have a path, because the Ingress exposes /alwayshappy; if another Ingress exposes it under a path, set ingress.enabled=false" .ingress.url) -}}
{{- end -}}
{{- if and (eq (toString .check_me_ingress) "true") (not (include "kubenurse.ingressUrl" $)) (not (include "kubenurse.isInExtraEnv" (list $ "KUBENURSE_INGRESS_URL"))) -}}
{{- $mistakes = append $mistakes "check_me_ingress needs ingress.url, the URL to check" -}}
{{- end -}}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) -}}
{{- $mistakes = append $mistakes "httpRoute.enabled needs httpRoute.parentRefs, the Gateway of the route" -}}
{{- end -}}
{{- if contains "*" (include "kubenurse.ingressUrl" $) -}}
{{- $mistakes = append $mistakes (printf "%q cannot be checked: ingress.url must be a single host" (include "kubenurse.ingressUrl" $)) -}}
{{- end -}}
{{- if and .serviceMonitor.enabled .podMonitor.enabled -}}
{{- $mistakes = append $mistakes "serviceMonitor.enabled and podMonitor.enabled would scrape every pod twice: choose one" -}}
{{- end -}}
{{- if and .exporters (not (has "prometheus" (splitList "," (nospace .exporters)))) (or .serviceMonitor.enabled .podMonitor.enabled) -}}
{{- $mistakes = append $mistakes (printf "a monitor scrapes /metrics, which exporters %q do not serve: add prometheus" .exporters) -}}
{{- end -}}
{{- if and (eq (toString .use_tls) "true") (not .tls.secretName) (not (and .cert_file .cert_key)) -}}
{{- $mistakes = append $mistakes "use_tls needs a certificate: tls.secretName, or cert_file and cert_key" -}}
{{- end -}}
{{- if and (eq (toString .use_tls) "false") .tls.secretName -}}
{{- $mistakes = append $mistakes "use_tls is false, but tls.secretName is set: remove one of them" -}}
{{- end -}}
{{- if and (include "kubenurse.usesTls" $) (eq (int .port) (int .tls_port)) -}}
{{- $mistakes = append $mistakes (printf "port and tls_port are both %d: HTTP and HTTPS need different ports" (int .port)) -}}
{{- end -}}
{{- if and (include "kubenurse.usesTls" $) (eq (int .service.port) (int .tls_port)) -}}
{{- $mistakes = append $mistakes (printf "service.port and tls_port are both %d: the Service needs different ports for HTTP and HTTPS" (int .service.port)) -}}
{{- end -}}
{{- if and (include "kubenurse.usesTls" $) (eq .service.name "https") -}}
{{- $mistakes = append $mistakes "service.name is https, which is the name of the HTTPS port: choose another" -}}
{{- end -}}
{{- $rolling := $pod.updateStrategy.rollingUpdate | default dict -}}
{{- $surges := not (has (toString $rolling.maxSurge) (list "0" "0%" "<nil>")) -}}
{{- $halts := not (has (toString $rolling.maxUnavailable) (list "0" "0%" "<nil>")) -}}
{{- if and $surges .hostNetwork -}}
{{- $mistakes = append $mistakes "hostNetwork and maxSurge: the new pod on a node cannot listen on the port of the old one; set maxUnavailable instead" -}}
{{- end -}}
{{- if and $rolling (eq $surges $halts) -}}
{{- $mistakes = append $mistakes "exactly one of maxSurge and maxUnavailable must be non-zero" -}}
{{- end -}}
{{- if and .hostNetwork .networkPolicy.enabled -}}
{{- $mistakes = append $mistakes "hostNetwork and networkPolicy.enabled: network policies have no effect on pods in the host network" -}}
{{- end -}}
{{- range $key, $labels := dict "podLabels" $pod.labels "commonLabels" .commonLabels -}}
{{- range $label := list "app.kubernetes.io/name" "app.kubernetes.io/instance" -}}
{{- if hasKey ($labels | default dict) $label -}}
{{- $mistakes = append $mistakes (printf "%s must not contain %s, which selects the pods; nameOverride changes the name" $key $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $mistakes -}}
{{- fail (printf "\n\ninvalid values:\n- %s\n" (join "\n- " $mistakes)) -}}
{{- end -}}
{{- end }}

{{/* Keys of upstream's other charts that are not supported, each with its replacement: a YAML list. */}}
{{- define "kubenurse.goneKeys" -}}
{{- $gone := list -}}
{{- with .Values -}}
{{- if hasKey . "namespace" }}{{ $gone = append $gone "namespace: use helm's --namespace" }}{{ end -}}
{{- if hasKey . "check_api_me_ingress" }}{{ $gone = append $gone "check_api_me_ingress: use check_me_ingress" }}{{ end -}}
{{- if hasKey . "check_api_me_service" }}{{ $gone = append $gone "check_api_me_service: use check_me_service" }}{{ end -}}
{{- if hasKey .rbac "allow_unschedulable" }}{{ $gone = append $gone "rbac.allow_unschedulable: use allow_unschedulable, which also sets the permissions" }}{{ end -}}
{{- if hasKey .daemonset "securityContext" }}{{ $gone = append $gone "daemonset.securityContext: use podSecurityContext" }}{{ end -}}
{{- if hasKey .httpRoute "rules" }}{{ $gone = append $gone "httpRoute.rules: no replacement, the route exposes only /alwayshappy" }}{{ end -}}
{{- end -}}
{{- toYaml $gone -}}
{{- end }}
