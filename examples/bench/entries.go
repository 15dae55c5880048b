package main

import "github.com/huongvecoso/outreach/core/notify"

// contenders are all of them by name.
func contenders() map[string]func(job) contender {
	email, sms := notify.Email, notify.SMS
	return map[string]func(job) contender{
		"durable drain":        func(j job) contender { return &drain{product{job: j, channel: email}} },
		"durable drain sqlite": func(j job) contender { return &drain{product{job: j, channel: email}} },
		"durable whole":        func(j job) contender { return &whole{product: product{job: j, channel: email}} },
		"durable whole pool":   func(j job) contender { return &whole{product: product{job: j, channel: email, pooled: true}} },
		"durable sms":          func(j job) contender { return &whole{product: product{job: j, channel: sms}} },

		"durable urgent":   func(j job) contender { return &drain{product{job: j, channel: email, alter: urgent}} },
		"urgent idle":      func(j job) contender { return &idle{product: product{job: j, channel: email}} },
		"unit 1":           func(j job) contender { return &units{product: product{job: j}, writers: 1, telling: true} },
		"unit 16":          func(j job) contender { return &units{product: product{job: j}, writers: 16, telling: true} },
		"unit 16, silent":  func(j job) contender { return &units{product: product{job: j}, writers: 16} },
		"visit reported":   func(j job) contender { return &reporting{product: product{job: j}} },
		"year planned":     func(j job) contender { return &planning{product: product{job: j}} },
		"year written":     func(j job) contender { return &planning{product: product{job: j}, months: 1} },
		"sweep":            func(j job) contender { return &sweeping{product: product{job: j}} },
		"routines":         func(j job) contender { return &routines{product: product{job: j}} },
		"backlog":          func(j job) contender { return &behind{product: product{job: j}} },
		"backlog, digests": func(j job) contender { return &behind{product: product{job: j}, several: true} },
		"month figures":    func(j job) contender { return &asking{product: product{job: j}} },

		"peak":        func(j job) contender { return &peak{product: product{job: j}} },
		"peak, swept": func(j job) contender { return &peak{product: product{job: j}, swept: true} },

		"river unit 1":    func(j job) contender { return &riverUnits{job: j, writers: 1} },
		"river unit 16":   func(j job) contender { return &riverUnits{job: j, writers: 16} },
		"visit by hand":   func(j job) contender { return &reporting{product: product{job: j}, byHand: true} },
		"smtp pipelined":  func(j job) contender { return &plain{job: j} },
		"smtp pool":       func(j job) contender { return &plain{job: j, pooled: true} },
		"asynq 1 server":  func(j job) contender { return &noop{job: j, servers: 1} },
		"asynq 4 servers": func(j job) contender { return &noop{job: j, servers: 4} },
		"naive":           func(j job) contender { return &naive{job: j} },
		"river":           func(j job) contender { return &rival{job: j, channel: email, batch: 1, pooled: true} },
		"river batched":   func(j job) contender { return &rival{job: j, channel: email, batch: 50} },
		"river sms":       func(j job) contender { return &rival{job: j, channel: sms, batch: 1} },
	}
}

// entries are the parts of a round of so many messages. What is slow by its
// nature gets fewer and what is fast gets more, so that each takes a second or
// two: rates are compared, not times.
func entries(n int) []entry {
	const more = 3
	return []entry{
		{name: "durable drain", n: n, template: dbOutreach, sends: true},
		{name: "smtp pipelined", n: more * n, sends: true},
		{name: "asynq 1 server", n: more * n},
		{name: "durable whole", n: n, template: dbOutreach, sends: true},
		{name: "river", n: n, template: dbRiver, sends: true},
		{name: "durable whole pool", n: n, template: dbOutreach, sends: true},
		{name: "naive", n: fewer(n, 4), template: dbNaive, sends: true},
		{name: "asynq 4 servers", n: more * n},
		{name: "smtp pool", n: more * n, sends: true},
		{name: "river batched", n: n, template: dbRiver, sends: true},
		{name: "durable drain sqlite", n: n, template: dbOutreach, sqlite: true, sends: true},
		{name: "durable sms", n: n, template: dbOutreach, sends: true},
		{name: "river sms", n: n, template: dbRiver, sends: true},
		{name: "durable urgent", n: n, template: dbOutreach, sends: true},
		{name: "urgent idle", n: fewer(n, 50), template: dbOutreach, sends: true},
		{name: "unit 1", n: fewer(n, 4), template: dbOutreach},
		{name: "river unit 1", n: fewer(n, 4), template: dbRiver},
		{name: "unit 16", n: n, template: dbOutreach},
		{name: "river unit 16", n: n, template: dbRiver},
		{name: "unit 16, silent", n: n, template: dbOutreach},
		{name: "visit reported", n: fewer(n, 100), template: dbOutreach},
		{name: "visit by hand", n: fewer(n, 100), template: dbOutreach},
	}
}

// fewer is a part of n that is still worth measuring.
func fewer(n, by int) int { return max(n/by, min(n, 20)) }

// growing are the parts of a round at one size, of which each has its points in
// the picture.
func growing(size int, quick bool) []entry {
	due, sent := 500, min(size, 5_000)/2
	if quick {
		due = 200
	}
	waiting, digests := sized(dbWaiting, size), min(size/severalEach, wholeCountry)
	return []entry{
		{name: "sweep", n: due, template: waiting},
		{name: "backlog", n: sent, template: waiting},
		{name: "backlog, digests", n: max(1, min(sent, digests)/2), template: sized(dbCrowded, size)},
		{name: "month figures", n: 5, template: sized(dbHistory, size)},
	}
}

// points are what a heat of a growing contender says about the size.
func points(size int, h heat) []point {
	switch h.Contender {
	case "sweep":
		return []point{
			{"read what is due", size, h.Figures["read ms"], "ms"},
			{"sweep what is due", size, h.Figures["sweep ms"], "ms"},
			{"first sweep of a copy", size, h.Figures["first sweep ms"], "ms"},
		}
	case "backlog":
		return []point{
			{"send one of a backlog", size, 1e6 / h.Rate, "µs"},
			{"memory of the worker", size, float64(h.RSS) / (1 << 20), "MiB"},
			{"heap of the worker", size, h.Figures["heap MiB"], "MiB"},
			{"memory of Redis", size, float64(h.RedisPeak) / (1 << 20), "MiB"},
		}
	case "backlog, digests":
		return []point{
			{"send one digest of a backlog", size, 1e6 / h.Rate, "µs"},
			{"notices in a digest of a backlog", size, h.Figures["notices carried"] / h.Figures["messages"], ""},
			{"memory of the worker, digests", size, float64(h.RSS) / (1 << 20), "MiB"},
			{"heap of the worker, digests", size, h.Figures["heap MiB"], "MiB"},
		}
	case "month figures":
		return []point{{"figures of a month", size, h.Figures["month ms"], "ms"}, {"the same counted", size, h.Figures["counted ms"], "ms"}}
	case "year planned":
		return []point{{"plan a year", size, h.Took.Seconds(), "s"}}
	case "routines":
		return []point{{"routines of a day", size, h.Took.Seconds(), "s"}}
	}
	return nil
}
