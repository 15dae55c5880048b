package main

// measure is one thing Prometheus is told. This table is the only home of names,
// labels and words: collectors, README and the file of alarms follow from it. No
// label names anybody, and each has few values: states, channels, the names of
// providers and queues.
type measure struct {
	name   string
	labels []string
	what   string
}

// alarm is what is worth to wake somebody for, and what to do then.
type alarm struct {
	name  string
	when  string // in the language of Prometheus
	lasts string // for how long, before it rings
	look  string // what to look at
	do    string
}

func measures() []measure {
	return []measure{
		{"outreach_mode", []string{"mode"}, "Whom messages reach: 1 for the mode of this copy."},
		{"outreach_outbox_readable", nil, "Whether the outbox could be read: 1 or 0."},
		{"outreach_redis_readable", nil, "Whether Redis could be read: 1 or 0."},
		{"outreach_clock_skew_seconds", nil, "By how much this machine's clock is ahead of the database's; negative: behind."},
		{"outreach_notices", []string{"state"}, "Notices in the outbox, by state. Together they are all that were ever written."},
		{"outreach_oldest_due_seconds", nil, "For how long the notice that is due longest has waited for a worker, in the outbox or in the queue; counted from when it was due first, however often it was handed out in vain."},
		{"outreach_oldest_seconds", []string{"state"}, "Age of the oldest notice that is queued, sending or unknown."},
		{"outreach_receipts_waiting", nil, "Stored receipts that are not matched with a message yet; counted up to 1000."},
		{"outreach_sms_segments_today", nil, "SMS segments that were sent today, or may have been."},
		{"outreach_sms_segments_budget", nil, "SMS segments that may be sent in a day; 0: any number."},
		{"outreach_breaker_open", []string{"provider", "channel"}, "Whether the provider is left alone because its calls fail: 1 or 0."},
		{"outreach_provider_paused", []string{"provider", "channel"}, "Whether the provider asked for a pause: 1 or 0."},
		{"outreach_provider_weight", []string{"provider", "channel"}, "Share of the provider among those of its channel."},
		{"outreach_provider_calls_total", []string{"provider", "channel", "outcome"}, "Calls of providers by this copy, by what became of them."},
		{"outreach_provider_call_seconds", []string{"provider", "channel"}, "How long calls of providers took."},
		{"outreach_token_waits_total", []string{"provider"}, "How often a notice waited because the provider's rate was spent."},
		{"outreach_notice_moves_total", []string{"channel", "state"}, "Notices that this copy brought into a state; pending: put back."},
		{"outreach_accept_seconds", []string{"channel"}, "From when a notice was due until a provider had taken it."},
		{"outreach_receipt_seconds", []string{"channel"}, "From when a provider had taken a message until it told whether that arrived."},
		{"outreach_cancel_too_late_total", []string{"channel"}, "Notices that were cancelled while they were on their way, and went."},
		{"outreach_relay_lag_seconds", nil, "The longest that one of the notices of a pass was due before it was handed out, counted from when it was due first."},
		{"outreach_recovered_total", []string{"what"}, "What got stuck and was put right: requeued (nobody took it), unknown (a worker went silent), repeated, uncertain, ended, diverted (went another way than by a channel that does not work)."},
		{"outreach_worthless_tickets_total", []string{"channel"}, "Tickets that had nothing to send any more: what the queue repeated or the outbox handed out anew."},
		{"outreach_sweeps_total", nil, "How often this copy looked at what time has made due."},
		{"outreach_reminders_missed_total", nil, "Reminders whose moment had passed before anybody looked."},
		{"outreach_watch_findings_total", []string{"what"}, "What delivery itself was found to be wrong with: outbox, unknown, clock, ledger."},
		{"outreach_callbacks_total", []string{"provider", "status"}, "Callbacks of providers, by the HTTP status they were answered with."},
		{"outreach_queue_tasks", []string{"queue", "state"}, "Tasks in Redis: pending, active, scheduled, retry, archived."},
		{"outreach_queue_latency_seconds", []string{"queue"}, "For how long the oldest task of a queue has waited."},
	}
}

func alarms() []alarm {
	return []alarm{
		{"NoCopyRuns", "absent(outreach_mode)", "5m", "the units or containers of all copies, their logs; the targets of Prometheus",
			"Start a copy: nothing goes out and no clock goes until one runs. What waited goes out then, what is over expires."},
		{"OutboxUnreadable", "outreach_outbox_readable == 0", "1m", "`/readyz`; the database: reachable, disk, connections",
			"Mend it; nothing is lost meanwhile, and the domain cannot commit either."},
		{"RedisUnreadable", "outreach_redis_readable == 0", "2m", "`doctor`; Redis: reachable, memory, `maxmemory-policy`",
			"Mend or restart it, empty if need be: the outbox hands out again what it lost. Until then nothing goes out."},
		{"ClockWrong", "abs(outreach_clock_skew_seconds) > 2", "5m", "`doctor`; NTP on that machine and on the database's",
			"Let NTP set both. The rules go by the database's clock, asynq by the machine's: at 25 s a copy refuses to start."},
		{"OutboxLate", "outreach_oldest_due_seconds > 300", "5m", "`/readyz` of the copies; `providers`; is any copy running? Redis full or refusing writes?",
			"Start a copy; free Redis; close a breaker after the repair. What waited goes out, what is over expires."},
		{"OutcomeUnknown", "outreach_oldest_seconds{state=\"unknown\"} > 1800", "5m", "`outbox --state unknown`",
			"Wait for a receipt, or ask the provider; it becomes `uncertain` or is sent again by itself."},
		{"NoticesNeedSomebody", "delta(outreach_notices{state=~\"uncertain|dead|failed\"}[1h]) > 10", "0m", "`outbox`: the reason stands there; for `uncertain` the provider's own list",
			"Numbers and mailboxes are mended in the directory, then `retry`; whoever was surely not reached: `retry --why … ID`. Nobody is sent a second copy without that."},
		{"NoticesMissing", "increase(outreach_watch_findings_total{what=\"ledger\"}[1d]) > 0", "0m", "the journal of `ledger`, `journal verify`; who had access to the database, which backup was restored",
			"Rows of the outbox are gone or in a state that is none. Stop the copies, restore, find out."},
		{"ClocksStand", "sum(increase(outreach_sweeps_total[15m])) == 0", "0m", "`workers.sweep` of all copies; their logs",
			"Let one copy sweep: reminders and the ladder are late, and come as soon as it does."},
		{"RemindersMissed", "increase(outreach_reminders_missed_total[1d]) > 0", "0m", "when no copy was running",
			"Those they were for may need a call. Run two copies, on two machines."},
		{"ProviderOutOfOrder", "outreach_breaker_open == 1", "5m", "`providers`: why; the provider's status, the network",
			"It is tried again by itself. Over hours: another provider of the channel, or `reroute`."},
		{"ProviderMisconfigured", "increase(outreach_provider_calls_total{outcome=\"misconfigured\"}[15m]) > 0", "0m", "`doctor`; the provider's portal: credentials, balance, sender name, registered texts",
			"Put it right; the provider is tried again by itself, no attempt was used up."},
		{"ProviderFails", "sum by (provider) (rate(outreach_provider_calls_total{outcome=~\"not_sent|unknown|throttled\"}[15m])) > 0.2 * sum by (provider) (rate(outreach_provider_calls_total[15m]))", "15m", "the provider's status, the network, its rate in the contract",
			"Wait: they are tried again. Set `rate` to what the contract says; over hours, `providers --weigh NAME=0`."},
		{"ProviderSlow", "histogram_quantile(0.9, sum by (le, provider) (rate(outreach_provider_call_seconds_bucket[15m]))) > 10", "15m", "the network, the provider's status",
			"Lower `workers.concurrency` or the connections where the provider is overrun; otherwise wait, or weigh it less."},
		{"RateSpent", "increase(outreach_token_waits_total[1h]) > 1000", "1h", "`providers`: the rates; how much is due",
			"Raise the rate in the contract and the settings, or add a provider."},
		{"BudgetNear", "outreach_sms_segments_today > 0.8 * outreach_sms_segments_budget and outreach_sms_segments_budget > 0", "0m", "what was sent today: `outbox --channel sms`",
			"Only what is critical goes beyond the budget; the rest waits for tomorrow. Raise `sms.segments_per_day`, or let it."},
		{"ReceiptsUnmatched", "outreach_receipts_waiting >= 1000", "30m", "the gateway's `callback` in its file: where the id stands; does another programme share the account?",
			"Put the places right; they are matched for three days."},
		{"CallbacksTurnedAway", "increase(outreach_callbacks_total{status=~\"4..|5..\"}[15m]) > 10", "0m", "the log: why; the address the gateway was given, its networks, `receipts.forwarded`",
			"5xx: the database; gateways call again. 4xx: give the gateway the right address and secret."},
		{"TicketsHandedOutAgain", "increase(outreach_recovered_total{what=\"requeued\"}[15m]) > 100", "15m", "are workers of each channel running? Is Redis being emptied, or too slow?",
			"Start copies; nothing is doubled by it, it is only late."},
		{"QueueStands", "outreach_queue_latency_seconds > 300", "5m", "the workers of that channel; is the queue paused?",
			"Start a copy or resume the queue; the outbox takes back what waits for more than two minutes."},
		{"TasksArchived", "outreach_queue_tasks{state=\"archived\"} > 0", "0m", "the log: a task nobody could read; who else writes into this Redis?",
			"Give the workers a database of their own; the notices were handed out again, the archived tasks can be deleted."},
		{"CopiesInDifferentModes", "count(sum by (mode) (outreach_mode) > 0) > 1", "10m", "`mode` in the settings of all copies, `providers`",
			"Start those of the old mode anew: they send nothing."},
		{"CancelledTooLate", "increase(outreach_cancel_too_late_total[1d]) > 20", "0m", "which notices: `show`; how late they were cancelled",
			"Nothing to mend: somebody was told what no longer held. Tell them, where it matters."},
	}
}
