package notify

import "context"

// Checker is a [Sender] that can look whether its provider would take messages
// now: connection, protection, credentials, as far as that can be told without a
// message. Check sends none and changes nothing; it keeps the time limits of Send
// and never retries. [ResultAccepted] says that all is well; every other class
// means what it does for Send, and Detail says in a few words why, without an
// address, an account or a secret.
type Checker interface {
	Check(ctx context.Context) Outcome
}

// Balance (số dư) is what is left of an account with a provider.
type Balance struct {
	Amount int64  // in whole units
	Unit   string // of Amount: "VND", "SMS"
}

// BalanceChecker is a [Sender] whose provider can be asked what is left of the
// account. The balance holds where the outcome is [ResultAccepted]; a provider
// that cannot be asked is [ResultPermanent].
type BalanceChecker interface {
	Balance(ctx context.Context) (Balance, Outcome)
}
