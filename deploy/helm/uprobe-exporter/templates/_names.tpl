{{- define "uprobe-exporter.name" -}}
{{- $name := printf "%s-%s" .Release.Name .Chart.Name -}}
{{- if contains .Chart.Name .Release.Name }}{{ $name = .Release.Name }}{{ end -}}
{{- $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "uprobe-exporter.priorityClass" -}}
{{- .Values.priorityClass.name | default (include "uprobe-exporter.name" .) -}}
{{- end }}

{{- define "uprobe-exporter.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "uprobe-exporter.labels" -}}
{{ include "uprobe-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "uprobe-exporter.metadata" -}}
name: {{ include "uprobe-exporter.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "uprobe-exporter.labels" . | nindent 2 }}
{{- end }}
