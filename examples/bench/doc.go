// Command bench measures how fast the programme's notices go out, side by side
// with what else could be used, and how the cost of its rules grows with the
// size of a country. README.md says how to read what it prints.
//
//	go run .               every row of the table, under 10 minutes
//	go run . -quick        the same with few messages, under 2 minutes
//	go run . -growth       10,000 to 1,000,000 rows; -big: 10,000,000
//	go run . -peak         everybody's reminder at eight in the morning; -full: 200,000
//
// It starts its own PostgreSQL, Redis and sinks on free ports of the loopback
// interface and stops them by their process ids.
package main
