// Package alarms lets Prometheus' own parser read the file of alarms, in a module
// of its own so that nobody has Prometheus in his module graph for it.
package alarms
