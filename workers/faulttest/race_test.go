//go:build race

package faulttest

// watched: these tests run under the race detector.
const watched = true
