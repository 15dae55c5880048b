package core

import "github.com/huongvecoso/outreach/core/duty"

// Issues follows what is owed to the people until the answer was told.
type Issues struct{ u *unit }

func issueReactions() map[string]reaction { return nil }

func issueElapses() map[duty.Kind]elapse { return nil }
