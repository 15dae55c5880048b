//go:build !race

package main

// watched: these tests run under the race detector.
const watched = false
