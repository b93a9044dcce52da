{{/* The name of what the release makes: the release's own, with the chart's where it does not hold it. */}}
{{- define "terrace.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "terrace.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "terrace.fullname" .) -}}
{{- end -}}

{{/* What belongs to the whole cluster bears the namespace, so that releases of one name do not meet. */}}
{{- define "terrace.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "terrace.fullname" .) -}}
{{- end -}}

{{- define "terrace.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "terrace.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "terrace.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: terrace
{{- end -}}

{{- define "terrace.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The rules that the operator's code asks for; see files/rbac.yaml, which is generated. */}}
{{- define "terrace.rules" -}}
{{- $rules := .root.Files.Get "files/rbac.yaml" | fromYaml -}}
{{- index $rules .part | toYaml -}}
{{- end -}}
