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
// nature gets fewer: rates are compared, not times.
func entries(n int) []entry {
	return []entry{
		{name: "durable drain", n: n, template: dbOutreach, sends: true},
		{name: "smtp pipelined", n: n, sends: true},
		{name: "asynq 1 server", n: n},
		{name: "durable whole", n: n, template: dbOutreach, sends: true},
		{name: "river", n: n, template: dbRiver, sends: true},
		{name: "durable whole pool", n: n, template: dbOutreach, sends: true},
		{name: "naive", n: n / 4, template: dbNaive, sends: true},
		{name: "asynq 4 servers", n: n},
		{name: "smtp pool", n: n, sends: true},
		{name: "river batched", n: n, template: dbRiver, sends: true},
		{name: "durable drain sqlite", n: n, template: dbOutreach, sqlite: true, sends: true},
		{name: "durable sms", n: n, template: dbOutreach, sends: true},
		{name: "river sms", n: n, template: dbRiver, sends: true},
	}
}
